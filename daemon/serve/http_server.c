/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "macro.h"
#include "serve/exchange.h"
#include "serve/form.h"
#include "serve/guard.h"
#include "serve/link.h"
#include "serve/listen.h"
#include "serve/pages.h"
#include "serve/path.h"
#include "serve/response.h"
#include "serve/traffic.h"
#include "show/envelope.h"
#include "text.h"

/* Shorter bodies become no shorter. */
#define PACKED_MIN 256

struct http_server {
        struct MHD_Daemon *daemon;
        struct services services;
        struct traffic traffic;
        unsigned port;
};

static void get_metrics(struct exchange *x)
{
        _cleanup_(view_unrefp) struct view *view = exchange_view(x);

        if (!view)
                return;
        x->status = 200;
        x->shared = scrape_response(&x->services->scrape, view,
                accept_exposition(exchange_header(x, MHD_HTTP_HEADER_ACCEPT)),
                accept_gzip(exchange_header(x, MHD_HTTP_HEADER_ACCEPT_ENCODING)),
                clock_usec(CLOCK_MONOTONIC));
        if (!x->shared)
                exchange_say(x, 500, "memory is short");
}

static void get_healthy(struct exchange *x)
{
        exchange_say(x, 200, "driftwatch is healthy");
}

static void get_ready(struct exchange *x)
{
        _cleanup_(view_unrefp) struct view *view = exchange_view(x);

        if (!view)
                return;
        if (view->ready)
                exchange_say(x, 200, "driftwatch is ready");
        else
                exchange_say(x, 503, "driftwatch is not ready: its state is not restored yet");
}

static void take_head(struct exchange *x, struct pages_head head)
{
        x->status = head.status;
        x->type = head.type;
        x->policy = head.policy;
        x->cache = head.cache;
        x->etag = head.etag;
        x->once = head.once;
}

static void get_page(struct exchange *x)
{
        _cleanup_(view_unrefp) struct view *view = NULL;

        if (exchange_arguments_valid(x) && (view = exchange_view(x)))
                take_head(x, pages_document(&x->services->leaves, view, x->connection, &x->body));
}

static void get_asset(struct exchange *x)
{
        take_head(x, pages_asset(x->connection, x->subject, &x->body));
        if (x->status == 404)
                exchange_say(x, 404, "there is nothing at this path");
}

static void get_api(struct exchange *x)
{
        const struct api_query query = {
                .collection = exchange_argument(x, "collection"),
                .query = exchange_argument(x, "query"),
                .start = exchange_argument(x, "start"),
                .end = exchange_argument(x, "end"),
                .state = exchange_argument(x, "state"),
                .format = exchange_argument(x, "format"),
                .now = clock_usec(CLOCK_REALTIME),
        };
        const char *type = x->api->type ? x->api->type(query.format) : NULL;
        _cleanup_(view_unrefp) struct view *view = NULL;

        if (!exchange_arguments_valid(x) || !(view = exchange_view(x)))
                return;
        x->status = x->api->get(view, &query, &x->body);
        x->type = type && x->status == 200 ? type : RESPONSE_TYPE_JSON;
        if (streq(x->type, RESPONSE_TYPE_HTML))
                x->policy = RESPONSE_POLICY_REPORT;
        exchange_give_back(x);
}

static bool may_change(struct exchange *x)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        _cleanup_(view_unrefp) struct view *view = handover_acquire(x->services->handover);
        const char *refusal = guard_refusal(&(const struct guard_request){
                .distrusted = view && view->loopback_distrusted,
                .peer = info ? info->client_addr : NULL,
                .host = exchange_header(x, MHD_HTTP_HEADER_HOST),
                .origin = exchange_header(x, MHD_HTTP_HEADER_ORIGIN),
                .fetch_site = exchange_header(x, "Sec-Fetch-Site"),
                .forwarded = request_forwarded(x->connection),
        });

        if (refusal)
                exchange_say(x, 403, refusal);
        return !refusal;
}

static void submit(struct exchange *x, struct command *command)
{
        if (!command)
                exchange_say(x, 500, "memory is short");
        else if (waiting_submit(&x->services->waiting, x->request, x->services->handover, command) <
                0)
                exchange_say(
                        x, 503, "too many requests wait for an answer already; try again later");
        else
                x->deferred = true;
}

static void post_reload(struct exchange *x)
{
        if (may_change(x))
                submit(x, command_new(COMMAND_RELOAD, NULL, true));
}

static void post_replay(struct exchange *x)
{
        const char *wait = exchange_argument(x, "wait");

        if (!may_change(x) || !exchange_arguments_valid(x))
                return;
        if (wait && !streq(wait, "true") && !streq(wait, "false"))
                exchange_say(x, 400, "wait is neither true nor false");
        else
                submit(x,
                        command_new(COMMAND_REPLAY, exchange_argument(x, "collection"),
                                streq(wait, "true")));
}

/* Takes the act. */
static void submit_act(struct exchange *x, struct act *act)
{
        struct command *command = command_new(COMMAND_ACT, NULL, true);

        if (command)
                command->act = act;
        else
                act_free(act);
        submit(x, command);
}

/* `subject` is what the act is about, NULL where it has none. */
static void do_act(struct exchange *x, enum act_kind kind, const char *subject)
{
        const struct text *sent = &x->request->sent;
        _cleanup_(act_freep) struct act *act = NULL;
        _cleanup_error_ struct error error = {0};
        int r;

        if (!may_change(x) || !exchange_arguments_valid(x))
                return;
        r = text_failed(sent)
                ? -ENOMEM
                : act_parse(kind, subject, text_string(sent), sent->size, &act, &error);
        if (r < 0) {
                exchange_say(x, r == -ENOMEM ? 500 : 400, error_text(&error, r));
                return;
        }
        submit_act(x, take_ptr(act));
}

static void post_ack(struct exchange *x)
{
        do_act(x, ACT_ACKNOWLEDGE, x->subject);
}

static void delete_ack(struct exchange *x)
{
        do_act(x, ACT_UNACKNOWLEDGE, x->subject);
}

static void post_alert_ack(struct exchange *x)
{
        do_act(x, ACT_ACKNOWLEDGE_ALERT, x->subject);
}

static void delete_alert_ack(struct exchange *x)
{
        do_act(x, ACT_UNACKNOWLEDGE_ALERT, x->subject);
}

static void post_silence(struct exchange *x)
{
        do_act(x, ACT_SILENCE, NULL);
}

static void delete_silence(struct exchange *x)
{
        const char *id = exchange_argument(x, "id");

        if (id)
                do_act(x, ACT_EXPIRE, id);
        else
                exchange_say(x, 400, "the parameter \"id\" is missing: which silence shall end?");
}

static void set_link_page(struct exchange *x, unsigned status)
{
        x->status = status;
        x->type = RESPONSE_TYPE_HTML;
        x->policy = RESPONSE_POLICY_FORM;
}

static void get_link(struct exchange *x)
{
        _cleanup_(view_unrefp) struct view *view = exchange_view(x);

        if (view)
                set_link_page(x, link_look(view, x->subject, clock_usec(CLOCK_REALTIME), &x->body));
}

/* Whoever has the link may: its token says so, and nothing else is asked. */
static void post_link(struct exchange *x)
{
        _cleanup_(view_unrefp) struct view *view = exchange_view(x);
        _cleanup_(act_freep) struct act *act = NULL;

        if (!view)
                return;
        set_link_page(x, link_take(view, x->subject, clock_usec(CLOCK_REALTIME), &act, &x->body));
        if (act)
                submit_act(x, take_ptr(act));
}

/* The resources that are not a plain view of the API; those are in api_routes[]. */
struct route {
        const char *path; /* a * stands for what it is about */
        void (*get)(struct exchange *x);
        void (*post)(struct exchange *x);
        void (*delete)(struct exchange *x);
};

static const struct route routes[] = {
        {"/", get_page, NULL, NULL},
        {"/assets/*", get_asset, NULL, NULL},
        {"/metrics", get_metrics, NULL, NULL},
        {"/-/healthy", get_healthy, NULL, NULL},
        {"/-/ready", get_ready, NULL, NULL},
        {"/-/reload", NULL, post_reload, NULL},
        {TOKEN_PATH, get_link, post_link, NULL},
        {"/api/v1/replay", NULL, post_replay, NULL},
        {"/api/v1/silences", NULL, post_silence, delete_silence},
        {"/api/v1/incidents/*/ack", NULL, post_ack, delete_ack},
        {"/api/v1/alerts/*/ack", NULL, post_alert_ack, delete_alert_ack},
};

static struct route find_route(
        const char *path, const struct api_route **ret_api, char **ret_subject)
{
        struct route found = {0};

        for (size_t i = 0; i < ARRAY_SIZE(routes) && !found.path; i++)
                if (path_matches(routes[i].path, path, ret_subject))
                        found = routes[i];
        for (size_t i = 0; i < api_route_count; i++)
                if (streq(api_routes[i].path, path)) {
                        found.path = api_routes[i].path;
                        found.get = get_api;
                        *ret_api = &api_routes[i];
                }
        return found;
}

static void (*handler(const struct route *route, const char *method))(struct exchange *x)
{
        if (streq(method, MHD_HTTP_METHOD_GET) || streq(method, MHD_HTTP_METHOD_HEAD))
                return route->get;
        if (streq(method, MHD_HTTP_METHOD_POST))
                return route->post;
        return streq(method, MHD_HTTP_METHOD_DELETE) ? route->delete : NULL;
}

static const char *allowed(const struct route *route)
{
        static const char *const names[2][2][2] = {
                {{"", "DELETE"}, {"POST", "POST, DELETE"}},
                {{"GET, HEAD", "GET, HEAD, DELETE"},
                        {"GET, HEAD, POST", "GET, HEAD, POST, DELETE"}},
        };

        return names[route->get != NULL][route->post != NULL][route->delete != NULL];
}

static bool take_form(struct exchange *x, const char *pattern)
{
        int r = form_is(exchange_header(x, MHD_HTTP_HEADER_CONTENT_TYPE))
                ? request_read_form(x->request, path_depth(pattern))
                : 0;

        if (r < 0)
                exchange_say(x, r == -ENOMEM ? 500 : 400, "the form is not UTF-8");
        return r >= 0;
}

static void dispatch(struct exchange *x, const char *path, const char *method)
{
        _cleanup_free_ char *subject = NULL;
        const struct route route = find_route(path, &x->api, &subject);
        void (*handle)(struct exchange *) = handler(&route, method);

        x->subject = subject;
        if (!route.path)
                exchange_say(x, 404, "there is nothing at this path");
        else if (handle) {
                if (handle != route.post || take_form(x, route.path))
                        handle(x);
        } else {
                x->allow = allowed(&route);
                exchange_say(x, 405, "this path does not take this method");
        }
}

/* The loop's answer to a request that waited. */
static void take_answer(struct exchange *x)
{
        struct request *r = x->request;

        if (x->link) {
                set_link_page(x, link_answer(r->status, &x->body));
                return;
        }
        if (!r->body && r->status >= 400) {
                exchange_say(x, r->status,
                        r->status == 503 ? "driftwatch is stopping, or too busy to take this now"
                                         : "driftwatch could not do this");
                return;
        }
        x->status = r->status;
        x->type = x->json ? RESPONSE_TYPE_JSON : RESPONSE_TYPE_TEXT;
        if (r->location && r->status < 400) {
                x->status = 303;
                return;
        }
        if (r->replayed) {
                x->status = api_verdict(r->replayed, &x->body);
                exchange_give_back(x);
        } else if (r->body)
                text_append_bytes(&x->body, r->body, r->body_size);
        else if (x->json)
                x->status = envelope_success(&x->body, json_null()) == 200 ? r->status : 500;
}

static struct MHD_Response *make_response(struct exchange *x)
{
        bool packed = x->body.size >= PACKED_MIN &&
                accept_gzip(exchange_header(x, MHD_HTTP_HEADER_ACCEPT_ENCODING)) &&
                gzip_text(&x->body);
        size_t size;
        char *body = text_take(&x->body, &size);

        if (!body) {
                x->status = 500;
                x->type = RESPONSE_TYPE_TEXT;
                size = 0;
        }
        return response_new(body, size, x->type, x->policy, x->cache,
                response_headers({MHD_HTTP_HEADER_ALLOW, x->allow}, {MHD_HTTP_HEADER_ETAG, x->etag},
                        {MHD_HTTP_HEADER_LOCATION, x->status == 303 ? x->request->location : NULL},
                        {MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING},
                        {MHD_HTTP_HEADER_CONTENT_ENCODING, packed ? "gzip" : NULL},
                        {MHD_HTTP_HEADER_CONNECTION, x->once ? "close" : NULL}));
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

/* libmicrohttpd calls this once with the headers, then for each piece of the body, then once more.
 * Except for a body that would be cut anyway the answer comes in that last call: an earlier one
 * makes it close the connection. */
static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
        const char *url, const char *method, const char *version, const char *upload_data,
        size_t *upload_data_size, void **request)
{
        struct http_server *s = userdata;
        struct exchange x = {
                .services = &s->services,
                .connection = connection,
                .request = *request,
                .json = strncmp(url, "/api/", strlen("/api/")) == 0,
                .link = strncmp(url, TOKEN_PATH, strlen(TOKEN_PATH) - 1) == 0,
        };
        enum MHD_Result r;

        if (!x.request) {
                traffic_request(&s->traffic, connection);
                *request = request_new(connection);
                if (!*request || !announces_too_much(&x))
                        return *request ? MHD_YES : MHD_NO;
                exchange_say(&x, 413, "the body is too large: some lines suffice");
        } else if (*upload_data_size > 0) {
                x.request->received += *upload_data_size;
                if (x.request->received <= HTTP_SERVER_BODY_MAX)
                        text_append_bytes(&x.request->sent, upload_data, *upload_data_size);
                *upload_data_size = 0;
                return x.request->received > HTTP_SERVER_BODY_CUT ? MHD_NO : MHD_YES;
        } else if (x.request->waited) {
                take_answer(&x);
        } else if (x.request->received > HTTP_SERVER_BODY_MAX) {
                exchange_say(&x, 413, "the body is too large: some lines suffice");
        } else {
                dispatch(&x, url, method);
        }
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
        leaves_tidy(&s->services.leaves, clock_usec(CLOCK_MONOTONIC));
        traffic_answered(&s->traffic, connection);
}

static size_t unescape(void *userdata, struct MHD_Connection *connection, char *s)
{
        return path_unescape(s);
}

/* `fd` becomes libmicrohttpd's, which closes it also when it cannot start. */
static struct MHD_Daemon *start(struct http_server *s, int fd)
{
        sigset_t all, old;
        struct MHD_Daemon *daemon;

        /* The thread inherits the mask: signals are the loop's. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
                on_finished, s, MHD_OPTION_NOTIFY_CONNECTION, traffic_on_connection, &s->traffic,
                MHD_OPTION_UNESCAPE_CALLBACK, unescape, s, MHD_OPTION_CONNECTION_LIMIT,
                (unsigned)HTTP_SERVER_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                (unsigned)HTTP_SERVER_CONNECTIONS_PER_IP, MHD_OPTION_CONNECTION_TIMEOUT,
                (unsigned)HTTP_SERVER_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                (size_t)HTTP_SERVER_HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        return daemon;
}

int http_server_new(const char *address, int fd, struct handover *handover,
        struct http_server **ret, struct error *e)
{
        _cleanup_free_ struct http_server *s = calloc(1, sizeof(*s));
        int r;

        if (s && fd >= 0)
                r = listen_adopt(fd, e);
        else
                r = s ? listen_open(address, &fd, e) : -ENOMEM;
        if (r >= 0)
                r = traffic_init(&s->traffic);
        if (r < 0) {
                if (fd >= 0)
                        close(fd);
                return error_set(e, r, "cannot serve %s: %s", address, strerror(-r));
        }
        s->services.handover = handover;
        s->port = listen_port(fd);
        errno = 0;
        s->daemon = start(s, fd);
        if (!s->daemon) {
                r = errno > 0 ? -errno : -EIO;
                traffic_done(&s->traffic);
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
        traffic_drain(&s->traffic);
        MHD_stop_daemon(s->daemon);
        traffic_done(&s->traffic);
        if (fd >= 0)
                close(fd);
        scrape_done(&s->services.scrape);
        leaves_done(&s->services.leaves);
        free(s);
        return NULL;
}

unsigned http_server_port(const struct http_server *s)
{
        return s->port;
}
