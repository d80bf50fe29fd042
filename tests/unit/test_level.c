/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <errno.h>

#include "hash.h"
#include "judge/level.h"
#include "judge/sample.h"

static void the_rule_is_as_the_reference_has_it(void **state)
{
        double location = reference_at("level_rule.baseline"),
               tau = reference_at("level_rule.tau_on");
        size_t count = json_array_size(reference("level_rule.x"));
        struct level_state s;

        level_init(&s);
        assert_in_range(count, 15, 100);
        for (size_t i = 0; i < count; i++) {
                double x = reference_at("level_rule.x.%zu", i);
                double seen[4], expected[4];

                if (!isnan(x))
                        (void)level_update(&s, x - location, tau);
                seen[0] = s.on;
                seen[1] = s.recent;
                seen[2] = s.inside;
                seen[3] = s.need;
                assert_int_equal(reference_array(reference("level_rule.state_hist_c_need.%zu", i),
                                         expected, 4),
                        4);
                for (size_t k = 0; k < 4; k++)
                        if (seen[k] != expected[k])
                                fail_msg("sample %zu, field %zu: %g instead of %g", i, k, seen[k],
                                        expected[k]);
        }
}

static void the_limits_are_those_of_the_reference(void **state)
{
        double tau = reference_at("level_rule.tau_on"), off = reference_at("level_rule.tau_off");
        struct level_state s;

        assert_near(level_tau(reference_at("level_rule.scale"), LEVEL_TAU_MIN), tau);
        assert_int_equal(LEVEL_NEEDED, (int)reference_at("level_rule.k_of_n.0"));
        assert_int_equal(LEVEL_WINDOW, (int)reference_at("level_rule.k_of_n.1"));
        assert_int_equal(LEVEL_CLEAR, (int)reference_at("level_rule.koff"));
        assert_int_equal(LEVEL_HOLD_MAX, (int)reference_at("level_rule.kmax"));
        assert_int_equal(LEVEL_HOLD_WINDOW, (int)reference_at("level_rule.window"));
        level_init(&s);
        (void)level_update(&s, off, tau);
        assert_int_equal(s.inside, 1);
        (void)level_update(&s, off + 1e-9, tau);
        assert_int_equal(s.inside, 0);
}

static void scale_and_pool_are_as_the_reference_has_them(void **state)
{
        double x[32], deviations[32], location, scale;
        size_t n = reference_array(reference("baseline_scale.x"), x, ARRAY_SIZE(x));

        assert_int_equal(level_measure(x, n, 0, &location, &scale), 0);
        assert_near(location, reference_at("baseline_scale.b"));
        assert_near(scale, reference_at("baseline_scale.q90_over_1.6449"));
        for (size_t i = 0; i < n; i++)
                deviations[i] = x[i] - location;
        assert_near(level_pool(deviations, n),
                reference_at("baseline_scale.rms_trim1pct_pool_same_query"));
}

static void the_largest_of_three_is_the_scale(void **state)
{
        static const struct {
                double samples[10], pool, location, scale;
                size_t n;
        } rows[] = {
                {{1}, 0, 1, 0, 1},
                {{1}, .5, 1, .5, 1},
                {{3, 1, 2}, 0, 2, 1.4826, 3},
                /* No MAD, but one in ten far off: the 90 % order statistic is the ninth of ten. */
                {{1, 1, 1, 1, 1, 1, 1, 1, 1, 2}, 0, 1, 0, 10},
                {{1, 1, 1, 1, 1, 1, 1, 1, 2, 2}, 0, 1, 1 / 1.6449, 10},
                {{1, 1, 1, 1, 1, 1, 1, 1, 2, 2}, .7, 1, .7, 10},
                {{4, 1, 2, 3}, 0, 2.5, 1.4826, 4},
        };
        double location, scale;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_int_equal(
                        level_measure(rows[i].samples, rows[i].n, rows[i].pool, &location, &scale),
                        0);
                assert_near(location, rows[i].location);
                assert_near(scale, rows[i].scale);
        }
}

static void what_is_no_number_is_not_measured(void **state)
{
        const double samples[] = {1, NAN, INFINITY};
        double location = 7, scale = 7;

        assert_int_equal(level_measure(samples, 0, 0, &location, &scale), -EINVAL);
        assert_int_equal(level_measure(samples, 2, 0, &location, &scale), -EINVAL);
        assert_int_equal(level_measure(samples + 2, 1, 0, &location, &scale), -EINVAL);
        assert_true(location == 7 && scale == 7);
        assert_true(level_pool(NULL, 0) == 0);
}

static void the_pool_leaves_out_the_largest_in_a_hundred(void **state)
{
        double deviations[200];

        for (size_t i = 0; i < 200; i++)
                deviations[i] = i % 100 == 50 ? -1000 : i % 2 ? .5 : -.5;
        assert_near(level_pool(deviations, 200), .5);
        assert_near(level_tau(.0009, LEVEL_TAU_MIN), .005);
        assert_near(level_tau(.002, LEVEL_TAU_MIN), .01);
}

/* Raises at once when it is down, and clears it as soon as it may. Samples it took to clear. */
static unsigned cycle(struct level_state *s)
{
        unsigned n = 0;

        while (level_update(s, 1, .1) != LEVEL_RAISED)
                ;
        do
                n++;
        while (level_update(s, 0, .1) != LEVEL_CLEARED);
        return n;
}

static void a_signal_that_flaps_is_held_longer_each_time(void **state)
{
        static const unsigned needed[] = {5, 10, 20, 40, 80, 160, 288, 288};
        struct level_state s;

        level_init(&s);
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
                assert_int_equal(cycle(&s), needed[i]);
                assert_int_equal(level_unstable(&s), needed[i] >= LEVEL_UNSTABLE);
        }
        for (unsigned i = 0; i < LEVEL_HOLD_WINDOW; i++) {
                assert_true(level_unstable(&s));
                assert_int_equal(level_update(&s, 0, .1), LEVEL_STAYS);
        }
        (void)level_update(&s, 0, .1);
        assert_false(level_unstable(&s));
        assert_int_equal(cycle(&s), 5);
}

static void between_half_of_tau_and_tau_nothing_happens(void **state)
{
        struct level_state s;

        level_init(&s);
        for (int i = 0; i < 100; i++)
                assert_int_equal(level_update(&s, .1, .1), LEVEL_STAYS);
        while (level_update(&s, .11, .1) != LEVEL_RAISED)
                ;
        for (int i = 0; i < 100; i++)
                assert_int_equal(level_update(&s, .06, .1), LEVEL_STAYS);
        assert_true(s.on);
}

static void an_answer_is_a_sample_of_the_mean_only_when_full(void **state)
{
        static const char *const ids[] = {"a", "b", "c"};
        static const float distances[] = {.25f, .5f, .75f};
        static const struct {
                unsigned count, results;
                int64_t records;
                bool filtered;
                double top1, mean;
        } rows[] = {
                {3, 3, 100, false, .25, .5},
                {3, 2, 100, false, .25, .375}, /* no more than the baseline's k */
                {2, 3, 100, false, .25, NAN},
                {2, 3, -1, false, .25, NAN},
                {2, 3, 2, false, .25, .375},
                {1, 3, 2, false, .25, NAN},
                {2, 3, 100, true, .25, .375},
                {0, 3, 100, true, NAN, NAN},
                {0, 3, 0, false, NAN, NAN},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(answer_unrefp) struct answer *a =
                        answer_new(rows[i].count, ids, distances, NULL);

                assert_near(level_sample(a, LEVEL_TOP1, rows[i].results, rows[i].records,
                                    rows[i].filtered),
                        rows[i].top1);
                assert_near(level_sample(a, LEVEL_TOPK, rows[i].results, rows[i].records,
                                    rows[i].filtered),
                        rows[i].mean);
        }
}

/* Whatever comes: who goes on from the normal state decides the same. */
static void the_normal_state_decides_alike(void **state)
{
        uint64_t seed = 17;

        for (unsigned round = 0; round < 200; round++) {
                struct level_state a, b;
                bool bad = false;

                level_init(&a);
                level_init(&b);
                for (unsigned i = 0; i < 2000; i++) {
                        double shift;

                        if (splitmix64_next(&seed) % (10 + round) == 0)
                                bad = !bad;
                        shift = bad ? .02 : splitmix64_next(&seed) % 9 == 0 ? .004 : .001;
                        b = level_normal(&b);
                        assert_int_equal(
                                level_update(&a, shift, .005), level_update(&b, shift, .005));
                        assert_int_equal(level_unstable(&a), level_unstable(&b));
                        assert_int_equal(level_pending(&a), level_pending(&b));
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_normal_state_decides_alike),
                cmocka_unit_test(the_rule_is_as_the_reference_has_it),
                cmocka_unit_test(the_limits_are_those_of_the_reference),
                cmocka_unit_test(scale_and_pool_are_as_the_reference_has_them),
                cmocka_unit_test(the_largest_of_three_is_the_scale),
                cmocka_unit_test(what_is_no_number_is_not_measured),
                cmocka_unit_test(the_pool_leaves_out_the_largest_in_a_hundred),
                cmocka_unit_test(a_signal_that_flaps_is_held_longer_each_time),
                cmocka_unit_test(between_half_of_tau_and_tau_nothing_happens),
                cmocka_unit_test(an_answer_is_a_sample_of_the_mean_only_when_full),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
