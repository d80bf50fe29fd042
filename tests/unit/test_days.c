/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>

#include "unit.h"

#include "expect.h"
#include "sample_view.h"
#include "show/page/days.h"

/* Noon. */
#define NOW (SAMPLE_NOW + 10 * USEC_PER_HOUR)

/* One run of `outcome` from `first` to `last`, in hours before NOW. */
static void add_run(struct history *h, enum outcome outcome, unsigned first, unsigned last)
{
        struct judgement v;

        judgement_init(&v);
        v.outcome = outcome;
        v.distance = 1;
        assert_int_equal(history_add(h, NOW - first * USEC_PER_HOUR, &v, false, USEC_INFINITY), 0);
        for (unsigned k = first; k-- > last;)
                assert_int_equal(
                        history_add(h, NOW - k * USEC_PER_HOUR, &v, true, USEC_INFINITY), 0);
}

static void give(struct query_view *q, struct history *h)
{
        history_snapshot_unref(q->history);
        q->history = history_snapshot(h);
        assert_non_null(q->history);
        history_free(h);
}

/* Two queries: one always passes, one failed for two days and was not measured before. */
static struct view *make(void)
{
        struct view *view = sample_view_large(2, 1);
        struct history *good = history_new(), *bad = history_new();

        view->collections[0]->interval_usec = USEC_PER_HOUR;
        add_run(good, OUTCOME_PASS, 6 * 24, 0);
        give(&view->collections[0]->queries[0], good);
        add_run(bad, OUTCOME_UNMEASURED, 4 * 24, 3 * 24);
        add_run(bad, OUTCOME_FAIL, 2 * 24, 24);
        add_run(bad, OUTCOME_PASS, 23, 0);
        give(&view->collections[0]->queries[1], bad);
        return view;
}

static void counts_days(void **state)
{
        /* 4 looks a day and one now: at 0, 6, 12 and 18 o'clock. */
        static const struct portion expected[DAYS] = {
                {2, 2}, {4, 4}, {4, 4}, {4, 4}, {4, 6}, {5, 8}, {6, 6}};
        _cleanup_view_ struct view *view = make();
        struct portion days[DAYS];

        days_count(view->collections[0], NOW, days);
        for (size_t i = 0; i < DAYS; i++) {
                assert_int_equal(days[i].hit, expected[i].hit);
                assert_int_equal(days[i].all, expected[i].all);
        }
}

static void what_is_known_to_fail_does_not_count(void **state)
{
        _cleanup_view_ struct view *view = make();
        struct portion days[DAYS];

        view->collections[0]->queries[1].excused = true;
        days_count(view->collections[0], NOW, days);
        assert_int_equal(days[4].hit, 4);
        assert_int_equal(days[4].all, 4);
        assert_int_equal(days[6].all, 6);
}

static void draws_what_it_says(void **state)
{
        _cleanup_view_ struct view *view = make(), *empty = sample_view();
        _cleanup_text_ struct text t = {0}, none = {0};

        days_append(&t, view->collections[0], NOW);
        assert_has(&t,
                "until today: 100.0 %, 100.0 %, 100.0 %, 100.0 %, 66.7 %, 62.5 %, "
                "100.0 %</title>");
        assert_has(&t, "<rect class=\"pass\" x=\"0\" y=\"0\" width=\"12\" height=\"24\"/>");
        assert_has(&t, "<rect class=\"fail\" x=\"56\" y=\"9\" width=\"12\" height=\"15\"/>");
        /* Never replayed. */
        days_append(&none, empty->collections[1], SAMPLE_NOW);
        assert_string_equal(text_string(&none), "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts_days),
                cmocka_unit_test(what_is_known_to_fail_does_not_count),
                cmocka_unit_test(draws_what_it_says),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
