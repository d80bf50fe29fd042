/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "policies.h"
#include "tell/desk.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)
#define MINUTES(m) (T0 + (usec_t)(m)*USEC_PER_MINUTE)

/* A desk with receivers a, b and lead; a policy for critical incidents, b 10 minutes after a. */
struct world {
        struct desk *desk;
        struct desk_policy policy;
        struct policies policies;
        struct routing routing;
        struct alert alerts[4];
        const struct alert *pointers[4];
        size_t count;
        struct text told; /* "a opened: reason; …" */
};

static void add(struct roster *r, const char *name)
{
        assert_int_equal(roster_add(r, name), 0);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        w->desk = desk_new();
        add(&w->policy.receivers, "a");
        add(&w->policy.receivers, "b");
        add(&w->policy.receivers, "lead");
        policies_of("critical 0:a 10:b", &w->policies);
        desk_configure(w->desk, &w->policy);
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        desk_free(w->desk);
        for (size_t i = 0; i < w->count; i++)
                alert_done(&w->alerts[i]);
        roster_done(&w->policy.receivers);
        policies_done(&w->policies);
        text_done(&w->told);
        free(w);
        return 0;
}

static void escalate(struct world *w)
{
        w->policy.escalation = w->policies.policies;
        w->policy.escalation_count = w->policies.count;
        desk_configure(w->desk, &w->policy);
}

static struct alert *fire(
        struct world *w, const char *incident, const char *name, const char *severity)
{
        struct alert *a = &w->alerts[w->count];

        w->pointers[w->count++] = a;
        assert_int_equal(labels_set(&a->labels, "alertname", name), 0);
        assert_int_equal(labels_set(&a->labels, "incident", incident), 0);
        assert_int_equal(labels_set(&a->labels, "collection", incident), 0);
        assert_int_equal(labels_set(&a->labels, "severity", severity), 0);
        a->state = ALERT_FIRING;
        return a;
}

/* News of the incident with all alerts that are its own, or none; what was told since. */
static const char *happen(struct world *w, enum notice_kind kind, const char *incident, usec_t now)
{
        static const char *const kinds[] = {
                [ESCALATION_OPENED] = "opened",
                [ESCALATION_ESCALATED] = "escalated",
                [ESCALATION_REOPENED] = "reopened",
                [ESCALATION_CHANGED] = "changed",
                [ESCALATION_RESOLVED] = "resolved",
                [ESCALATION_ACKNOWLEDGED] = "acknowledged",
        };
        struct escalation_actions actions;
        struct alert alerts[4];
        struct notice notice = {.kind = kind, .incident = (char *)incident, .alerts = alerts};
        const struct news news = {&notice, incident ? 1 : 0};

        /* Critical ones first, as in a notice. */
        for (int critical = 1; incident && critical >= 0; critical--)
                for (size_t i = 0; i < w->count; i++)
                        if (streq(labels_get(&w->alerts[i].labels, "incident"), incident) &&
                                streq(labels_get(&w->alerts[i].labels, "severity"), "critical") ==
                                        critical)
                                alerts[notice.count++] = w->alerts[i];
        assert_int_equal(desk_update(w->desk, &news, w->pointers, w->count, now, &actions), 0);
        text_clear(&w->told);
        for (size_t i = 0; i < actions.count; i++)
                text_appendf(&w->told, "%s%s %s", i > 0 ? ", " : "", actions.actions[i].receiver,
                        kinds[actions.actions[i].kind]);
        escalation_actions_done(&actions);
        return text_string(&w->told);
}

static const char *wait_until(struct world *w, usec_t now)
{
        return happen(w, NOTICE_PASSED, NULL, now);
}

static void silence(struct world *w, const char *text, usec_t from, usec_t until)
{
        static unsigned made;
        char id[] = "01234567-89ab-cdef-0123-456789abcde0";
        struct silence s = {.created_by = strdup("anna"),
                .comment = strdup("re-ingest"),
                .starts_at = from,
                .ends_at = until};
        struct error e = {0};

        id[sizeof(id) - 2] = (char)('0' + made++ % 10);
        s.id = strdup(id);
        assert_int_equal(matchers_parse(&s.matchers, text, &e), 0);
        assert_int_equal(silences_add(desk_silences(w->desk), &s, from, &e), 0);
}

static void everybody_hears_of_everything(void **state)
{
        struct world *w = *state;

        fire(w, "kb", "Missing", "critical");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", T0), "a opened, b opened, lead opened");
        assert_string_equal(wait_until(w, MINUTES(60)), "");
        assert_int_equal(desk_next(w->desk, MINUTES(60)), USEC_INFINITY);
        assert_string_equal(
                happen(w, NOTICE_CHANGED, "kb", MINUTES(61)), "a changed, b changed, lead changed");
        assert_string_equal(happen(w, NOTICE_REPEATED, "kb", MINUTES(300)),
                "a changed, b changed, lead changed");
        assert_string_equal(happen(w, NOTICE_CLOSED, "kb", MINUTES(301)),
                "a resolved, b resolved, lead resolved");
}

static void steps_follow_until_somebody_takes_it(void **state)
{
        struct world *w = *state;

        escalate(w);
        fire(w, "kb", "Missing", "critical");
        fire(w, "other", "Missing", "critical");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", T0), "a opened");
        assert_int_equal(desk_next(w->desk, T0), MINUTES(10));
        assert_string_equal(happen(w, NOTICE_OPENED, "other", MINUTES(5)), "a opened");
        assert_int_equal(escalations_acknowledge(
                                 desk_escalations(w->desk), "other", "anna", "on it", MINUTES(6)),
                0);
        assert_string_equal(wait_until(w, MINUTES(10)), "b escalated, a acknowledged");
        assert_string_equal(wait_until(w, MINUTES(30)), "");
        assert_string_equal(happen(w, NOTICE_REPEATED, "other", MINUTES(240)), "");
        assert_string_equal(happen(w, NOTICE_CLOSED, "kb", MINUTES(241)), "a resolved, b resolved");
        assert_string_equal(happen(w, NOTICE_CLOSED, "other", MINUTES(242)), "a resolved");
}

/* Other severities than the policy's are told to everybody; getting worse begins the chain. */
static void what_gets_worse_begins_the_chain(void **state)
{
        struct world *w = *state;

        escalate(w);
        fire(w, "kb", "Drift", "warning");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", T0), "a opened, b opened, lead opened");
        assert_int_equal(labels_set(&w->alerts[0].labels, "severity", "critical"), 0);
        assert_string_equal(happen(w, NOTICE_CHANGED, "kb", MINUTES(1)),
                "b changed, lead changed, a escalated");
}

static void a_silence_keeps_quiet_and_its_end_tells(void **state)
{
        struct world *w = *state;

        silence(w, "collection=kb", T0, MINUTES(30));
        fire(w, "kb", "Missing", "critical");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", MINUTES(1)), "");
        assert_int_equal(desk_next(w->desk, MINUTES(1)), MINUTES(30));
        assert_string_equal(wait_until(w, MINUTES(29)), "");
        assert_string_equal(wait_until(w, MINUTES(30)), "a opened, b opened, lead opened");
        silence(w, "collection=~\"k.*\"", MINUTES(31), MINUTES(60));
        assert_string_equal(happen(w, NOTICE_CHANGED, "kb", MINUTES(32)), "");
        assert_string_equal(happen(w, NOTICE_REPEATED, "kb", MINUTES(33)), "");
        assert_string_equal(happen(w, NOTICE_CLOSED, "kb", MINUTES(34)),
                "a resolved, b resolved, lead resolved");
}

/* One alert that is not silenced is reason enough. */
static void half_a_silence_is_none(void **state)
{
        struct world *w = *state;

        silence(w, "alertname=Drift", T0, MINUTES(30));
        fire(w, "kb", "Drift", "warning");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", MINUTES(1)), "");
        fire(w, "kb", "Missing", "critical");
        assert_string_equal(
                happen(w, NOTICE_CHANGED, "kb", MINUTES(2)), "a opened, b opened, lead opened");
}

static const char *why_quiet(const struct world *w, struct text *to)
{
        _cleanup_(escalation_status_done) struct escalation_status s = {0};

        assert_int_equal(escalations_show(desk_escalations(w->desk), "kb", &s), 0);
        text_clear(to);
        text_append(to, s.why);
        return text_string(to);
}

/* Each reason once. */
static void a_quiet_incident_says_why_each_alert_is(void **state)
{
        struct world *w = *state;
        _cleanup_text_ struct text why = {0};

        for (size_t i = 0; i < 4; i++)
                fire(w, "kb",
                        i == 0           ? "Missing"
                                : i == 1 ? "Drift"
                                         : "Band",
                        "warning")
                        ->fingerprint = i + 1;
        silence(w, "alertname=Band", T0, MINUTES(30));
        for (uint64_t i = 1; i <= 2; i++)
                assert_int_equal(acks_add(desk_acks(w->desk), i, i == 1 ? "ben" : "carl", NULL,
                                         USEC_INFINITY, T0),
                        0);
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", MINUTES(1)), "");
        assert_string_equal(why_quiet(w, &why),
                "taken by ben; taken by carl; silenced by anna until 2027-01-15T08:30:00Z: "
                "re-ingest");
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(acks_add(desk_acks(w->desk), i + 1,
                                         (const char *const[]){"a", "b", "c", "d"}[i], NULL,
                                         USEC_INFINITY, T0),
                        0);
        assert_string_equal(wait_until(w, MINUTES(2)), "");
        assert_string_equal(why_quiet(w, &why), "taken by a; taken by b; taken by c; taken by d");
}

static void routes_choose_receivers(void **state)
{
        struct world *w = *state;
        struct branch branches[2] = {{.receiver = (char *)"b"}, {.receiver = (char *)"lead"}};
        struct error e = {0};

        assert_int_equal(matchers_parse(&branches[0].matchers, "severity=critical", &e), 0);
        assert_int_equal(matchers_parse(&branches[1].matchers, "collection=wiki", &e), 0);
        w->routing.root.receiver = (char *)"a";
        w->routing.root.branches = branches;
        w->routing.root.count = 2;
        w->policy.routing = &w->routing;
        fire(w, "kb", "Drift", "warning");
        fire(w, "wiki", "Drift", "warning");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", T0), "a opened");
        assert_string_equal(happen(w, NOTICE_OPENED, "wiki", T0), "lead opened");
        /* Its receivers are those of all its alerts. */
        matchers_done(&branches[0].matchers);
        assert_int_equal(matchers_parse(&branches[0].matchers, "alertname=Missing", &e), 0);
        fire(w, "kb", "Missing", "warning");
        assert_string_equal(happen(w, NOTICE_CHANGED, "kb", MINUTES(1)), "a changed, b opened");
        assert_string_equal(happen(w, NOTICE_CLOSED, "kb", MINUTES(2)), "a resolved, b resolved");
        matchers_done(&branches[0].matchers);
        matchers_done(&branches[1].matchers);
}

/* Another daemon told its opening, or a life that left nothing. */
static void the_end_of_an_unknown_one_is_told(void **state)
{
        struct world *w = *state;

        fire(w, "kb", "Missing", "critical")->state = ALERT_RESOLVED;
        assert_string_equal(
                happen(w, NOTICE_CLOSED, "kb", T0), "a resolved, b resolved, lead resolved");
        assert_string_equal(happen(w, NOTICE_PASSED, "kb", T0), "");
}

static void times_follow_the_clock(void **state)
{
        struct world *w = *state;

        escalate(w);
        fire(w, "kb", "Missing", "critical");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", T0), "a opened");
        desk_jump(w->desk, -(int64_t)USEC_PER_DAY);
        assert_int_equal(desk_next(w->desk, T0), MINUTES(10) - USEC_PER_DAY);
        assert_string_equal(wait_until(w, MINUTES(9) - USEC_PER_DAY), "");
        assert_string_equal(wait_until(w, MINUTES(10) - USEC_PER_DAY), "b escalated");
}

/* Its first step was told when people were told last; what has become due since is told once. */
static void an_earlier_life_is_resumed(void **state)
{
        static const struct notice_policy at_once = {0, USEC_PER_SEC, USEC_PER_DAY};
        struct world *w = *state;
        _cleanup_(notices_freep) struct notices *n = notices_new();
        struct news news = {0};

        escalate(w);
        fire(w, "kb", "Missing", "critical")->fired_at = T0;
        assert_int_equal(notices_update(n, w->pointers, w->count, &at_once, MINUTES(1), &news), 0);
        /* What opens just now is not resumed. */
        assert_int_equal(desk_resume(w->desk, n, &news, w->pointers, w->count), 0);
        assert_int_equal(desk_next(w->desk, MINUTES(1)), USEC_INFINITY);
        news_done(&news);
        assert_int_equal(notices_update(n, w->pointers, w->count, &at_once, MINUTES(5), &news), 0);
        assert_int_equal(desk_resume(w->desk, n, &news, w->pointers, w->count), 0);
        assert_int_equal(desk_next(w->desk, MINUTES(5)), MINUTES(11));
        assert_string_equal(wait_until(w, MINUTES(30)), "b escalated");
        assert_string_equal(happen(w, NOTICE_CLOSED, "kb", MINUTES(31)), "a resolved, b resolved");
        news_done(&news);
}

/* What each of two incidents, told at different times, has become due is told once, whichever is
 * looked at first. */
static void overdue_steps_are_told_once(void **state)
{
        static const struct notice_policy at_once = {0, USEC_PER_SEC, USEC_PER_DAY};
        static const char *const orders[][2] = {{"a", "z"}, {"z", "a"}};

        for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
                void *fresh = NULL;
                struct world *w;
                struct notices *n = notices_new();
                struct news news = {0};

                assert_int_equal(set_up(&fresh), 0);
                w = fresh;
                escalate(w);
                fire(w, orders[i][0], "Missing", "critical")->fired_at = T0;
                w->alerts[0].fingerprint = 1;
                assert_int_equal(notices_update(n, w->pointers, 1, &at_once, MINUTES(1), &news), 0);
                news_done(&news);
                fire(w, orders[i][1], "Missing", "critical")->fired_at = MINUTES(30);
                w->alerts[1].fingerprint = 2;
                assert_int_equal(
                        notices_update(n, w->pointers, 2, &at_once, MINUTES(30), &news), 0);
                news_done(&news);
                assert_int_equal(desk_resume(w->desk, n, &news, w->pointers, 2), 0);
                assert_string_equal(wait_until(w, MINUTES(32)), "b escalated");
                assert_string_equal(wait_until(w, MINUTES(39)), "");
                assert_string_equal(wait_until(w, MINUTES(40)), "b escalated");
                assert_string_equal(wait_until(w, MINUTES(90)), "");
                notices_free(n);
                assert_int_equal(tear_down(&fresh), 0);
        }
}

static void expect(struct world *w, const char *incident, usec_t now)
{
        assert_int_equal(desk_expect(w->desk, incident, w->pointers, w->count, now), 0);
        assert_int_equal(
                escalations_acknowledge(desk_escalations(w->desk), incident, "anna", "on it", now),
                0);
}

/* Within group_wait, or `for`. */
static void it_can_be_taken_before_anybody_is_told(void **state)
{
        struct world *w = *state;

        escalate(w);
        assert_int_equal(desk_expect(w->desk, "kb", w->pointers, w->count, T0), -ENOENT);
        fire(w, "kb", "Replaced", "info");
        assert_int_equal(desk_expect(w->desk, "kb", w->pointers, w->count, T0), -ENOENT);
        fire(w, "kb", "Missing", "critical")->state = ALERT_PENDING;
        expect(w, "kb", T0);
        assert_string_equal(wait_until(w, T0), "");
        w->alerts[1].state = ALERT_FIRING;
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", MINUTES(1)), "");
        assert_string_equal(wait_until(w, MINUTES(60)), "");
        assert_string_equal(happen(w, NOTICE_REPEATED, "kb", MINUTES(240)), "");
        assert_string_equal(happen(w, NOTICE_CLOSED, "kb", MINUTES(241)), "");
        assert_null(escalations_find(desk_escalations(w->desk), "kb"));
}

static void what_is_given_back_before_that_is_told(void **state)
{
        struct world *w = *state;

        escalate(w);
        fire(w, "kb", "Missing", "critical");
        expect(w, "kb", T0);
        assert_string_equal(wait_until(w, T0), "");
        assert_int_equal(escalations_unacknowledge(desk_escalations(w->desk), "kb", "anna", T0), 0);
        assert_string_equal(wait_until(w, T0), "");
        assert_null(escalations_find(desk_escalations(w->desk), "kb"));
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", MINUTES(1)), "a opened");
}

static void what_ends_before_that_is_forgotten(void **state)
{
        struct world *w = *state;

        escalate(w);
        fire(w, "kb", "Missing", "critical");
        expect(w, "kb", T0);
        assert_string_equal(wait_until(w, T0), "");
        w->alerts[0].state = ALERT_RESOLVED;
        assert_string_equal(wait_until(w, MINUTES(1)), "");
        assert_null(escalations_find(desk_escalations(w->desk), "kb"));
        /* Where another daemon told people, they hear of the end all the same. */
        w->alerts[0].state = ALERT_FIRING;
        expect(w, "kb", MINUTES(2));
        assert_string_equal(happen(w, NOTICE_CLOSED, "kb", MINUTES(3)),
                "a resolved, b resolved, lead resolved");
}

/* Of an earlier life, and nothing is left of what it was about. */
static void what_nobody_would_ever_close_is_closed(void **state)
{
        struct world *w = *state;
        _cleanup_(notices_freep) struct notices *n = notices_new();
        const struct news news = {0};

        escalate(w);
        fire(w, "kb", "Missing", "critical");
        assert_string_equal(happen(w, NOTICE_OPENED, "kb", T0), "a opened");
        assert_int_equal(desk_resume(w->desk, n, &news, w->pointers, w->count), 0);
        assert_string_equal(wait_until(w, MINUTES(1)), "");
        assert_non_null(escalations_find(desk_escalations(w->desk), "kb"));
        w->alerts[0].state = ALERT_RESOLVED;
        assert_int_equal(desk_resume(w->desk, n, &news, w->pointers, w->count), 0);
        assert_string_equal(wait_until(w, MINUTES(2)), "a resolved");
        assert_null(escalations_find(desk_escalations(w->desk), "kb"));
}

int main(void)
{
#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                world_test(everybody_hears_of_everything),
                world_test(steps_follow_until_somebody_takes_it),
                world_test(what_gets_worse_begins_the_chain),
                world_test(a_silence_keeps_quiet_and_its_end_tells),
                world_test(half_a_silence_is_none),
                world_test(a_quiet_incident_says_why_each_alert_is),
                world_test(routes_choose_receivers),
                world_test(the_end_of_an_unknown_one_is_told),
                world_test(times_follow_the_clock),
                world_test(an_earlier_life_is_resumed),
                cmocka_unit_test(overdue_steps_are_told_once),
                world_test(it_can_be_taken_before_anybody_is_told),
                world_test(what_is_given_back_before_that_is_told),
                world_test(what_ends_before_that_is_forgotten),
                world_test(what_nobody_would_ever_close_is_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
