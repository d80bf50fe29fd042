/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "tell/alert.h"
#include "tell/notice.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)
#define MINUTES(m) (T0 + (usec_t)(m)*USEC_PER_MINUTE)

/* What an hour allows by default. */
static const struct flap_policy damped = {5, USEC_PER_HOUR}, never = {0, USEC_PER_HOUR};
static const struct notice_policy times = {
        30 * USEC_PER_SEC, 5 * USEC_PER_MINUTE, 4 * USEC_PER_HOUR};

/* Alerts of queries of one collection, what people hear of them, and a clock. */
struct world {
        struct alerts *alerts;
        struct notices *notices;
        struct rule rules[RULE_COUNT];
        const char *now; /* queries that are wrong, a letter each */
        usec_t at;
        usec_t clock; /* is ahead by so much */
};

static void set_up(struct world *w, const struct flap_policy *policy, usec_t keep)
{
        *w = (struct world){.alerts = alerts_new(), .notices = notices_new(), .now = ""};
        assert_non_null(w->alerts);
        assert_non_null(w->notices);
        for (int i = 0; i < RULE_COUNT; i++)
                w->rules[i] = (struct rule){.enabled = true, .keep_firing_for_usec = keep};
        alerts_damp(w->alerts, policy);
}

static void tear_down(struct world *w)
{
        alerts_free(w->alerts);
        notices_free(w->notices);
}

static void set_clock(struct world *w, int64_t by)
{
        w->clock += (usec_t)by;
        alerts_jump(w->alerts, by);
        notices_jump(w->notices, by);
}

/* One replay. */
static void replay(struct world *w, usec_t now)
{
        struct signals s = {.collection = (char *)"kb", .server = (char *)"main"};

        s.signals = calloc(strlen(w->now) + 1, sizeof(*s.signals));
        assert_non_null(s.signals);
        for (const char *q = w->now; *q; q++) {
                struct labels *l = &s.signals[s.count].labels;

                s.signals[s.count++].rule = RULE_EXPECTED_RESULT_MISSING;
                assert_int_equal(labels_set(l, "alertname", "Missing"), 0);
                assert_int_equal(labels_set(l, "severity", "critical"), 0);
                assert_int_equal(labels_set(l, "collection", "kb"), 0);
                assert_int_equal(labels_set(l, "incident", "kb"), 0);
                assert_int_equal(labels_set(l, "query", (char[]){*q, '\0'}), 0);
        }
        assert_int_equal(alerts_update(w->alerts, w->rules, &s, now), 0);
        for (size_t i = 0; i < s.count; i++)
                labels_done(&s.signals[i].labels);
        free(s.signals);
}

static void append_alerts(const struct notice *n, struct text *t)
{
        for (size_t i = 0; i < n->count; i++) {
                text_appendf(t, " %s", labels_get(&n->alerts[i].labels, "query"));
                if (n->alerts[i].flaps > 0)
                        text_appendf(t, "~%u", n->alerts[i].flaps);
        }
}

/* What people hear: "opened a", "opened a~4" of one that flaps, and came four times. */
static void tell(struct world *w, usec_t now, struct text *t)
{
        static const char *const verbs[] = {"opened", "changed", "repeated", "closed", "passed"};
        _cleanup_(news_done) struct news news = {0};
        _cleanup_free_ const struct alert **all = NULL;
        size_t count;

        alerts_expire(w->alerts, now);
        assert_int_equal(alerts_list(w->alerts, &all, &count), 0);
        assert_int_equal(notices_update(w->notices, all, count, &times, now, &news), 0);
        for (size_t i = 0; i < news.count; i++) {
                text_appendf(t, "%s%s", t->size > 0 ? "; " : "", verbs[news.notices[i].kind]);
                append_alerts(&news.notices[i], t);
        }
}

struct step {
        unsigned at; /* minutes; until then everything stays as it was, and is replayed */
        const char *wrong; /* queries from then on */
        const char *told; /* until the next step; NULL ends it */
};
#define STEPS(...) ((const struct step[]){__VA_ARGS__, {0}})

/* A replay a minute; of the clock, which is set before each, nothing depends. */
static void run_in(const char *what, const struct flap_policy *policy, usec_t keep,
        const struct step *steps, int64_t jump)
{
        struct world w;

        set_up(&w, policy, keep);
        for (const struct step *s = steps; s->told; s++) {
                _cleanup_text_ struct text told = {0};
                unsigned end = s[1].told ? s[1].at : s->at + 1;

                w.now = s->wrong;
                for (unsigned minute = s->at; minute < end; minute++, jump = -jump) {
                        set_clock(&w, jump);
                        replay(&w, MINUTES(minute) + w.clock);
                        tell(&w, MINUTES(minute) + w.clock, &told);
                        tell(&w, MINUTES(minute) + 30 * USEC_PER_SEC + w.clock, &told);
                }
                if (!streq(text_string(&told), s->told))
                        fail_msg("%s from minute %u: \"%s\", expected \"%s\"", what, s->at,
                                text_string(&told), s->told);
        }
        tear_down(&w);
}

static void run(
        const char *what, const struct flap_policy *policy, usec_t keep, const struct step *steps)
{
        const int64_t years = 20 * 365 * (int64_t)USEC_PER_DAY;

        run_in(what, policy, keep, steps, 0);
        run_in(what, policy, keep, steps, -years);
        run_in(what, policy, keep, steps, years);
}

#define OPEN "opened a"
#define SHUT "closed a"

/* Why there is a damping: neither the waits of an incident nor a short keep_firing_for see to it.
 */
static void what_people_hear_without_it(void **state)
{
        run("each time it comes and goes", &never, 0,
                STEPS({0, "a", OPEN}, {10, "", SHUT}, {20, "a", OPEN}, {30, "", SHUT},
                        {40, "a", OPEN}, {50, "", SHUT}, {60, "a", OPEN}, {70, "", SHUT},
                        {80, "a", OPEN}, {90, "", SHUT}));
        run("less, where it is faster than group_interval, but still no end of it", &never, 0,
                STEPS({0, "a", OPEN}, {2, "", ""}, {4, "a", ""}, {5, "", SHUT}, {7, "a", OPEN},
                        {8, "", ""}, {9, "a", ""}, {11, "", ""}, {12, "", SHUT}, {14, "a", OPEN},
                        {16, "", ""}, {19, "", SHUT}));
        run("keep_firing_for, where somebody has set it, sees to it", &never, USEC_PER_HOUR,
                STEPS({0, "a", OPEN}, {10, "", ""}, {20, "a", ""}, {30, "", ""}, {40, "a", ""},
                        {50, "", ""}, {109, "", ""}, {110, "", SHUT}));
}

static void it_flaps(void **state)
{
        run("the fourth time is told as flapping, and then nothing until it was calm for an hour",
                &damped, 0,
                STEPS({0, "a", OPEN}, {5, "", SHUT}, {10, "a", OPEN}, {15, "", SHUT},
                        {20, "a", OPEN}, {25, "", SHUT}, {30, "a", OPEN "~4"}, {35, "", ""},
                        {40, "a", ""}, {45, "", ""}, {50, "a", ""}, {55, "", ""}, {114, "", ""},
                        {115, "", SHUT}, {200, "", ""}));
        run("whatever comes and goes meanwhile makes it longer", &damped, 0,
                STEPS({0, "a", OPEN}, {5, "", SHUT}, {10, "a", OPEN}, {15, "", SHUT},
                        {20, "a", OPEN}, {25, "", SHUT}, {30, "a", OPEN "~4"}, {35, "", ""},
                        {94, "a", ""}, {95, "", ""}, {154, "", ""}, {155, "", SHUT}));
        run("what goes on is repeated, with how often it came by then", &damped, 0,
                STEPS({0, "a", OPEN}, {5, "", SHUT}, {10, "a", OPEN}, {15, "", SHUT},
                        {20, "a", OPEN}, {25, "", SHUT}, {30, "a", OPEN "~4"}, {35, "", ""},
                        {40, "a", ""}, {60, "", ""}, {90, "a", ""}, {120, "", ""}, {150, "a", ""},
                        {180, "", ""}, {210, "a", ""}, {240, "", ""}, {269, "a", ""},
                        {270, "a", "repeated a~9"}, {271, "a", ""}));
        run("what holds for an hour flaps no more: its end is told at once", &damped, 0,
                STEPS({0, "a", OPEN}, {5, "", SHUT}, {10, "a", OPEN}, {15, "", SHUT},
                        {20, "a", OPEN}, {25, "", SHUT}, {30, "a", OPEN "~4"}, {91, "", SHUT},
                        {100, "", ""}));
        run("after it was calm the next one is told as the first was", &damped, 0,
                STEPS({0, "a", OPEN}, {5, "", SHUT}, {10, "a", OPEN}, {15, "", SHUT},
                        {20, "a", OPEN}, {25, "", SHUT}, {30, "a", OPEN "~4"}, {35, "", ""},
                        {95, "", SHUT}, {100, "a", OPEN}, {105, "", SHUT}));
}

static void it_does_not(void **state)
{
        run("as slow as this", &damped, 0,
                STEPS({0, "a", OPEN}, {12, "", SHUT}, {24, "a", OPEN}, {36, "", SHUT},
                        {48, "a", OPEN}, {60, "", SHUT}, {72, "a", OPEN}, {84, "", SHUT},
                        {96, "a", OPEN}, {108, "", SHUT}));
        run("each of several, one after the other", &damped, 0,
                STEPS({0, "a", OPEN}, {6, "", SHUT}, {12, "b", "opened b"}, {18, "", "closed b"},
                        {24, "a", OPEN}, {30, "", SHUT}, {36, "b", "opened b"},
                        {42, "", "closed b"}, {48, "c", "opened c"}, {54, "", "closed c"}));
        run("another one is told all the same while one flaps", &damped, 0,
                STEPS({0, "a", OPEN}, {5, "", SHUT}, {10, "a", OPEN}, {15, "", SHUT},
                        {20, "a", OPEN}, {25, "", SHUT}, {30, "a", OPEN "~4"}, {35, "", ""},
                        {40, "b", "changed a~4 b"}, {50, "", ""}, {95, "", "closed a b"}));
        run("a longer keep_firing_for is as it was", &damped, 2 * USEC_PER_HOUR,
                STEPS({0, "a", OPEN}, {5, "", ""}, {10, "a", ""}, {15, "", ""}, {20, "a", ""},
                        {25, "", ""}, {30, "a", ""}, {35, "", ""}, {154, "", ""}, {155, "", SHUT}));
}

/* What is told does not wait for anything then. */
static void it_is_switched_off(void **state)
{
        struct world w;
        _cleanup_text_ struct text told = {0};

        set_up(&w, &damped, 0);
        for (unsigned i = 0; i <= 7; i++) {
                w.now = i % 2 == 0 ? "a" : "";
                replay(&w, MINUTES(10 * i));
                tell(&w, MINUTES(10 * i), &told);
                tell(&w, MINUTES(10 * i) + 30 * USEC_PER_SEC, &told);
        }
        assert_string_equal(text_string(&told),
                "opened a; closed a; opened a; closed a; opened a; closed a; opened a~3");
        text_clear(&told);
        alerts_damp(w.alerts, &never);
        replay(&w, MINUTES(80));
        tell(&w, MINUTES(80), &told);
        assert_string_equal(text_string(&told), "closed a");
        tear_down(&w);
}

static void what_is_said_of_it(void **state)
{
        static const struct {
                struct alert alert;
                const char *text;
        } cases[] = {{{.flaps = 0}, ""},
                {{.flaps = 4, .flapping_since = MINUTES(0), .flapped_at = MINUTES(35)},
                        "flapping: it came 4 times within 35m"},
                {{.flaps = 12, .flapping_since = MINUTES(0), .flapped_at = MINUTES(150) + 1},
                        "flapping: it came 12 times within 2h30m"},
                {{.flaps = 4, .flapping_since = MINUTES(1), .flapped_at = MINUTES(1)},
                        "flapping: it came 4 times within 1m"}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};

                alert_append_flapping(&cases[i].alert, &t);
                assert_string_equal(text_string(&t), cases[i].text);
        }
}

/* As many changes as are counted, and more. */
static void the_most_that_is_counted(void **state)
{
        static const struct flap_policy most = {FLAP_CHANGES_MAX, USEC_PER_DAY};
        struct flaps f = {.policy = most};
        struct alert a = {.fingerprint = 7}, other = {.fingerprint = 7 + 1024};

        for (unsigned i = 0; i < 3 * FLAP_CHANGES_MAX; i++) {
                if (i % 2 == 0)
                        flaps_fired(&f, &a, MINUTES(i));
                else
                        flaps_ended(&f, &a, MINUTES(i));
                assert_int_equal(a.flaps > 0, i % 2 == 0 && i >= FLAP_CHANGES_MAX);
        }
        flaps_fired(&f, &other, MINUTES(60));
        assert_int_equal(other.flaps, 0);
        assert_int_equal(labels_set(&other.labels, "severity", "info"), 0);
        for (unsigned i = 0; i < 3 * FLAP_CHANGES_MAX; i++)
                flaps_fired(&f, &other, MINUTES(60));
        assert_int_equal(other.flaps, 0);
        alert_done(&other);
        flaps_prune(&f, MINUTES(60) + USEC_PER_DAY);
        flaps_fired(&f, &a, MINUTES(60) + USEC_PER_DAY);
        assert_int_equal(a.flaps, 0);
        flaps_done(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_people_hear_without_it),
                cmocka_unit_test(it_flaps),
                cmocka_unit_test(it_does_not),
                cmocka_unit_test(it_is_switched_off),
                cmocka_unit_test(what_is_said_of_it),
                cmocka_unit_test(the_most_that_is_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
