/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox on a real event loop. The network is a function that takes requests and answers when
 * the test says so, from the loop as the real client does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "../unit/a_secret.h"
#include "../unit/wall.h"
#include "file.h"
#include "macro.h"
#include "tell/outbox.h"

/* Nothing here takes a second; only a machine in trouble needs more. */
#define DEADLINE (30 * USEC_PER_SEC)
#define CALLS_MAX 64
#define EVENTS_MAX 4096

/* A request in flight or answered. */
struct call {
        char *body, *url, *secret;
        const struct http_peer *peer; /* as given: must stay valid until the answer */
        const struct http_request *request;
        void (*done)(const struct http_response *response, void *userdata);
        void *userdata;
        usec_t started;
};

struct fixture {
        sd_event *event;
        struct outbox *outbox;
        struct call calls[CALLS_MAX];
        size_t call_count, answered;
        int refuse; /* what send returns */
        char events[EVENTS_MAX]; /* "put 1 first;send first;remove 1;" */
        int put_result;
        struct outbox_store store;
};

static usec_t now_usec(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static void note(struct fixture *f, const char *what, uint64_t id, const char *text)
{
        size_t used = strlen(f->events);

        if (id > 0)
                (void)snprintf(f->events + used, sizeof(f->events) - used, "%s %llu%s%s;", what,
                        (unsigned long long)id, *text ? " " : "", text);
        else
                (void)snprintf(f->events + used, sizeof(f->events) - used, "%s %s;", what, text);
}

static void assert_events(struct fixture *f, const char *expected)
{
        assert_string_equal(f->events, expected);
        f->events[0] = '\0';
}

static int store_put(void *userdata, const struct outbox_entry *entry)
{
        struct fixture *f = userdata;

        assert_int_equal(entry->attempts, 0);
        assert_true(entry->created > 0);
        note(f, "put", entry->id, entry->request.body);
        return f->put_result;
}

static void store_remove(void *userdata, uint64_t id)
{
        note(userdata, "remove", id, "");
}

static int fake_send(void *sender, const struct http_peer *peer, const struct http_request *request,
        void (*done)(const struct http_response *response, void *userdata), void *userdata)
{
        struct fixture *f = sender;
        struct call *c = &f->calls[f->call_count];

        if (f->refuse < 0)
                return f->refuse;
        assert_true(f->call_count < CALLS_MAX);
        f->call_count++;
        *c = (struct call){strdup(request->body), strdup(peer->url),
                strdup(secret_value(peer->secret)), peer, request, done, userdata,
                now_usec(CLOCK_MONOTONIC)};
        note(f, "send", 0, request->body);
        return 0;
}

struct scripted_answer {
        struct fixture *fixture;
        struct http_response response;
};

static int on_answer(sd_event_source *source, void *userdata)
{
        struct scripted_answer *a = userdata;
        struct call *c = &a->fixture->calls[a->fixture->answered++];

        /* What the client still needs must still be there. */
        assert_string_equal(c->request->body, c->body);
        assert_string_equal(c->peer->url, c->url);
        c->done(&a->response, c->userdata);
        return 0;
}

/* Runs the loop until there were so many requests; false at the deadline. */
static bool run_until_calls(struct fixture *f, size_t count)
{
        usec_t end = now_usec(CLOCK_MONOTONIC) + DEADLINE;

        while (f->call_count < count && now_usec(CLOCK_MONOTONIC) < end)
                assert_true(sd_event_run(f->event, 100 * USEC_PER_MSEC) >= 0);
        return f->call_count >= count;
}

static void pass(struct fixture *f, usec_t time)
{
        usec_t end = now_usec(CLOCK_MONOTONIC) + time;

        while (now_usec(CLOCK_MONOTONIC) < end)
                assert_true(sd_event_run(f->event, USEC_PER_MSEC) >= 0);
}

/* Everything that is ready now. */
static void run_ready(struct fixture *f)
{
        while (sd_event_run(f->event, 0) > 0)
                ;
}

/* Answers the oldest unanswered request, from the loop. */
static void answer_full(struct fixture *f, const struct http_response *response)
{
        _cleanup_(sd_event_source_unrefp) sd_event_source *source = NULL;
        struct scripted_answer a = {f, *response};

        assert_true(f->answered < f->call_count);
        assert_true(sd_event_add_defer(f->event, &source, on_answer, &a) >= 0);
        while (sd_event_source_get_enabled(source, NULL) > 0)
                assert_true(sd_event_run(f->event, 0) >= 0);
}

static void answer(struct fixture *f, unsigned status)
{
        struct http_response r = {.status = status, .body = status < 300 ? "" : "because"};

        r.body_size = strlen(r.body);
        answer_full(f, &r);
}

static void configure(struct fixture *f, size_t count, const char *const *keys, const char *url)
{
        struct outbox_destination destinations[4];
        /* Freed at once: the outbox must keep what it needs. */
        struct http_peer peer = {.url = strdup(url), .secret = a_secret("secret")};

        for (size_t i = 0; i < count; i++)
                destinations[i] =
                        (struct outbox_destination){keys[i], "team", &channel_webhook, &peer};
        assert_int_equal(outbox_configure(f->outbox, destinations, count), 0);
        http_peer_done(&peer);
}

static const struct outbox_subject for_ever = {.incident = "docs", .patience = USEC_INFINITY};
static const char *const both[] = {"a", "b"};
#define URL "https://user:pw@hooks.example:8443/services/T0/SECRET?token=x"

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        f->store = (struct outbox_store){store_put, store_remove, f};
        assert_true(sd_event_new(&f->event) >= 0);
        assert_int_equal(outbox_new(f->event, fake_send, f, &f->store, &f->outbox), 0);
        outbox_set_backoff(f->outbox, USEC_PER_MSEC, 4 * USEC_PER_MSEC);
        configure(f, 2, both, URL);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        outbox_free(f->outbox);
        for (size_t i = 0; i < f->call_count; i++) {
                free(f->calls[i].body);
                free(f->calls[i].url);
                free(f->calls[i].secret);
        }
        sd_event_unref(f->event);
        free(f);
        return 0;
}

static void put_about(struct fixture *f, const char *destination, const char *body,
        const struct outbox_subject *subject)
{
        struct http_request request = {.method = "POST",
                .path = strdup(""),
                .body = strdup(body),
                .body_size = strlen(body)};

        assert_int_equal(outbox_put(f->outbox, destination, subject, &request), 0);
        assert_null(request.body);
}

static void put_until(struct fixture *f, const char *destination, const char *body, usec_t patience)
{
        put_about(f, destination, body, &(struct outbox_subject){.patience = patience});
}

static void put(struct fixture *f, const char *destination, const char *body)
{
        put_about(f, destination, body, &for_ever);
}

/* A copy of what is shown of the `i`-th destination. */
static struct channel_view view_of(struct fixture *f, size_t i, char **ret_last_error)
{
        struct channel_view *views, view;
        size_t count;

        assert_int_equal(outbox_view(f->outbox, &views, &count), 0);
        assert_true(i < count);
        view = views[i];
        if (ret_last_error)
                *ret_last_error = view.last_error ? strdup(view.last_error) : NULL;
        channel_views_free(views, count);
        return view;
}

static void assert_counts(
        struct fixture *f, uint64_t notifications, uint64_t failed, size_t queue_length)
{
        struct channel_view v = view_of(f, 0, NULL);

        assert_int_equal(v.notifications, notifications);
        assert_int_equal(v.failed, failed);
        assert_int_equal(v.queue_length, queue_length);
}

static void delivered_one_at_a_time_and_in_order(void **state)
{
        struct fixture *f = *state;
        uint64_t generation = outbox_generation(f->outbox);

        assert_true(outbox_idle(f->outbox));
        put(f, "a", "1st");
        put(f, "a", "2nd");
        put(f, "b", "other");
        assert_false(outbox_idle(f->outbox));
        assert_true(outbox_generation(f->outbox) > generation);
        assert_events(f, "put 1 1st;send 1st;put 2 2nd;put 3 other;send other;");
        assert_string_equal(f->calls[0].url, URL);
        assert_string_equal(f->calls[0].secret, "secret");
        assert_counts(f, 2, 0, 2);
        answer(f, 200);
        assert_events(f, "remove 1;send 2nd;");
        answer(f, 204);
        answer(f, 200);
        assert_events(f, "remove 3;remove 2;");
        assert_true(outbox_idle(f->outbox));
        assert_counts(f, 2, 0, 0);
}

static void what_is_held_waits(void **state)
{
        struct fixture *f = *state;

        put(f, "a", "1");
        outbox_hold(f->outbox, true);
        put(f, "a", "2");
        put(f, "b", "3");
        answer(f, 503);
        pass(f, 20 * USEC_PER_MSEC); /* longer than the back-off */
        assert_events(f, "put 1 1;send 1;put 2 2;put 3 3;");
        assert_counts(f, 2, 0, 2);
        outbox_hold(f->outbox, false);
        assert_true(run_until_calls(f, 3));
        assert_events(f, "send 1;send 3;");
}

static void an_unknown_destination_is_an_error(void **state)
{
        struct fixture *f = *state;
        struct http_request request = {.method = "POST", .path = strdup(""), .body = strdup("x")};

        assert_int_equal(outbox_put(f->outbox, "c", &for_ever, &request), -ENOENT);
        assert_string_equal(request.body, "x");
        request.body_size = OUTBOX_QUEUE_BYTES_MAX + 1;
        assert_int_equal(outbox_put(f->outbox, "a", &for_ever, &request), -EMSGSIZE);
        assert_string_equal(request.body, "x");
        http_request_done(&request);
        assert_events(f, "");
}

static void retried_until_it_succeeds(void **state)
{
        static const struct http_response failures[] = {
                {.result = -ECONNREFUSED, .body = "", .error = "hooks.example refused"},
                {.status = 503, .body = "busy", .body_size = 4},
                {.status = 429, .body = "", .body_size = 0},
                {.result = -ETIMEDOUT, .body = "", .error = "no answer within 10s"},
        };
        struct fixture *f = *state;
        _cleanup_free_ char *error = NULL, *none = NULL;

        put(f, "a", "1st");
        put(f, "a", "2nd");
        for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
                answer_full(f, &failures[i]);
                assert_true(run_until_calls(f, i + 2));
                assert_string_equal(f->calls[i + 1].body, "1st");
        }
        (void)view_of(f, 0, &error);
        assert_string_equal(error, "no answer within 10s");
        assert_counts(f, 2, 0, 2);
        answer(f, 200);
        assert_string_equal(f->calls[f->call_count - 1].body, "2nd");
        (void)view_of(f, 0, &none);
        assert_null(none);
        assert_events(f,
                "put 1 1st;send 1st;put 2 2nd;send 1st;send 1st;send 1st;send 1st;"
                "remove 1;send 2nd;");
}

static void refused_for_good(void **state)
{
        static const struct {
                unsigned status;
                const char *reason;
        } rows[] = {{400, "client_error"}, {401, "auth"}, {302, "unexpected"}};
        struct fixture *f = *state;
        struct channel_view v;
        _cleanup_free_ char *error = NULL;

        put(f, "a", "1");
        put(f, "a", "2");
        put(f, "a", "3");
        put(f, "a", "4");
        f->events[0] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                answer(f, rows[i].status);
                assert_int_equal(f->call_count, i + 2);
                v = view_of(f, 0, NULL);
                assert_string_equal(v.failures[i].reason, rows[i].reason);
                assert_int_equal(v.failures[i].count, 1);
        }
        assert_events(f, "remove 1;send 2;remove 2;send 3;remove 3;send 4;");
        (void)view_of(f, 0, &error);
        assert_string_equal(error, "the answer was status 302: because");
        assert_counts(f, 4, 3, 1);
        answer(f, 200);
        assert_counts(f, 4, 3, 0);
}

/* One alert that an Alertmanager will not have is sent alone, and lost alone. */
static void a_bad_alert_costs_no_other(void **state)
{
        struct fixture *f = *state;
        struct http_peer peer = {.url = strdup(URL), .secret = a_secret("secret")};
        const struct outbox_destination d = {"am", "alertmanager", &channel_alertmanager, &peer};
        struct channel_view v;
        _cleanup_free_ char *error = NULL;

        assert_int_equal(outbox_configure(f->outbox, &d, 1), 0);
        http_peer_done(&peer);
        put(f, "am", "[1,2,3,4]");
        put(f, "am", "[5]");
        answer(f, 422);
        answer(f, 503); /* which is no refusal */
        assert_true(run_until_calls(f, 3));
        answer(f, 200);
        answer(f, 400);
        answer(f, 400);
        answer(f, 200);
        assert_events(f,
                "put 1 [1,2,3,4];send [1,2,3,4];put 2 [5];send [1,2];send [1,2];send [3,4];"
                "send [3];send [4];remove 1;send [5];");
        v = view_of(f, 0, &error);
        assert_int_equal(v.failed, 1);
        assert_string_equal(v.failures[0].reason, "client_error");
        assert_string_equal(error, "the answer was status 400: because");
        answer(f, 401);
        assert_events(f, "remove 2;"); /* not for what it says */
}

static void retry_after_is_honoured(void **state)
{
        struct fixture *f = *state;
        struct http_response later = {
                .status = 429, .body = "", .retry_after_usec = 60 * USEC_PER_MSEC};
        usec_t answered;

        put(f, "a", "1");
        answered = now_usec(CLOCK_MONOTONIC);
        answer_full(f, &later);
        put(f, "a", "2"); /* does not hurry the first */
        assert_int_equal(f->call_count, 1);
        assert_true(run_until_calls(f, 2));
        assert_true(f->calls[1].started - answered >= 50 * USEC_PER_MSEC);
        assert_string_equal(f->calls[1].body, "1");
}

/* Full jitter: the first wait is below 2 ms, later ones are not all, and no two need be the same.
 */
static void waits_grow_and_differ(void **state)
{
        struct fixture *f = *state;
        usec_t waits[12], longest = 0, shortest = USEC_INFINITY;

        outbox_set_backoff(f->outbox, 2 * USEC_PER_MSEC, 16 * USEC_PER_MSEC);
        put(f, "a", "1");
        for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
                usec_t start = now_usec(CLOCK_MONOTONIC);

                answer(f, 500);
                assert_true(run_until_calls(f, i + 2));
                waits[i] = f->calls[i + 1].started - start;
                longest = MAX(longest, waits[i]);
                shortest = MIN(shortest, waits[i]);
        }
        assert_true(longest > shortest);
        assert_true(longest > 2 * USEC_PER_MSEC);
}

static void given_up_when_too_late(void **state)
{
        struct fixture *f = *state;
        usec_t end = now_usec(CLOCK_MONOTONIC) + DEADLINE;
        struct http_response later = {.status = 503, .body = "", .retry_after_usec = USEC_PER_HOUR};
        struct channel_view v;

        put_until(f, "a", "late", 150 * USEC_PER_MSEC);
        put(f, "a", "next");
        put_until(f, "b", "dead", 0);
        assert_events(f, "put 1 late;send late;put 2 next;put 3 dead;remove 3;");
        answer_full(f, &later);
        while (view_of(f, 0, NULL).failed == 0 && now_usec(CLOCK_MONOTONIC) < end)
                assert_true(sd_event_run(f->event, 100 * USEC_PER_MSEC) >= 0);
        v = view_of(f, 0, NULL);
        assert_int_equal(v.failed, 1);
        assert_string_equal(v.failures[0].reason, "expired");
        /* The peer asked for an hour, and the next one waits for it. */
        run_ready(f);
        assert_events(f, "remove 1;");
        assert_int_equal(v.queue_length, 1);
}

/* However the wall clock is set meanwhile, and whatever it was when the entry was made. */
static void the_wall_clock_makes_nothing_late(void **state)
{
        struct fixture *f = *state;
        usec_t end = now_usec(CLOCK_MONOTONIC) + DEADLINE;
        struct http_response later = {.status = 503, .body = "", .retry_after_usec = USEC_PER_HOUR};

        put_until(f, "a", "late", 150 * USEC_PER_MSEC);
        put_until(f, "b", "in time", USEC_PER_HOUR);
        answer_full(f, &later);
        wall_ahead = 400 * (int64_t)USEC_PER_DAY;
        answer(f, 503);
        assert_true(run_until_calls(f, 3));
        assert_string_equal(f->calls[2].body, "in time");
        answer(f, 200);
        wall_ahead = -wall_ahead;
        while (view_of(f, 0, NULL).failed == 0 && now_usec(CLOCK_MONOTONIC) < end)
                assert_true(sd_event_run(f->event, 100 * USEC_PER_MSEC) >= 0);
        wall_ahead = 0;
        assert_string_equal(view_of(f, 0, NULL).failures[0].reason, "expired");
        assert_int_equal(view_of(f, 1, NULL).failed, 0);
}

static void a_full_queue_drops_the_oldest(void **state)
{
        struct fixture *f = *state;
        struct channel_view v;
        char body[16];

        for (int i = 0; i <= OUTBOX_QUEUE_MAX; i++) {
                (void)snprintf(body, sizeof(body), "n%d", i);
                put(f, "a", body);
                f->events[0] = '\0';
        }
        assert_counts(f, OUTBOX_QUEUE_MAX + 1, 0, OUTBOX_QUEUE_MAX + 1); /* one is in flight */
        put(f, "a", "one more");
        assert_events(f, "put 1002 one more;remove 2;");
        v = view_of(f, 0, NULL);
        assert_int_equal(v.dropped, 1);
        assert_int_equal(v.failed, 1);
        assert_string_equal(v.failures[0].reason, "queue_full");
        answer(f, 200);
        assert_string_equal(f->calls[1].body, "n2");
}

/* So that what opened and ended is told whatever else is not. */
static void a_full_queue_gives_up_what_is_missed_least(void **state)
{
        struct fixture *f = *state;
        struct loss_view *losses;
        size_t count;

        put(f, "a", "in flight");
        for (int i = 0; i < OUTBOX_QUEUE_MAX - 5; i++)
                put_about(
                        f, "a", "end", &(struct outbox_subject){ENTRY_CLOSED, "i", USEC_INFINITY});
        put_about(f, "a", "x", &(struct outbox_subject){ENTRY_OPENED, "opening", USEC_INFINITY});
        put_about(f, "a", "x", &(struct outbox_subject){ENTRY_CHANGED, "change", USEC_INFINITY});
        put_about(f, "a", "x", &(struct outbox_subject){ENTRY_REPEATED, "1st", USEC_INFINITY});
        put_about(f, "a", "x", &(struct outbox_subject){ENTRY_CHANGED, "later", USEC_INFINITY});
        put_about(f, "a", "x", &(struct outbox_subject){ENTRY_REPEATED, "2nd", USEC_INFINITY});
        for (int i = 0; i < 6; i++)
                put_about(f, "a", "y", &(struct outbox_subject){ENTRY_CLOSED, "z", USEC_INFINITY});
        assert_int_equal(outbox_losses(f->outbox, &losses, &count), 0);
        assert_int_equal(count, 6);
        /* The last one first. */
        assert_string_equal(losses[0].incident, "i");
        assert_string_equal(losses[0].kind, "closed");
        assert_string_equal(losses[1].incident, "opening");
        assert_string_equal(losses[2].incident, "later");
        assert_string_equal(losses[3].incident, "change");
        assert_string_equal(losses[4].incident, "2nd");
        assert_string_equal(losses[5].incident, "1st");
        for (size_t i = 0; i < count; i++) {
                assert_string_equal(losses[i].reason, "queue_full");
                assert_string_equal(losses[i].receiver, "team");
                assert_string_equal(losses[i].peer, "hooks.example:8443");
                assert_non_null(strstr(losses[i].sentence, "the queue is full"));
        }
        loss_views_free(losses, count);
}

/* Nobody is there any more: nothing is sent until it is another address. */
static void an_address_that_is_gone_is_left_alone(void **state)
{
        struct fixture *f = *state;
        struct channel_view v;
        struct loss_view *losses;
        size_t count;

        put(f, "a", "1");
        put(f, "a", "2");
        answer(f, 410);
        put(f, "a", "3");
        assert_events(f, "put 1 1;send 1;put 2 2;remove 1;remove 2;put 3 3;remove 3;");
        v = view_of(f, 0, NULL);
        assert_true(v.disabled && v.failing);
        assert_true(v.failing_since > 0);
        assert_int_equal(v.failed, 3);
        assert_string_equal(v.failures[0].reason, "gone");
        assert_int_equal(outbox_losses(f->outbox, &losses, &count), 0);
        assert_int_equal(count, 3);
        assert_string_equal(losses[0].sentence,
                "the answer was status 410: because; given up because nobody is at the address any "
                "more");
        loss_views_free(losses, count);
        configure(f, 2, both, URL);
        assert_true(view_of(f, 0, NULL).disabled); /* nothing about it has changed */
        configure(f, 2, both, "https://hooks.example/other");
        assert_false(view_of(f, 0, NULL).disabled);
        put(f, "a", "4");
        answer(f, 200);
        assert_events(f, "put 4 4;send 4;remove 4;");
}

/* What was lost a moment ago still matters when the next one arrives; what is told again anyway
 * never did. */
static void a_loss_is_remembered(void **state)
{
        struct fixture *f = *state;
        const struct outbox_subject alerts = {ENTRY_ALERTS, NULL, USEC_INFINITY};
        struct channel_view v;

        assert_false(view_of(f, 0, NULL).failing);
        put_about(f, "a", "alerts", &alerts);
        assert_true(view_of(f, 0, NULL).oldest_at > 0);
        answer(f, 400);
        v = view_of(f, 0, NULL);
        assert_true(v.failing);
        assert_int_equal(v.lost_at, 0);
        assert_int_equal(v.oldest_at, 0);
        put_about(f, "a", "alerts", &alerts);
        answer(f, 200);
        assert_false(view_of(f, 0, NULL).failing);
        put(f, "a", "opening");
        answer(f, 400);
        put(f, "a", "end");
        answer(f, 200);
        v = view_of(f, 0, NULL);
        assert_true(v.failing && v.lost_at > 0);
        assert_int_equal(v.failing_since, v.lost_at);
        assert_null(v.last_error);
}

/* As long as it is tried again it fails, from the first failure on. */
static void failing_begins_with_the_first_failure(void **state)
{
        struct fixture *f = *state;
        const struct http_response later = {
                .status = 503, .body = "", .retry_after_usec = 400 * USEC_PER_MSEC};
        usec_t since;

        put(f, "a", "1");
        answer_full(f, &later);
        since = view_of(f, 0, NULL).failing_since;
        assert_true(view_of(f, 0, NULL).failing && since > 0);
        assert_true(run_until_calls(f, 2));
        answer(f, 503);
        /* Told by two clocks that are read one after the other. */
        assert_true(view_of(f, 0, NULL).failing_since < since + 200 * USEC_PER_MSEC);
        assert_true(run_until_calls(f, 3));
        answer(f, 200);
        assert_false(view_of(f, 0, NULL).failing);
        assert_int_equal(view_of(f, 0, NULL).failing_since, 0);
}

static void a_queue_is_limited_in_bytes(void **state)
{
        struct fixture *f = *state;
        size_t size = OUTBOX_QUEUE_BYTES_MAX / 2;
        struct channel_view v;

        put(f, "a", "in flight");
        for (int i = 0; i < 3; i++) {
                struct http_request request = {
                        .path = strdup(""), .body = calloc(1, size), .body_size = size};

                assert_int_equal(outbox_put(f->outbox, "a", &for_ever, &request), 0);
        }
        v = view_of(f, 0, NULL);
        assert_int_equal(v.dropped, 1);
        assert_int_equal(v.queue_length, 3);
}

/* Too many exchanges at one time is a reason to wait, a request that cannot be made is none. */
static void a_sender_may_refuse(void **state)
{
        struct fixture *f = *state;
        struct channel_view v;

        f->refuse = -EAGAIN;
        put(f, "a", "1");
        assert_int_equal(f->call_count, 0);
        f->refuse = 0;
        assert_true(run_until_calls(f, 1));
        answer(f, 200);
        f->refuse = -EINVAL;
        put(f, "a", "2");
        v = view_of(f, 0, NULL);
        assert_int_equal(v.failed, 1);
        assert_string_equal(v.failures[0].reason, "not_sent");
        assert_true(outbox_idle(f->outbox));
        assert_events(f, "put 1 1;send 1;remove 1;put 2 2;remove 2;");
}

static void a_broken_store_stops_nothing(void **state)
{
        struct fixture *f = *state;

        f->put_result = -ENOSPC;
        put(f, "a", "1");
        put(f, "a", "2");
        answer(f, 200);
        answer(f, 200);
        assert_counts(f, 2, 0, 0);
}

static void addresses_hide_what_is_secret(void **state)
{
        static const struct {
                const char *url, *address;
        } rows[] = {
                {URL, "https://hooks.example:8443"},
                {"http://10.0.0.1:9093", "http://10.0.0.1:9093"},
                {"http://[::1]:80/x@y", "http://[::1]:80"},
                {"https://a@b:p@host?k=v@w", "https://host"},
                {"https://host#fragment", "https://host"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct channel_view *views;
                size_t count;

                configure(f, 1, both, rows[i].url);
                assert_int_equal(outbox_view(f->outbox, &views, &count), 0);
                assert_int_equal(count, 1);
                assert_string_equal(views[0].receiver, "team");
                assert_string_equal(views[0].channel, "webhook");
                assert_string_equal(views[0].address, rows[i].address);
                assert_null(views[0].last_error);
                channel_views_free(views, count);
        }
}

/* As it is when it is sent, whatever it was when the configuration was read. */
static void a_key_is_in_what_is_sent_and_nowhere_else(void **state)
{
        static const char event[] = "{\"event_action\":\"resolve\"}";
        struct fixture *f = *state;
        char path[] = "/tmp/driftwatch-secret-XXXXXX";
        struct http_peer peer = {.url = (char *)"http://pager", .secret = a_secret("secret")};
        struct channel_settings settings = {0};
        const struct outbox_destination destination = {
                "a", "team", &channel_pagerduty, &peer, &settings};
        _cleanup_free_ char *error = NULL;
        int fd = mkstemp(path);

        assert_true(fd >= 0 && dprintf(fd, "first\n") > 0);
        assert_int_equal(secret_new(path, any_secret, &settings.key, NULL), 0);
        assert_int_equal(outbox_configure(f->outbox, &destination, 1), 0);
        assert_int_equal(file_replace(path, "ro-tated\n", 9, NULL), 0);
        close(fd);
        put(f, "a", event);
        assert_events(f,
                "put 1 {\"event_action\":\"resolve\"};"
                "send {\"routing_key\":\"ro-tated\",\"event_action\":\"resolve\"};");
        answer_full(f,
                &(struct http_response){
                        .status = 500, .body = "no route for ro-tated", .body_size = 21});
        (void)view_of(f, 0, &error);
        assert_string_equal(error, "the answer was status 500, with a text that repeats a secret");
        unlink(path);
        secret_unref(peer.secret);
        channel_settings_done(&settings);
}

static void entries_of_an_earlier_life_go_on(void **state)
{
        struct fixture *f = *state;
        struct outbox_entry entry = {.id = 7,
                .destination = "a",
                .request = {.path = strdup(""), .body = strdup("old"), .body_size = 3},
                .created = 1,
                .expires = USEC_INFINITY,
                .attempts = 3};
        struct outbox_entry lost = entry;

        lost.destination = "gone";
        assert_int_equal(outbox_restore(f->outbox, &lost), -ENOENT);
        assert_int_equal(outbox_restore(f->outbox, &entry), 0);
        assert_null(entry.request.body);
        put(f, "a", "new");
        assert_events(f, "send old;put 8 new;");
        answer(f, 200);
        answer(f, 200);
        assert_events(f, "remove 7;send new;remove 8;");
}

static void a_reload_carries_everything_over(void **state)
{
        struct fixture *f = *state;
        static const char *const swapped[] = {"b", "a"};

        put(f, "a", "1");
        put(f, "a", "2");
        configure(f, 2, swapped, "http://new.example");
        assert_int_equal(f->call_count, 1);
        assert_int_equal(view_of(f, 1, NULL).notifications, 2);
        /* The one in flight goes on with the old peer, counts, and the next uses the new one. */
        answer(f, 200);
        assert_string_equal(f->calls[1].url, "http://new.example");
        assert_int_equal(view_of(f, 1, NULL).queue_length, 1);
        answer(f, 200);
        assert_true(outbox_idle(f->outbox));
        assert_events(f, "put 1 1;send 1;put 2 2;remove 1;send 2;remove 2;");
}

static void a_reload_in_flight_keeps_what_must_be_retried(void **state)
{
        struct fixture *f = *state;

        put(f, "a", "1");
        configure(f, 1, both, URL);
        answer(f, 503);
        assert_true(run_until_calls(f, 2));
        assert_string_equal(f->calls[1].body, "1");
        answer(f, 200);
        assert_events(f, "put 1 1;send 1;send 1;remove 1;");
}

/* Back-off is kept over a reload, unless the reload is what mends it. */
static void a_reload_with_another_url_tries_at_once(void **state)
{
        struct fixture *f = *state;
        struct http_response later = {.status = 503, .body = "", .retry_after_usec = USEC_PER_HOUR};

        put(f, "a", "1");
        answer_full(f, &later);
        configure(f, 2, both, URL);
        run_ready(f);
        assert_int_equal(f->call_count, 1);
        configure(f, 2, both, "http://mended.example");
        assert_int_equal(f->call_count, 2);
        assert_string_equal(f->calls[1].url, "http://mended.example");
}

static void a_vanished_destination_takes_its_queue_along(void **state)
{
        struct fixture *f = *state;

        put(f, "a", "1");
        put(f, "a", "2");
        configure(f, 1, both + 1, URL);
        assert_events(f, "put 1 1;send 1;put 2 2;remove 2;remove 1;");
        assert_false(outbox_idle(f->outbox)); /* one answer is still to come */
        answer(f, 503);
        run_ready(f);
        assert_true(outbox_idle(f->outbox));
        assert_events(f, "");
        /* The key again is a new destination. */
        configure(f, 2, both, URL);
        assert_counts(f, 0, 0, 0);
}

/* Alertmanagers are told by all daemons, receivers by one. */
static void who_is_hushed_repeats_nothing(void **state)
{
        struct fixture *f = *state;
        struct loss_view *losses;
        size_t count;

        assert_true(outbox_delivered(f->outbox, &channel_alertmanager));
        put(f, "a", "1");
        assert_false(outbox_delivered(f->outbox, &channel_alertmanager));
        assert_true(outbox_delivered(f->outbox, &channel_webhook));
        put(f, "a", "2");
        outbox_hush(f->outbox, &channel_webhook);
        assert_events(f, "put 1 1;send 1;put 2 2;");
        outbox_hush(f->outbox, &channel_alertmanager);
        assert_events(f, "remove 2;");
        answer(f, 503);
        assert_events(f, "remove 1;");
        assert_true(outbox_idle(f->outbox));
        assert_counts(f, 2, 2, 0);
        /* The other one tells them: nothing failed here, and nothing is lost. */
        assert_false(view_of(f, 0, NULL).failing);
        assert_int_equal(outbox_losses(f->outbox, &losses, &count), 0);
        assert_int_equal(count, 0);
        loss_views_free(losses, count);
        put(f, "a", "3");
        answer(f, 503);
        assert_true(run_until_calls(f, 3));
        answer(f, 200);
        assert_true(outbox_delivered(f->outbox, &channel_alertmanager));
}

static void a_wrong_configuration_changes_nothing(void **state)
{
        struct fixture *f = *state;
        struct http_peer peer = {.url = (char *)"http://x"};
        struct outbox_destination twice[] = {
                {"c", "team", &channel_webhook, &peer}, {"c", "team", &channel_webhook, &peer}};

        put(f, "a", "1");
        assert_int_equal(outbox_configure(f->outbox, twice, 2), -EINVAL);
        answer(f, 200);
        assert_counts(f, 1, 0, 0);
}

/* As at the end of the daemon: the sender is gone, the store keeps what was not delivered. */
static void freed_with_everything_in_flight(void **state)
{
        struct fixture *f = *state;

        put(f, "a", "1");
        put(f, "a", "2");
        put(f, "b", "3");
        configure(f, 1, both, URL);
        f->events[0] = '\0';
        f->outbox = outbox_free(f->outbox);
        assert_events(f, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(delivered_one_at_a_time_and_in_order),
                TEST(what_is_held_waits),
                TEST(an_unknown_destination_is_an_error),
                TEST(retried_until_it_succeeds),
                TEST(refused_for_good),
                TEST(a_bad_alert_costs_no_other),
                TEST(retry_after_is_honoured),
                TEST(waits_grow_and_differ),
                TEST(given_up_when_too_late),
                TEST(the_wall_clock_makes_nothing_late),
                TEST(a_full_queue_drops_the_oldest),
                TEST(a_full_queue_gives_up_what_is_missed_least),
                TEST(an_address_that_is_gone_is_left_alone),
                TEST(a_loss_is_remembered),
                TEST(failing_begins_with_the_first_failure),
                TEST(a_queue_is_limited_in_bytes),
                TEST(a_sender_may_refuse),
                TEST(a_broken_store_stops_nothing),
                TEST(addresses_hide_what_is_secret),
                TEST(a_key_is_in_what_is_sent_and_nowhere_else),
                TEST(entries_of_an_earlier_life_go_on),
                TEST(a_reload_carries_everything_over),
                TEST(a_reload_in_flight_keeps_what_must_be_retried),
                TEST(a_reload_with_another_url_tries_at_once),
                TEST(a_vanished_destination_takes_its_queue_along),
                TEST(who_is_hushed_repeats_nothing),
                TEST(a_wrong_configuration_changes_nothing),
                TEST(freed_with_everything_in_flight),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
