/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "expect.h"
#include "show/page/spark.h"

#define START (1795399200 * USEC_PER_SEC)

struct sample {
        unsigned second;
        float distance;
};

/* The drawing of these samples, each a run of its own. */
static void draw(struct text *t, const struct sample *samples, size_t count, size_t runs)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *snapshot = NULL;
        struct judgement v;

        judgement_init(&v);
        for (size_t i = 0; i < count; i++) {
                v.distance = samples[i].distance;
                assert_int_equal(history_add(h, START + samples[i].second * USEC_PER_SEC, &v, false,
                                         USEC_PER_DAY),
                        0);
        }
        snapshot = history_snapshot(h);
        assert_non_null(snapshot);
        spark_append(t, snapshot, runs);
        assert_false(text_failed(t));
}

/* The step line spans the drawing from side to side and from top to bottom. */
static void draws_steps(void **state)
{
        static const struct sample samples[] = {{0, 0.5f}, {50, 0.7f}, {100, 0.9f}};
        _cleanup_text_ struct text t = {0};

        draw(&t, samples, ARRAY_SIZE(samples), SPARK_RUNS_MAX);
        assert_has(&t, "viewBox=\"0 0 240 56\" role=\"img\"");
        assert_has(&t, "<title>0.5000 to 0.9000 since 2026-11-23T02:00:00Z</title>");
        assert_has(&t, "<path d=\"M4 52h0h116v-24h116v-24\"/>");
        assert_has(&t, "<circle cx=\"236\" cy=\"4\" r=\"5\"/>");
}

/* What was not measured is a gap, at the end without a dot. */
static void breaks_at_gaps(void **state)
{
        static const struct sample samples[] = {
                {0, NAN}, {25, 0.5f}, {50, NAN}, {75, 0.9f}, {100, NAN}};
        _cleanup_text_ struct text t = {0};

        draw(&t, samples, ARRAY_SIZE(samples), SPARK_RUNS_MAX);
        assert_has(&t, "<path d=\"M62 52h0M178 4h0\"/></svg>");
}

/* Noise is drawn flat, one sample as a dot at the right end. */
static void keeps_noise_small(void **state)
{
        static const struct sample samples[] = {{0, 0.5f}, {100, 0.5001f}};
        _cleanup_text_ struct text two = {0}, one = {0};

        draw(&two, samples, 2, SPARK_RUNS_MAX);
        assert_has(&two, "M4 28h0h232\"");
        draw(&one, samples, 1, SPARK_RUNS_MAX);
        assert_has(&one, "<circle cx=\"236\" cy=\"28\" r=\"5\"/>");
}

static void draws_the_last_runs(void **state)
{
        static const struct sample samples[] = {{0, 5}, {10, 0.5f}, {20, 0.6f}};
        _cleanup_text_ struct text t = {0};

        draw(&t, samples, 3, 2);
        assert_has(&t, "0.5000 to 0.6000 since 2026-11-23T02:00:10Z");
}

static void draws_nothing_without_a_distance(void **state)
{
        static const struct sample samples[] = {{0, NAN}, {1, NAN}};
        _cleanup_text_ struct text t = {0};

        draw(&t, samples, 0, SPARK_RUNS_MAX);
        draw(&t, samples, 2, SPARK_RUNS_MAX);
        draw(&t, samples, 2, 0);
        assert_int_equal(t.size, 0);
}

/* The clock was set back between two samples. */
static void stays_within_the_drawing(void **state)
{
        static const struct sample samples[] = {{50, 0.5f}, {100, 0.6f}, {10, 0.7f}};
        static const struct sample within[] = {{50, 0.5f}, {200, 0.6f}, {100, 0.7f}};
        _cleanup_text_ struct text t = {0};

        draw(&t, samples, ARRAY_SIZE(samples), SPARK_RUNS_MAX);
        assert_has(&t, "<path d=\"M236 52h0v-24v-24\"/>");
        text_clear(&t);
        draw(&t, within, ARRAY_SIZE(within), SPARK_RUNS_MAX);
        assert_has(&t, "<path d=\"M4 52h0h232v-24v-24\"/>");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(draws_steps),
                cmocka_unit_test(breaks_at_gaps),
                cmocka_unit_test(keeps_noise_small),
                cmocka_unit_test(draws_the_last_runs),
                cmocka_unit_test(draws_nothing_without_a_distance),
                cmocka_unit_test(stays_within_the_drawing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
