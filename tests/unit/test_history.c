/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "model/history.h"

#define START (1795399265 * USEC_PER_SEC)
#define WEEK (7 * USEC_PER_DAY)

static void add_keeping(struct history *h, usec_t now, float distance, bool same, usec_t retention)
{
        struct judgement v;

        judgement_init(&v);
        v.outcome = OUTCOME_PASS;
        v.distance = distance;
        v.expected_distance = distance + 1;
        v.expected_rank = 2;
        v.band = 1;
        assert_int_equal(history_add(h, now, &v, same, retention), 0);
}

static void add(struct history *h, usec_t now, float distance, bool same)
{
        add_keeping(h, now, distance, same, WEEK);
}

static size_t runs_of(struct history *h)
{
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *s = history_snapshot(h);

        return history_snapshot_runs(s);
}

static void identical_answers_share_a_run(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *s = NULL;
        struct history_run run;

        for (unsigned i = 0; i < 1000; i++)
                add(h, START + i * USEC_PER_MINUTE, .9f, i > 0);
        assert_int_equal(runs_of(h), 1);
        s = history_snapshot(h);
        run = history_snapshot_run(s, 0);
        assert_int_equal(run.first, START);
        assert_int_equal(run.last, START + 999 * USEC_PER_MINUTE);
        assert_int_equal(run.samples, 1000);
        assert_true(run.distance == .9f && run.expected_distance == 1.9f);
        assert_int_equal(run.expected_rank, 2);
        assert_int_equal(run.band, 1);
        assert_int_equal(run.outcome, OUTCOME_PASS);
}

static void another_answer_with_the_same_distance_starts_a_run(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();

        add(h, START, .9f, false);
        add(h, START + 1, .9f, false);
        assert_int_equal(runs_of(h), 2);
        add(h, START + 2, .9f, true);
        assert_int_equal(runs_of(h), 2);
}

static void unmeasured_samples_are_runs_without_numbers(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *s = NULL;
        struct judgement v;

        judgement_init(&v);
        add(h, START, .9f, false);
        for (unsigned i = 1; i < 5; i++)
                assert_int_equal(history_add(h, START + i * USEC_PER_SEC, &v, true, WEEK), 0);
        add(h, START + 5 * USEC_PER_SEC, .9f, true);
        assert_int_equal(runs_of(h), 3);
        s = history_snapshot(h);
        assert_int_equal(history_snapshot_run(s, 1).samples, 4);
        assert_int_equal(history_snapshot_run(s, 1).outcome, OUTCOME_UNMEASURED);
        assert_int_equal(history_snapshot_run(s, 1).band, -1);
        assert_true(isnan(history_snapshot_run(s, 1).distance));
}

/* Every value survives, in order, through all the blocks. */
static void keeps_what_it_was_given(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *s = NULL;

        for (unsigned i = 0; i < 5000; i++)
                add(h, START + i * USEC_PER_MINUTE, (float)i, false);
        s = history_snapshot(h);
        assert_int_equal(history_snapshot_runs(s), 5000);
        for (unsigned i = 0; i < 5000; i++) {
                struct history_run run = history_snapshot_run(s, i);

                assert_true(run.distance == (float)i);
                assert_int_equal(run.first, START + i * USEC_PER_MINUTE);
                assert_int_equal(run.samples, 1);
        }
        assert_int_equal(history_snapshot_find(s, 0), 0);
        assert_int_equal(history_snapshot_find(s, START + 4000 * USEC_PER_MINUTE), 4000);
        assert_int_equal(history_snapshot_find(s, START + 4999 * USEC_PER_MINUTE + 1), 5000);
}

static void a_snapshot_does_not_change(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *empty = history_snapshot(h);
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *s = NULL;

        add(h, START, 1, false);
        add(h, START + 1000, 2, false);
        s = history_snapshot(h);
        for (unsigned i = 0; i < 2000; i++)
                add(h, START + (i + 2) * 1000, i % 2 ? 2 : 3, i == 0);
        assert_int_equal(history_snapshot_runs(empty), 0);
        assert_int_equal(history_snapshot_runs(s), 2);
        assert_int_equal(history_snapshot_run(s, 1).samples, 1);
        h = history_free(h);
        assert_true(history_snapshot_run(s, 0).distance == 1);
        assert_true(history_snapshot_run(s, 1).distance == 2);
}

static void old_blocks_go_and_memory_stays_bounded(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        const unsigned week = 7 * 24 * 60;

        for (unsigned i = 0; i < 4 * week; i++)
                add(h, START + i * USEC_PER_MINUTE, (float)i, false);
        assert_in_range(runs_of(h), week, week + 2 * 256);
        assert_in_range(history_size(h), week * 20, week * 21 + 20000);
}

static void counters_do_not_overflow(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *s = NULL;
        uint64_t samples = 0;

        for (unsigned i = 0; i < 70000; i++)
                add(h, START + i * USEC_PER_MSEC, .9f, i > 0);
        add_keeping(h, START + 60 * USEC_PER_DAY, .9f, true,
                100 * USEC_PER_DAY); /* beyond 32 bits of milliseconds */
        s = history_snapshot(h);
        for (size_t i = 0; i < history_snapshot_runs(s); i++)
                samples += history_snapshot_run(s, i).samples;
        assert_int_equal(samples, 70001);
        assert_int_equal(history_snapshot_run(s, history_snapshot_runs(s) - 1).last,
                START + 60 * USEC_PER_DAY);
}

static void a_clock_that_steps_back_starts_a_run(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *s = NULL;

        add(h, START, .9f, false);
        add(h, START - USEC_PER_HOUR, .9f, true);
        assert_int_equal(runs_of(h), 2);
        s = history_snapshot(h);
        assert_int_equal(history_snapshot_run(s, 1).first, START - USEC_PER_HOUR);
}

/* One replay with the clock 400 days ahead. What is measured after it is kept for as long as ever,
 * and no longer. */
static void a_sample_of_the_future_holds_nothing_back(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        const unsigned day = 24 * 60, week = 7 * day;

        for (unsigned i = 0; i < week; i++)
                add(h, START + i * USEC_PER_MINUTE, (float)i, false);
        add(h, START + WEEK + 400 * USEC_PER_DAY, 1, false);
        for (unsigned i = week; i < 4 * week; i++)
                add(h, START + i * USEC_PER_MINUTE, (float)i, false);
        assert_in_range(runs_of(h), week, week + 2 * 256 + 1);
        assert_in_range(history_size(h), week * 20, week * 21 + 20000);
}

/* The clock is set, and what was measured before has the times that it would have had. */
static void samples_follow_the_clock(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *before = NULL, *after = NULL;
        const usec_t years = 20 * 365 * USEC_PER_DAY;

        history_jump(h, (int64_t)years); /* of none */
        add(h, START + years, .9f, false);
        before = history_snapshot(h);
        history_jump(h, -(int64_t)years);
        add(h, START + USEC_PER_MINUTE, .9f, true);
        after = history_snapshot(h);
        assert_int_equal(history_snapshot_run(before, 0).first, START + years);
        assert_int_equal(history_snapshot_runs(after), 1);
        assert_int_equal(history_snapshot_run(after, 0).first, START);
        assert_int_equal(history_snapshot_run(after, 0).last, START + USEC_PER_MINUTE);
        assert_int_equal(history_snapshot_find(after, START + USEC_PER_MINUTE), 0);
        assert_int_equal(history_snapshot_find(after, START + USEC_PER_MINUTE + 1), 1);
}

/* Whatever the clock does meanwhile, a week is kept. */
static void a_clock_that_is_set_every_day_costs_nothing(void **state)
{
        _cleanup_(history_freep) struct history *h = history_new();
        const unsigned day = 24 * 60;
        int64_t jump = -20 * 365 * (int64_t)USEC_PER_DAY;
        usec_t clock = START;

        for (unsigned i = 0; i < 28 * day; i++) {
                if (i % day == 0) {
                        history_jump(h, jump);
                        clock += (usec_t)jump;
                        jump = -jump;
                }
                add(h, clock + i * USEC_PER_MINUTE, (float)i, false);
        }
        assert_in_range(runs_of(h), 7 * day, 7 * day + 2 * 256);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(identical_answers_share_a_run),
                cmocka_unit_test(another_answer_with_the_same_distance_starts_a_run),
                cmocka_unit_test(unmeasured_samples_are_runs_without_numbers),
                cmocka_unit_test(keeps_what_it_was_given),
                cmocka_unit_test(a_snapshot_does_not_change),
                cmocka_unit_test(old_blocks_go_and_memory_stays_bounded),
                cmocka_unit_test(counters_do_not_overflow),
                cmocka_unit_test(a_clock_that_steps_back_starts_a_run),
                cmocka_unit_test(a_sample_of_the_future_holds_nothing_back),
                cmocka_unit_test(samples_follow_the_clock),
                cmocka_unit_test(a_clock_that_is_set_every_day_costs_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
