/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http_server.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "macro.h"
#include "serve/exchange.h"
#include "serve/listen.h"
#include "serve/path.h"
#include "serve/response.h"
#include "serve/routes.h"
#include "serve/thread.h"
#include "serve/traffic.h"
#include "show/envelope.h"
#include "text.h"

/* Shorter bodies become no shorter. */
#define PACKED_MIN 256
/* libmicrohttpd accepts nobody beyond its limit, not even to make room for him. */
#define CONNECTIONS_MAX (TRAFFIC_MAX + TRAFFIC_GOING_MAX)

struct http_server {
        struct MHD_Daemon *daemon;
        struct services services;
        struct traffic traffic;
        unsigned port;
        bool encrypted; /* for life */
};

/* What libmicrohttpd keeps for us with a connection. */
struct caller {
        struct visitor visitor;
        struct tls *tls; /* a reference: what the session uses; NULL */
};

static usec_t now(void)
{
        return clock_usec(CLOCK_MONOTONIC);
}

static struct caller *caller_of(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

static void turn(struct http_server *s, struct MHD_Connection *connection, enum phase phase)
{
        struct caller *caller = caller_of(connection);

        traffic_turn(&s->traffic, caller ? &caller->visitor : NULL, phase, now());
}

/* Before the handshake: what is configured now. A session that gets nothing has no certificate to
 * show, and fails. */
static void encrypt(struct http_server *s, struct MHD_Connection *connection, struct caller *caller)
{
        _cleanup_(web_config_unrefp) struct web_config *web =
                handover_acquire_web(s->services.handover);
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

        if (!info || !info->tls_session || !web || !web->tls)
                return;
        caller->tls = tls_ref(web->tls);
        (void)!tls_attach(caller->tls, info->tls_session);
}

static void begin_connection(struct http_server *s, struct MHD_Connection *c, void **context)
{
        const union MHD_ConnectionInfo *fd =
                MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *peer =
                MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        struct caller *caller = fd ? calloc(1, sizeof(*caller)) : NULL;

        *context = caller;
        if (!caller)
                return;
        traffic_arrive(&s->traffic, &caller->visitor, fd->connect_fd,
                peer ? peer->client_addr : NULL, now());
        if (s->encrypted)
                encrypt(s, c, caller);
}

static void on_connection(void *userdata, struct MHD_Connection *connection, void **context,
        enum MHD_ConnectionNotificationCode code)
{
        struct http_server *s = userdata;
        struct caller *caller = *context;

        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                begin_connection(s, connection, context);
        } else if (caller) {
                traffic_leave(&s->traffic, &caller->visitor);
                tls_unref(caller->tls);
                free(caller);
        }
}

/* What libmicrohttpd would use were there nothing else. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int count,
        const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **certificate,
        unsigned *length, gnutls_privkey_t *key)
{
        return -1;
}

/* Whether what is sent is, or now becomes, gzip. */
static bool pack(struct exchange *x)
{
        const struct print *print = x->request->print;

        if ((print ? print->size : x->body.size) < PACKED_MIN ||
                !accept_gzip(exchange_header(x, MHD_HTTP_HEADER_ACCEPT_ENCODING)))
                return false;
        return print ? print->packed != NULL : gzip_text(&x->body);
}

static struct MHD_Response *make_response(struct exchange *x)
{
        const bool packed = pack(x);
        char retry[16] = "";
        const struct response_head head = {
                .content_type = x->type,
                .policy = x->policy,
                .cache = x->cache,
                .web = x->web,
                .extra = response_headers({MHD_HTTP_HEADER_ALLOW, x->allow},
                        {MHD_HTTP_HEADER_ETAG, x->etag},
                        {MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING},
                        {MHD_HTTP_HEADER_CONTENT_ENCODING, packed ? "gzip" : NULL},
                        {MHD_HTTP_HEADER_CONNECTION, x->once ? "close" : NULL},
                        {MHD_HTTP_HEADER_LOCATION, x->status == 303 ? x->request->location : NULL},
                        {MHD_HTTP_HEADER_WWW_AUTHENTICATE, x->challenge},
                        {MHD_HTTP_HEADER_RETRY_AFTER, x->retry_seconds > 0 ? retry : NULL}),
        };
        size_t size;
        char *body;

        if (x->request->print)
                return response_of(x->request->print, packed, &head);
        (void)snprintf(retry, sizeof(retry), "%u", x->retry_seconds);
        body = text_take(&x->body, &size);
        if (!body) {
                x->status = 500;
                size = 0;
        }
        return response_new(body, size, &head);
}

static enum MHD_Result send_answer(struct exchange *x)
{
        struct MHD_Response *response;
        enum MHD_Result r;

        if (x->shared)
                return MHD_queue_response(x->connection, x->status, x->shared);
        response = make_response(x);
        if (!response)
                return MHD_NO;
        r = MHD_queue_response(x->connection, x->status, response);
        MHD_destroy_response(response);
        return r;
}

static bool announces_too_much(const struct exchange *x)
{
        const char *length = exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);

        return length && strtoull(length, NULL, 10) > HTTP_SERVER_BODY_CUT;
}

/* All of it is here, or the answer is. */
static void answer(struct http_server *s, struct exchange *x, const char *url, const char *method)
{
        turn(s, x->connection, PHASE_ANSWERED);
        if (x->request->waited) {
                press_turn(s->services.press, now());
                routes_answer(x);
        } else if (x->request->received > HTTP_SERVER_BODY_MAX) {
                exchange_say(x, 413, "the body is too large: some lines suffice");
        } else {
                scrape_dress(&s->services.scrape, x->web);
                routes_dispatch(x, url, method);
        }
}

/* libmicrohttpd calls this once with the headers, then for each piece of the body, then once more.
 * Except for a body that would be cut anyway the answer comes in that last call: an earlier one
 * makes it close the connection. */
static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
        const char *url, const char *method, const char *version, const char *upload_data,
        size_t *upload_data_size, void **request)
{
        struct http_server *s = userdata;
        _cleanup_(web_config_unrefp) struct web_config *web =
                handover_acquire_web(s->services.handover);
        struct exchange x = {
                .services = &s->services,
                .connection = connection,
                .request = *request,
                .web = web,
                .json = strncmp(url, "/api/", strlen("/api/")) == 0,
                .link = strncmp(url, TOKEN_PATH, strlen(TOKEN_PATH) - 1) == 0,
        };
        enum MHD_Result r;

        if (!x.request) {
                turn(s, connection, PHASE_ARRIVES);
                *request = x.request = request_new(connection);
                if (!*request || !announces_too_much(&x))
                        return *request ? MHD_YES : MHD_NO;
                exchange_say(&x, 413, "the body is too large: some lines suffice");
        } else if (*upload_data_size > 0) {
                x.request->received += *upload_data_size;
                if (x.request->received <= HTTP_SERVER_BODY_MAX)
                        text_append_bytes(&x.request->sent, upload_data, *upload_data_size);
                *upload_data_size = 0;
                return x.request->received > HTTP_SERVER_BODY_CUT ? MHD_NO : MHD_YES;
        } else {
                answer(s, &x, url, method);
        }
        if (x.deferred)
                turn(s, connection, PHASE_WAITS);
        r = x.deferred ? MHD_YES : send_answer(&x);
        text_done(&x.body);
        return r;
}

static void on_finished(void *userdata, struct MHD_Connection *connection, void **request,
        enum MHD_RequestTerminationCode code)
{
        struct http_server *s = userdata;

        if (*request)
                waiting_finish(&s->services.waiting, *request);
        *request = request_unref(*request);
        scrape_tidy(&s->services.scrape);
        leaves_tidy(&s->services.leaves, now());
        press_turn(s->services.press, now());
        turn(s, connection, PHASE_KEPT);
}

static size_t unescape(void *userdata, struct MHD_Connection *connection, char *s)
{
        return path_unescape(s);
}

/* `fd` becomes libmicrohttpd's, which closes it also when it cannot start. */
static struct MHD_Daemon *start(struct http_server *s, int fd)
{
        const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
        sigset_t before;
        struct MHD_Daemon *daemon;

        thread_shield(&before);
        daemon = MHD_start_daemon(flags | (s->encrypted ? MHD_USE_TLS : 0), 0, NULL, NULL,
                on_request, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
                on_finished, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
                MHD_OPTION_UNESCAPE_CALLBACK, unescape, s, MHD_OPTION_CONNECTION_LIMIT,
                (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                (unsigned)HTTP_SERVER_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                (size_t)HTTP_SERVER_HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                s->encrypted ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, no_certificate,
                MHD_OPTION_END);
        thread_unshield(&before);
        return daemon;
}

static bool is_encrypted(struct handover *handover)
{
        _cleanup_(web_config_unrefp) struct web_config *web = handover_acquire_web(handover);

        return web && web->tls;
}

int http_server_new(
        const struct http_server_options *options, struct http_server **ret, struct error *e)
{
        const char *address = options->address ? options->address : "the socket that was passed";
        _cleanup_free_ struct http_server *s = calloc(1, sizeof(*s));
        int fd = options->fd, r;

        if (s && fd >= 0)
                r = listen_adopt(fd, e);
        else
                r = s ? listen_open(options->address, &fd, e) : -ENOMEM;
        if (r >= 0)
                r = press_new(&s->services.press);
        if (r >= 0)
                r = traffic_init(&s->traffic);
        if (r < 0) {
                if (s)
                        press_free(s->services.press);
                if (fd >= 0)
                        close(fd);
                return error_set(e, r, "cannot serve %s: %s", address, strerror(-r));
        }
        s->services.handover = options->handover;
        login_init(&s->services.login, now);
        s->port = listen_port(fd);
        s->encrypted = is_encrypted(options->handover);
        errno = 0;
        s->daemon = start(s, fd);
        if (!s->daemon) {
                r = errno > 0 ? -errno : -EIO;
                traffic_done(&s->traffic);
                press_free(s->services.press);
                return error_set(
                        e, r, "cannot start the web server on %s: %s", address, strerror(-r));
        }
        *ret = take_ptr(s);
        return 0;
}

/* Who was accepted is answered; who was not yet finds the next process behind a socket of systemd.
 */
struct http_server *http_server_free(struct http_server *s)
{
        int fd;

        if (!s)
                return NULL;
        fd = MHD_quiesce_daemon(s->daemon);
        waiting_close(&s->services.waiting);
        press_close(s->services.press);
        traffic_drain(&s->traffic);
        MHD_stop_daemon(s->daemon);
        traffic_done(&s->traffic);
        if (fd >= 0)
                close(fd);
        scrape_done(&s->services.scrape);
        leaves_done(&s->services.leaves);
        press_free(s->services.press);
        free(s);
        return NULL;
}

void http_server_sweep(struct http_server *s)
{
        traffic_sweep(&s->traffic, now());
}

unsigned http_server_port(const struct http_server *s)
{
        return s->port;
}

bool http_server_encrypted(const struct http_server *s)
{
        return s->encrypted;
}
