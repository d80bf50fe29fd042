/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "model/baseline.h"

static void a_new_one_knows_nothing(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = baseline_new(2);

        assert_non_null(b);
        assert_int_equal(b->count, 2);
        assert_int_equal(b->number, 0);
        assert_int_equal(b->approved, 0);
        assert_int_equal(b->unreachable, -1);
        assert_int_equal(b->epoch.records, -1);
        assert_true(isnan(b->recall));
        assert_int_equal(b->attribution.cause, CAUSE_UNKNOWN);
        for (size_t i = 0; i < b->count; i++) {
                assert_int_equal(b->queries[i].outcome, OUTCOME_UNMEASURED);
                assert_true(isnan(b->queries[i].embedder_noise));
                assert_true(isnan(b->queries[i].levels[LEVEL_TOP1].location));
                assert_true(isnan(b->queries[i].levels[LEVEL_TOPK].location));
        }
}

static void queries_are_found_by_their_ids(void **state)
{
        static const char *const ids[] = {"b", "a-1", "c", "a"};
        _cleanup_(baseline_unrefp) struct baseline *b = baseline_new(ARRAY_SIZE(ids));

        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                assert_int_equal(strdup_to(&b->queries[i].id, ids[i]), 0);
                b->queries[i].expected_rank = (unsigned)i;
        }
        baseline_sort(b);
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                assert_int_equal(baseline_find(b, ids[i])->expected_rank, i);
        assert_null(baseline_find(b, "d"));
        assert_null(baseline_find(b, ""));
}

static void an_empty_one_finds_nothing(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = baseline_new(0);

        assert_null(baseline_find(b, "a"));
}

static void it_lives_until_its_last_reference_is_gone(void **state)
{
        struct baseline *b = baseline_new(1);
        _cleanup_(baseline_unrefp) struct baseline *other = baseline_ref(b);

        assert_ptr_equal(b, other);
        assert_null(baseline_unref(b));
        assert_int_equal(other->count, 1);
        assert_null(baseline_ref(NULL));
        assert_null(baseline_unref(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_new_one_knows_nothing),
                cmocka_unit_test(queries_are_found_by_their_ids),
                cmocka_unit_test(an_empty_one_finds_nothing),
                cmocka_unit_test(it_lives_until_its_last_reference_is_gone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
