/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sample_view.h"
#include "show/summary.h"

static void counts(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct summary s;

        summary_count(view->collections[0], &s);
        assert_int_equal(s.outcomes[OUTCOME_PASS], 3);
        assert_int_equal(s.outcomes[OUTCOME_DRIFT], 1);
        assert_int_equal(s.outcomes[OUTCOME_FAIL], 2);
        assert_int_equal(s.outcomes[OUTCOME_UNMEASURED], 1);
        assert_int_equal(s.bands[0], 2);
        assert_int_equal(s.bands[1], 1);
        assert_int_equal(s.bands[2], 2);
        assert_int_equal(s.bands[3], 1);
        assert_int_equal(s.bands[4], 0);
}

static void knows_the_band(void **state)
{
        struct judgement v;

        judgement_init(&v);
        assert_int_equal(summary_band(&v), -1);
        v.confirmed_band = 2; /* from an earlier replay */
        assert_int_equal(summary_band(&v), -1);
        v.distance = 0.5f;
        v.band = 0;
        assert_int_equal(summary_band(&v), 2);
        v.confirmed_band = -1;
        assert_int_equal(summary_band(&v), 0);
}

static void orders(void **state)
{
        static const size_t expected[] = {1, 5, 2, 3, 0, 4, 6};
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_free_ size_t *order = summary_worst_first(view->collections[0]);

        assert_non_null(order);
        assert_memory_equal(order, expected, sizeof(expected));
}

static void has_a_reason_unless_it_passed(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0], *fresh = view->collections[1];
        struct judgement *v = &c->queries[2].judgement;

        assert_string_equal(summary_reason(c, &c->queries[0].judgement), "");
        assert_string_equal(summary_reason(c, v),
                "the best answer moved from band \"good\" (0.9100) to \"okay\" (1.1407)");
        assert_string_equal(
                summary_reason(fresh, &fresh->queries[0].judgement), "not replayed yet");
        free(v->reason);
        v->reason = NULL;
        assert_string_equal(summary_reason(c, v), "no reason is known");
        c->last_error = strdup("connection refused");
        assert_string_equal(summary_reason(c, v), "connection refused");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts),
                cmocka_unit_test(knows_the_band),
                cmocka_unit_test(orders),
                cmocka_unit_test(has_a_reason_unless_it_passed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
