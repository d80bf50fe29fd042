/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "fewer.h"
#include "tell/notice.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)
#define SECONDS(s) (T0 + (usec_t)(s)*USEC_PER_SEC)
#define DAY (24 * 3600)

/* As by default. */
static const struct notice_policy policy = {
        30 * USEC_PER_SEC, 5 * USEC_PER_MINUTE, 4 * USEC_PER_HOUR};

#define ALERTS_MAX 16

struct world {
        struct notices *notices;
        struct alert alerts[ALERTS_MAX];
        size_t count;
};

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        w->notices = notices_new();
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        for (size_t i = 0; i < w->count; i++)
                alert_done(&w->alerts[i]);
        notices_free(w->notices);
        free(w);
        return 0;
}

/* "Missing", "Missing/q1": of one query; "Missing?": "info"; "Shift!": critical; "@b Shift" of
 * another collection. */
static struct alert *alert_of(struct world *w, const char *name)
{
        const char *collection = name[0] == '@' ? (char[]){name[1], '\0'} : "kb";
        const char *rest = name[0] == '@' ? name + 3 : name;
        size_t size = strcspn(rest, "/?!");
        struct labels labels = {0};
        char rule[64];
        uint64_t fingerprint;
        struct alert *a;

        (void)snprintf(rule, sizeof(rule), "%.*s", (int)size, rest);
        assert_int_equal(labels_set(&labels, "alertname", rule), 0);
        assert_int_equal(labels_set(&labels, "collection", collection), 0);
        assert_int_equal(labels_set(&labels, "incident", collection), 0);
        assert_int_equal(
                labels_set(&labels, "query", rest[size] == '/' ? rest + size + 1 : NULL), 0);
        assert_int_equal(labels_set(&labels, "severity",
                                 rest[size] == '?'           ? "info"
                                         : rest[size] == '!' ? "critical"
                                                             : "warning"),
                0);
        fingerprint = labels_fingerprint(&labels);
        for (size_t i = 0; i < w->count; i++)
                if (w->alerts[i].fingerprint == fingerprint) {
                        labels_done(&labels);
                        return &w->alerts[i];
                }
        assert_true(w->count < ALERTS_MAX);
        a = &w->alerts[w->count++];
        a->labels = labels;
        a->fingerprint = fingerprint;
        return a;
}

enum event { FIRES, ENDS, PENDS, INHIBITED, FREED, NOTHING };

static void happen(struct world *w, enum event event, const char *name, usec_t now)
{
        struct alert *a = name ? alert_of(w, name) : NULL;

        if (event == FIRES) {
                a->state = ALERT_FIRING;
                a->fired_at = now;
        } else if (event == ENDS) {
                a->state = ALERT_RESOLVED;
                a->resolved_at = now;
        } else if (event == PENDS) {
                a->state = ALERT_PENDING;
        } else if (event != NOTHING) {
                a->inhibited = event == INHIBITED;
        }
}

static void update(struct world *w, usec_t now, struct news *ret)
{
        const struct alert *list[ALERTS_MAX];

        for (size_t i = 0; i < w->count; i++)
                list[i] = &w->alerts[i];
        assert_int_equal(notices_update(w->notices, list, w->count, &policy, now, ret), 0);
        /* Nothing is left to do now, or the loop would spin. */
        assert_true(notices_next(w->notices, &policy) > now);
}

/* "opened Missing/q1 Shift-": what is told, those that ended with a minus. */
static void describe(const struct news *news, struct text *t)
{
        static const char *const names[] = {"opened", "changed", "repeated", "closed", "passed"};

        for (size_t i = 0; i < news->count; i++) {
                const struct notice *n = &news->notices[i];

                text_appendf(t, "%s%s", i > 0 ? "; " : "", names[n->kind]);
                for (size_t k = 0; k < n->count; k++) {
                        const char *query = labels_get(&n->alerts[k].labels, "query");

                        text_appendf(t, " %s%s%s%s", labels_get(&n->alerts[k].labels, "alertname"),
                                query ? "/" : "", query ? query : "",
                                n->alerts[k].state == ALERT_RESOLVED ? "-" : "");
                }
        }
}

struct step {
        unsigned at; /* seconds */
        enum event event;
        const char *alert;
        const char *told; /* "" for nothing */
};

#define STEPS(...) ((const struct step[]){__VA_ARGS__, {0}})

/* Before each step the clock is set by `jump`, ahead, back and so on: that changes nothing. */
static void run_in(const char *what, const struct step *steps, int64_t jump)
{
        void *state;
        struct world *w;
        usec_t clock = T0;

        assert_int_equal(setup(&state), 0);
        w = state;
        for (const struct step *s = steps; s->told; s++, jump = -jump) {
                usec_t now = (clock += (usec_t)jump) + s->at * USEC_PER_SEC;
                _cleanup_(news_done) struct news news = {0};
                _cleanup_text_ struct text t = {0};

                notices_jump(w->notices, jump);
                for (size_t i = 0; i < w->count; i++)
                        alert_jump(&w->alerts[i], jump);
                happen(w, s->event, s->alert, now);
                update(w, now, &news);
                describe(&news, &t);
                if (!streq(text_string(&t), s->told))
                        fail_msg("%s at %us: \"%s\", expected \"%s\"", what, s->at, text_string(&t),
                                s->told);
        }
        assert_int_equal(teardown(&state), 0);
}

static void run(const char *what, const struct step *steps)
{
        const int64_t years = 20 * 365 * (int64_t)USEC_PER_DAY;

        run_in(what, steps, 0);
        run_in(what, steps, -years);
        run_in(what, steps, years);
}

static void the_life_of_an_incident(void **state)
{
        run("what fires within group_wait is told together, what ends long after at once",
                STEPS({0, FIRES, "Shift", ""}, {10, FIRES, "Missing!/q1", ""},
                        {29, NOTHING, NULL, ""}, {30, NOTHING, NULL, "opened Missing Shift"},
                        {400, ENDS, "Shift", ""},
                        {401, ENDS, "Missing!/q1", "closed Missing- Shift-"},
                        {402, NOTHING, NULL, ""}));
        run("it ends before group_wait: nobody is told, and the next one waits anew",
                STEPS({0, FIRES, "Shift", ""}, {29, ENDS, "Shift", "passed Shift-"},
                        {30, NOTHING, NULL, ""}, {100, FIRES, "Shift", ""},
                        {130, NOTHING, NULL, "opened Shift"}));
        run("a new alert is told group_interval after the last notification",
                STEPS({0, FIRES, "Shift", ""}, {30, NOTHING, NULL, "opened Shift"},
                        {60, FIRES, "Band", ""}, {329, FIRES, "Recall", ""},
                        {330, NOTHING, NULL, "changed Band Recall Shift"},
                        {1000, FIRES, "Index!", "changed Index Band Recall Shift"}));
        run("an end soon after is told group_interval after the last notification",
                STEPS({0, FIRES, "Shift", ""}, {30, NOTHING, NULL, "opened Shift"},
                        {60, ENDS, "Shift", ""}, {329, NOTHING, NULL, ""},
                        {330, NOTHING, NULL, "closed Shift-"}));
        run("what goes on unchanged is told again",
                STEPS({0, FIRES, "Shift", ""}, {30, NOTHING, NULL, "opened Shift"},
                        {14429, NOTHING, NULL, ""}, {14430, NOTHING, NULL, "repeated Shift"},
                        {28829, NOTHING, NULL, ""}, {28830, NOTHING, NULL, "repeated Shift"}));
        run("what ends while others go on is no news, and is not forgotten",
                STEPS({0, FIRES, "Shift", ""}, {0, FIRES, "Band", ""},
                        {30, NOTHING, NULL, "opened Band Shift"}, {1000, ENDS, "Band", ""},
                        {14430, NOTHING, NULL, "repeated Shift Band-"},
                        {15000, ENDS, "Shift", "closed Shift-"}));
        run("an alert that comes back was told",
                STEPS({0, FIRES, "Shift", ""}, {0, FIRES, "Band", ""},
                        {30, NOTHING, NULL, "opened Band Shift"}, {1000, ENDS, "Band", ""},
                        {2000, FIRES, "Band", ""}, {3000, ENDS, "Band", ""},
                        {4000, ENDS, "Shift", "closed Band- Shift-"}));
        run("also where its end was told",
                STEPS({0, FIRES, "Shift", ""}, {0, FIRES, "Band", ""},
                        {30, NOTHING, NULL, "opened Band Shift"}, {1000, ENDS, "Band", ""},
                        {2000, FIRES, "Recall", "changed Recall Shift Band-"},
                        {3000, FIRES, "Band", ""},
                        {4000, FIRES, "Index!", "changed Index Band Recall Shift"},
                        {4001, ENDS, "Index!", ""}, {4001, ENDS, "Recall", ""},
                        {4001, ENDS, "Shift", ""},
                        {5000, ENDS, "Band", "closed Index- Band- Recall- Shift-"}));
        run("one that came and went before its news was due is none",
                STEPS({0, FIRES, "Shift", ""}, {30, NOTHING, NULL, "opened Shift"},
                        {60, FIRES, "Band", ""}, {90, ENDS, "Band", ""}, {330, NOTHING, NULL, ""},
                        {5000, ENDS, "Shift", "closed Shift-"}));
        run("an incident that ends and comes back within group_interval goes on",
                STEPS({0, FIRES, "Shift", ""}, {30, NOTHING, NULL, "opened Shift"},
                        {60, ENDS, "Shift", ""}, {90, FIRES, "Shift", ""}, {330, NOTHING, NULL, ""},
                        {2000, ENDS, "Shift", "closed Shift-"}));
}

static void who_is_not_told_of(void **state)
{
        run("information",
                STEPS({0, FIRES, "Replaced?", ""}, {30, NOTHING, NULL, ""},
                        {100, FIRES, "Shift", ""}, {130, NOTHING, NULL, "opened Shift"},
                        {9000, ENDS, "Shift", "closed Shift-"}, {9001, ENDS, "Replaced?", ""}));
        run("what is inhibited, until it is free",
                STEPS({0, FIRES, "Shift", ""}, {1, INHIBITED, "Shift", ""}, {30, NOTHING, NULL, ""},
                        {5000, FREED, "Shift", "opened Shift"}));
        run("what was inhibited from the first to the last",
                STEPS({0, INHIBITED, "Shift", ""}, {0, FIRES, "Shift", ""}, {30, NOTHING, NULL, ""},
                        {60, ENDS, "Shift", ""}));
        run("what was told and is inhibited now is not repeated, but its end is told",
                STEPS({0, FIRES, "Shift", ""}, {30, NOTHING, NULL, "opened Shift"},
                        {60, INHIBITED, "Shift", ""}, {20000, NOTHING, NULL, ""},
                        {20001, ENDS, "Shift", "closed Shift-"}));
        run("back to pending is not over",
                STEPS({0, FIRES, "Shift", ""}, {30, NOTHING, NULL, "opened Shift"},
                        {60, PENDS, "Shift", ""}, {20000, NOTHING, NULL, ""},
                        {20001, ENDS, "Shift", "closed Shift-"}));
}

/* Many queries are told together: the alerts that were theirs end for it, and come back when fewer
 * are left. */
static void many_queries_become_one_and_few_again(void **state)
{
        run("together",
                STEPS({0, FIRES, "Missing/q1", ""}, {0, FIRES, "Missing/q2", ""},
                        {30, NOTHING, NULL, "opened Missing/q1 Missing/q2"},
                        {400, FIRES, "Missing", "changed Missing Missing/q1 Missing/q2"},
                        {401, ENDS, "Missing/q1", ""}, {401, ENDS, "Missing/q2", ""},
                        {5000, FIRES, "Missing/q2", ""}, {5000, ENDS, "Missing", ""},
                        {6000, NOTHING, NULL, ""},
                        {6001, ENDS, "Missing/q2", "closed Missing- Missing/q1- Missing/q2-"}));
        run("another rule's query is news",
                STEPS({0, FIRES, "Missing", ""}, {30, NOTHING, NULL, "opened Missing"},
                        {400, FIRES, "Band/q2", "changed Missing Band/q2"}));
}

static void collections_have_incidents_of_their_own(void **state)
{
        run("two collections",
                STEPS({0, FIRES, "Shift", ""}, {20, FIRES, "@b Shift", ""},
                        {30, NOTHING, NULL, "opened Shift"}, {50, NOTHING, NULL, "opened Shift"},
                        {400, FIRES, "@b Band", "changed Band Shift"},
                        {500, ENDS, "Shift", "closed Shift-"}));
}

/* Of one that is told after the clock was set, the times are those of now, also of what had ended
 * before. */
static void the_times_of_a_notice_follow_the_clock(void **state)
{
        const int64_t ahead = 400 * (int64_t)USEC_PER_DAY;
        struct world *w = *state;
        _cleanup_(news_done) struct news opened = {0}, nothing = {0}, closed = {0};

        happen(w, FIRES, "Shift", SECONDS(0));
        update(w, SECONDS(0), &nothing);
        update(w, SECONDS(30), &opened);
        assert_int_equal(opened.notices[0].since, SECONDS(0));
        happen(w, ENDS, "Shift", SECONDS(60));
        update(w, SECONDS(60), &nothing);
        notices_jump(w->notices, ahead);
        update(w, SECONDS(330) + (usec_t)ahead, &closed);
        assert_int_equal(closed.count, 1);
        assert_int_equal(closed.notices[0].since, SECONDS(0) + (usec_t)ahead);
        assert_int_equal(closed.notices[0].alerts[0].resolved_at, SECONDS(60) + (usec_t)ahead);
}

/* An alert that was resolved is dropped after a while; who was told that it fires hears of its end
 * all the same. */
static void a_dropped_alert_is_told_of(void **state)
{
        struct world *w = *state;
        _cleanup_(news_done) struct news opened = {0}, nothing = {0}, closed = {0};
        _cleanup_text_ struct text t = {0};

        happen(w, FIRES, "Band", SECONDS(0));
        happen(w, FIRES, "Shift", SECONDS(0));
        update(w, SECONDS(0), &nothing);
        update(w, SECONDS(30), &opened);
        assert_int_equal(opened.count, 1);
        happen(w, ENDS, "Shift", SECONDS(60));
        update(w, SECONDS(60), &nothing);
        alert_done(&w->alerts[--w->count]);
        update(w, SECONDS(2000), &nothing);
        assert_int_equal(nothing.count, 0);
        happen(w, ENDS, "Band", SECONDS(3000));
        update(w, SECONDS(3000), &closed);
        describe(&closed, &t);
        assert_string_equal(text_string(&t), "closed Band- Shift-");
}

static void the_next_thing_to_do(void **state)
{
        struct world *w = *state;
        _cleanup_(news_done) struct news opened = {0}, nothing = {0};

        assert_true(notices_next(w->notices, &policy) == USEC_INFINITY);
        happen(w, FIRES, "Shift", SECONDS(0));
        update(w, SECONDS(0), &nothing);
        assert_int_equal(notices_next(w->notices, &policy), SECONDS(30));
        update(w, SECONDS(31), &opened);
        assert_int_equal(notices_next(w->notices, &policy), SECONDS(31) + policy.repeat_interval);
        happen(w, FIRES, "Band", SECONDS(40));
        update(w, SECONDS(40), &nothing);
        assert_int_equal(notices_next(w->notices, &policy), SECONDS(31) + policy.group_interval);
}

static void a_line_of_the_log_says_what_and_why(void **state)
{
        struct world *w = *state;
        _cleanup_(news_done) struct news opened = {0}, nothing = {0}, closed = {0};
        _cleanup_text_ struct text t = {0}, causes = {0};
        struct alert *missing;

        happen(w, FIRES, "Shift", SECONDS(0));
        happen(w, FIRES, "Missing!", SECONDS(0));
        missing = alert_of(w, "Missing!");
        assert_int_equal(labels_set(&missing->annotations, "cause", "REMOVED, EDIT"), 0);
        update(w, SECONDS(0), &nothing);
        update(w, SECONDS(30), &opened);
        notice_append(&opened.notices[0], &t);
        assert_string_equal(text_string(&t),
                "incident of collection kb opened, critical: Missing, Shift; probable cause: "
                "REMOVED, EDIT");
        assert_string_equal(notice_severity(&opened.notices[0]), "critical");
        assert_string_equal(notice_causes(&opened.notices[0], &causes), "REMOVED, EDIT");
        happen(w, ENDS, "Shift", SECONDS(3000));
        happen(w, ENDS, "Missing!", SECONDS(3000));
        update(w, SECONDS(3000), &closed);
        text_clear(&t);
        notice_append(&closed.notices[0], &t);
        assert_string_equal(text_string(&t),
                "incident of collection kb closed, critical: Missing, Shift; probable cause: "
                "REMOVED, EDIT");
}

/* 30 days of replays every minute; on every third of them a fault of five hours in which ten alerts
 * come and go by themselves, each some twice an hour. People hear of an incident when it opens and
 * closes, of changes no sooner than group_interval and of what goes on no sooner than
 * repeat_interval after the last time. */
static void thirty_days_are_within_the_times(void **state)
{
        struct world *w = *state;
        size_t kinds[NOTICE_PASSED + 1] = {0};
        const unsigned days = (unsigned)fewer(30), faults = (days + 2) / 3;
        unsigned seed = 20261126;
        usec_t last = 0;
        bool open = false;

        for (unsigned at = 0; at < days * DAY; at += 10) {
                _cleanup_(news_done) struct news news = {0};
                bool fault = at / DAY % 3 == 0 && at % DAY >= 3600 && at % DAY < 6 * 3600;
                char name[16];

                for (int i = 0; at % 60 == 0 && i < 10; i++) {
                        (void)snprintf(name, sizeof(name), "Rule%d", i);
                        if (fault && rand_r(&seed) % 15 == 0)
                                happen(w, rand_r(&seed) % 2 ? FIRES : ENDS, name, SECONDS(at));
                        else if (!fault && w->count == 10)
                                happen(w, ENDS, name, SECONDS(at));
                }
                update(w, SECONDS(at), &news);
                for (size_t i = 0; i < news.count; i++) {
                        enum notice_kind kind = news.notices[i].kind;

                        kinds[kind]++;
                        if (kind == NOTICE_PASSED)
                                continue;
                        assert_int_equal(kind == NOTICE_OPENED, !open);
                        if (kind == NOTICE_REPEATED)
                                assert_true(SECONDS(at) >= last + policy.repeat_interval);
                        else if (kind != NOTICE_OPENED)
                                assert_true(SECONDS(at) >= last + policy.group_interval);
                        open = kind != NOTICE_CLOSED;
                        last = SECONDS(at);
                }
        }
        assert_false(open);
        assert_true(kinds[NOTICE_OPENED] >= faults && kinds[NOTICE_OPENED] <= 2 * faults);
        assert_int_equal(kinds[NOTICE_CLOSED], kinds[NOTICE_OPENED]);
        /* Each alert is news once. */
        assert_true(kinds[NOTICE_CHANGED] > 0 && kinds[NOTICE_CHANGED] <= 9 * kinds[NOTICE_OPENED]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_life_of_an_incident),
                cmocka_unit_test(who_is_not_told_of),
                cmocka_unit_test(many_queries_become_one_and_few_again),
                cmocka_unit_test(collections_have_incidents_of_their_own),
                cmocka_unit_test_setup_teardown(
                        the_times_of_a_notice_follow_the_clock, setup, teardown),
                cmocka_unit_test_setup_teardown(a_dropped_alert_is_told_of, setup, teardown),
                cmocka_unit_test_setup_teardown(the_next_thing_to_do, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_line_of_the_log_says_what_and_why, setup, teardown),
                cmocka_unit_test_setup_teardown(thirty_days_are_within_the_times, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
