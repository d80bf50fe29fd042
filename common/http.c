/* SPDX-License-Identifier: Apache-2.0 */

#include "http.h"

#include <ctype.h>
#include <errno.h>

#include "text.h"

void http_peer_done(struct http_peer *peer)
{
        for (char **header = peer->headers; header && *header; header++)
                free(*header);
        free(peer->headers);
        secret_unref(peer->secret_url);
        secret_unref(peer->secret);
        secret_unref(peer->proxy_secret);
        free(peer->secret_header);
        free(peer->proxy);
        free(peer->url);
        free(peer->ca_file);
        free(peer->cert_file);
        free(peer->key_file);
        free(peer->server_name);
        *peer = (struct http_peer){0};
}

static int copy_headers(char **from, char ***ret)
{
        size_t count = 0;

        while (from && from[count])
                count++;
        if (count == 0)
                return 0;
        *ret = calloc(count + 1, sizeof(char *));
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (strdup_to(&(*ret)[i], from[i]) < 0)
                        return -ENOMEM;
        return 0;
}

int http_peer_copy(const struct http_peer *from, struct http_peer *ret)
{
        struct http_peer copy = {
                .secret_url = secret_ref(from->secret_url),
                .secret = secret_ref(from->secret),
                .proxy_secret = secret_ref(from->proxy_secret),
                .insecure_skip_verify = from->insecure_skip_verify,
                .connect_timeout_usec = from->connect_timeout_usec,
                .timeout_usec = from->timeout_usec,
        };

        if (strdup_to(&copy.url, from->url) < 0 || copy_headers(from->headers, &copy.headers) < 0 ||
                strdup_to(&copy.secret_header, from->secret_header) < 0 ||
                strdup_to(&copy.proxy, from->proxy) < 0 ||
                strdup_to(&copy.ca_file, from->ca_file) < 0 ||
                strdup_to(&copy.cert_file, from->cert_file) < 0 ||
                strdup_to(&copy.key_file, from->key_file) < 0 ||
                strdup_to(&copy.server_name, from->server_name) < 0) {
                http_peer_done(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

char *http_url_address(const char *url)
{
        _cleanup_text_ struct text t = {0};
        const char *scheme_end = strstr(url, "://"), *host = scheme_end ? scheme_end + 3 : url;
        size_t size = strcspn(host, "/?#"), user = 0;

        for (size_t i = 0; i < size; i++)
                if (host[i] == '@')
                        user = i + 1;
        text_append_bytes(&t, url, (size_t)(host - url));
        text_append_bytes(&t, host + user, size - user);
        return text_take(&t, NULL);
}

/* The values of a query: "?api-version=...". */
static void append_query(struct text *t, const char *query)
{
        while (*query && *query != '#') {
                size_t name = strcspn(query, "=&#");

                text_append_bytes(t, query, name);
                query += name;
                if (*query == '=')
                        text_append(t, "=...");
                query += strcspn(query, "&#");
                if (*query == '&')
                        text_append_bytes(t, query++, 1);
        }
}

char *http_url_shown(const char *url)
{
        _cleanup_free_ char *address = http_url_address(url);
        const char *scheme_end = strstr(url, "://"), *path = scheme_end ? scheme_end + 3 : url;
        _cleanup_text_ struct text t = {0};
        size_t size;

        path += strcspn(path, "/?#");
        size = strcspn(path, "?#");
        text_append(&t, address ? address : "");
        text_append_bytes(&t, path, size);
        if (path[size] == '?') {
                text_append(&t, "?");
                append_query(&t, path + size + 1);
        }
        return address ? text_take(&t, NULL) : NULL;
}

char *http_url_peer(const char *url)
{
        _cleanup_free_ char *address = http_url_address(url);
        _cleanup_text_ struct text t = {0};
        const char *host = address ? strstr(address, "://") : NULL, *bracket;

        if (!address)
                return NULL;
        host = host ? host + 3 : address;
        text_append(&t, host);
        bracket = strrchr(host, ']'); /* colons before it are an IPv6 address's */
        if (!strchr(bracket ? bracket : host, ':'))
                text_append(&t, strncmp(url, "https:", 6) == 0 ? ":443" : ":80");
        return text_take(&t, NULL);
}

void http_request_done(struct http_request *request)
{
        free(request->path);
        free(request->body);
        *request = (struct http_request){0};
}

static const struct {
        int result;
        const char *reason;
} result_reasons[] = {
        {-ETIMEDOUT, "timeout"},
        {-ECONNREFUSED, "connect"},
        {-EHOSTUNREACH, "resolve"},
        {-ECONNRESET, "reset"},
        {-EPROTO, "tls"},
        {-EMSGSIZE, "too_large"},
        {-ECANCELED, "canceled"},
};

/* The first range that holds the status decides. */
static const struct {
        unsigned first, last;
        const char *reason;
} status_reasons[] = {
        {200, 299, NULL},
        {401, 401, "auth"},
        {403, 403, "auth"},
        {429, 429, "rate_limited"},
        {400, 499, "client_error"},
        {500, 599, "server_error"},
};

const char *http_failure_reason(const struct http_response *response)
{
        if (response->result != 0) {
                for (size_t i = 0; i < ARRAY_SIZE(result_reasons); i++)
                        if (response->result == result_reasons[i].result)
                                return result_reasons[i].reason;
                return "unexpected";
        }
        for (size_t i = 0; i < ARRAY_SIZE(status_reasons); i++)
                if (response->status >= status_reasons[i].first &&
                        response->status <= status_reasons[i].last)
                        return status_reasons[i].reason;
        return "unexpected";
}

char *http_body_excerpt(const char *body, size_t size, size_t max)
{
        size_t n = MIN(size, max);
        char *excerpt;

        /* Not utf8_prefix(): a body may contain NULs. A sequence is cut in at most three places. */
        for (size_t i = 0; i < 3 && n > 0 && n < size && ((unsigned char)body[n] & 0xc0) == 0x80;
                i++)
                n--;
        excerpt = utf8_clean(body, n);
        for (char *p = excerpt; p && *p; p++)
                if (iscntrl((unsigned char)*p))
                        *p = ' ';
        return excerpt;
}
