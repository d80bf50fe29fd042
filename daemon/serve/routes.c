/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/routes.h"

#include <errno.h>

#include "clock.h"
#include "macro.h"
#include "serve/admission.h"
#include "serve/form.h"
#include "serve/link.h"
#include "serve/pages.h"
#include "serve/path.h"
#include "serve/response.h"
#include "show/envelope.h"

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

/* What takes long is made by the press, once for all who ask. */
static void ask_press(struct exchange *x, struct view *view, const struct api_route *route,
        const struct api_query *query)
{
        struct print *print = NULL;
        int r = press_ask(x->services->press, x->request, view, route, query, &print);

        if (r > 0) {
                x->deferred = true;
        } else if (r == 0) {
                x->request->print = print;
                routes_answer(x);
        } else {
                exchange_say(x, 503, "too many large answers are being made; try again later");
        }
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
        if (x->api->weigh && x->api->weigh(view, &query) > API_LIGHT) {
                ask_press(x, view, x->api, &query);
                return;
        }
        x->status = x->api->get(view, &query, &x->body);
        x->type = type && x->status == 200 ? type : RESPONSE_TYPE_JSON;
        if (streq(x->type, RESPONSE_TYPE_HTML))
                x->policy = RESPONSE_POLICY_REPORT;
        exchange_give_back(x);
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
        submit(x, command_new(COMMAND_RELOAD, NULL, true));
}

static void post_replay(struct exchange *x)
{
        const char *wait = exchange_argument(x, "wait");

        if (!exchange_arguments_valid(x))
                return;
        if (wait && !streq(wait, "true") && !streq(wait, "false"))
                exchange_say(x, 400, "wait is neither true nor false");
        else
                submit(x,
                        command_new(COMMAND_REPLAY, exchange_argument(x, "collection"),
                                streq(wait, "true")));
}

/* The loop asks Chroma. */
static void get_answers(struct exchange *x)
{
        const char *collection = exchange_argument(x, "collection");
        const char *query = exchange_argument(x, "query");
        struct command *command;

        if (!exchange_arguments_valid(x))
                return;
        if (!collection || !query) {
                exchange_say(x, 400, "the parameters \"collection\" and \"query\" are needed");
                return;
        }
        command = command_new(COMMAND_ANSWERS, collection, true);
        if (command && strdup_to(&command->query, query) < 0) {
                command_complete(command, 500, NULL, 0);
                command = NULL;
        }
        submit(x, command);
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

        if (!exchange_arguments_valid(x))
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

/* A way to a resource: what it takes, and who answers; NULL: there is none. */
struct way {
        enum scope scope;
        void (*handle)(struct exchange *x);
};

/* The resources that are not a plain view of the API; those are in api_routes[], and read. */
struct route {
        const char *path; /* a * stands for what it is about */
        struct way get, post, delete;
};

static const struct route routes[] = {
        {"/", {SCOPE_READ, pages_document}, {0}, {0}},
        {"/assets/*", {SCOPE_READ, pages_asset}, {0}, {0}},
        {"/runbook/", {SCOPE_READ, pages_runbook}, {0}, {0}},
        {"/runbook/*", {SCOPE_READ, pages_runbook}, {0}, {0}},
        {"/metrics", {SCOPE_READ, get_metrics}, {0}, {0}},
        {"/-/healthy", {SCOPE_READ, get_healthy}, {0}, {0}},
        {"/-/ready", {SCOPE_READ, get_ready}, {0}, {0}},
        {"/-/reload", {0}, {SCOPE_WRITE, post_reload}, {0}},
        {TOKEN_PATH, {SCOPE_NONE, get_link}, {SCOPE_NONE, post_link}, {0}},
        {"/api/v1/replay", {0}, {SCOPE_REPLAY, post_replay}, {0}},
        {"/api/v1/answers", {SCOPE_READ, get_answers}, {0}, {0}},
        {"/api/v1/silences", {0}, {SCOPE_WRITE, post_silence}, {SCOPE_WRITE, delete_silence}},
        {"/api/v1/incidents/*/ack", {0}, {SCOPE_WRITE, post_ack}, {SCOPE_WRITE, delete_ack}},
        /* For forms, which have no DELETE. */
        {"/api/v1/incidents/*/unack", {0}, {SCOPE_WRITE, delete_ack}, {0}},
        {"/api/v1/alerts/*/ack", {0}, {SCOPE_WRITE, post_alert_ack},
                {SCOPE_WRITE, delete_alert_ack}},
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
                        found.get = (struct way){SCOPE_READ, get_api};
                        *ret_api = &api_routes[i];
                }
        return found;
}

/* What a method does there; one that does nothing has no scope. */
static struct way way_of(const struct route *route, const char *method)
{
        if (streq(method, MHD_HTTP_METHOD_GET) || streq(method, MHD_HTTP_METHOD_HEAD))
                return route->get;
        if (streq(method, MHD_HTTP_METHOD_POST))
                return route->post;
        return streq(method, MHD_HTTP_METHOD_DELETE) ? route->delete : (struct way){0};
}

static const char *allowed(const struct route *route)
{
        static const char *const names[2][2][2] = {
                {{"", "DELETE"}, {"POST", "POST, DELETE"}},
                {{"GET, HEAD", "GET, HEAD, DELETE"},
                        {"GET, HEAD, POST", "GET, HEAD, POST, DELETE"}},
        };

        return names[route->get.handle != NULL][route->post.handle != NULL]
                    [route->delete.handle != NULL];
}

/* A form's fields become what the API takes. */
static bool take_form(struct exchange *x, const char *pattern)
{
        int r = form_is(exchange_header(x, MHD_HTTP_HEADER_CONTENT_TYPE))
                ? request_read_form(x->request, path_depth(pattern))
                : 0;

        if (r < 0)
                exchange_say(x, r == -ENOMEM ? 500 : 400, "the form is not UTF-8");
        return r >= 0;
}

void routes_dispatch(struct exchange *x, const char *path, const char *method)
{
        _cleanup_free_ char *subject = NULL;
        const struct route route = find_route(path, &x->api, &subject);
        const struct way way = way_of(&route, method);

        x->subject = subject;
        if (!admission_allows(x, way.handle ? way.scope : SCOPE_READ))
                return;
        if (!route.path)
                exchange_say(x, 404, "there is nothing at this path");
        else if (way.handle) {
                if (way.handle != route.post.handle || take_form(x, route.path))
                        way.handle(x);
        } else {
                x->allow = allowed(&route);
                exchange_say(x, 405, "this path does not take this method");
        }
}

/* That of one collection is made once for all who waited for its replay. */
static void answer_replayed(struct exchange *x)
{
        _cleanup_(view_unrefp) struct view *replayed = take_ptr(x->request->replayed);
        const struct api_query query = {.collection = replayed->collection_count == 1
                        ? replayed->collections[0]->label
                        : NULL};

        if (api_verdict.weigh(replayed, &query) > API_LIGHT &&
                waiting_go_on(&x->services->waiting, x->request)) {
                ask_press(x, replayed, &api_verdict, &query);
                return;
        }
        x->status = api_verdict.get(replayed, &query, &x->body);
        exchange_give_back(x);
}

void routes_answer(struct exchange *x)
{
        struct request *r = x->request;

        if (x->link) {
                set_link_page(x, link_answer(r->status, &x->body));
                return;
        }
        if (r->print) {
                x->status = r->print->status;
                x->type = r->print->type;
                x->policy = streq(x->type, RESPONSE_TYPE_HTML) ? RESPONSE_POLICY_REPORT : NULL;
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
        if (r->replayed)
                answer_replayed(x);
        else if (r->body)
                text_append_bytes(&x->body, r->body, r->body_size);
        else if (x->json)
                x->status = envelope_success(&x->body, json_null()) == 200 ? r->status : 500;
}
