/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "judge/arbiter.h"
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
                        "the best is \"a\" at distance 0.9000"},
                {id_a, 0, -INFINITY, .8f, 3, OUTCOME_DRIFT, 1,
                        "distance 0.9000 is above the expected maximum of 0.8"},
                {id_c, 0, 1.2f, INFINITY, 3, OUTCOME_DRIFT, 3, "below the expected minimum of 1.2"},
                {id_c, 0, 1.0f, 1.11f, 3, OUTCOME_PASS, 3, NULL},
                {NULL, 0, 1.2f, INFINITY, 3, OUTCOME_DRIFT, 0, "distance 0.9000 is below"},
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
                assert_int_equal(judge_answer(&q, NULL, a, NULL, &bands, &s, &v), 0);
                assert_int_equal(v.outcome, rows[i].outcome);
                assert_int_equal(v.expected_rank, rows[i].rank);
                if (!rows[i].reason)
                        assert_null(v.reason);
                else if (!v.reason || !strstr(v.reason, rows[i].reason))
                        fail_msg("row %zu: \"%s\"", i, v.reason);
        }
}

/* A file was renamed; or a negative control looks where nothing is. */
static void a_filter_that_matches_nothing_is_named(void **state)
{
        static char *id_a[] = {(char *)"a"};
        static const struct {
                char **id;
                float min, max;
                const char *where, *where_document;
                enum outcome outcome;
                const char *reason;
        } rows[] = {
                {id_a, -INFINITY, INFINITY, "{\"f\":1}", NULL, OUTCOME_FAIL,
                        "the filter matches no record"},
                {NULL, -INFINITY, INFINITY, NULL, "{\"$contains\":\"a\"}", OUTCOME_FAIL,
                        "the filter matches no record"},
                {NULL, -INFINITY, 1, "{\"f\":1}", NULL, OUTCOME_FAIL,
                        "the filter matches no record"},
                {NULL, 1, INFINITY, "{\"f\":1}", NULL, OUTCOME_PASS, NULL},
                {NULL, 1, INFINITY, NULL, NULL, OUTCOME_FAIL, "the collection returned no record"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct query q = query_expecting(rows[i].id, 0, rows[i].min, rows[i].max);
                _cleanup_(answer_unrefp) struct answer *nothing = answer_new(0, NULL, NULL, NULL);
                _cleanup_(bands_done) struct bands bands = {0};
                _cleanup_(judgement_done) struct judgement v;
                struct band_state s;

                q.where = (char *)rows[i].where;
                q.where_document = (char *)rows[i].where_document;
                assert_int_equal(bands_default(NULL, &bands), 0);
                band_state_init(&s);
                assert_int_equal(judge_answer(&q, NULL, nothing, NULL, &bands, &s, &v), 0);
                assert_int_equal(v.outcome, rows[i].outcome);
                if (rows[i].reason)
                        assert_string_equal(v.reason, rows[i].reason);
                else
                        assert_null(v.reason);
        }
}

/* Whether a crossing counts is the findings' decision. */
static void a_crossing_is_noted(void **state)
{
        struct query q = query_expecting(NULL, 0, -INFINITY, 2);
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_(judgement_done) struct judgement v;
        struct band_state s;

        assert_int_equal(bands_default(NULL, &bands), 0);
        band_state_init(&s);
        judgement_init(&v);
        for (int i = 0; i < 8; i++) {
                _cleanup_(answer_unrefp) struct answer *a = answer_at(3, i < 4 ? .9f : 1.1f);

                judgement_done(&v);
                assert_int_equal(judge_answer(&q, NULL, a, NULL, &bands, &s, &v), 0);
                assert_int_equal(v.expected, OUTCOME_PASS);
                assert_int_equal(v.crossed, i == 7);
        }
        assert_int_equal(v.home_band, 1);
        assert_int_equal(v.confirmed_band, 2);
}

/* A query that expects nothing itself has to keep the baseline's best record. */
static void a_baseline_is_an_expectation(void **state)
{
        static const char *const others[] = {"c", "b"};
        static const float distances[] = {.9f, 1.f};
        _cleanup_(answer_unrefp) struct answer *a = answer_at(3, .9f);
        _cleanup_(answer_unrefp) struct answer *best_is_c = answer_new(2, others, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *without_a = answer_new(2, others, distances, NULL);
        _cleanup_(bands_done) struct bands bands = {NULL, 0};
        const struct {
                const struct answer *baseline, *answer;
                unsigned within;
                float max;
                enum outcome outcome;
                const char *reason;
        } rows[] = {
                {NULL, a, 0, INFINITY, OUTCOME_UNJUDGED, "nothing says what is good"},
                {a, a, 0, INFINITY, OUTCOME_PASS, NULL},
                {best_is_c, a, 0, INFINITY, OUTCOME_PASS, NULL},
                {best_is_c, a, 2, INFINITY, OUTCOME_FAIL,
                        "among the first 2 answers, but it stands at rank 3"},
                {a, without_a, 0, INFINITY, OUTCOME_FAIL,
                        "expected the baseline's best record \"a\", but none of the 2 answers is it"},
                {a, without_a, 0, 1.f, OUTCOME_PASS, NULL}, /* its own expectation counts */
        };

        assert_int_equal(bands_default(NULL, &bands), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct query q = query_expecting(NULL, rows[i].within, -INFINITY, rows[i].max);
                _cleanup_(judgement_done) struct judgement v;
                struct band_state s;

                band_state_init(&s);
                assert_int_equal(
                        judge_answer(&q, rows[i].baseline, rows[i].answer, NULL, &bands, &s, &v),
                        0);
                assert_int_equal(v.outcome, rows[i].outcome);
                if (rows[i].reason)
                        assert_non_null(strstr(v.reason, rows[i].reason));
                else
                        assert_null(v.reason);
        }
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
        assert_int_equal(judge_answer(&q, NULL, NULL, "a distance is null", &bands, &s, &v), 0);
        assert_int_equal(v.outcome, OUTCOME_UNMEASURED);
        assert_string_equal(v.reason, "a distance is null");
        assert_true(isnan(v.distance));
        assert_int_equal(v.home_band, 1);
        assert_memory_equal(&before, &s, sizeof(s));
}

/* What search misses by itself is no failure, unless the query names it and nothing is nearer. */
static void what_search_misses_is_judged_as_if_it_were_found(void **state)
{
        static char *id_a[] = {(char *)"a"}, *id_c[] = {(char *)"c"}, *id_x[] = {(char *)"x"};
        static const struct {
                char **id;
                const char *missed; /* at .95 */
                float at;
                enum outcome outcome;
                unsigned rank;
                const char *reason;
        } rows[] = {
                {id_a, "x", .95f, OUTCOME_PASS, 1, NULL}, {id_c, "x", .95f, OUTCOME_PASS, 4, NULL},
                {id_x, "x", .95f, OUTCOME_PASS, 2, NULL},
                {id_x, "x", .85f, OUTCOME_FAIL, 1, "its index misses it"},
                {id_x, "y", .95f, OUTCOME_FAIL, 0, "none of the 4 answers is it"},
                {NULL, "b0", .85f, OUTCOME_PASS, 1, NULL}, /* the baseline's best */
        };
        _cleanup_(bands_done) struct bands bands = {0};

        assert_int_equal(bands_default(NULL, &bands), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct query q = query_expecting(rows[i].id, 0, -INFINITY, INFINITY);
                _cleanup_(answer_unrefp) struct answer *a = answer_at(3, .9f);
                _cleanup_(answer_unrefp) struct answer *missed =
                        answer_new(1, &rows[i].missed, &rows[i].at, NULL);
                _cleanup_(answer_unrefp) struct answer *exact =
                        arbiter_merge(a, missed, missed, 10);
                struct baseline_query known = {.id = q.id, .answer = missed};
                const struct judge_case c = {.query = &q,
                        .known = rows[i].id ? NULL : &known,
                        .answer = a,
                        .rank = rows[i].id == id_a   ? 1
                                : rows[i].id == id_c ? 3
                                                     : 0,
                        .exact = exact};
                _cleanup_(judgement_done) struct judgement v;
                struct band_state s;

                band_state_init(&s);
                assert_int_equal(exact->count, 4);
                assert_int_equal(judge_exact(&c, &bands, &s, &v), 0);
                assert_int_equal(v.outcome, rows[i].outcome);
                assert_int_equal(v.expected_rank, rows[i].rank);
                assert_true(!rows[i].reason || strstr(v.reason, rows[i].reason));
                assert_true(rows[i].reason || !v.reason);
                assert_true(fabsf(v.distance - fminf(.9f, rows[i].at)) < 1e-6f);
        }
}

static void merging_keeps_length_order_and_whoever_has_another_id(void **state)
{
        static const char *const ids[] = {"b", "x", "y"};
        static const float distances[] = {1.f, 1.05f, 1.1f}; /* c stands at y's distance */
        _cleanup_(answer_unrefp) struct answer *a = answer_at(3, .9f);
        _cleanup_(answer_unrefp) struct answer *missed = answer_new(3, ids, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *merged = arbiter_merge(a, missed, missed, 3);
        _cleanup_(answer_unrefp) struct answer *longer = arbiter_merge(a, missed, missed, 4);
        _cleanup_(answer_unrefp) struct answer *same = arbiter_merge(a, missed, NULL, 3);

        assert_int_equal(merged->count, 3);
        assert_string_equal(merged->ids[0], "a");
        assert_string_equal(merged->ids[1], "b");
        assert_string_equal(merged->ids[2], "x");
        assert_int_equal(longer->count, 4);
        assert_string_equal(longer->ids[3], "y"); /* in place of c */
        assert_ptr_equal(same, a);
}

/* Ids that were shifted by one: b holds what a held, c what b held. */
static void what_was_renamed_has_its_former_name(void **state)
{
        static const char *const now[] = {"b", "c", "x", "a"},
                                 *const names[] = {"a", "b", "c", "x"};
        static const float distances[] = {.5f, .6f, .7f, .9f};
        _cleanup_(answer_unrefp) struct answer *before = answer_new(3, names, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *answer = answer_new(4, now, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *merged = arbiter_merge(answer, before, before, 4);

        assert_int_equal(merged->count, 4);
        for (unsigned i = 0; i < 4; i++) {
                assert_string_equal(merged->ids[i], names[i]);
                assert_true(merged->distances[i] == distances[i]);
        }
}

/* What is expected by its former id is found under the new one: by no fault of the index. */
static void what_was_renamed_is_found(void **state)
{
        static const char *const now[] = {"b", "c", "x"}, *const names[] = {"a", "b", "c"};
        static const float distances[] = {.5f, .6f, .7f};
        char *ids[][1] = {{(char *)"a"}, {(char *)"b"}};
        _cleanup_(bands_done) struct bands bands = {0};

        assert_int_equal(bands_default(NULL, &bands), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
                struct query q = query_expecting(ids[i], 0, -INFINITY, INFINITY);
                _cleanup_(answer_unrefp) struct answer *before =
                        answer_new(3, names, distances, NULL);
                _cleanup_(answer_unrefp) struct answer *a = answer_new(3, now, distances, NULL);
                _cleanup_(answer_unrefp) struct answer *exact = arbiter_merge(a, before, before, 3);
                const struct judge_case c = {
                        .query = &q, .answer = a, .rank = i, .exact = exact}; /* b came first */
                _cleanup_(judgement_done) struct judgement v;
                struct band_state s;

                band_state_init(&s);
                assert_int_equal(judge_exact(&c, &bands, &s, &v), 0);
                assert_int_equal(v.outcome, OUTCOME_PASS);
                assert_int_equal(v.expected_rank, 1);
        }
}

/* Of two at one distance the one that was there is not the one that is missed. */
static void a_twin_is_not_renamed(void **state)
{
        static const char *const ids[] = {"a", "b"};
        static const float distances[] = {.5f, .5f};
        _cleanup_(answer_unrefp) struct answer *before = answer_new(2, ids, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *missed = answer_new(1, ids, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *answer = answer_new(1, &ids[1], distances, NULL);
        _cleanup_(answer_unrefp) struct answer *merged = arbiter_merge(answer, before, missed, 2);

        assert_int_equal(merged->count, 2);
        assert_string_equal(merged->ids[0], "a");
        assert_string_equal(merged->ids[1], "b");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(outcomes),
                cmocka_unit_test(a_filter_that_matches_nothing_is_named),
                cmocka_unit_test(a_crossing_is_noted),
                cmocka_unit_test(a_baseline_is_an_expectation),
                cmocka_unit_test(what_search_misses_is_judged_as_if_it_were_found),
                cmocka_unit_test(merging_keeps_length_order_and_whoever_has_another_id),
                cmocka_unit_test(what_was_renamed_has_its_former_name),
                cmocka_unit_test(what_was_renamed_is_found),
                cmocka_unit_test(a_twin_is_not_renamed),
                cmocka_unit_test(unmeasured_changes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
