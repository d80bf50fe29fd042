/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "judge/judge.h"

static struct answer *answer_at(unsigned count, float first)
{
        static const char *const ids[] = {"a", "b", "c"};
        const float distances[] = {first, first + .1f, first + .2f};

        return answer_new(count, ids, distances, NULL);
}

static struct query query_expecting(char **id, unsigned within, float min, float max)
{
        return (struct query){
                .id = (char *)"q",
                .expect = {.ids = id,
                        .id_count = id ? 1 : 0,
                        .within = within,
                        .distance_min = min,
                        .distance_max = max},
        };
}

static void outcomes(void **state)
{
        static char *id_a[] = {(char *)"a"}, *id_c[] = {(char *)"c"}, *id_x[] = {(char *)"x"};
        static const struct {
                char **id;
                unsigned within;
                float min, max;
                unsigned count;
                enum outcome outcome;
                unsigned rank;
                const char *reason; /* part of it */
        } rows[] = {
                {id_a, 1, -INFINITY, INFINITY, 3, OUTCOME_PASS, 1, NULL},
                {id_c, 3, -INFINITY, INFINITY, 3, OUTCOME_PASS, 3, NULL},
                {id_c, 2, -INFINITY, INFINITY, 3, OUTCOME_FAIL, 3, "at rank 3"},
                {id_c, 0, -INFINITY, INFINITY, 3, OUTCOME_PASS, 3, NULL},
                {id_x, 0, -INFINITY, INFINITY, 3, OUTCOME_FAIL, 0,
                        "the best is \"a\" at distance 0.9"},
                {id_a, 0, -INFINITY, .8f, 3, OUTCOME_DRIFT, 1, "above the expected maximum of 0.8"},
                {id_c, 0, 1.2f, INFINITY, 3, OUTCOME_DRIFT, 3, "below the expected minimum of 1.2"},
                {id_c, 0, 1.0f, 1.11f, 3, OUTCOME_PASS, 3, NULL},
                {NULL, 0, 1.2f, INFINITY, 3, OUTCOME_DRIFT, 0, "distance 0.9 is below"},
                {NULL, 0, .8f, 1.f, 3, OUTCOME_PASS, 0, NULL},
                {NULL, 0, -INFINITY, INFINITY, 0, OUTCOME_FAIL, 0, "returned no record"},
        };
        _cleanup_(bands_done) struct bands bands = {0};

        assert_int_equal(bands_default(NULL, &bands), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct query q =
                        query_expecting(rows[i].id, rows[i].within, rows[i].min, rows[i].max);
                _cleanup_(answer_unrefp) struct answer *a = answer_at(rows[i].count, .9f);
                _cleanup_(judgement_done) struct judgement v;
                struct band_state s;

                band_state_init(&s);
                assert_int_equal(judge_answer(&q, a, NULL, &bands, &s, &v), 0);
                assert_int_equal(v.outcome, rows[i].outcome);
                assert_int_equal(v.expected_rank, rows[i].rank);
                if (!rows[i].reason)
                        assert_null(v.reason);
                else if (!v.reason || !strstr(v.reason, rows[i].reason))
                        fail_msg("row %zu: \"%s\"", i, v.reason);
        }
}

static void a_crossing_is_drift_and_says_from_where(void **state)
{
        struct query q = query_expecting(NULL, 0, -INFINITY, INFINITY);
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_(judgement_done) struct judgement v;
        struct band_state s;

        assert_int_equal(bands_default(NULL, &bands), 0);
        band_state_init(&s);
        judgement_init(&v);
        for (int i = 0; i < 8; i++) {
                _cleanup_(answer_unrefp) struct answer *a = answer_at(3, i < 4 ? .9f : 1.1f);

                judgement_done(&v);
                assert_int_equal(judge_answer(&q, a, NULL, &bands, &s, &v), 0);
                assert_int_equal(v.outcome, i < 7 ? OUTCOME_PASS : OUTCOME_DRIFT);
        }
        assert_true(v.crossed);
        assert_string_equal(v.reason, "distance moved from band \"good\" (0.9) to \"okay\" (1.1)");
}

static void unmeasured_changes_nothing(void **state)
{
        struct query q = query_expecting(NULL, 0, -INFINITY, INFINITY);
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_(judgement_done) struct judgement v;
        struct band_state s, before;

        assert_int_equal(bands_default(NULL, &bands), 0);
        band_state_restore(&s, 1, .9f);
        memcpy(&before, &s, sizeof(s));
        assert_int_equal(judge_answer(&q, NULL, "a distance is null", &bands, &s, &v), 0);
        assert_int_equal(v.outcome, OUTCOME_UNMEASURED);
        assert_string_equal(v.reason, "a distance is null");
        assert_true(isnan(v.distance));
        assert_int_equal(v.home_band, 1);
        assert_memory_equal(&before, &s, sizeof(s));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(outcomes),
                cmocka_unit_test(a_crossing_is_drift_and_says_from_where),
                cmocka_unit_test(unmeasured_changes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
