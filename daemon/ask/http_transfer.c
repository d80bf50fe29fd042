/* SPDX-License-Identifier: Apache-2.0 */

#include "ask/http_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "ask/http_failure.h"
#include "ask/mail_transfer.h"

/* A peer without its own limits, and the most that any peer may have. */
#define TIMEOUT_DEFAULT (10 * USEC_PER_SEC)
#define CONNECT_TIMEOUT_DEFAULT (2 * USEC_PER_SEC)
#define TIMEOUT_MAX USEC_PER_DAY
/* A server that asks to wait longer than this is not obeyed to the letter. */
#define RETRY_AFTER_MAX USEC_PER_DAY

static void secret_freep(char **s)
{
        if (*s)
                explicit_bzero(*s, strlen(*s));
        free(*s);
}

static void url_cleanupp(CURLU **url)
{
        curl_url_cleanup(*url);
}

static void headers_free(struct curl_slist *headers)
{
        for (struct curl_slist *h = headers; h; h = h->next)
                explicit_bzero(h->data, strlen(h->data));
        curl_slist_free_all(headers);
}

struct http_transfer *http_transfer_free(struct http_transfer *t)
{
        if (!t)
                return NULL;
        headers_free(t->headers);
        curl_slist_free_all(t->connect_to);
        mail_transfer_done(t);
        curl_easy_cleanup(t->easy);
        text_done(&t->body);
        free(t->content_type);
        free(t->host);
        free(t->where);
        free(t->url);
        free(t);
        return NULL;
}

static long to_milliseconds(usec_t usec, usec_t fallback)
{
        usec = MIN(usec > 0 ? usec : fallback, TIMEOUT_MAX);
        return (long)((usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

long http_transfer_timeout(const struct http_peer *peer)
{
        return to_milliseconds(peer->timeout_usec, TIMEOUT_DEFAULT);
}

long http_transfer_connect_timeout(const struct http_peer *peer)
{
        return to_milliseconds(peer->connect_timeout_usec, CONNECT_TIMEOUT_DEFAULT);
}

static size_t on_header(char *data, size_t size, size_t count, void *userdata)
{
        struct http_transfer *t = userdata;

        t->headers_size += size * count;
        t->header_ended = data[0] == '\r' || data[0] == '\n';
        return t->headers_size > HTTP_TRANSFER_HEADERS_MAX ? 0 : size * count;
}

static bool is_success(const struct http_transfer *t)
{
        long status = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        return status >= 200 && status <= 299;
}

/* At most `max` bytes in all. */
static void keep(struct http_transfer *t, const char *data, size_t size, size_t max)
{
        text_append_bytes(&t->body, data, MIN(size, max - t->body.size));
        t->no_memory = text_failed(&t->body);
}

static size_t on_body(char *data, size_t size, size_t count, void *userdata)
{
        struct http_transfer *t = userdata;
        struct http_sink *sink = t->request->sink;

        size *= count;
        if (size > t->request->response_limit - t->received)
                return 0;
        t->received += size;
        if (!sink)
                keep(t, data, size, SIZE_MAX);
        else if (!is_success(t))
                keep(t, data, size, HTTP_ERROR_MAX);
        else {
                keep(t, data, size, HTTP_BEGINNING_MAX);
                t->refused = sink->take(sink, data, size);
        }
        return t->no_memory || t->refused < 0 ? 0 : size;
}

static bool has_control_character(const char *s)
{
        for (; *s; s++)
                if ((unsigned char)*s < 0x20 || *s == 0x7f)
                        return true;
        return false;
}

/* Consumes nothing of `line`. A line break in it would be a second header, or a second request. */
static int add_header(struct http_transfer *t, const char *line)
{
        size_t name = strcspn(line, ": ");
        _cleanup_free_ char *empty = NULL;
        struct curl_slist *headers;

        if (name == 0 || line[name] != ':' || has_control_character(line))
                return -EINVAL;
        if (line[name + 1 + strspn(line + name + 1, " ")] == '\0') {
                /* libcurl reads "Name:" as "leave it out" and "Name;" as an empty value. */
                if (asprintf(&empty, "%.*s;", (int)name, line) < 0) {
                        empty = NULL;
                        return -ENOMEM;
                }
                line = empty;
        }
        headers = curl_slist_append(t->headers, line);
        if (!headers)
                return -ENOMEM;
        t->headers = headers;
        return 0;
}

static bool has_header(char *const *headers, const char *line)
{
        size_t size = strcspn(line, ":") + 1;

        for (char *const *h = headers; h && *h; h++)
                if (strncasecmp(*h, line, size) == 0)
                        return true;
        return false;
}

static int add_secret(struct http_transfer *t)
{
        _cleanup_(secret_freep) char *line = NULL;
        const struct http_peer *peer = t->peer;

        if (!peer->secret || !peer->secret_header)
                return 0;
        if (asprintf(&line, "%s%s", peer->secret_header, secret_value(peer->secret)) < 0) {
                line = NULL;
                return -ENOMEM;
        }
        return add_header(t, line);
}

/* Headers of the peer win over those of the request, and these over ours. */
static int set_headers(struct http_transfer *t, bool sends_body)
{
        const char *const ours[] = {"Accept: application/json", "Accept-Encoding: identity",
                sends_body ? "Content-Type: application/json" : NULL};
        char *const *peers = t->peer->headers, *const *requests = t->request->headers;
        struct curl_slist *headers;
        int r = 0;

        for (char *const *h = peers; h && *h && r >= 0; h++)
                r = add_header(t, *h);
        for (char *const *h = requests; h && *h && r >= 0; h++)
                r = has_header(peers, *h) ? 0 : add_header(t, *h);
        for (size_t i = 0; i < ARRAY_SIZE(ours) && r >= 0; i++)
                if (ours[i] && !has_header(peers, ours[i]) && !has_header(requests, ours[i]))
                        r = add_header(t, ours[i]);
        if (r < 0)
                return r;
        r = add_secret(t);
        if (r < 0)
                return r;
        headers = curl_slist_append(t->headers, "Expect:"); /* no 100-continue round trip */
        if (!headers)
                return -ENOMEM;
        t->headers = headers;
        return 0;
}

/* The certificate's name differs from the URL's host: libcurl has no option for that, so the URL
 * names what the certificate does, CONNECT_TO where to go, and Host what the URL said. */
static int set_server_name(struct http_transfer *t, CURLU *url)
{
        _cleanup_free_ char *target = NULL, *host = NULL;

        if (asprintf(&target, "::%s", t->host) < 0) {
                target = NULL;
                return -ENOMEM;
        }
        t->connect_to = curl_slist_append(NULL, target);
        if (!t->connect_to)
                return -ENOMEM;
        if (curl_url_set(url, CURLUPART_HOST, t->peer->server_name, 0) != CURLUE_OK)
                return -EINVAL;
        if (t->request->envelope || has_header(t->peer->headers, "Host:"))
                return 0;
        if (asprintf(&host, "Host: %s", t->host) < 0) {
                host = NULL;
                return -ENOMEM;
        }
        return add_header(t, host);
}

static int curlu_error(CURLUcode code)
{
        return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

static bool is_spoken(const char *scheme, bool mail)
{
        return mail ? streq(scheme, "smtp") || streq(scheme, "smtps")
                    : streq(scheme, "http") || streq(scheme, "https");
}

static int read_url(struct http_transfer *t, CURLU *url)
{
        _cleanup_(secret_freep) char *whole = NULL;
        char *scheme = NULL, *host = NULL, *port = NULL;
        CURLUcode code;
        int r;

        if (asprintf(&whole, "%s%s",
                    t->peer->secret_url ? secret_value(t->peer->secret_url) : t->peer->url,
                    t->request->path ? t->request->path : "") < 0) {
                whole = NULL;
                return -ENOMEM;
        }
        if (!t->peer->secret_url && !t->request->path_is_secret)
                t->url = http_url_shown(whole);
        code = curl_url_set(url, CURLUPART_URL, whole, CURLU_PATH_AS_IS);
        if (code == CURLUE_OK)
                code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
        if (code == CURLUE_OK)
                code = curl_url_get(url, CURLUPART_HOST, &host, 0);
        if (code == CURLUE_OK)
                code = curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
        if (code != CURLUE_OK)
                r = curlu_error(code);
        else if (!is_spoken(scheme, t->request->envelope))
                r = -EINVAL;
        else
                r = asprintf(&t->host, "%s:%s", host, port) < 0 ? -ENOMEM : 0;
        if (r == -ENOMEM)
                t->host = NULL;
        curl_free(scheme);
        curl_free(host);
        curl_free(port);
        return r;
}

static int name_place(struct http_transfer *t)
{
        const char *proxy = t->peer->proxy;

        if (asprintf(&t->where, "%s%s%s", t->host, proxy ? " through proxy " : "",
                    proxy ? proxy : "") >= 0)
                return 0;
        t->where = NULL;
        return -ENOMEM;
}

static int set_request(CURL *easy, const struct http_request *request, bool sends_body)
{
        if (sends_body) {
                TRANSFER_SET(easy, CURLOPT_POST, 1L);
                TRANSFER_SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
                TRANSFER_SET(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        } else if (streq(request->method, "HEAD")) {
                TRANSFER_SET(easy, CURLOPT_NOBODY, 1L);
        }
        TRANSFER_SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
        if (request->response_limit > 0)
                TRANSFER_SET(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->response_limit);
        return 0;
}

static int set_peer(CURL *easy, const struct http_peer *peer)
{
        TRANSFER_SET(easy, CURLOPT_TIMEOUT_MS, http_transfer_timeout(peer));
        TRANSFER_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, http_transfer_connect_timeout(peer));
        if (peer->secret && !peer->secret_header && !peer->user)
                TRANSFER_SET(easy, CURLOPT_USERPWD, secret_value(peer->secret));
        /* Without one, http_proxy and its kind are ignored: a monitor measures the server itself.
         * With one, so is no_proxy. */
        TRANSFER_SET(easy, CURLOPT_PROXY, peer->proxy ? peer->proxy : "");
        TRANSFER_SET(easy, CURLOPT_NOPROXY, "");
        if (peer->proxy && peer->proxy_secret)
                TRANSFER_SET(easy, CURLOPT_PROXYUSERPWD, secret_value(peer->proxy_secret));
        if (peer->socket_path)
                TRANSFER_SET(easy, CURLOPT_UNIX_SOCKET_PATH, peer->socket_path);
        if (peer->ca_file) {
                /* Instead of the system's certificates, not besides them. */
                TRANSFER_SET(easy, CURLOPT_CAINFO, peer->ca_file);
                TRANSFER_SET(easy, CURLOPT_CAPATH, NULL);
        }
        if (peer->cert_file)
                TRANSFER_SET(easy, CURLOPT_SSLCERT, peer->cert_file);
        if (peer->key_file)
                TRANSFER_SET(easy, CURLOPT_SSLKEY, peer->key_file);
        TRANSFER_SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        TRANSFER_SET(easy, CURLOPT_SSL_VERIFYPEER, peer->insecure_skip_verify ? 0L : 1L);
        TRANSFER_SET(easy, CURLOPT_SSL_VERIFYHOST, peer->insecure_skip_verify ? 0L : 2L);
        return 0;
}

static int set_manners(struct http_transfer *t, const char *user_agent)
{
        TRANSFER_SET(t->easy, CURLOPT_PRIVATE, t);
        TRANSFER_SET(t->easy, CURLOPT_ERRORBUFFER, t->detail);
        TRANSFER_SET(t->easy, CURLOPT_HEADERFUNCTION, on_header);
        TRANSFER_SET(t->easy, CURLOPT_HEADERDATA, t);
        TRANSFER_SET(t->easy, CURLOPT_WRITEFUNCTION, on_body);
        TRANSFER_SET(t->easy, CURLOPT_WRITEDATA, t);
        TRANSFER_SET(t->easy, CURLOPT_HTTPHEADER, t->headers);
        TRANSFER_SET(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
        TRANSFER_SET(t->easy, CURLOPT_USERAGENT, user_agent);
        /* Undone wherever somebody compresses unasked; on_body() counts what comes out of it. */
        TRANSFER_SET(t->easy, CURLOPT_ACCEPT_ENCODING, "");
        TRANSFER_SET(t->easy, CURLOPT_NOSIGNAL, 1L);
        /* Ending a transfer must not join a resolver thread that waits for a dead name server: that
         * stopped the loop for 9 s with libcurl 7.88.1; dead_name_servers_do_not_stop_the_loop().
         */
        TRANSFER_SET(t->easy, CURLOPT_QUICK_EXIT, 1L);
        TRANSFER_SET(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
        TRANSFER_SET(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        TRANSFER_SET(t->easy, CURLOPT_PATH_AS_IS, 1L); /* a collection may be called ".." */
        TRANSFER_SET(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
        return 0;
}

static int transfer_configure(struct http_transfer *t, const char *user_agent)
{
        _cleanup_(url_cleanupp) CURLU *url = curl_url();
        _cleanup_(secret_freep) char *text = NULL;
        bool sends_body = t->request->body || streq(t->request->method, "POST");
        CURLUcode code;
        int r;

        if (!url)
                return -ENOMEM;
        r = read_url(t, url);
        if (r >= 0)
                r = name_place(t);
        if (r >= 0 && !t->request->envelope)
                r = set_headers(t, sends_body);
        if (r >= 0 && t->peer->server_name)
                r = set_server_name(t, url);
        if (r < 0)
                return r;
        code = curl_url_get(url, CURLUPART_URL, &text, 0);
        if (code != CURLUE_OK)
                return curlu_error(code);
        TRANSFER_SET(t->easy, CURLOPT_URL, text);
        r = t->request->envelope ? 0 : set_request(t->easy, t->request, sends_body);
        if (r >= 0)
                r = set_peer(t->easy, t->peer);
        if (r >= 0)
                r = set_manners(t, user_agent);
        return r >= 0 && t->request->envelope ? mail_transfer_configure(t) : r;
}

int http_transfer_prepare(struct http_transfer *t, CURL *easy, const char *user_agent)
{
        int r;

        t->easy = easy;
        t->socket = CURL_SOCKET_BAD;
        r = transfer_configure(t, user_agent);
        if (r < 0)
                t->easy = NULL;
        return r;
}

static usec_t retry_after(CURL *easy)
{
        curl_off_t seconds = 0;

        (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
        if (seconds <= 0)
                return 0;
        return MIN((usec_t)seconds, RETRY_AFTER_MAX / USEC_PER_SEC) * USEC_PER_SEC;
}

/* It could not begin when its turn had come. */
static int describe_obstacle(const struct http_transfer *t, char **ret_sentence)
{
        _cleanup_free_ char *peer = http_url_peer(t->peer->url);

        if (asprintf(ret_sentence, "no request can be made to %s: %s", peer ? peer : "its peer",
                    strerror(-t->obstacle)) < 0)
                *ret_sentence = NULL;
        return t->obstacle;
}

static void measure(const struct http_transfer *t, struct http_response *ret)
{
        curl_off_t duration = 0;

        if (t->begun == 0)
                return;
        (void)curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &duration);
        ret->duration_usec = (usec_t)MAX(duration, (curl_off_t)0);
        ret->waited_usec = t->begun - t->joined;
}

void http_transfer_result(
        struct http_transfer *t, CURLcode code, struct http_response *ret, char **ret_sentence)
{
        long status = 0;
        char *type = NULL;

        *ret_sentence = NULL;
        *ret = (struct http_response){.sink = t->request->sink};
        /* What is wrong with it, its reader tells. */
        if (code == CURLE_WRITE_ERROR && t->refused == -EBADMSG)
                code = CURLE_OK;
        if (t->request->envelope && mail_transfer_decided(t, code))
                code = CURLE_OK;
        measure(t, ret);
        if (t->obstacle < 0 || code != CURLE_OK) {
                ret->result = t->obstacle < 0 ? describe_obstacle(t, ret_sentence)
                                              : http_failure_describe(t, code, ret_sentence);
                ret->error = *ret_sentence ? *ret_sentence : "the exchange failed";
                text_clear(&t->body);
        } else if (t->request->envelope) {
                mail_transfer_result(t, ret);
        } else {
                (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
                (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
                ret->status = (unsigned)status;
                /* The handle is another exchange's when this is read. NULL says less, not wrong. */
                t->content_type = type ? strdup(type) : NULL;
                ret->content_type = t->content_type;
                ret->retry_after_usec = retry_after(t->easy);
        }
        ret->url = t->url;
        ret->body = text_string(&t->body);
        ret->body_size = t->body.size;
}
