/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "model/judgement.h"

static void begins_with_nothing_known(void **state)
{
        struct judgement v;

        judgement_init(&v);
        assert_int_equal(v.outcome, OUTCOME_UNMEASURED);
        assert_true(isnan(v.distance) && isnan(v.expected_distance) && isnan(v.home_distance));
        assert_int_equal(v.band, -1);
        assert_int_equal(v.home_band, -1);
        assert_int_equal(v.expected_rank, 0);
}

static void copies_own_their_reason(void **state)
{
        _cleanup_(judgement_done) struct judgement v, copy;

        judgement_init(&v);
        v.reason = strdup("because");
        assert_int_equal(judgement_copy(&v, &copy), 0);
        assert_string_equal(copy.reason, "because");
        assert_ptr_not_equal(copy.reason, v.reason);
}

/* The fact is kept; what people read is made of it, each time anew. */
static void what_became_of_the_expected_record_is_told(void **state)
{
        struct judgement v;

        judgement_init(&v);
        v.outcome = OUTCOME_FAIL;
        v.reason = strdup("not there");
        for (int e = EXPECTED_UNKNOWN; e <= EXPECTED_UNFOUND; e++) {
                static const char *const told[] = {
                        "not there",
                        "not there; no such record exists any more: it was deleted, or the "
                        "expectation is stale",
                        "not there; the collection holds such a record: others are nearer, or "
                        "search does not reach it",
                };
                struct judgement copy;

                v.expected_record = (enum expected_record)e;
                assert_int_equal(judgement_copy(&v, &copy), 0);
                assert_int_equal(judgement_explain(&copy), 0);
                assert_string_equal(copy.reason, told[e]);
                judgement_done(&copy);
        }
        v.outcome = OUTCOME_PASS; /* found again */
        assert_int_equal(judgement_explain(&v), 0);
        assert_string_equal(v.reason, "not there");
        judgement_done(&v);
}

static void outcomes_have_the_contracts_names(void **state)
{
        assert_string_equal(outcome_name(OUTCOME_PASS), "pass");
        assert_string_equal(outcome_name(OUTCOME_DRIFT), "drift");
        assert_string_equal(outcome_name(OUTCOME_FAIL), "fail");
        assert_string_equal(outcome_name(OUTCOME_UNMEASURED), "unmeasured");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(begins_with_nothing_known),
                cmocka_unit_test(copies_own_their_reason),
                cmocka_unit_test(what_became_of_the_expected_record_is_told),
                cmocka_unit_test(outcomes_have_the_contracts_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
