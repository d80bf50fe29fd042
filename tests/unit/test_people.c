/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "fewer.h"
#include "keep/people.h"
#include "kept.h"
#include "log.h"
#include "policies.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)
#define MINUTES(m) (T0 + (usec_t)(m)*USEC_PER_MINUTE)
#define ID "01234567-89ab-cdef-0123-456789abcde"

struct life {
        struct state *state;
        struct desk *desk;
        struct desk_policy policy;
        struct policies policies;
};

static void live(struct life *l)
{
        l->state = kept_open();
        l->desk = desk_new();
        desk_configure(l->desk, &l->policy);
}

static void die(struct life *l)
{
        state_free(l->state);
        desk_free(l->desk);
}

static int begin(void **ret)
{
        struct life *l = calloc(1, sizeof(*l));

        policies_of("critical 0:L1 15:L2", &l->policies);
        l->policy.escalation = l->policies.policies;
        l->policy.escalation_count = l->policies.count;
        live(l);
        *ret = l;
        return 0;
}

static int end(void **ret)
{
        struct life *l = *ret;

        die(l);
        policies_done(&l->policies);
        free(l);
        return kept_clear(NULL);
}

static void save(struct life *l)
{
        assert_int_equal(people_put(l->state, l->desk), 0);
        kept_commit(l->state);
}

static size_t restore(struct life *l, usec_t now)
{
        _cleanup_error_ struct error e = {0};
        size_t refused = 0;
        int r = people_restore(l->state, l->desk, now, &refused, &e);

        if (r < 0)
                fail_msg("%s", error_text(&e, r));
        assert_true(refused == 0 || e.message);
        return refused;
}

static void be_born_again(struct life *l, usec_t now)
{
        save(l);
        die(l);
        live(l);
        assert_int_equal(restore(l, now), 0);
        save(l);
        /* What is there already is not written again. */
        assert_int_equal(people_put(l->state, l->desk), 0);
        assert_false(state_pending(l->state, false));
}

static void add_silence(struct life *l, const char *id, const char *matchers, usec_t now)
{
        struct silence s = {.id = strdup(id),
                .created_by = strdup("anna"),
                .comment = strdup("a \"re-ingest\""),
                .ends_at = now + USEC_PER_HOUR,
                .relative = true};

        assert_int_equal(matchers_parse(&s.matchers, matchers, NULL), 0);
        assert_int_equal(silences_add(desk_silences(l->desk), &s, now, NULL), 0);
}

static void open_incident(struct life *l, const char *incident, const char *severity, usec_t now)
{
        _cleanup_(roster_done) struct roster fallback = {0};
        struct escalation_actions told;

        assert_int_equal(roster_add(&fallback, "team"), 0);
        assert_int_equal(
                escalations_open(desk_escalations(l->desk), incident, severity, &fallback, now), 0);
        assert_int_equal(escalations_update(desk_escalations(l->desk), now, &told), 0);
        escalation_actions_done(&told);
}

static void silences_go_on(void **state)
{
        static const char matchers[] = "{a=\"b \\\"c\\\"\",d!=\"e\",f=~\"g|h.*\",i!~\"(?i)j\"}";
        struct life *l = *state;
        _cleanup_text_ struct text t = {0};
        const struct silence *s;

        add_silence(l, ID "1", "first=x", T0);
        add_silence(l, ID "0", matchers, MINUTES(5));
        assert_int_equal(silences_expire(desk_silences(l->desk), ID "1", MINUTES(6), NULL), 0);
        be_born_again(l, MINUTES(10));
        /* In the order in which they were made. */
        s = silences_at(desk_silences(l->desk), 0);
        assert_string_equal(s->id, ID "1");
        assert_int_equal(silence_state(s, MINUTES(10)), SILENCE_EXPIRED);
        s = silences_at(desk_silences(l->desk), 1);
        assert_string_equal(s->id, ID "0");
        assert_string_equal(s->created_by, "anna");
        assert_string_equal(s->comment, "a \"re-ingest\"");
        assert_int_equal(s->created_at, MINUTES(5));
        assert_int_equal(s->starts_at, MINUTES(5));
        assert_int_equal(s->ends_at, MINUTES(65));
        assert_true(s->relative);
        matchers_build(&s->matchers, &t);
        assert_string_equal(text_string(&t), matchers);
        /* The one that is kept no longer is no error, and is gone. */
        die(l);
        live(l);
        assert_int_equal(restore(l, MINUTES(6) + SILENCE_RETENTION), 0);
        assert_null(silences_at(desk_silences(l->desk), 1));
        kept_commit(l->state);
        assert_int_equal(kept_count(), 1);
}

static void acknowledgements_of_alerts_go_on(void **state)
{
        struct life *l = *state;
        const struct alert_ack *a;

        assert_int_equal(acks_add(desk_acks(l->desk), 7, "anna", "known", USEC_PER_HOUR, T0), 0);
        assert_int_equal(
                acks_add(desk_acks(l->desk), UINT64_MAX, "ben", NULL, USEC_INFINITY, T0), 0);
        be_born_again(l, MINUTES(1));
        a = acks_find(desk_acks(l->desk), 7);
        assert_string_equal(a->ack.by, "anna");
        assert_string_equal(a->ack.comment, "known");
        assert_int_equal(a->ack.at, T0);
        assert_int_equal(a->until, T0 + USEC_PER_HOUR);
        a = acks_find(desk_acks(l->desk), UINT64_MAX);
        assert_string_equal(a->ack.comment, "");
        assert_true(a->until == USEC_INFINITY);
        assert_int_equal(acks_remove(desk_acks(l->desk), 7), 0);
        be_born_again(l, MINUTES(1));
        assert_int_equal(desk_acks(l->desk)->count, 1);
}

static void positions_go_on(void **state)
{
        struct life *l = *state;
        const struct escalation *x;
        struct escalations *e;

        open_incident(l, "kb", "critical", T0);
        open_incident(l, "wiki", "warning", MINUTES(1));
        e = desk_escalations(l->desk);
        assert_int_equal(escalations_silence(e, "wiki", "silenced by anna", MINUTES(2)), 0);
        assert_int_equal(escalations_acknowledge(e, "kb", "anna", "on it", MINUTES(3)), 0);
        assert_int_equal(escalations_expect(e, "early", "critical", MINUTES(4)), 0);
        be_born_again(l, MINUTES(30));
        e = desk_escalations(l->desk);
        x = escalations_find(e, "kb");
        assert_string_equal(x->severity, "critical");
        assert_int_equal(x->step, 1);
        assert_int_equal(x->step_at, T0);
        assert_string_equal(x->ack.by, "anna");
        assert_int_equal(x->ack.at, MINUTES(3));
        assert_true(roster_has(&x->told, "L1"));
        x = escalations_find(e, "wiki");
        assert_string_equal(x->silence, "silenced by anna");
        assert_int_equal(x->silenced_at, MINUTES(2));
        assert_null(x->ack.by);
        assert_true(roster_has(&x->fallback, "team") && roster_has(&x->told, "team"));
        assert_true(escalations_find(e, "early")->early);
        /* Given back, the chain begins again; its end is no row. */
        assert_int_equal(escalations_unacknowledge(e, "kb", "anna", MINUTES(31)), 0);
        be_born_again(l, MINUTES(32));
        x = escalations_find(desk_escalations(l->desk), "kb");
        assert_int_equal(x->began, ESCALATION_REOPENED);
        assert_string_equal(x->because, "anna took back the acknowledgement of anna");
}

static void what_is_impossible_is_refused(void **state)
{
        static const struct {
                const char *kind, *key, *value;
        } rows[] = {
                {"ack", "7", "{\"ack\":{\"by\":\"anna\",\"comment\":\"\",\"at\":1}}"},
                {"ack", "0000000000000007", "{\"until\":1}"},
                {"ack", "0000000000000007", "{\"ack\":null}"},
                {"ack", "0000000000000007", "{\"ack\":{\"by\":\"\",\"at\":1}}"},
                {"ack", "0000000000000007", "{\"ack\":{\"by\":1,\"at\":1}}"},
                {"silence", ID "0", "[]"},
                {"silence", ID "0",
                        "{\"created_by\":\"a\",\"comment\":\"b\",\"starts_at\":1,\"ends_at\":"
                        "1900000000000000}"},
                {"silence", ID "0",
                        "{\"created_by\":\"a\",\"comment\":\"b\",\"starts_at\":1800000000000000,"
                        "\"ends_at\":1800000001000000,\"matchers\":\"a=~(\"}"},
                {"silence", "no-uuid",
                        "{\"created_by\":\"a\",\"comment\":\"b\",\"starts_at\":1800000000000000,"
                        "\"ends_at\":1800000001000000,\"matchers\":\"a=b\"}"},
                {"silence", ID "0",
                        "{\"comment\":\"b\",\"starts_at\":1800000000000000,"
                        "\"ends_at\":1800000001000000,\"matchers\":\"a=b\"}"},
                {"escalation", "kb", "{\"severity\":\"critical\"}"},
                {"escalation", "kb", "{\"ack\":null,\"fallback\":[],\"told\":[]}"},
                {"escalation", "kb",
                        "{\"severity\":\"critical\",\"ack\":null,\"fallback\":[],\"told\":[1]}"},
                {"escalation", "kb",
                        "{\"severity\":\"critical\",\"began\":\"slept\",\"ack\":null,"
                        "\"fallback\":[],\"told\":[]}"},
        };
        struct life *l = *state;

        add_silence(l, ID "1", "a=b", T0);
        save(l);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                kept_write(l->state, rows[i].kind, false, rows[i].key, rows[i].value,
                        strlen(rows[i].value));
                die(l);
                live(l);
                if (restore(l, T0) != 1)
                        fail_msg("%s %s", rows[i].kind, rows[i].value);
                assert_non_null(silences_at(desk_silences(l->desk), 0));
                kept_commit(l->state);
                assert_int_equal(kept_count(), 1);
        }
}

static void garbled_rows_are_refused_one_by_one(void **state)
{
        struct kept_row rows[KEPT_ROWS_MAX + 1];
        const unsigned rounds = (unsigned)fewer(600);
        struct life *l = *state;
        size_t refused = 0;
        uint64_t seed = 11;

        log_init(LOG_EMERG, LOG_LOGFMT);
        add_silence(l, ID "1", "a=b,c=~\"d|e\"", T0);
        assert_int_equal(acks_add(desk_acks(l->desk), 7, "anna", "known", USEC_PER_HOUR, T0), 0);
        open_incident(l, "kb", "critical", T0);
        assert_int_equal(
                escalations_acknowledge(desk_escalations(l->desk), "kb", "anna", "on it", T0), 0);
        save(l);
        assert_int_equal(kept_rows(rows), 3);
        for (unsigned i = 0; i < rounds; i++) {
                size_t which = i % 3, size = strlen(rows[which].value);
                struct escalation_actions actions;
                struct standing *standing;
                char value[4096];

                memcpy(value, rows[which].value, sizeof(value));
                size = kept_garble(value, size, i, &seed);
                kept_write(l->state, rows[which].kind, false, rows[which].key, value, size);
                die(l);
                live(l);
                refused += restore(l, T0);
                assert_int_equal(desk_show(l->desk, T0, &standing), 0);
                standing_unref(standing);
                assert_int_equal(desk_update(l->desk, &(const struct news){0}, NULL, 0, MINUTES(20),
                                         &actions),
                        0);
                escalation_actions_done(&actions);
        }
        assert_true(refused > rounds / 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(silences_go_on, begin, end),
                cmocka_unit_test_setup_teardown(acknowledgements_of_alerts_go_on, begin, end),
                cmocka_unit_test_setup_teardown(positions_go_on, begin, end),
                cmocka_unit_test_setup_teardown(what_is_impossible_is_refused, begin, end),
                cmocka_unit_test_setup_teardown(garbled_rows_are_refused_one_by_one, begin, end),
        };

        return cmocka_run_group_tests(tests, kept_set_up, kept_tear_down);
}
