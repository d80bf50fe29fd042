/* SPDX-License-Identifier: Apache-2.0 */

#include "ask/http_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

/* A response with more header bytes than this comes from something that is not an API. */
#define RESPONSE_HEADERS_MAX (256U << 10)
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

static size_t on_header(char *data, size_t size, size_t count, void *userdata)
{
        struct http_transfer *t = userdata;

        t->headers_size += size * count;
        return t->headers_size > RESPONSE_HEADERS_MAX ? 0 : size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *userdata)
{
        struct http_transfer *t = userdata;

        size *= count;
        if (size > t->request->response_limit - t->body.size)
                return 0;
        text_append_bytes(&t->body, data, size);
        if (!text_failed(&t->body))
                return size;
        t->no_memory = true;
        return 0;
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

static bool peer_has_header(const struct http_peer *peer, const char *line)
{
        size_t size = strcspn(line, ":") + 1;

        for (char **h = peer->headers; h && *h; h++)
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

/* Headers of the peer win over ours. */
static int set_headers(struct http_transfer *t, bool sends_body)
{
        const char *const ours[] = {"Accept: application/json", "Accept-Encoding: identity",
                sends_body ? "Content-Type: application/json" : NULL};
        struct curl_slist *headers;
        int r;

        for (char **h = t->peer->headers; h && *h; h++) {
                r = add_header(t, *h);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
                r = ours[i] && !peer_has_header(t->peer, ours[i]) ? add_header(t, ours[i]) : 0;
                if (r < 0)
                        return r;
        }
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
        if (peer_has_header(t->peer, "Host:"))
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
        if (!t->peer->secret_url)
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
        else if (!streq(scheme, "http") && !streq(scheme, "https"))
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

/* Any error is one of memory: the options themselves are all in libcurl 7.88. */
#define SET(easy, option, value) \
        do { \
                if (curl_easy_setopt(easy, option, value) != CURLE_OK) \
                        return -ENOMEM; \
        } while (0)

static int set_request(CURL *easy, const struct http_request *request, bool sends_body)
{
        if (sends_body) {
                SET(easy, CURLOPT_POST, 1L);
                SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
                SET(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        } else if (streq(request->method, "HEAD")) {
                SET(easy, CURLOPT_NOBODY, 1L);
        }
        SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
        if (request->response_limit > 0)
                SET(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->response_limit);
        return 0;
}

static int set_peer(CURL *easy, const struct http_peer *peer)
{
        SET(easy, CURLOPT_TIMEOUT_MS, to_milliseconds(peer->timeout_usec, TIMEOUT_DEFAULT));
        SET(easy, CURLOPT_CONNECTTIMEOUT_MS,
                to_milliseconds(peer->connect_timeout_usec, CONNECT_TIMEOUT_DEFAULT));
        if (peer->secret && !peer->secret_header)
                SET(easy, CURLOPT_USERPWD, secret_value(peer->secret));
        /* Without one, http_proxy and its kind are ignored: a monitor measures the server itself.
         * With one, so is no_proxy. */
        SET(easy, CURLOPT_PROXY, peer->proxy ? peer->proxy : "");
        SET(easy, CURLOPT_NOPROXY, "");
        if (peer->proxy && peer->proxy_secret)
                SET(easy, CURLOPT_PROXYUSERPWD, secret_value(peer->proxy_secret));
        if (peer->ca_file) {
                /* Instead of the system's certificates, not besides them. */
                SET(easy, CURLOPT_CAINFO, peer->ca_file);
                SET(easy, CURLOPT_CAPATH, NULL);
        }
        if (peer->cert_file)
                SET(easy, CURLOPT_SSLCERT, peer->cert_file);
        if (peer->key_file)
                SET(easy, CURLOPT_SSLKEY, peer->key_file);
        SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(easy, CURLOPT_SSL_VERIFYPEER, peer->insecure_skip_verify ? 0L : 1L);
        SET(easy, CURLOPT_SSL_VERIFYHOST, peer->insecure_skip_verify ? 0L : 2L);
        return 0;
}

static int set_manners(struct http_transfer *t, const char *user_agent)
{
        SET(t->easy, CURLOPT_PRIVATE, t);
        SET(t->easy, CURLOPT_ERRORBUFFER, t->detail);
        SET(t->easy, CURLOPT_HEADERFUNCTION, on_header);
        SET(t->easy, CURLOPT_HEADERDATA, t);
        SET(t->easy, CURLOPT_WRITEFUNCTION, on_body);
        SET(t->easy, CURLOPT_WRITEDATA, t);
        SET(t->easy, CURLOPT_HTTPHEADER, t->headers);
        SET(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
        SET(t->easy, CURLOPT_USERAGENT, user_agent);
        /* Undone wherever somebody compresses unasked; on_body() counts what comes out of it. */
        SET(t->easy, CURLOPT_ACCEPT_ENCODING, "");
        SET(t->easy, CURLOPT_NOSIGNAL, 1L);
        /* Ending a transfer must not join a resolver thread that waits for a dead name server: that
         * stopped the loop for 9 s with libcurl 7.88.1; dead_name_servers_do_not_stop_the_loop().
         */
        SET(t->easy, CURLOPT_QUICK_EXIT, 1L);
        SET(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
        SET(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(t->easy, CURLOPT_PATH_AS_IS, 1L); /* a collection may be called ".." */
        SET(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
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
        if (r >= 0)
                r = set_headers(t, sends_body);
        if (r >= 0 && t->peer->server_name)
                r = set_server_name(t, url);
        if (r < 0)
                return r;
        code = curl_url_get(url, CURLUPART_URL, &text, 0);
        if (code != CURLUE_OK)
                return curlu_error(code);
        SET(t->easy, CURLOPT_URL, text);
        r = set_request(t->easy, t->request, sends_body);
        if (r >= 0)
                r = set_peer(t->easy, t->peer);
        return r < 0 ? r : set_manners(t, user_agent);
}

int http_transfer_new(CURL *easy, const char *user_agent, const struct http_peer *peer,
        const struct http_request *request, struct http_transfer **ret)
{
        struct http_transfer *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->easy = easy;
        t->peer = peer;
        t->request = request;
        r = transfer_configure(t, user_agent);
        if (r < 0) {
                (void)take_ptr(t->easy);
                (void)http_transfer_free(t);
                return r;
        }
        *ret = t;
        return 0;
}

/* How each of libcurl's results is told. The sentence is `before`, host and port, `after` and,
 * where libcurl knows more than we do, its own words. */
static const struct failure {
        CURLcode code;
        int result;
        const char *before, *after;
        bool detail;
} failures[] = {
        {CURLE_UNSUPPORTED_PROTOCOL, -EPROTO, "", " did not answer with HTTP", true},
        {CURLE_WEIRD_SERVER_REPLY, -EPROTO, "", " did not answer with HTTP", true},
        {CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH, "the name of ", " was not resolved", false},
        {CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH, "the name of the proxy was not resolved: ", "",
                false},
        {CURLE_COULDNT_CONNECT, -ECONNREFUSED, "no connection to ", "", true},
        {CURLE_GOT_NOTHING, -ECONNRESET, "", " closed the connection without an answer", false},
        {CURLE_BAD_CONTENT_ENCODING, -EBADMSG, "the Content-Encoding of the answer of ",
                " cannot be undone", true},
        {CURLE_PARTIAL_FILE, -ECONNRESET, "",
                " closed the connection before its answer was complete", false},
        {CURLE_SEND_ERROR, -EPROTO, "the request could not be sent to ", "", true},
        {CURLE_RECV_ERROR, -EPROTO, "the answer of ", " could not be read", true},
        {CURLE_SSL_CONNECT_ERROR, -EPROTO, "TLS handshake with ", " failed", true},
        {CURLE_SSL_ISSUER_ERROR, -EPROTO, "certificate of ", " is not trusted", true},
        {CURLE_SSL_INVALIDCERTSTATUS, -EPROTO, "certificate of ", " is not trusted", true},
        {CURLE_SSL_CACERT_BADFILE, -EPROTO, "ca_file for ", " cannot be used", true},
        {CURLE_SSL_CERTPROBLEM, -EPROTO, "client certificate for ", " cannot be used", true},
        {CURLE_SSL_CLIENTCERT, -EPROTO, "", " demands a client certificate", true},
        {CURLE_SSL_CIPHER, -EPROTO, "TLS handshake with ", " failed", true},
        {CURLE_ABORTED_BY_CALLBACK, -ECANCELED, "exchange with ", " was cancelled", false},
        {CURLE_OUT_OF_MEMORY, -ENOMEM, "out of memory in the exchange with ", "", false},
        {HTTP_TRANSFER_BROKEN, -EIO, "exchange with ",
                " was lost when the HTTP client had to restart", false},
        {CURL_LAST, -EIO, "exchange with ", " failed", true},
};

/* When the socket itself failed, its errno says more than libcurl's result. */
static const struct socket_failure {
        int error, result;
        const char *before, *after;
} socket_failures[] = {
        {ECONNREFUSED, -ECONNREFUSED, "connection to ", " refused"},
        {EHOSTUNREACH, -EHOSTUNREACH, "no route to ", ""},
        {ENETUNREACH, -EHOSTUNREACH, "no route to ", ""},
        {ETIMEDOUT, -ETIMEDOUT, "", " no longer answers"},
        {ECONNRESET, -ECONNRESET, "", " reset the connection"},
        {ECONNABORTED, -ECONNRESET, "", " reset the connection"},
        {EPIPE, -ECONNRESET, "", " closed the connection"},
};

/* What is wrong with a certificate, by the result of the TLS library that libcurl uses. */
static const struct mistrust {
        bool gnutls; /* a bit of gnutls_certificate_status_t; else an X509_V_ERR of OpenSSL */
        long result;
        const char *after;
} mistrusts[] = {
        {true, 1L << 10, " has expired"},
        {true, 1L << 9, " is not valid yet: is the clock of this machine right?"},
        {true, 1L << 5, " was revoked"},
        {true, 1L << 6,
                " is not trusted: nobody that this machine, or `ca_file`, trusts has signed it"},
        {false, 10, " has expired"},
        {false, 9, " is not valid yet: is the clock of this machine right?"},
        {false, 23, " was revoked"},
        {false, 18, " is not trusted: it is signed by itself"},
        {false, 19,
                " is not trusted: nobody that this machine, or `ca_file`, trusts has signed it"},
        {false, 20,
                " is not trusted: nobody that this machine, or `ca_file`, trusts has signed it"},
        {false, 62, " is another host's"},
};

static bool is_mistrust(const struct mistrust *m, bool gnutls, long result)
{
        return m->gnutls == gnutls && (gnutls ? (m->result & result) != 0 : m->result == result);
}

/* With a certificate in order it is the name that differs, and libcurl says which. */
static const char *mistrust_text(const struct http_transfer *t)
{
        const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
        bool gnutls = library && strncmp(library, "GnuTLS", strlen("GnuTLS")) == 0;
        long result = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
        for (size_t i = 0; i < ARRAY_SIZE(mistrusts); i++)
                if (is_mistrust(&mistrusts[i], gnutls, result))
                        return mistrusts[i].after;
        return result == 0 ? " is another host's" : " is not trusted";
}

static int describe_mistrust(const struct http_transfer *t, char **ret_sentence)
{
        if (asprintf(ret_sentence, "certificate of %s%s: %s", t->host, mistrust_text(t),
                    *t->detail ? t->detail : curl_easy_strerror(CURLE_PEER_FAILED_VERIFICATION)) <
                0)
                *ret_sentence = NULL;
        return -EPROTO;
}

static char *timeout_sentence(const struct http_transfer *t)
{
        long total = to_milliseconds(t->peer->timeout_usec, TIMEOUT_DEFAULT);
        long connect = to_milliseconds(t->peer->connect_timeout_usec, CONNECT_TIMEOUT_DEFAULT);
        char buffer[DURATION_TEXT_MAX];
        curl_off_t pretransfer = 0;
        char *sentence;

        (void)curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
        if (pretransfer > 0)
                connect = total;
        (void)duration_format(buffer, sizeof(buffer), (usec_t)MIN(total, connect) * USEC_PER_MSEC);
        if (asprintf(&sentence,
                    pretransfer == 0              ? "no connection to %s within %s"
                            : t->headers_size > 0 ? "no complete answer from %s within %s"
                                                  : "no answer from %s within %s",
                    t->where, buffer) < 0)
                return NULL;
        return sentence;
}

/* Our own callbacks, or CURLOPT_MAXFILESIZE, ended it. */
static int describe_refusal(const struct http_transfer *t, char **ret_sentence)
{
        int r;

        if (t->no_memory)
                r = asprintf(ret_sentence, "out of memory for the answer of %s", t->where);
        else if (t->headers_size > RESPONSE_HEADERS_MAX)
                r = asprintf(ret_sentence, "the header of the answer of %s is larger than %u bytes",
                        t->where, RESPONSE_HEADERS_MAX);
        else
                r = asprintf(ret_sentence, "the answer of %s is larger than %zu bytes", t->where,
                        t->request->response_limit);
        if (r < 0)
                *ret_sentence = NULL;
        return t->no_memory ? -ENOMEM : -EMSGSIZE;
}

static int describe_socket_failure(const struct http_transfer *t, char **ret_sentence)
{
        long error = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
        for (size_t i = 0; i < ARRAY_SIZE(socket_failures); i++) {
                const struct socket_failure *f = &socket_failures[i];

                if (f->error != error)
                        continue;
                if (asprintf(ret_sentence, "%s%s%s", f->before, t->where, f->after) < 0)
                        *ret_sentence = NULL;
                return f->result;
        }
        return 0;
}

/* Errno and sentence (NULL when memory is short) of an exchange that did not complete. */
static int describe_failure(const struct http_transfer *t, CURLcode code, char **ret_sentence)
{
        const struct failure *f = failures;
        int r;

        if (code == CURLE_OPERATION_TIMEDOUT) {
                *ret_sentence = timeout_sentence(t);
                return -ETIMEDOUT;
        }
        if (code == CURLE_PEER_FAILED_VERIFICATION)
                return describe_mistrust(t, ret_sentence);
        if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
                return describe_refusal(t, ret_sentence);
        if (code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) {
                r = describe_socket_failure(t, ret_sentence);
                if (r < 0)
                        return r;
        }
        while (f->code != code && f->code != CURL_LAST)
                f++;
        r = asprintf(ret_sentence, "%s%s%s%s%s", f->before, t->where, f->after,
                f->detail ? ": " : "",
                !f->detail           ? ""
                        : *t->detail ? t->detail
                                     : curl_easy_strerror(code));
        if (r < 0)
                *ret_sentence = NULL;
        return f->result;
}

static usec_t retry_after(CURL *easy)
{
        curl_off_t seconds = 0;

        (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
        if (seconds <= 0)
                return 0;
        return MIN((usec_t)seconds, RETRY_AFTER_MAX / USEC_PER_SEC) * USEC_PER_SEC;
}

void http_transfer_result(
        struct http_transfer *t, CURLcode code, struct http_response *ret, char **ret_sentence)
{
        curl_off_t duration = 0;
        long status = 0;
        char *type = NULL;

        *ret_sentence = NULL;
        *ret = (struct http_response){0};
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &duration);
        ret->duration_usec = (usec_t)MAX(duration, (curl_off_t)0);
        if (code != CURLE_OK) {
                ret->result = describe_failure(t, code, ret_sentence);
                ret->error = *ret_sentence ? *ret_sentence : "the exchange failed";
                text_clear(&t->body);
        } else {
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
