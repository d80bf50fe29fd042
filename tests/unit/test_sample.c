/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include "judge/bootstrap.h"
#include "judge/distribution.h"
#include "judge/sample.h"
#include "judge/wilcoxon.h"
#include "random.h"

#define N_MAX 2000

static void summaries_agree(void **state)
{
        json_t *sets = (json_t *)reference("summary"), *expected;
        const char *name;

        assert_int_equal(json_object_size(sets), 9);
        json_object_foreach (sets, name, expected) {
                double x[100];
                size_t n = reference_array(reference("data.%s", name), x, ARRAY_SIZE(x));
                struct interval t = sample_mean_interval(x, n, 0.95);

                assert_near((double)n, reference_number(expected, "n"));
                assert_near(sample_mean(x, n), reference_number(expected, "mean"));
                assert_near(sample_sd(x, n), reference_number(expected, "sd"));
                assert_near(t.low, reference_at("summary.%s.t95_mean.0", name));
                assert_near(t.high, reference_at("summary.%s.t95_mean.1", name));
                sample_sort(x, n);
                assert_near(sample_median(x, n), reference_number(expected, "median"));
                assert_near(sample_quantile(x, n, 0.05), reference_number(expected, "q05"));
                assert_near(sample_quantile(x, n, 0.25), reference_number(expected, "q25"));
                assert_near(sample_quantile(x, n, 0.5), reference_number(expected, "median"));
                assert_near(sample_quantile(x, n, 0.75), reference_number(expected, "q75"));
                assert_near(sample_quantile(x, n, 0.95), reference_number(expected, "p95"));
                assert_near(sample_quantile(x, n, 0), reference_number(expected, "min"));
                assert_near(sample_quantile(x, n, 1), reference_number(expected, "max"));
        }
}

/* 1, 2, 3, …: values that are their own ranks. */
static const double *ranks(void)
{
        static double x[N_MAX];

        for (size_t i = 0; i < N_MAX; i++)
                x[i] = (double)i + 1;
        return x;
}

static void order_statistic_intervals_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("order_stat_ci"), i, row) {
                size_t n = (size_t)reference_number(row, "n");
                double low = reference_number(row, "l"), high = reference_number(row, "u");
                struct quantile q = sample_quantile_interval(
                        ranks(), n, reference_number(row, "p"), reference_number(row, "conf"));

                assert_near((double)q.low_rank, low);
                assert_near((double)q.high_rank, high);
                assert_near(q.coverage, reference_number(row, "coverage"));
                assert_near(q.interval.low, low >= 1 ? low : NAN);
                assert_near(q.interval.high, high <= (double)n ? high : NAN);
        }
        assert_int_equal(i, 30);
}

static void p95_needs_as_many_as_published(void **state)
{
        size_t one = (size_t)reference_at("p95_upper_estimable_min_n.one_sided_95"),
               two = (size_t)reference_at("p95_upper_estimable_min_n.two_sided_95");

        assert_true(isnan(sample_quantile_at_most(ranks(), one - 1, 0.95, 0.95)));
        assert_near(sample_quantile_at_most(ranks(), one, 0.95, 0.95), (double)one);
        assert_true(isnan(sample_quantile_interval(ranks(), two - 1, 0.95, 0.95).interval.high));
        assert_near(sample_quantile_interval(ranks(), two, 0.95, 0.95).interval.high, (double)two);
        /* The lower end of the 5th percentile mirrors it. */
        assert_true(isnan(sample_quantile_at_least(ranks(), one - 1, 0.05, 0.95)));
        assert_near(sample_quantile_at_least(ranks(), one, 0.05, 0.95), 1);
}

static void one_sided_bounds_lie_inside_the_two_sided(void **state)
{
        for (size_t n = 1; n <= 500; n += 13) {
                struct quantile q = sample_quantile_interval(ranks(), n, 0.9, 0.95);
                double least = sample_quantile_at_least(ranks(), n, 0.9, 0.95),
                       most = sample_quantile_at_most(ranks(), n, 0.9, 0.95);

                assert_true(q.coverage >= 0.95);
                assert_true(isnan(q.interval.low) || least >= q.interval.low);
                assert_true(isnan(q.interval.high) || most <= q.interval.high);
                /* As many as it takes for the exact coverage, and not one more. */
                if (!isnan(least)) {
                        assert_true(binomial_sf((size_t)least, n, 0.9) >= 0.95);
                        assert_true(binomial_sf((size_t)least + 1, n, 0.9) < 0.95);
                }
        }
}

/* 4 standard deviations of a proportion over so many samples. */
#define SAMPLES 4000
static double tolerance(double p)
{
        return 4 * sqrt(p * (1 - p) / SAMPLES);
}

static void intervals_cover_as_often_as_they_say(void **state)
{
        unsigned mean = 0, median = 0, p95 = 0, centre = 0;
        struct quantile q, high;
        uint64_t seed = 7;

        for (unsigned s = 0; s < SAMPLES; s++) {
                double x[20];
                struct interval t, walsh;

                for (size_t i = 0; i < ARRAY_SIZE(x); i++)
                        x[i] = normal_quantile(random_uniform(&seed));
                sample_sort(x, ARRAY_SIZE(x));
                t = sample_mean_interval(x, ARRAY_SIZE(x), 0.95);
                q = sample_quantile_interval(x, ARRAY_SIZE(x), 0.5, 0.95);
                high = sample_quantile_interval(x, ARRAY_SIZE(x), 0.95, 0.95);
                walsh = sample_hodges_lehmann_interval(x, ARRAY_SIZE(x), 0.95);
                mean += t.low <= 0 && 0 <= t.high;
                median += q.interval.low <= 0 && 0 <= q.interval.high;
                p95 += high.interval.low <= normal_quantile(0.95);
                centre += walsh.low <= 0 && 0 <= walsh.high;
        }
        assert_within((double)mean / SAMPLES, 0.95, tolerance(0.95));
        assert_within((double)median / SAMPLES, q.coverage, tolerance(q.coverage));
        assert_within((double)p95 / SAMPLES, high.coverage, tolerance(high.coverage));
        /* P(53 <= W <= 210 - 53) of 20: that many of the sets of ranks have such a sum. */
        assert_within((double)centre / SAMPLES, 997782 * 0x1p-20, tolerance(0.95));
}

static void walsh_averages(const double *x, size_t n, double *ret)
{
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
                for (size_t j = i; j < n; j++)
                        ret[count++] = x[i] / 2 + x[j] / 2;
        sample_sort(ret, count);
}

static void check_against_all_walsh_averages(double *x, size_t n)
{
        double all[60 * 61 / 2];
        size_t count = n * (n + 1) / 2, rank = wilcoxon_low_rank(n, 0.025);
        struct interval i;

        sample_sort(x, n);
        walsh_averages(x, n, all);
        assert_within(sample_hodges_lehmann(x, n), sample_median(all, count), 0);
        i = sample_hodges_lehmann_interval(x, n, 0.95);
        assert_within(i.low, rank > 0 ? all[rank - 1] : NAN, 0);
        assert_within(i.high, rank > 0 ? all[count - rank] : NAN, 0);
}

static void hodges_lehmann_is_found_without_listing(void **state)
{
        static const double scales[] = {1, 1e-300, 1e300};
        uint64_t seed = 3;

        for (size_t n = 1; n <= 60; n++)
                for (size_t s = 0; s < ARRAY_SIZE(scales); s++) {
                        double smooth[60], tied[60];

                        for (size_t i = 0; i < n; i++) {
                                smooth[i] = (random_uniform(&seed) - 0.3) * scales[s];
                                /* As distances moved by a loss: mostly exactly not at all. */
                                tied[i] = bootstrap_index(&seed, 3) ? 0 : smooth[i];
                        }
                        check_against_all_walsh_averages(smooth, n);
                        check_against_all_walsh_averages(tied, n);
                }
}

static void few_values_say_little(void **state)
{
        const double one[] = {0.9}, two[] = {0.9, 1.1};
        struct quantile none = sample_quantile_interval(NULL, 0, 0.5, 0.95);

        assert_true(isnan(sample_mean(NULL, 0)) && isnan(sample_sd(NULL, 0)));
        assert_true(isnan(sample_median(NULL, 0)));
        assert_true(isnan(sample_quantile(NULL, 0, 0.5)));
        assert_true(isnan(sample_hodges_lehmann(NULL, 0)));
        assert_false(interval_known(sample_mean_interval(NULL, 0, 0.95)));
        assert_false(interval_known(sample_hodges_lehmann_interval(NULL, 0, 0.95)));
        assert_true(isnan(none.estimate) && isnan(none.coverage));
        assert_int_equal(none.low_rank, 0);
        assert_int_equal(none.high_rank, 1);
        assert_true(isnan(sample_quantile_at_most(NULL, 0, 0.5, 0.95)));
        assert_true(isnan(sample_quantile_at_least(NULL, 0, 0.5, 0.95)));
        sample_sort(NULL, 0);

        assert_near(sample_mean(one, 1), 0.9);
        assert_near(sample_quantile(one, 1, 0.95), 0.9);
        assert_true(isnan(sample_sd(one, 1)));
        assert_false(interval_known(sample_mean_interval(one, 1, 0.95)));
        assert_false(interval_known(sample_quantile_interval(one, 1, 0.5, 0.95).interval));

        assert_near(sample_median(two, 2), 1);
        assert_near(sample_hodges_lehmann(two, 2), 1);
        assert_near(sample_sd(two, 2), 0.1 * M_SQRT2);
        assert_near(sample_mean_interval(two, 2, 0.95).high, 1 + 0.1 * 12.706204736432);
}

static void equal_values_have_no_width(void **state)
{
        double x[N_MAX];
        struct interval t;

        for (size_t i = 0; i < N_MAX; i++)
                x[i] = 0.1;
        t = sample_mean_interval(x, N_MAX, 0.95);
        assert_within(t.low, 0.1, 1e-15);
        assert_within(t.high, 0.1, 1e-15);
        assert_within(sample_mean(x, N_MAX), 0.1, 1e-16);
        assert_within(sample_hodges_lehmann(x, N_MAX), 0.1, 0);
        t = sample_hodges_lehmann_interval(x, N_MAX, 0.95);
        assert_within(t.low, 0.1, 0);
        assert_within(t.high, 0.1, 0);
}

static void nonsense_is_refused(void **state)
{
        const double good[] = {1, -0.0, 1e300}, bad[] = {1, NAN}, endless[] = {-INFINITY, 1};

        assert_true(sample_usable(good, 3));
        assert_true(sample_usable(NULL, 0));
        assert_false(sample_usable(bad, 2));
        assert_false(sample_usable(endless, 2));
        assert_true(isnan(sample_quantile(good, 3, 1.5)));
        assert_true(isnan(sample_quantile(good, 3, NAN)));
        assert_false(interval_known(sample_mean_interval(good, 3, 1)));
        assert_false(interval_known(sample_mean_interval(good, 3, NAN)));
        assert_false(interval_known(sample_hodges_lehmann_interval(good, 3, 0)));
        assert_int_equal(sample_quantile_interval(good, 3, 0, 0.95).low_rank, 0);
        assert_int_equal(sample_quantile_interval(good, 3, 1, 0.95).low_rank, 0);
        assert_int_equal(sample_quantile_interval(good, 3, 0.5, 1).high_rank, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(summaries_agree),
                cmocka_unit_test(order_statistic_intervals_agree),
                cmocka_unit_test(p95_needs_as_many_as_published),
                cmocka_unit_test(one_sided_bounds_lie_inside_the_two_sided),
                cmocka_unit_test(intervals_cover_as_often_as_they_say),
                cmocka_unit_test(hodges_lehmann_is_found_without_listing),
                cmocka_unit_test(few_values_say_little),
                cmocka_unit_test(equal_values_have_no_width),
                cmocka_unit_test(nonsense_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
