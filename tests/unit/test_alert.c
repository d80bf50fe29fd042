/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "clock.h"
#include "fewer.h"
#include "tell/alert.h"
#include "tell/notice.h"

#define T0 (1800000000 * USEC_PER_SEC)
#define SECONDS(s) (T0 + (usec_t)(s)*USEC_PER_SEC)

static const struct alert_policy policy = {60 * USEC_PER_SEC, 30 * USEC_PER_SEC};

/* What an evaluation says of one query's alert. */
enum condition { NO_EVALUATION, HOLDS, OVER, UNKNOWN };
enum { ABSENT = -1 };

static void set_rules(struct rule rules[RULE_COUNT], unsigned for_s, unsigned keep_s)
{
        for (int i = 0; i < RULE_COUNT; i++)
                rules[i] = (struct rule){
                        .enabled = true,
                        .for_usec = for_s * USEC_PER_SEC,
                        .keep_firing_for_usec = keep_s * USEC_PER_SEC,
                };
}

static void add_signal(struct signals *s, enum rule_id rule, const char *severity,
        const char *query, const char *description)
{
        struct signal *signal;

        s->signals = reallocarray(s->signals, s->count + 1, sizeof(*s->signals));
        assert_non_null(s->signals);
        signal = &s->signals[s->count++];
        *signal = (struct signal){.rule = rule};
        assert_int_equal(labels_set(&signal->labels, "alertname", rule_defaults[rule].name), 0);
        assert_int_equal(labels_set(&signal->labels, "severity", severity), 0);
        assert_int_equal(labels_set(&signal->labels, "collection", s->collection), 0);
        assert_int_equal(labels_set(&signal->labels, "query", query), 0);
        assert_int_equal(labels_set(&signal->annotations, "description", description), 0);
}

static struct signals signals_of(const char *collection, const char *server)
{
        return (struct signals){.collection = strdup(collection), .server = strdup(server)};
}

static void update(struct alerts *a, const struct rule *rules, enum condition condition, usec_t now)
{
        _cleanup_(signals_done) struct signals s = signals_of("c", "main");

        if (condition == NO_EVALUATION)
                return;
        if (condition == HOLDS)
                add_signal(&s, RULE_BAND_CROSSED, "warning", "q", "d");
        assert_int_equal(alerts_update(a, rules, &s, now), 0);
}

static size_t due(struct alerts *a, usec_t now)
{
        _cleanup_free_ const struct alert **list = NULL;
        size_t count;

        assert_int_equal(alerts_due(a, &policy, now, &list, &count), 0);
        return count;
}

static size_t transitions(struct alerts *a)
{
        _cleanup_free_ const struct alert **list = NULL;
        size_t count;

        assert_int_equal(alerts_transitions(a, &list, &count), 0);
        return count;
}

static size_t count_all(struct alerts *a)
{
        _cleanup_free_ const struct alert **list = NULL;
        size_t count;

        assert_int_equal(alerts_list(a, &list, &count), 0);
        return count;
}

/* A copy of the only alert's pointer; NULL when there is none. */
static const struct alert *only(const struct alerts *a)
{
        _cleanup_free_ const struct alert **list = NULL;
        size_t count;

        assert_int_equal(alerts_list(a, &list, &count), 0);
        assert_true(count <= 1);
        return count == 1 ? list[0] : NULL;
}

struct step {
        unsigned at; /* seconds */
        enum condition condition;
        int state; /* afterwards */
        bool sent; /* to the Alertmanagers */
};

/* Before each step the clock is set by `jump`: 20 years back, ahead, back and so on. That changes
 * nothing but what is sent, which the Alertmanagers have to hear anew. */
static void run_in(
        const char *name, unsigned for_s, unsigned keep_s, const struct step *steps, int64_t jump)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];
        usec_t clock = T0;

        assert_non_null(a);
        set_rules(rules, for_s, keep_s);
        for (const struct step *s = steps; s == steps || s->at > 0; s++, jump = -jump) {
                usec_t now = (clock += (usec_t)jump) + s->at * USEC_PER_SEC;
                const struct alert *alert;
                size_t sent;
                int state;

                if (jump != 0)
                        alerts_jump(a, jump);
                update(a, rules, s->condition, now);
                alerts_expire(a, now);
                sent = due(a, now);
                alert = only(a);
                state = alert ? (int)alert->state : ABSENT;
                if (state != s->state || (jump == 0 && sent != s->sent))
                        fail_msg("%s at %us: state %d, sent %zu", name, s->at, state, sent);
                /* Nothing is left to do now, or the loop would spin. */
                assert_true(alerts_next(a, &policy) > now);
        }
}

static void run(const char *name, unsigned for_s, unsigned keep_s, const struct step *steps)
{
        const int64_t years = 20 * 365 * (int64_t)USEC_PER_DAY;

        run_in(name, for_s, keep_s, steps, 0);
        run_in(name, for_s, keep_s, steps, -years);
        run_in(name, for_s, keep_s, steps, years);
}

#define STEPS(...) ((const struct step[]){__VA_ARGS__, {0}})

static void life_of_an_alert(void **state)
{
        run("for: 0 fires at once, is resent after a minute, resolved for 15", 0, 0,
                STEPS({0, HOLDS, ALERT_FIRING, true}, {30, HOLDS, ALERT_FIRING, false},
                        {60, HOLDS, ALERT_FIRING, false}, {61, NO_EVALUATION, ALERT_FIRING, true},
                        {90, OVER, ALERT_RESOLVED, true}, {120, OVER, ALERT_RESOLVED, false},
                        {151, OVER, ALERT_RESOLVED, true}, {990, OVER, ALERT_RESOLVED, true},
                        {991, NO_EVALUATION, ABSENT, false}));
        run("for: 2m waits; a pending alert that ends is never told", 120, 0,
                STEPS({0, HOLDS, ALERT_PENDING, false}, {60, HOLDS, ALERT_PENDING, false},
                        {90, OVER, ABSENT, false}, {100, HOLDS, ALERT_PENDING, false},
                        {219, HOLDS, ALERT_PENDING, false},
                        {500, NO_EVALUATION, ALERT_PENDING, false},
                        {510, HOLDS, ALERT_FIRING, true}));
        run("for: exactly reached is reached", 120, 0,
                STEPS({0, HOLDS, ALERT_PENDING, false}, {120, HOLDS, ALERT_FIRING, true}));
        run("keep_firing_for bridges gaps and starts anew after each", 0, 100,
                STEPS({0, HOLDS, ALERT_FIRING, true}, {10, OVER, ALERT_FIRING, false},
                        {100, OVER, ALERT_FIRING, true}, {109, HOLDS, ALERT_FIRING, false},
                        {120, OVER, ALERT_FIRING, false}, {219, OVER, ALERT_FIRING, true},
                        {220, OVER, ALERT_RESOLVED, true}));
        run("keep_firing_for does not keep a pending alert", 60, 100,
                STEPS({0, HOLDS, ALERT_PENDING, false}, {10, OVER, ABSENT, false}));
        run("flapping: a new life is sent at once, each end too", 0, 0,
                STEPS({0, HOLDS, ALERT_FIRING, true}, {1, OVER, ALERT_RESOLVED, true},
                        {2, HOLDS, ALERT_FIRING, true}, {3, OVER, ALERT_RESOLVED, true},
                        {4, OVER, ALERT_RESOLVED, false}, {5, HOLDS, ALERT_FIRING, true}));
        run("a resolved alert waits for its `for` again", 60, 0,
                STEPS({0, HOLDS, ALERT_PENDING, false}, {60, HOLDS, ALERT_FIRING, true},
                        {70, OVER, ALERT_RESOLVED, true}, {80, HOLDS, ALERT_PENDING, false},
                        {139, HOLDS, ALERT_PENDING, false}, {140, HOLDS, ALERT_FIRING, true}));
}

static void times_are_prometheus(void **state)
{
        static const struct alert_policy slow = {60 * USEC_PER_SEC, 300 * USEC_PER_SEC};
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];
        _cleanup_free_ const struct alert **list = NULL;
        size_t count;

        set_rules(rules, 60, 0);
        update(a, rules, HOLDS, SECONDS(0));
        update(a, rules, HOLDS, SECONDS(60));
        assert_int_equal(due(a, SECONDS(70)), 1);
        assert_int_equal(only(a)->active_at, SECONDS(0));
        assert_int_equal(only(a)->fired_at, SECONDS(60));
        assert_int_equal(only(a)->last_sent_at, SECONDS(70));
        assert_int_equal(only(a)->valid_until, SECONDS(70 + 4 * 60));
        assert_int_equal(alerts_due(a, &slow, SECONDS(200), &list, &count), 0);
        assert_int_equal(count, 1);
        assert_int_equal(list[0]->valid_until, SECONDS(200 + 4 * 300));
        update(a, rules, OVER, SECONDS(210));
        assert_int_equal(only(a)->resolved_at, SECONDS(210));
        assert_int_equal(only(a)->fired_at, SECONDS(60));
        update(a, rules, HOLDS, SECONDS(300));
        assert_int_equal(only(a)->active_at, SECONDS(300));
        assert_int_equal(only(a)->fired_at, 0);
        assert_int_equal(only(a)->resolved_at, 0);
        assert_int_equal(only(a)->last_sent_at, 0);
}

static void the_next_thing_to_do(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        assert_true(alerts_next(a, &policy) == USEC_INFINITY);
        update(a, rules, HOLDS, SECONDS(0));
        assert_int_equal(alerts_next(a, &policy), 0);
        assert_int_equal(due(a, SECONDS(0)), 1);
        assert_int_equal(alerts_next(a, &policy), SECONDS(60) + 1);
}

static void annotations_are_refreshed_identity_is_not(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        for (int i = 0; i < 3; i++) {
                _cleanup_(signals_done) struct signals s = signals_of("c", "main");

                add_signal(&s, RULE_BAND_CROSSED, "warning", "q", i == 2 ? "new" : "old");
                assert_int_equal(alerts_update(a, rules, &s, SECONDS(i)), 0);
        }
        assert_string_equal(labels_get(&only(a)->annotations, "description"), "new");
        assert_int_equal(only(a)->active_at, SECONDS(0));
        assert_int_equal(only(a)->fingerprint, labels_fingerprint(&only(a)->labels));
        assert_string_equal(only(a)->server, "main");
}

/* A changed severity is another alert; the old one ends, but not while its query is not measured.
 */
static void severity_belongs_to_the_identity(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        _cleanup_(signals_done) struct signals s = signals_of("c", "main");
        _cleanup_free_ const struct alert **list = NULL;
        struct rule rules[RULE_COUNT];
        size_t count;

        set_rules(rules, 0, 0);
        update(a, rules, HOLDS, SECONDS(0));
        add_signal(&s, RULE_BAND_CROSSED, "critical", "q", "d");
        assert_int_equal(alerts_update(a, rules, &s, SECONDS(2)), 0);
        assert_int_equal(alerts_list(a, &list, &count), 0);
        assert_int_equal(count, 2);
        assert_int_equal(list[0]->state, ALERT_FIRING);
        assert_string_equal(labels_get(&list[0]->labels, "severity"), "critical");
        assert_int_equal(list[1]->state, ALERT_RESOLVED);
        assert_string_equal(labels_get(&list[1]->labels, "severity"), "warning");
}

static void a_vanished_query_and_collection_end(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        _cleanup_(signals_done) struct signals both = signals_of("c", "main");
        _cleanup_(signals_done) struct signals other = signals_of("other", "main");
        _cleanup_(signals_done) struct signals failed = signals_of("c", "main");
        _cleanup_free_ const struct alert **list = NULL;
        struct rule rules[RULE_COUNT];
        size_t count;

        set_rules(rules, 0, 0);
        add_signal(&both, RULE_BAND_CROSSED, "warning", "kept", "d");
        add_signal(&both, RULE_BAND_CROSSED, "warning", "vanished", "d");
        add_signal(&other, RULE_BAND_CROSSED, "warning", "kept", "d");
        assert_int_equal(alerts_update(a, rules, &both, SECONDS(0)), 0);
        assert_int_equal(alerts_update(a, rules, &other, SECONDS(0)), 0);
        add_signal(&failed, RULE_BAND_CROSSED, "warning", "kept", "unknown");
        failed.signals[0].stale = true;
        assert_int_equal(alerts_update(a, rules, &failed, SECONDS(1)), 0);
        assert_int_equal(alerts_list(a, &list, &count), 0);
        assert_int_equal(count, 3);
        assert_int_equal(list[0]->state, ALERT_FIRING);
        assert_int_equal(list[1]->state, ALERT_FIRING);
        assert_int_equal(list[2]->state, ALERT_RESOLVED);
        assert_string_equal(labels_get(&list[2]->labels, "query"), "vanished");
        /* Of what could not be looked at, what was said before stays. */
        assert_string_equal(labels_get(&list[0]->annotations, "description"), "d");
        assert_string_equal(labels_get(&list[1]->annotations, "description"), "d");
        free(take_ptr(list));
        alerts_forget_collection(a, "c", SECONDS(2));
        assert_int_equal(alerts_list(a, &list, &count), 0);
        assert_int_equal(count, 3);
        assert_int_equal(list[0]->state, ALERT_FIRING);
        assert_string_equal(labels_get(&list[0]->labels, "collection"), "other");
        assert_int_equal(list[1]->state, ALERT_RESOLVED);
}

/* One that an Alertmanager has: it is told of the end, unless another daemon goes on. */
static void who_yields_a_collection_ends_nothing_elsewhere(void **state)
{
        static const struct alert_policy sendings = {USEC_PER_SEC, USEC_PER_SEC};

        for (unsigned yields = 0; yields <= 1; yields++) {
                _cleanup_(alerts_freep) struct alerts *a = alerts_new();
                _cleanup_(signals_done) struct signals s = signals_of("c", "main");
                _cleanup_free_ const struct alert **list = NULL;
                struct rule rules[RULE_COUNT];
                size_t count;

                set_rules(rules, 0, 0);
                add_signal(&s, RULE_BAND_CROSSED, "warning", NULL, "d");
                assert_int_equal(alerts_update(a, rules, &s, SECONDS(0)), 0);
                assert_int_equal(alerts_due(a, &sendings, SECONDS(0), &list, &count), 0);
                assert_int_equal(count, 1);
                free(take_ptr(list));
                if (yields)
                        alerts_yield_collection(a, "c", SECONDS(60));
                else
                        alerts_forget_collection(a, "c", SECONDS(60));
                assert_int_equal(alerts_due(a, &sendings, SECONDS(60), &list, &count), 0);
                assert_int_equal(count, !yields);
                free(take_ptr(list));
                assert_int_equal(alerts_list(a, &list, &count), 0);
                assert_int_equal(count, 1);
                assert_int_equal(list[0]->state, ALERT_RESOLVED);
        }
}

static void replay_of(struct alerts *a, const struct rule *rules, const char *collection,
        const char *server, bool failing, bool down, const char *crossed, usec_t now)
{
        _cleanup_(signals_done) struct signals s = signals_of(collection, server);

        s.server_down = down;
        if (failing)
                add_signal(&s, RULE_REPLAY_FAILING, "critical", NULL, "d");
        if (crossed)
                add_signal(&s, RULE_BAND_CROSSED, "warning", crossed, "d");
        assert_int_equal(alerts_update(a, rules, &s, now), 0);
}

static void a_server_that_is_down_inhibits(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        replay_of(a, rules, "down", "main", true, true, NULL, SECONDS(0));
        assert_int_equal(due(a, SECONDS(0)), 1);
        /* The same server's alert stays back, another server's does not, nor another failure. */
        replay_of(a, rules, "c", "main", false, false, "q", SECONDS(1));
        assert_int_equal(due(a, SECONDS(1)), 0);
        replay_of(a, rules, "d", "second", false, false, "q", SECONDS(2));
        assert_int_equal(due(a, SECONDS(2)), 1);
        replay_of(a, rules, "e", "main", true, true, NULL, SECONDS(3));
        assert_int_equal(due(a, SECONDS(3)), 1);
        assert_true(alerts_next(a, &policy) > SECONDS(3));
        /* One of the two failures ends: still inhibited. Both: sent. */
        replay_of(a, rules, "e", "main", false, false, NULL, SECONDS(4));
        assert_int_equal(due(a, SECONDS(4)), 1);
        replay_of(a, rules, "c", "main", false, false, "q", SECONDS(5));
        assert_int_equal(due(a, SECONDS(5)), 0);
        replay_of(a, rules, "down", "main", false, false, NULL, SECONDS(6));
        assert_int_equal(due(a, SECONDS(6)), 2);
}

static void an_inhibited_alert_that_was_sent_goes_on(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        replay_of(a, rules, "c", "main", false, false, "q", SECONDS(0));
        assert_int_equal(due(a, SECONDS(0)), 1);
        replay_of(a, rules, "down", "main", true, true, NULL, SECONDS(1));
        assert_int_equal(due(a, SECONDS(1)), 1);
        /* Both are sent again. */
        assert_int_equal(due(a, SECONDS(62)), 2);
        /* Its end is sent although it is inhibited. */
        replay_of(a, rules, "c", "main", false, false, NULL, SECONDS(63));
        assert_int_equal(due(a, SECONDS(63)), 1);
}

static void an_inhibited_alert_that_was_never_sent_ends_in_silence(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        replay_of(a, rules, "down", "main", true, true, NULL, SECONDS(0));
        replay_of(a, rules, "c", "main", false, false, "q", SECONDS(0));
        assert_int_equal(due(a, SECONDS(0)), 1);
        replay_of(a, rules, "c", "main", false, false, NULL, SECONDS(1));
        assert_int_equal(due(a, SECONDS(1)), 0);
}

/* A collection that is missing on a server that answers says nothing about other collections. */
static void a_failure_on_a_server_that_answers_does_not_inhibit(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        replay_of(a, rules, "missing", "main", true, false, NULL, SECONDS(0));
        replay_of(a, rules, "c", "main", false, false, "q", SECONDS(0));
        assert_int_equal(due(a, SECONDS(0)), 2);
}

/* Only a firing failure inhibits: while it is pending nobody would be told anything. */
static void a_pending_failure_does_not_inhibit(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        rules[RULE_REPLAY_FAILING].for_usec = 60 * USEC_PER_SEC;
        replay_of(a, rules, "down", "main", true, true, NULL, SECONDS(0));
        replay_of(a, rules, "c", "main", false, false, "q", SECONDS(0));
        assert_int_equal(due(a, SECONDS(0)), 1);
}

static void a_rule_switched_off_ends_its_alerts(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        update(a, rules, HOLDS, SECONDS(0));
        assert_int_equal(due(a, SECONDS(0)), 1);
        rules[RULE_REPLAY_FAILING].enabled = false;
        alerts_reconfigure(a, rules, SECONDS(1));
        assert_int_equal(only(a)->state, ALERT_FIRING);
        rules[RULE_BAND_CROSSED].enabled = false;
        alerts_reconfigure(a, rules, SECONDS(2));
        assert_int_equal(only(a)->state, ALERT_RESOLVED);
        assert_int_equal(due(a, SECONDS(2)), 1);
        set_rules(rules, 60, 0);
        update(a, rules, HOLDS, SECONDS(3));
        rules[RULE_BAND_CROSSED].enabled = false;
        alerts_reconfigure(a, rules, SECONDS(4));
        assert_null(only(a));
}

static void a_longer_for_returns_to_pending(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 0, 0);
        update(a, rules, HOLDS, SECONDS(0));
        assert_int_equal(due(a, SECONDS(0)), 1);
        set_rules(rules, 30, 0);
        alerts_reconfigure(a, rules, SECONDS(30));
        assert_int_equal(only(a)->state, ALERT_FIRING);
        set_rules(rules, 60, 0);
        alerts_reconfigure(a, rules, SECONDS(30));
        assert_int_equal(only(a)->state, ALERT_PENDING);
        assert_int_equal(due(a, SECONDS(200)), 0);
        /* People were told that it fires, so they are told of its end. */
        update(a, rules, OVER, SECONDS(201));
        assert_int_equal(only(a)->state, ALERT_RESOLVED);
        assert_int_equal(only(a)->fired_at, SECONDS(0));
        assert_int_equal(due(a, SECONDS(201)), 1);
}

static void transitions_are_reported_once(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];

        set_rules(rules, 60, 0);
        update(a, rules, HOLDS, SECONDS(0));
        assert_int_equal(transitions(a), 0);
        update(a, rules, HOLDS, SECONDS(60));
        assert_int_equal(transitions(a), 1);
        update(a, rules, HOLDS, SECONDS(70));
        assert_int_equal(transitions(a), 0);
        update(a, rules, OVER, SECONDS(80));
        assert_int_equal(transitions(a), 1);
        update(a, rules, OVER, SECONDS(90));
        assert_int_equal(transitions(a), 0);
}

/* An Alertmanager takes the end of an alert from the times that it has: those of before a jump say
 * that it is long over, or goes on for years. */
static void who_has_an_alert_hears_of_its_new_times_at_once(void **state)
{
        const int64_t back = -(int64_t)(20 * 365 * USEC_PER_DAY);
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];
        const struct alert *alert;

        set_rules(rules, 60, 0);
        update(a, rules, HOLDS, SECONDS(0));
        alerts_jump(a, back); /* nobody has it */
        assert_int_equal(due(a, SECONDS(10) + (usec_t)back), 0);
        alerts_jump(a, -back);
        update(a, rules, HOLDS, SECONDS(60));
        assert_int_equal(due(a, SECONDS(60)), 1);
        alerts_jump(a, back);
        assert_int_equal(alerts_next(a, &policy), 0);
        assert_int_equal(due(a, SECONDS(65) + (usec_t)back), 1);
        alert = only(a);
        assert_int_equal(alert->active_at, SECONDS(0) + (usec_t)back);
        assert_int_equal(alert->fired_at, SECONDS(60) + (usec_t)back);
        assert_int_equal(alert->valid_until, SECONDS(65 + 240) + (usec_t)back);
        assert_int_equal(due(a, SECONDS(65 + 60) + (usec_t)back), 0);
        assert_int_equal(due(a, SECONDS(65 + 61) + (usec_t)back), 1);
        update(a, rules, OVER, SECONDS(200) + (usec_t)back);
        assert_int_equal(due(a, SECONDS(200) + (usec_t)back), 1);
        alerts_jump(a, -back);
        assert_int_equal(alert->resolved_at, SECONDS(200));
        assert_int_equal(due(a, SECONDS(201)), 1);
        assert_int_equal(due(a, SECONDS(202)), 0);
}

static void thousands_of_alerts(void **state)
{
        enum { COUNT = 5000 };
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        _cleanup_(signals_done) struct signals all = signals_of("c", "main");
        _cleanup_(signals_done) struct signals none = signals_of("c", "main");
        _cleanup_free_ const struct alert **list = NULL;
        struct rule rules[RULE_COUNT];
        size_t count;

        set_rules(rules, 0, 0);
        for (unsigned i = 0; i < COUNT; i++) {
                char id[16];

                (void)snprintf(id, sizeof(id), "q-%u", i);
                add_signal(&all, RULE_BAND_CROSSED, "warning", id, "d");
        }
        assert_int_equal(alerts_update(a, rules, &all, SECONDS(0)), 0);
        assert_int_equal(alerts_update(a, rules, &all, SECONDS(1)), 0);
        assert_int_equal(alerts_list(a, &list, &count), 0);
        assert_int_equal(count, COUNT);
        for (size_t i = 1; i < count; i++)
                assert_true(list[i - 1]->fingerprint < list[i]->fingerprint);
        assert_int_equal(due(a, SECONDS(1)), COUNT);
        assert_int_equal(alerts_update(a, rules, &none, SECONDS(2)), 0);
        alerts_expire(a, SECONDS(2 + 901));
        assert_int_equal(count_all(a), 0);
        assert_int_equal(alerts_update(a, rules, &all, SECONDS(2000)), 0);
        assert_int_equal(count_all(a), COUNT);
}

static void what_does_not_move_is_nobody_s_news(void **state)
{
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        _cleanup_(signals_done) struct signals same = signals_of("c", "main");
        _cleanup_(signals_done) struct signals other = signals_of("c", "main");
        struct rule rules[RULE_COUNT];
        uint64_t moves, generation;

        set_rules(rules, 0, 0);
        add_signal(&same, RULE_BAND_CROSSED, "warning", "q", "at 1.1");
        add_signal(&other, RULE_BAND_CROSSED, "warning", "q", "at 1.2");
        assert_int_equal(alerts_update(a, rules, &same, SECONDS(0)), 0);
        moves = alerts_moves(a);
        generation = alerts_generation(a);
        assert_true(moves > 0);
        assert_int_equal(alerts_update(a, rules, &same, SECONDS(1)), 0);
        replay_of(a, rules, "unrelated", "main", false, false, NULL, SECONDS(1));
        assert_int_equal(alerts_moves(a), moves);
        assert_int_equal(alerts_generation(a), generation);
        assert_int_equal(alerts_update(a, rules, &other, SECONDS(2)), 0);
        assert_int_equal(alerts_moves(a), moves);
        assert_true(alerts_generation(a) > generation);
        generation = alerts_generation(a);
        assert_int_equal(due(a, SECONDS(3)), 1); /* when it was sent is shown */
        assert_int_equal(alerts_moves(a), moves);
        assert_true(alerts_generation(a) > generation);
        replay_of(a, rules, "second", "main", false, false, "q", SECONDS(4));
        assert_true(alerts_moves(a) > moves);
        moves = alerts_moves(a);
        replay_of(a, rules, "second", "main", true, true, "q", SECONDS(5)); /* inhibits them */
        assert_true(alerts_moves(a) > moves);
        moves = alerts_moves(a);
        replay_of(a, rules, "second", "main", true, true, "q", SECONDS(6));
        assert_int_equal(alerts_moves(a), moves);
        replay_of(a, rules, "second", "main", false, false, "q", SECONDS(7));
        assert_true(alerts_moves(a) > moves);
        moves = alerts_moves(a);
        alerts_expire(a, SECONDS(7 + 901));
        assert_true(alerts_moves(a) > moves);
        moves = alerts_moves(a);
        alerts_jump(a, -(int64_t)USEC_PER_SEC);
        assert_true(alerts_moves(a) > moves);
}

/* Of many collections each has its own, whatever shares a bucket with it. */
static void collections_do_not_end_each_other_s(void **state)
{
        enum { COLLECTIONS = 300 };
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        struct rule rules[RULE_COUNT];
        char name[16];

        set_rules(rules, 0, 0);
        for (unsigned i = 0; i < COLLECTIONS; i++) {
                (void)snprintf(name, sizeof(name), "c-%u", i);
                replay_of(a, rules, name, "main", false, false, "q", SECONDS(1));
        }
        for (unsigned i = 0; i < COLLECTIONS; i++) {
                _cleanup_free_ const struct alert **list = NULL;
                size_t count, firing = 0;

                (void)snprintf(name, sizeof(name), "c-%u", i);
                if (i % 2 == 0)
                        replay_of(a, rules, name, "main", false, false, NULL, SECONDS(2));
                else
                        alerts_forget_collection(a, name, SECONDS(2));
                assert_int_equal(alerts_list(a, &list, &count), 0);
                assert_int_equal(count, COLLECTIONS);
                while (firing < count && list[firing]->state == ALERT_FIRING)
                        assert_string_not_equal(
                                labels_get(&list[firing++]->labels, "collection"), name);
                assert_int_equal(firing, COLLECTIONS - 1 - i);
        }
}

/* CPU time of updates of a collection with one alert; the least of several rounds. */
static usec_t time_of_updates(struct alerts *a, const struct rule *rules)
{
        usec_t least = USEC_INFINITY;

        for (unsigned round = 0; round < 5; round++) {
                usec_t begun = clock_usec(CLOCK_THREAD_CPUTIME_ID);

                for (unsigned i = 0; i < 1000; i++)
                        replay_of(a, rules, "small", "main", false, false, "q", SECONDS(3));
                least = MIN(least, clock_usec(CLOCK_THREAD_CPUTIME_ID) - begun);
        }
        return least;
}

/* When it walked all of them it took 200 times as long. */
static void an_update_costs_what_its_own_alerts_do(void **state)
{
        enum { OTHERS = 10000 };
        _cleanup_(alerts_freep) struct alerts *a = alerts_new();
        _cleanup_(signals_done) struct signals others = signals_of("others", "main");
        struct rule rules[RULE_COUNT];
        usec_t alone;

        set_rules(rules, 0, 0);
        alone = time_of_updates(a, rules);
        for (unsigned i = 0; i < OTHERS; i++) {
                char id[16];

                (void)snprintf(id, sizeof(id), "q-%u", i);
                add_signal(&others, RULE_BAND_CROSSED, "warning", id, "d");
        }
        assert_int_equal(alerts_update(a, rules, &others, SECONDS(3)), 0);
        assert_true(time_of_updates(a, rules) < 5 * alone);
}

/* Random lives: whatever happens, each firing and each end is told once and in turn, nothing is due
 * twice at one moment, and an end is never told without its beginning. */
static void random_lives_are_told_in_turn(void **state)
{
        static const struct notice_policy at_once = {0, 0, USEC_INFINITY};
        unsigned seed = 20261123;

        for (size_t life = 0; life < fewer(200); life++) {
                _cleanup_(alerts_freep) struct alerts *a = alerts_new();
                struct rule rules[RULE_COUNT];
                _cleanup_(notices_freep) struct notices *notices = notices_new();
                bool told = false;
                usec_t now = T0;

                set_rules(
                        rules, (unsigned)rand_r(&seed) % 3 * 30, (unsigned)rand_r(&seed) % 3 * 30);
                for (int i = 0; i < 100; i++) {
                        _cleanup_free_ const struct alert **list = NULL;
                        _cleanup_(news_done) struct news news = {0};
                        size_t count;

                        now += (usec_t)(rand_r(&seed) % 90) * USEC_PER_SEC;
                        update(a, rules, (enum condition)(rand_r(&seed) % 4), now);
                        if (rand_r(&seed) % 10 == 0) {
                                rules[RULE_BAND_CROSSED].for_usec =
                                        (usec_t)(rand_r(&seed) % 60) * USEC_PER_SEC;
                                alerts_reconfigure(a, rules, now);
                        }
                        alerts_expire(a, now);
                        (void)due(a, now);
                        assert_int_equal(due(a, now), 0);
                        assert_int_equal(alerts_list(a, &list, &count), 0);
                        assert_int_equal(
                                notices_update(notices, list, count, &at_once, now, &news), 0);
                        assert_true(news.count <= 1);
                        if (news.count == 1) {
                                assert_int_equal(
                                        news.notices[0].kind, told ? NOTICE_CLOSED : NOTICE_OPENED);
                                assert_int_equal(news.notices[0].count, 1);
                                assert_true(news.notices[0].alerts[0].fired_at >= T0);
                                told = !told;
                        }
                        assert_true(alerts_next(a, &policy) > now);
                        assert_true(notices_next(notices, &at_once) > now);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(life_of_an_alert),
                cmocka_unit_test(times_are_prometheus),
                cmocka_unit_test(the_next_thing_to_do),
                cmocka_unit_test(annotations_are_refreshed_identity_is_not),
                cmocka_unit_test(severity_belongs_to_the_identity),
                cmocka_unit_test(a_vanished_query_and_collection_end),
                cmocka_unit_test(who_yields_a_collection_ends_nothing_elsewhere),
                cmocka_unit_test(a_server_that_is_down_inhibits),
                cmocka_unit_test(an_inhibited_alert_that_was_sent_goes_on),
                cmocka_unit_test(an_inhibited_alert_that_was_never_sent_ends_in_silence),
                cmocka_unit_test(a_failure_on_a_server_that_answers_does_not_inhibit),
                cmocka_unit_test(a_pending_failure_does_not_inhibit),
                cmocka_unit_test(a_rule_switched_off_ends_its_alerts),
                cmocka_unit_test(a_longer_for_returns_to_pending),
                cmocka_unit_test(transitions_are_reported_once),
                cmocka_unit_test(who_has_an_alert_hears_of_its_new_times_at_once),
                cmocka_unit_test(thousands_of_alerts),
                cmocka_unit_test(what_does_not_move_is_nobody_s_news),
                cmocka_unit_test(collections_do_not_end_each_other_s),
                cmocka_unit_test(an_update_costs_what_its_own_alerts_do),
                cmocka_unit_test(random_lives_are_told_in_turn),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
