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

static void says_what_nobody_is_told_of_yet(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];
        struct finding f = {.sentence = (char *)"", .since = c->last_finished, .waiting = true};
        static const struct {
                bool looking_up, under_way;
                const char *text;
        } cases[] = {
                {true, true, "the records that are missing are being looked up"},
                {false, true,
                        "an ingest seems to be under way, which may still set it right; until "
                        "2026-11-23T02:04:48Z at the latest"},
                {false, false, "the next replay confirms what an ingest has left"},
        };

        c->ingest_grace = 5 * USEC_PER_MINUTE;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};
                char expected[200];

                findings_unref(c->findings);
                c->findings = findings_new();
                summary_waiting(c, &t);
                assert_int_equal(t.size, 0);
                assert_int_equal(findings_add(c->findings, &f), 0);
                c->looking_up = cases[i].looking_up;
                c->ingest_under_way = cases[i].under_way;
                summary_waiting(c, &t);
                snprintf(expected, sizeof(expected), "nobody is told of 1 finding yet: %s",
                        cases[i].text);
                assert_string_equal(text_string(&t), expected);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts),
                cmocka_unit_test(knows_the_band),
                cmocka_unit_test(orders),
                cmocka_unit_test(has_a_reason_unless_it_passed),
                cmocka_unit_test(says_what_nobody_is_told_of_yet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
