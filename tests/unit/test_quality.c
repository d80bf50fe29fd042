/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/quality.h"

#include <math.h>

#include "unit.h"

static const char *const abc[] = {"a", "b", "c"};
static const float distances[] = {0.1f, 0.2f, 0.3f};

/* Worked by hand: DCG = 0/log2(2) + 3/log2(3) + 1/log2(4), ideal 3/1 + 2/log2(3) + 1/2 of grades
 * 3, 2, 1. */
static void test_ndcg(void **state)
{
        struct grade grades[] = {{(char *)"b", 3}, {(char *)"x", 2}, {(char *)"c", 1}};
        struct expectation e = {.grades = grades, .grade_count = 3};
        _cleanup_(answer_unrefp) struct answer *a = answer_new(3, abc, distances, NULL);
        double expected = (3 / log2(3) + 0.5) / (3 + 2 / log2(3) + 0.5);

        assert_true(fabs(quality_ndcg(&e, a, 10) - expected) < 1e-12);
        /* Beyond k nothing counts, in the ideal neither. */
        assert_true(fabs(quality_ndcg(&e, a, 1)) < 1e-12);
        assert_true(fabs(quality_ndcg(&e, a, 2) - 3 / log2(3) / (3 + 2 / log2(3))) < 1e-12);
}

static void test_a_repeated_record_gains_once(void **state)
{
        static const char *const again[] = {"b", "b", "b"};
        struct grade grades[] = {{(char *)"b", 3}, {(char *)"x", 2}};
        struct expectation e = {.grades = grades, .grade_count = 2};
        _cleanup_(answer_unrefp) struct answer *a = answer_new(3, again, distances, NULL);

        assert_true(fabs(quality_ndcg(&e, a, 10) - 3 / (3 + 2 / log2(3))) < 1e-12);
}

static void test_ndcg_without_grades(void **state)
{
        struct grade irrelevant[] = {{(char *)"a", 0}};
        struct expectation none = {0}, zero = {.grades = irrelevant, .grade_count = 1};
        _cleanup_(answer_unrefp) struct answer *a = answer_new(3, abc, distances, NULL);

        assert_true(isnan(quality_ndcg(&none, a, 10)));
        assert_true(isnan(quality_ndcg(&zero, a, 10)));
}

/* Of three that are relevant two are among the first three, one among the first two. */
static void test_recall(void **state)
{
        struct grade grades[] = {
                {(char *)"b", 3}, {(char *)"x", 2}, {(char *)"c", 1}, {(char *)"a", 0}};
        struct expectation e = {.grades = grades, .grade_count = 4};
        _cleanup_(answer_unrefp) struct answer *a = answer_new(3, abc, distances, NULL);

        assert_true(fabs(quality_recall(&e, a, 10) - 2.0 / 3) < 1e-12);
        assert_true(fabs(quality_recall(&e, a, 2) - 1.0 / 3) < 1e-12);
        assert_true(fabs(quality_recall(&e, a, 1)) < 1e-12);
        e.grades = grades + 3;
        e.grade_count = 1;
        assert_true(isnan(quality_recall(&e, a, 10)));
}

static void test_means(void **state)
{
        static char *ids[] = {(char *)"b"};
        const struct query named = {.expect = {.ids = ids, .id_count = 1}}, ranged = {0};
        struct judgement hit = {.outcome = OUTCOME_PASS, .expected_rank = 2};
        struct judgement miss = {.outcome = OUTCOME_FAIL};
        struct judgement control = {.outcome = OUTCOME_PASS};
        struct judgement unknown = {.outcome = OUTCOME_UNMEASURED};
        _cleanup_(answer_unrefp) struct answer *a = answer_new(3, abc, distances, NULL);
        struct quality q;

        quality_init(&q);
        quality_add(&q, &named, &hit, a, 10);
        quality_add(&q, &named, &miss, a, 10);
        quality_add(&q, &ranged, &control, a, 10);
        quality_add(&q, &named, &unknown, a, 10);
        quality_finish(&q);
        assert_int_equal(q.queries, 4);
        assert_int_equal(q.measured, 3);
        assert_int_equal(q.passed, 2);
        assert_int_equal(q.ranked, 2);
        assert_true(fabs(q.hit_rate - 0.5) < 1e-12);
        assert_true(fabs(q.mrr - 0.25) < 1e-12);
        assert_int_equal(q.graded, 0);
        assert_true(isnan(q.ndcg));
}

static void test_nothing_measured_is_not_zero(void **state)
{
        struct quality q;

        quality_init(&q);
        quality_finish(&q);
        assert_true(isnan(q.hit_rate) && isnan(q.mrr) && isnan(q.ndcg) && isnan(q.recall));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ndcg),
                cmocka_unit_test(test_a_repeated_record_gains_once),
                cmocka_unit_test(test_ndcg_without_grades),
                cmocka_unit_test(test_recall),
                cmocka_unit_test(test_means),
                cmocka_unit_test(test_nothing_measured_is_not_zero),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
