/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>
#include <stdio.h>

#include "fleet.h"
#include "judge/drift.h"
#include "judge/finding.h"
#include "judge/judge.h"
#include "judge/sensitivity.h"
#include "judge/verdict.h"
#include "random.h"

/* Losses with nothing in common but the seed: an interval that holds in all of them. */
#define SURE 0.9999

/* Queries with `results` records each that no other one has, and as many that follow: at `step`
 * from each other, and `gap` after the answer. */
struct world {
        size_t queries;
        unsigned results;
        double step, gap;
        int64_t records;
        bool shared; /* the same records for all queries */
        bool any; /* each record is expected by metadata, not the first one by id */
        bool kept; /* what follows is known */
};

/* Of one record each. */
static const struct world singles = {
        .queries = 20, .results = 1, .step = 1e-5, .gap = 1e-5, .records = 1000, .kept = true};

static struct answer *records(const struct world *w, size_t query, unsigned first, double distance)
{
        char names[20][24];
        const char *ids[20];
        float distances[20];

        assert_true(w->results <= 20);
        for (unsigned i = 0; i < w->results; i++) {
                (void)snprintf(
                        names[i], sizeof(names[i]), "r%zu.%u", w->shared ? 0 : query, first + i);
                ids[i] = names[i];
                distances[i] = (float)(distance + w->step * i);
        }
        return answer_new(w->results, ids, distances, NULL);
}

static void expect_record(const struct world *w, struct query *q, struct baseline_query *b)
{
        size_t count = w->any ? 2 * w->results : 1;

        if (w->any)
                q->expect.metadata = json_pack("[{s:s}]", "file", "a.md");
        else {
                q->expect.ids = calloc(1, sizeof(char *));
                q->expect.ids[0] = strdup(b->answer->ids[0]);
                q->expect.id_count = 1;
        }
        b->outcome = OUTCOME_PASS;
        b->expected_rank = 1;
        if (!w->kept)
                return;
        b->beyond.expected = calloc(count, sizeof(unsigned));
        for (size_t i = 0; i < count; i++)
                b->beyond.expected[b->beyond.expected_count++] = (unsigned)i + 1;
}

static struct collection_view *view_of(const struct world *w)
{
        struct answer **answers = calloc(w->queries, sizeof(*answers));
        struct answer *const *samples[] = {answers, answers, answers};
        struct collection_view *c = collection_view_new(w->queries);

        c->query_set = fleet_set(w->queries);
        c->label = strdup("docs");
        c->results = w->results;
        c->bands.bands = calloc(1, sizeof(struct band));
        c->bands.bands[0] = (struct band){strdup("any"), INFINITY};
        c->bands.count = 1;
        for (size_t i = 0; i < w->queries; i++)
                answers[i] = records(w, i, 0, 0.5);
        c->baseline = fleet_baseline(c->query_set, samples, 3, w->results);
        c->baseline->epoch.records = c->epoch.records = w->records;
        for (size_t i = 0; i < w->queries; i++) {
                struct baseline_query *b = &c->baseline->queries[i];

                if (w->kept)
                        b->beyond.records = records(w, i, w->results,
                                (double)b->answer->distances[w->results - 1] + w->gap);
                expect_record(w, &c->query_set->queries[i], b);
                c->queries[i].answer = answers[i];
        }
        free(answers);
        return c;
}

static struct sensitivity compute(const struct collection_view *c)
{
        struct sensitivity s;

        assert_return_code(sensitivity_compute(c, &s), 0);
        return s;
}

static struct sensitivity compute_world(struct world w)
{
        struct collection_view *c = view_of(&w);
        struct sensitivity s = compute(c);

        collection_view_unref(c);
        return s;
}

/* That one of `watched` records is among those lost, by its definition. */
static double any_of(size_t watched, const struct sensitivity_loss *l, int64_t records)
{
        double none = 1;

        if (records < 0)
                return 1 - pow(1 - l->share, (double)watched);
        for (size_t i = 0; i < watched; i++)
                none *= fmax(0, (double)(records - l->records) - (double)i) /
                        (double)(records - (int64_t)i);
        return 1 - none;
}

static void expect_share(const struct sensitivity_loss *l, double expected)
{
        struct interval sure = proportion_clopper_pearson(l->red.hits, l->red.of, SURE);

        assert_int_equal(
                l->red.of, l->red.hits == l->red.of ? SENSITIVITY_CERTAIN : SENSITIVITY_TRIALS);
        if (!(sure.low <= expected && expected <= sure.high))
                fail_msg("%zu of %zu at %g, not %g", l->red.hits, l->red.of, l->share, expected);
}

/* Each query expects one record: the gate fails when any of these is lost. */
static void one_record_a_query_has_a_closed_form(void **state)
{
        static const int64_t counts[] = {-1, 1000, 20000};

        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                struct sensitivity s = compute_world((struct world){.queries = 20,
                        .results = 1,
                        .step = 1e-5,
                        .gap = 1e-5,
                        .records = counts[i],
                        .kept = true});

                assert_int_equal(s.gap, SENSITIVITY_KNOWN);
                assert_int_equal(s.watched, 20);
                assert_int_equal(s.followed, 20);
                for (size_t l = 0; l < SENSITIVITY_LOSSES; l++) {
                        double expected = any_of(20, &s.losses[l], counts[i]);

                        expect_share(&s.losses[l], expected);
                        assert_true(fabs(s.losses[l].changes - expected) < 1e-9);
                }
        }
}

/* A record that stands in many answers can be lost once. */
static void a_record_is_lost_for_all_queries_at_once(void **state)
{
        struct sensitivity s = compute_world((struct world){.queries = 20,
                .results = 1,
                .step = 1e-5,
                .gap = 1e-5,
                .records = 2000,
                .shared = true,
                .kept = true});

        assert_int_equal(s.watched, 1);
        for (size_t l = 0; l < SENSITIVITY_LOSSES; l++)
                expect_share(&s.losses[l], (double)s.losses[l].records / 2000);
}

static void a_larger_loss_is_seen_no_less(void **state)
{
        struct sensitivity s = compute_world((struct world){.queries = 30,
                .results = 10,
                .step = 0.004,
                .gap = 0.004,
                .records = 3000,
                .any = true,
                .kept = true});
        double before = 0;

        for (size_t l = 0; l < SENSITIVITY_LOSSES; l++) {
                assert_true(s.losses[l].red.share >= before);
                assert_true(l == 0 || s.losses[l].changes >= s.losses[l - 1].changes);
                before = s.losses[l].red.share;
        }
        /* An answer changes long before anybody is told. */
        assert_true(s.losses[1].changes > 0.7);
        assert_true(s.losses[1].red.hits < s.losses[1].red.of / 2);
        assert_int_equal(s.losses[SENSITIVITY_LOSSES - 1].red.hits, SENSITIVITY_CERTAIN);
}

/* What follows is as good and as near. */
static void what_can_be_replaced_is_not_missed(void **state)
{
        struct sensitivity s = compute_world((struct world){.queries = 20,
                .results = 10,
                .step = 1e-6,
                .gap = 1e-6,
                .records = 5000,
                .any = true,
                .kept = true});

        for (size_t l = 0; l < 5; l++)
                assert_int_equal(s.losses[l].red.hits, 0);
        assert_true(s.losses[1].changes > 0.5);
}

/* Only the distance tells that another record answers; by the limit that is configured. */
static void distances_are_judged_by_their_limit(void **state)
{
        struct world w = {.queries = 20,
                .results = 1,
                .gap = 0.3,
                .records = 1000,
                .any = true,
                .kept = true};
        struct collection_view *c = view_of(&w);
        struct sensitivity s = compute(c);

        for (size_t l = 0; l < SENSITIVITY_LOSSES; l++)
                expect_share(&s.losses[l], any_of(20, &s.losses[l], 1000));
        c->limits[RULE_DISTANCE_DRIFT] = 0.4;
        c->limits[RULE_SET_DRIFT] = 10;
        s = compute(c);
        /* A share of the set that moved has no such limit. */
        for (size_t l = 0; l < 2; l++)
                assert_int_equal(s.losses[l].red.hits, 0);
        collection_view_unref(c);
}

static void what_is_excused_stops_nothing(void **state)
{
        struct world w = singles;
        struct collection_view *c = view_of(&w);
        struct sensitivity s;

        for (size_t i = 0; i < 15; i++)
                c->queries[i].excused = true;
        s = compute(c);
        assert_int_equal(s.watched, 20);
        /* Beyond this a third of the places is lost, and that is not excused. */
        for (size_t l = 0; l < 5; l++)
                expect_share(&s.losses[l], any_of(5, &s.losses[l], 1000));
        collection_view_unref(c);
}

static void expect_unknown(const struct sensitivity *s, enum sensitivity_gap gap)
{
        assert_int_equal(s->gap, gap);
        for (size_t l = 0; l < SENSITIVITY_LOSSES; l++)
                assert_int_equal(s->losses[l].red.of, 0);
}

static void what_cannot_be_known_is_not_claimed(void **state)
{
        struct world w = {.queries = 5, .results = 2, .step = 1e-5, .gap = 1e-5, .records = 1000};
        struct collection_view *c = view_of(&w), *failing;
        struct sensitivity s = compute(c);

        expect_unknown(&s, SENSITIVITY_NOT_KEPT);
        assert_int_equal(s.followed, 0);
        assert_true(fabs(s.losses[2].changes - any_of(10, &s.losses[2], 1000)) < 1e-9);
        c->baseline = baseline_unref(c->baseline);
        s = compute(c);
        expect_unknown(&s, SENSITIVITY_NO_BASELINE);
        assert_true(fabs(s.losses[2].changes - any_of(10, &s.losses[2], 1000)) < 1e-9);
        collection_view_unref(c);

        w.kept = true;
        failing = view_of(&w);
        free(failing->query_set->queries[3].expect.ids[0]);
        failing->query_set->queries[3].expect.ids[0] = strdup("never there");
        s = compute(failing);
        expect_unknown(&s, SENSITIVITY_FAILS_ALREADY);
        collection_view_unref(failing);
}

/* What is known ends where the deeper search ended, and the collection goes on behind it. */
static void records_that_nobody_knows_are_not_missed(void **state)
{
        struct world w = {.queries = 5,
                .results = 10,
                .step = 1e-6,
                .gap = 1e-6,
                .records = 1000,
                .shared = true,
                .kept = true};
        struct collection_view *c = view_of(&w);
        struct sensitivity s;

        c->results = 20;
        s = compute(c);
        /* With more, a third of the places is lost. */
        for (size_t l = 0; l < 5; l++)
                assert_int_equal(s.losses[l].red.hits, 0);
        /* That is all there is: whatever is lost is missed. */
        for (size_t i = 0; i < 5; i++) {
                c->baseline->queries[i].beyond.records->count--;
                c->baseline->queries[i].beyond.expected_count = 1;
        }
        s = compute(c);
        expect_share(&s.losses[4], 0.05);
        collection_view_unref(c);
}

/* Queries of which nothing is known are taken for such that nothing touches. */
static void few_queries_that_are_followed_are_a_lower_bound(void **state)
{
        struct world w = singles;
        struct collection_view *c = view_of(&w);
        struct sensitivity s;

        for (size_t i = 0; i < 12; i++)
                beyond_done(&c->baseline->queries[i].beyond);
        s = compute(c);
        assert_int_equal(s.gap, SENSITIVITY_KNOWN);
        assert_int_equal(s.followed, 8);
        for (size_t l = 0; l < SENSITIVITY_LOSSES; l++) {
                expect_share(&s.losses[l], any_of(8, &s.losses[l], 1000));
                assert_true(fabs(s.losses[l].changes - any_of(20, &s.losses[l], 1000)) < 1e-9);
        }
        collection_view_unref(c);
}

static void losses_smaller_than_a_record_are_none(void **state)
{
        struct sensitivity s = compute_world((struct world){.queries = 5,
                .results = 1,
                .step = 1e-5,
                .gap = 1e-5,
                .records = 200,
                .kept = true});

        assert_int_equal(s.losses[0].records, 0);
        assert_true(isnan(s.losses[0].changes));
        assert_int_equal(s.losses[0].red.of, 0);
        assert_int_equal(s.losses[1].records, 1);
        expect_share(&s.losses[1], 5 / 200.);
}

static void many_queries_are_tried_less_often(void **state)
{
        struct sensitivity s = compute_world((struct world){.queries = 500,
                .results = 1,
                .step = 1e-5,
                .gap = 1e-5,
                .records = 100000,
                .kept = true});

        assert_int_equal(s.losses[0].red.of, SENSITIVITY_ANSWERS / 500);
}

static void the_same_input_gives_the_same(void **state)
{
        struct world w = {.queries = 20,
                .results = 5,
                .step = 0.01,
                .gap = 0.01,
                .records = 1000,
                .any = true,
                .kept = true};
        struct sensitivity a = compute_world(w), b = compute_world(w);

        for (size_t l = 0; l < SENSITIVITY_LOSSES; l++)
                assert_int_equal(a.losses[l].red.hits, b.losses[l].red.hits);
}

/* The answer without the records that a random loss takes. Any of them is expected. */
static struct answer *lose(const struct baseline_query *b, double share, uint64_t *random)
{
        const struct answer *parts[] = {b->answer, b->beyond.records};
        const char *ids[20];
        float distances[20];
        unsigned n = 0;

        for (size_t p = 0; p < 2; p++)
                for (unsigned i = 0; i < parts[p]->count && n < b->answer->count; i++) {
                        if (random_uniform(random) < share)
                                continue;
                        ids[n] = parts[p]->ids[i];
                        distances[n++] = parts[p]->distances[i];
                }
        return answer_new(n, ids, distances, NULL);
}

/* The verdict of so many replays with these answers. */
static enum verdict judge(
        struct collection_view *c, struct answer **answers, unsigned replays, bool at_once)
{
        struct drift *d = drift_new(c->query_set);
        struct finding_policy policy;

        finding_policy_init(&policy);
        policy.at_once = at_once;
        drift_set_baseline(d, c->baseline, "l2", NAN);
        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct baseline_query *b = &c->baseline->queries[i];
                const struct judge_case one = {&c->query_set->queries[i], b, answers[i],
                        answers[i]->count > 0, answers[i]};
                struct band_state band;

                band_state_init(&band);
                band_state_restore(&band, bands_index(&c->bands, b->answer->distances[0]),
                        b->answer->distances[0]);
                for (unsigned k = 0; k < replays; k++) {
                        judgement_done(&c->queries[i].judgement);
                        assert_return_code(
                                judge_exact(&one, &c->bands, &band, &c->queries[i].judgement), 0);
                }
        }
        for (unsigned k = 0; k < replays; k++) {
                struct query_drift drifts[30];

                drift_update(d, answers, -1, false, false, &c->drift, drifts);
                for (size_t i = 0; i < c->query_set->count; i++)
                        c->queries[i].drift = drifts[i];
        }
        assert_return_code(findings_judge(c, &policy, NULL, 1), 0);
        drift_free(d);
        return verdict_judge(c, NULL);
}

/* The gate judges one replay, the daemon what four have confirmed. */
static void what_lasts_is_judged_by_the_daemon_as_by_the_gate(void **state)
{
        const struct world w = {.queries = 30,
                .results = 5,
                .step = 0.02,
                .gap = 0.02,
                .records = -1,
                .any = true,
                .kept = true};
        struct collection_view *c = view_of(&w);
        uint64_t random = 1;
        unsigned red = 0;

        bands_done(&c->bands);
        assert_return_code(bands_default("l2", &c->bands), 0);
        c->replayed = c->up = true;
        for (unsigned trial = 0; trial < 200; trial++) {
                struct answer *answers[30];
                enum verdict gate;

                for (size_t i = 0; i < 30; i++)
                        answers[i] = lose(&c->baseline->queries[i], 0.003 * (trial % 20), &random);
                gate = judge(c, answers, 1, true);
                assert_int_equal(judge(c, answers, 4, false), gate);
                red += gate == VERDICT_FAIL;
                for (size_t i = 0; i < 30; i++)
                        answer_unref(answers[i]);
        }
        assert_in_range(red, 50, 150);
        collection_view_unref(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_record_a_query_has_a_closed_form),
                cmocka_unit_test(a_record_is_lost_for_all_queries_at_once),
                cmocka_unit_test(a_larger_loss_is_seen_no_less),
                cmocka_unit_test(what_can_be_replaced_is_not_missed),
                cmocka_unit_test(distances_are_judged_by_their_limit),
                cmocka_unit_test(what_is_excused_stops_nothing),
                cmocka_unit_test(records_that_nobody_knows_are_not_missed),
                cmocka_unit_test(few_queries_that_are_followed_are_a_lower_bound),
                cmocka_unit_test(losses_smaller_than_a_record_are_none),
                cmocka_unit_test(many_queries_are_tried_less_often),
                cmocka_unit_test(what_cannot_be_known_is_not_claimed),
                cmocka_unit_test(the_same_input_gives_the_same),
                cmocka_unit_test(what_lasts_is_judged_by_the_daemon_as_by_the_gate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
