/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <errno.h>
#include <stdio.h>

#include "judge/bootstrap.h"
#include "judge/distribution.h"
#include "judge/sample.h"

static void the_generator_is_splitmix64(void **state)
{
        uint64_t seed = (uint64_t)reference_at("splitmix64.seed"), again = seed;
        const json_t *value;
        size_t i;

        json_array_foreach (reference("splitmix64.u64"), i, value) {
                assert_true(bootstrap_next(&seed) == strtoull(json_string_value(value), NULL, 10));
        }
        json_array_foreach (reference("splitmix64.below_10"), i, value) {
                assert_int_equal(bootstrap_index(&again, 10), json_integer_value(value));
        }
        assert_int_equal(i, 20);
}

static void indices_are_uniform_and_below(void **state)
{
        size_t seen[7] = {};
        uint64_t seed = BOOTSTRAP_SEED;

        for (unsigned i = 0; i < 70000; i++) {
                size_t index = bootstrap_index(&seed, 7);

                assert_true(index < 7);
                seen[index]++;
        }
        /* 5 standard deviations of a count. */
        for (size_t i = 0; i < 7; i++)
                assert_within((double)seen[i] / 10000, 1, 5 * sqrt(6. / 7 / 10000));
        assert_int_equal(bootstrap_index(&seed, 1), 0);
}

/* "base30|median" is data.base30; "loss20-base 30|mean" its difference to data.loss20_30. */
static size_t data_of(const char *name, double *ret)
{
        double before[100];
        int count;
        size_t n;

        if (sscanf(name, "base%d|", &count) == 1)
                return reference_array(reference("data.base%d", count), ret, 100);
        assert_int_equal(sscanf(name, "loss20-base %d|", &count), 1);
        n = reference_array(reference("data.base%d", count), before, 100);
        assert_int_equal(reference_array(reference("data.loss20_%d", count), ret, 100), n);
        for (size_t i = 0; i < n; i++)
                ret[i] -= before[i];
        return n;
}

static void check_first(
        const json_t *expected, enum bootstrap_statistic statistic, const double *x, size_t n)
{
        uint64_t seed = (uint64_t)reference_number(expected, "seed");
        double first[5];

        assert_int_equal(reference_array(json_object_get(expected, "first5"), first, 5), 5);
        for (size_t r = 0; r < 5; r++) {
                double drawn[100];

                for (size_t i = 0; i < n; i++)
                        drawn[i] = x[bootstrap_index(&seed, n)];
                sample_sort(drawn, n);
                assert_near(statistic == BOOTSTRAP_MEAN ? sample_mean(drawn, n)
                                                        : sample_median(drawn, n),
                        first[r]);
        }
}

static void intervals_agree(void **state)
{
        json_t *cases = (json_t *)reference("bca"), *expected;
        const char *name;

        assert_int_equal(json_object_size(cases), 9);
        json_object_foreach (cases, name, expected) {
                enum bootstrap_statistic statistic =
                        strstr(name, "|mean") ? BOOTSTRAP_MEAN : BOOTSTRAP_MEDIAN;
                double x[100];
                size_t n = data_of(name, x);
                struct bootstrap b;

                check_first(expected, statistic, x, n);
                assert_int_equal(
                        bootstrap_bca(x, n, statistic, (size_t)reference_number(expected, "B"),
                                (uint64_t)reference_number(expected, "seed"), 0.95, &b),
                        0);
                assert_near(b.estimate, reference_number(expected, "theta"));
                assert_near((double)b.less, reference_number(expected, "less"));
                assert_near((double)b.equal, reference_number(expected, "equal"));
                assert_near(b.mean, reference_number(expected, "boot_mean"));
                assert_near(b.sd, reference_number(expected, "boot_sd"));
                assert_near(b.z0, reference_number(expected, "z0"));
                assert_near(b.acceleration, reference_number(expected, "a"));
                assert_near(b.alpha_low, reference_number(expected, "alpha1"));
                assert_near(b.alpha_high, reference_number(expected, "alpha2"));
                assert_near(b.bca.low, reference_at("bca.%s.bca.0", name));
                assert_near(b.bca.high, reference_at("bca.%s.bca.1", name));
                assert_near(b.percentile.low, reference_at("bca.%s.percentile.0", name));
                assert_near(b.percentile.high, reference_at("bca.%s.percentile.1", name));
        }
}

/* A median whose values are skewed, and its leave-one-out estimates by hand. */
static void acceleration_is_that_of_the_jackknife(void **state)
{
        const double x[] = {1.0, 0.7, 1.9, 0.8, 1.1}, without[] = {0.95, 1.05, 0.9, 1.05, 0.9};
        double centre = sample_mean(without, 5), squares = 0, cubes = 0;
        struct bootstrap b;

        for (size_t i = 0; i < 5; i++) {
                squares += pow(centre - without[i], 2);
                cubes += pow(centre - without[i], 3);
        }
        assert_int_equal(bootstrap_bca(x, 5, BOOTSTRAP_MEDIAN, 100, 1, 0.95, &b), 0);
        assert_true(fabs(b.acceleration) > 0.01);
        assert_near(b.acceleration, cubes / (6 * pow(squares, 1.5)));
}

static void same_data_and_seed_give_the_same(void **state)
{
        const double x[] = {0.8, 0.9, 1.3, 1.1, 0.7};
        struct bootstrap a, b, other;

        assert_int_equal(bootstrap_bca(x, 5, BOOTSTRAP_MEAN, 500, 1, 0.95, &a), 0);
        assert_int_equal(bootstrap_bca(x, 5, BOOTSTRAP_MEAN, 500, 1, 0.95, &b), 0);
        assert_int_equal(bootstrap_bca(x, 5, BOOTSTRAP_MEAN, 500, 2, 0.95, &other), 0);
        assert_memory_equal(&a, &b, sizeof(a));
        assert_true(fabs(a.mean - other.mean) > 0);
        /* Wider at more confidence, and both hold the estimate. */
        assert_int_equal(bootstrap_bca(x, 5, BOOTSTRAP_MEAN, 500, 1, 0.8, &other), 0);
        assert_true(a.bca.low < other.bca.low && other.bca.high < a.bca.high);
        assert_true(other.bca.low < a.estimate && a.estimate < other.bca.high);
}

static void equal_values_have_no_width(void **state)
{
        const double x[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
        struct bootstrap b;

        for (int statistic = 0; statistic < 2; statistic++) {
                assert_int_equal(
                        bootstrap_bca(x, 7, (enum bootstrap_statistic)statistic, 100, 1, 0.95, &b),
                        0);
                assert_int_equal(b.equal, 100);
                assert_within(b.z0, 0, 1e-15);
                assert_within(b.bca.low, 0.1, 1e-15);
                assert_within(b.bca.high, 0.1, 1e-15);
        }
}

static void what_cannot_be_resampled_is_refused(void **state)
{
        static double many[BOOTSTRAP_SAMPLE_MAX + 1];
        const double x[] = {0.8, 0.9, NAN}, endless[] = {0.8, INFINITY};
        struct bootstrap b = {.estimate = 17};

        assert_int_equal(bootstrap_bca(NULL, 0, BOOTSTRAP_MEAN, 100, 1, 0.95, &b), -EINVAL);
        assert_int_equal(bootstrap_bca(x, 1, BOOTSTRAP_MEAN, 100, 1, 0.95, &b), -EINVAL);
        assert_int_equal(bootstrap_bca(x, 3, BOOTSTRAP_MEAN, 100, 1, 0.95, &b), -EINVAL);
        assert_int_equal(bootstrap_bca(endless, 2, BOOTSTRAP_MEAN, 100, 1, 0.95, &b), -EINVAL);
        assert_int_equal(bootstrap_bca(x, 2, BOOTSTRAP_MEAN, 1, 1, 0.95, &b), -EINVAL);
        assert_int_equal(
                bootstrap_bca(x, 2, BOOTSTRAP_MEAN, BOOTSTRAP_RESAMPLES_MAX + 1, 1, 0.95, &b),
                -EINVAL);
        assert_int_equal(bootstrap_bca(x, 2, BOOTSTRAP_MEAN, 100, 1, 1, &b), -EINVAL);
        assert_int_equal(bootstrap_bca(x, 2, BOOTSTRAP_MEAN, 100, 1, NAN, &b), -EINVAL);
        assert_int_equal(
                bootstrap_bca(many, ARRAY_SIZE(many), BOOTSTRAP_MEAN, 100, 1, 0.95, &b), -EINVAL);
        assert_true(b.estimate == 17);
        assert_int_equal(bootstrap_bca(x, 2, BOOTSTRAP_MEDIAN, 100, 1, 0.95, &b), 0);
        assert_near(b.estimate, 0.85);
}

/* The largest sample allowed, at the number of resamples that is used. */
static void the_largest_sample_is_no_trouble(void **state)
{
        static double x[BOOTSTRAP_SAMPLE_MAX];
        struct bootstrap b;
        struct interval t;

        for (size_t i = 0; i < ARRAY_SIZE(x); i++)
                x[i] = sin((double)i);
        assert_int_equal(bootstrap_bca(x, ARRAY_SIZE(x), BOOTSTRAP_MEAN, BOOTSTRAP_RESAMPLES,
                                 BOOTSTRAP_SEED, 0.95, &b),
                0);
        t = sample_mean_interval(x, ARRAY_SIZE(x), 0.95);
        /* An end of 2000 resamples is itself uncertain by 5 % of the width. */
        assert_within(b.bca.low, t.low, 0.15 * (t.high - t.low));
        assert_within(b.bca.high, t.high, 0.15 * (t.high - t.low));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_generator_is_splitmix64),
                cmocka_unit_test(indices_are_uniform_and_below),
                cmocka_unit_test(intervals_agree),
                cmocka_unit_test(acceleration_is_that_of_the_jackknife),
                cmocka_unit_test(same_data_and_seed_give_the_same),
                cmocka_unit_test(equal_values_have_no_width),
                cmocka_unit_test(what_cannot_be_resampled_is_refused),
                cmocka_unit_test(the_largest_sample_is_no_trouble),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
