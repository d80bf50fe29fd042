/* SPDX-License-Identifier: Apache-2.0 */

#include "http.h"

#include <errno.h>
#include <stdio.h>

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
        free(peer->user);
        free(peer->proxy);
        free(peer->url);
        free(peer->socket_path);
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

static bool same_headers(char *const *a, char *const *b)
{
        if (!a || !b)
                return a == b;
        while (*a && *b && streq(*a, *b))
                a++, b++;
        return !*a && !*b;
}

bool http_peer_equal(const struct http_peer *a, const struct http_peer *b)
{
        return streq(a->url, b->url) && secret_equal(a->secret_url, b->secret_url) &&
                same_headers(a->headers, b->headers) && secret_equal(a->secret, b->secret) &&
                streq(a->secret_header, b->secret_header) && streq(a->user, b->user) &&
                a->plaintext == b->plaintext && streq(a->proxy, b->proxy) &&
                secret_equal(a->proxy_secret, b->proxy_secret) && streq(a->ca_file, b->ca_file) &&
                streq(a->cert_file, b->cert_file) && streq(a->key_file, b->key_file) &&
                streq(a->server_name, b->server_name) && streq(a->socket_path, b->socket_path) &&
                a->insecure_skip_verify == b->insecure_skip_verify &&
                a->connect_timeout_usec == b->connect_timeout_usec &&
                a->timeout_usec == b->timeout_usec && a->concurrency == b->concurrency;
}

int http_peer_copy(const struct http_peer *from, struct http_peer *ret)
{
        struct http_peer copy = {
                .secret_url = secret_ref(from->secret_url),
                .secret = secret_ref(from->secret),
                .proxy_secret = secret_ref(from->proxy_secret),
                .plaintext = from->plaintext,
                .insecure_skip_verify = from->insecure_skip_verify,
                .connect_timeout_usec = from->connect_timeout_usec,
                .timeout_usec = from->timeout_usec,
                .concurrency = from->concurrency,
        };

        if (strdup_to(&copy.url, from->url) < 0 || copy_headers(from->headers, &copy.headers) < 0 ||
                strdup_to(&copy.secret_header, from->secret_header) < 0 ||
                strdup_to(&copy.user, from->user) < 0 || strdup_to(&copy.proxy, from->proxy) < 0 ||
                strdup_to(&copy.socket_path, from->socket_path) < 0 ||
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

int http_request_copy(const struct http_request *from, struct http_request *ret)
{
        struct http_request copy = {.method = from->method,
                .path_is_secret = from->path_is_secret,
                .body_size = from->body_size,
                .turn = from->turn,
                .response_limit = from->response_limit};
        int r = strdup_to(&copy.path, from->path);

        if (r >= 0)
                r = copy_headers(from->headers, &copy.headers);
        if (r >= 0 && from->envelope) {
                copy.envelope = mail_envelope_copy(from->envelope);
                r = copy.envelope ? 0 : -ENOMEM;
        }
        if (r >= 0 && from->body) {
                copy.body = malloc(from->body_size + 1);
                if (copy.body)
                        memcpy(copy.body, from->body, from->body_size + 1);
                r = copy.body ? 0 : -ENOMEM;
        }
        if (r < 0) {
                http_request_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

int http_request_add_header(struct http_request *request, const char *name, const char *value)
{
        size_t count = 0;
        char **grown, *line;

        while (request->headers && request->headers[count])
                count++;
        grown = reallocarray(request->headers, count + 2, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        request->headers = grown;
        grown[count] = NULL;
        if (asprintf(&line, "%s: %s", name, value) < 0)
                return -ENOMEM;
        grown[count] = line;
        grown[count + 1] = NULL;
        return 0;
}

void http_request_done(struct http_request *request)
{
        for (char **h = request->headers; h && *h; h++)
                free(*h);
        free(request->headers);
        free(request->path);
        free(request->body);
        mail_envelope_free(request->envelope);
        if (request->sink)
                request->sink->free(request->sink);
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
        {-EACCES, "auth"},
        {-EMSGSIZE, "too_large"},
        {-ECANCELED, "canceled"},
};

/* The first range that holds the status decides. */
static const struct status_reason {
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

/* The same of SMTP, where 4yz passes and 5yz stays (RFC 5321, section 4.2.1; RFC 4954). */
static const struct status_reason mail_reasons[] = {
        {200, 299, NULL},
        {530, 530, "auth"},
        {534, 535, "auth"},
        {538, 538, "auth"},
        {400, 499, "server_error"},
        {500, 599, "client_error"},
};

static const char *find_reason(const struct status_reason *reasons, size_t count, unsigned status)
{
        for (size_t i = 0; i < count; i++)
                if (status >= reasons[i].first && status <= reasons[i].last)
                        return reasons[i].reason;
        return "unexpected";
}

const char *http_failure_reason(const struct http_response *response)
{
        if (response->result != 0) {
                for (size_t i = 0; i < ARRAY_SIZE(result_reasons); i++)
                        if (response->result == result_reasons[i].result)
                                return result_reasons[i].reason;
                return "unexpected";
        }
        return response->mail
                ? find_reason(mail_reasons, ARRAY_SIZE(mail_reasons), response->status)
                : find_reason(status_reasons, ARRAY_SIZE(status_reasons), response->status);
}

char *http_body_excerpt(const char *body, size_t size, size_t max)
{
        size_t n = MIN(size, max);
        /* Not utf8_prefix(): a body may contain NULs. A sequence is cut in at most three places. */
        for (size_t i = 0; i < 3 && n > 0 && n < size && ((unsigned char)body[n] & 0xc0) == 0x80;
                i++)
                n--;
        return utf8_line(body, n);
}
