/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "fewer.h"
#include "judge/reachability.h"
#include "random.h"

#define RECORDS 1000000
#define AT_ONE_PLACE 20

static struct index_health health_of(const struct index_sample *sample)
{
        struct index_health h;

        index_health_init(&h);
        h.records = RECORDS;
        if (sample->looked > 0)
                index_health_estimate(&h, sample);
        return h;
}

static void add(struct index_sample *s, size_t lost)
{
        s->looked_at[s->places] = AT_ONE_PLACE;
        s->lost_at[s->places++] = (uint8_t)lost;
        s->looked += AT_ONE_PLACE;
        s->missed += lost;
}

/* The same 40 of 2,000, one in each of 40 places, and all of two. */
static void what_is_lost_together_says_less(void **state)
{
        struct index_sample apart = {0}, together = {0};
        struct index_health a, t;

        for (size_t i = 0; i < INDEX_PLACES_MAX; i++) {
                add(&apart, i % 5 < 2);
                add(&together, i == 20 || i == 70 ? AT_ONE_PLACE : 0);
        }
        a = health_of(&apart);
        t = health_of(&together);
        assert_int_equal(a.unreachable, 20000);
        assert_int_equal(t.unreachable, 20000);
        assert_float_equal(reachability_design_effect(&apart), 1, 0);
        /* One sample a place. */
        assert_float_equal(reachability_design_effect(&together), AT_ONE_PLACE, 0.5);
        assert_float_equal(reachability_unreachable(&a).low, 0.01433, 1e-4);
        assert_float_equal(reachability_unreachable(&a).high, 0.02713, 1e-4);
        assert_true(reachability_unreachable(&t).low < 0.005);
        assert_true(reachability_unreachable(&t).high > 0.06);
}

static void copies_and_what_the_baseline_had_are_not_lost(void **state)
{
        struct index_sample sample = {0};
        struct index_health h;

        for (size_t i = 0; i < INDEX_PLACES_MAX; i++)
                add(&sample, 1);
        h = health_of(&sample);
        assert_true(reachability_lost(&h, -1).low > 0.04);
        assert_float_equal(reachability_lost(&h, 50000).low, 0, 0);
        assert_true(reachability_lost(&h, 20000).low < 0.03);
        sample.copies = 100;
        memset(sample.lost_at, 0, sizeof(sample.lost_at));
        h = health_of(&sample);
        assert_int_equal(h.copies, 50000);
        assert_float_equal(reachability_lost(&h, -1).low, 0, 0);
        assert_true(reachability_unreachable(&h).low > 0.04);
}

static void without_a_sample_it_is_a_number(void **state)
{
        struct index_health h = health_of(&(struct index_sample){0});

        assert_false(interval_known(reachability_unreachable(&h)));
        assert_false(interval_known(reachability_lost(&h, -1)));
        h.unreachable = 20000;
        assert_float_equal(reachability_unreachable(&h).low, 0.02, 1e-12);
        assert_float_equal(reachability_unreachable(&h).high, 0.02, 1e-12);
        assert_float_equal(reachability_lost(&h, 5000).low, 0.015, 1e-12);
        h.records = 0;
        assert_false(interval_known(reachability_unreachable(&h)));
}

/* How often the interval has the truth, when places differ: each has its own share, up to twice
 * that of all, or nothing but some that are lost as a whole. */
static void the_interval_has_the_truth(void **state)
{
        static const struct {
                double share;
                bool whole; /* places are lost as a whole */
                double covered; /* at least */
        } rows[] = {{0.01, false, 0.94}, {0.05, false, 0.94}, {0.3, false, 0.94},
                {0.05, true, 0.93}, {0.3, true, 0.93}};
        uint64_t random = 1;

        for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
                const size_t trials = fewer(2000),
                             spare = trials < 2000; /* a share of few is coarse */
                size_t covered = 0;

                for (size_t t = 0; t < trials; t++) {
                        struct index_sample sample = {0};
                        struct index_health h;
                        struct interval share;

                        for (size_t i = 0; i < INDEX_PLACES_MAX; i++) {
                                double here = random_uniform(&random) * 2 * rows[r].share;
                                size_t lost = 0;

                                if (rows[r].whole)
                                        here = random_uniform(&random) < rows[r].share;
                                for (size_t k = 0; k < AT_ONE_PLACE; k++)
                                        lost += random_uniform(&random) < here;
                                add(&sample, lost);
                        }
                        h = health_of(&sample);
                        share = reachability_unreachable(&h);
                        covered += share.low <= rows[r].share && rows[r].share <= share.high;
                }
                if ((double)(covered + spare) < rows[r].covered * (double)trials)
                        fail_msg("row %zu: %zu of %zu", r, covered, trials);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_lost_together_says_less),
                cmocka_unit_test(copies_and_what_the_baseline_had_are_not_lost),
                cmocka_unit_test(without_a_sample_it_is_a_number),
                cmocka_unit_test(the_interval_has_the_truth),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
