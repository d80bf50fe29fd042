/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <errno.h>

#include "fewer.h"
#include "judge/bootstrap.h"
#include "judge/distribution.h"
#include "judge/roc.h"
#include "judge/sample.h"
#include "random.h"

#define LEVEL 0.95

static void assert_pair(struct interval actual, const char *path)
{
        assert_near(actual.low, reference_at("%s.0", path));
        assert_near(actual.high, reference_at("%s.1", path));
}

static void the_labelled_sample_agrees(void **state)
{
        double relevant[30], irrelevant[25];
        size_t m = reference_array(reference("roc.relevant"), relevant, 30),
               n = reference_array(reference("roc.irrelevant"), irrelevant, 25);
        struct roc roc;

        assert_int_equal(
                roc_compute(relevant, m, irrelevant, n, 2000, BOOTSTRAP_SEED, LEVEL, &roc), 0);
        assert_near(roc.auc, reference_at("roc.auc_P_rel_lt_irr"));
        assert_near(roc.variance, reference_at("roc.delong_var"));
        assert_pair(roc.wald, "roc.ci95_wald");
        assert_pair(roc.logit, "roc.ci95_logit");
        assert_near(roc.cut, reference_at("roc.youden_cut_first_max"));
        assert_near(roc.youden, reference_at("roc.youden_J"));
        assert_near(roc.sensitivity.share, reference_at("roc.sens"));
        assert_near(roc.specificity.share, reference_at("roc.spec"));
        assert_pair(roc.sensitivity.exact, "roc.sens_cp95");
        assert_pair(roc.specificity.exact, "roc.spec_cp95");
        assert_true(roc.cut_interval.low <= roc.cut && roc.cut <= roc.cut_interval.high);
        /* Of 30 the largest; every irrelevant distance is smaller. */
        assert_int_equal(roc.tolerance_rank, 30);
        assert_near(roc.tolerance_border, 1.517044);
        assert_int_equal(roc.tolerance_accepts.hits, 25);
}

static void tolerance_ranks_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("tolerance_border_rank"), i, row) {
                double rank = reference_number(row, "rank");

                assert_near(
                        (double)roc_tolerance_rank((size_t)reference_number(row, "n"),
                                reference_number(row, "content"), reference_number(row, "conf")),
                        isnan(rank) ? 0 : rank);
        }
        assert_int_equal(i, 30);
        assert_int_equal(roc_tolerance_rank(0, 0.9, 0.95), 0);
        assert_int_equal(roc_tolerance_rank(28, 0.9, 0.95), 0);
}

/* The r-th of n covers the content with a probability that is known exactly. */
static void tolerance_borders_hold_as_promised(void **state)
{
        const size_t step = 400 / fewer(400);

        for (size_t n = 29; n <= 400; n += step) {
                size_t r = roc_tolerance_rank(n, 0.9, 0.95);

                assert_true(binomial_cdf(r - 1, n, 0.9) >= 0.95);
                assert_true(binomial_cdf(r - 2, n, 0.9) < 0.95);
        }
}

static void a_border_accepts_what_lies_on_it(void **state)
{
        double near[29], far[] = {27, 28, 28, 28.5};
        struct roc roc;

        for (size_t i = 0; i < ARRAY_SIZE(near); i++)
                near[i] = (double)i;
        assert_int_equal(roc_compute(near, 29, far, 4, 0, 1, LEVEL, &roc), 0);
        assert_int_equal(roc.tolerance_rank, 29);
        assert_near(roc.tolerance_border, 28);
        assert_int_equal(roc.tolerance_accepts.hits, 3);
        assert_int_equal(roc.tolerance_accepts.of, 4);
}

/* Every pair, the definition of the AUC and of DeLong's placements. */
static void by_every_pair(
        const double *x, size_t m, const double *y, size_t n, double *ret_auc, double *ret_variance)
{
        double by_x[64] = {}, by_y[64] = {}, sd_x, sd_y;

        for (size_t i = 0; i < m; i++)
                for (size_t j = 0; j < n; j++) {
                        double won = x[i] < y[j] ? 1 : x[i] > y[j] ? 0 : 0.5;

                        by_x[i] += won / (double)n;
                        by_y[j] += won / (double)m;
                }
        sd_x = sample_sd(by_x, m);
        sd_y = sample_sd(by_y, n);
        *ret_auc = sample_mean(by_x, m);
        *ret_variance = sd_x * sd_x / (double)m + sd_y * sd_y / (double)n;
}

static void ties_count_half(void **state)
{
        uint64_t seed = 11;

        for (size_t m = 1; m <= 40; m = 2 * m)
                for (size_t n = 1; n <= 40; n += n < 4 ? 1 : 5) {
                        double x[64], y[64], auc, variance;
                        struct roc roc;

                        for (size_t i = 0; i < m; i++)
                                x[i] = (double)bootstrap_index(&seed, 9);
                        for (size_t i = 0; i < n; i++)
                                y[i] = 2 + (double)bootstrap_index(&seed, 9);
                        by_every_pair(x, m, y, n, &auc, &variance);
                        assert_int_equal(roc_compute(x, m, y, n, 0, 1, LEVEL, &roc), 0);
                        assert_near(roc.auc, auc);
                        assert_near(roc.variance, variance);
                }
}

static size_t below(const double *x, size_t n, double cut)
{
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
                count += x[i] < cut ? 1 : 0;
        return count;
}

/* Tries every border between two of the values that there can be. */
static void the_cut_is_the_first_best(void **state)
{
        uint64_t seed = 13;

        for (size_t n = 1; n <= 40; n++) {
                size_t relevant = 0, irrelevant = 0;
                double x[40], y[40], best = -2;
                struct roc roc;

                for (size_t i = 0; i < n; i++) {
                        x[i] = (double)bootstrap_index(&seed, 30);
                        y[i] = (double)(12 + bootstrap_index(&seed, 30));
                }
                for (double cut = 0.5; cut < 42; cut++) {
                        size_t r = below(x, n, cut), w = below(y, n, cut);
                        double youden = ((double)r - (double)w) / (double)n;

                        if (r + w == 0 || r + w == 2 * n || youden <= best)
                                continue;
                        best = youden;
                        relevant = r;
                        irrelevant = w;
                }
                assert_int_equal(roc_compute(x, n, y, n, 0, 1, LEVEL, &roc), 0);
                assert_near(roc.youden, best);
                assert_int_equal(roc.sensitivity.hits, relevant);
                assert_int_equal(roc.specificity.hits, n - irrelevant);
                assert_int_equal(below(x, n, roc.cut), relevant);
                assert_int_equal(below(y, n, roc.cut), irrelevant);
        }
}

/* Drawing and cutting again with the same seed, one resample at a time. */
static void the_cut_is_drawn_again(void **state)
{
        enum { N = 15, RESAMPLES = 300 };
        double x[N], y[N], cuts[RESAMPLES];
        uint64_t data = 19, seed = 5;
        struct roc roc, again;

        for (size_t i = 0; i < N; i++) {
                x[i] = (double)bootstrap_index(&data, 1000);
                y[i] = 400 + (double)bootstrap_index(&data, 1000);
        }
        sample_sort(x, N);
        sample_sort(y, N);
        assert_int_equal(roc_compute(x, N, y, N, RESAMPLES, seed, LEVEL, &roc), 0);
        for (size_t r = 0; r < RESAMPLES; r++) {
                double relevant[N], irrelevant[N];

                for (size_t i = 0; i < N; i++)
                        relevant[i] = x[bootstrap_index(&seed, N)];
                for (size_t i = 0; i < N; i++)
                        irrelevant[i] = y[bootstrap_index(&seed, N)];
                assert_int_equal(roc_compute(relevant, N, irrelevant, N, 0, 0, LEVEL, &again), 0);
                assert_false(interval_known(again.cut_interval));
                cuts[r] = again.cut;
        }
        sample_sort(cuts, RESAMPLES);
        assert_near(roc.cut_interval.low, sample_quantile(cuts, RESAMPLES, 0.025));
        assert_near(roc.cut_interval.high, sample_quantile(cuts, RESAMPLES, 0.975));
        assert_true(roc.cut_interval.low < roc.cut && roc.cut < roc.cut_interval.high);
        /* Too few in either class. */
        for (size_t m = ROC_CUT_NEEDS - 1; m <= ROC_CUT_NEEDS; m++)
                for (size_t n = ROC_CUT_NEEDS - 1; n <= ROC_CUT_NEEDS; n++) {
                        assert_int_equal(roc_compute(x, m, y, n, 9, 1, LEVEL, &again), 0);
                        assert_int_equal(interval_known(again.cut_interval),
                                m >= ROC_CUT_NEEDS && n >= ROC_CUT_NEEDS);
                }
}

static void perfect_separation_has_no_interval(void **state)
{
        const double near[] = {0.5, 0.6, 0.7}, far[] = {1.0, 1.1, 1.2};
        struct roc roc;

        assert_int_equal(roc_compute(near, 3, far, 3, 100, 1, LEVEL, &roc), 0);
        assert_within(roc.auc, 1, 0);
        assert_false(interval_known(roc.logit));
        assert_near(roc.cut, 0.85);
        assert_near(roc.youden, 1);
        assert_false(interval_known(roc.cut_interval));
        assert_int_equal(roc.tolerance_rank, 0);
        assert_true(isnan(roc.tolerance_border) && isnan(roc.tolerance_accepts.share));
        assert_int_equal(roc_compute(far, 3, near, 3, 100, 1, LEVEL, &roc), 0);
        assert_within(roc.auc, 0, 0);
        assert_false(interval_known(roc.logit));
}

static void equal_distances_have_no_border(void **state)
{
        double same[ROC_CUT_NEEDS];
        struct roc roc;

        for (size_t i = 0; i < ARRAY_SIZE(same); i++)
                same[i] = 0.9;
        assert_int_equal(
                roc_compute(same, ARRAY_SIZE(same), same, ARRAY_SIZE(same), 50, 1, LEVEL, &roc), 0);
        assert_near(roc.auc, 0.5);
        assert_true(isnan(roc.cut) && isnan(roc.youden));
        assert_true(isnan(roc.sensitivity.share) && isnan(roc.specificity.share));
        assert_false(interval_known(roc.cut_interval));
        assert_int_equal(roc_compute(same, 1, same, 1, 50, 1, LEVEL, &roc), 0);
        assert_true(isnan(roc.variance));
        assert_false(interval_known(roc.wald) || interval_known(roc.logit));
}

/* Two normal classes one standard deviation apart: AUC = Phi(1/sqrt 2), best cut 1/2. */
static void intervals_cover_what_is_true(void **state)
{
        enum { N = 30 };
        const size_t rounds = fewer(400);
        unsigned logit = 0, cut = 0;
        uint64_t seed = 17;

        for (size_t round = 0; round < rounds; round++) {
                double x[N], y[N];
                struct roc roc;

                for (int i = 0; i < N; i++) {
                        x[i] = normal_quantile(random_uniform(&seed));
                        y[i] = 1 + normal_quantile(random_uniform(&seed));
                }
                assert_int_equal(roc_compute(x, N, y, N, 400, round, LEVEL, &roc), 0);
                logit += roc.logit.low <= normal_cdf(M_SQRT1_2) &&
                        normal_cdf(M_SQRT1_2) <= roc.logit.high;
                cut += roc.cut_interval.low <= 0.5 && 0.5 <= roc.cut_interval.high;
        }
        /* 4 standard deviations of a proportion of so many; the measured ones are 0.949 and 0.90 to
         * 0.98. */
        assert_within(
                (double)logit / (double)rounds, 0.949, 4 * sqrt(0.949 * 0.051 / (double)rounds));
        assert_true((double)cut / (double)rounds >= 0.90 - 4 * sqrt(0.90 * 0.10 / (double)rounds));
}

static void nonsense_is_refused(void **state)
{
        static double many[ROC_CLASS_MAX + 1];
        const double good[] = {0.5, 0.6}, bad[] = {0.5, NAN};
        struct roc roc = {.auc = 17};

        assert_int_equal(roc_compute(good, 0, good, 2, 0, 1, LEVEL, &roc), -EINVAL);
        assert_int_equal(roc_compute(good, 2, good, 0, 0, 1, LEVEL, &roc), -EINVAL);
        assert_int_equal(roc_compute(bad, 2, good, 2, 0, 1, LEVEL, &roc), -EINVAL);
        assert_int_equal(roc_compute(good, 2, bad, 2, 0, 1, LEVEL, &roc), -EINVAL);
        assert_int_equal(roc_compute(good, 2, many, ROC_CLASS_MAX + 1, 0, 1, LEVEL, &roc), -EINVAL);
        assert_int_equal(roc_compute(good, 2, good, 2, BOOTSTRAP_RESAMPLES_MAX + 1, 1, LEVEL, &roc),
                -EINVAL);
        assert_int_equal(roc_compute(good, 2, good, 2, 0, 1, 1, &roc), -EINVAL);
        assert_true(roc.auc == 17);
}

static void the_largest_classes_are_no_trouble(void **state)
{
        static double x[ROC_CLASS_MAX], y[ROC_CLASS_MAX];
        struct roc roc;

        for (size_t i = 0; i < ROC_CLASS_MAX; i++) {
                x[i] = sin((double)i);
                y[i] = 1 + cos((double)i);
        }
        assert_int_equal(roc_compute(x, ROC_CLASS_MAX, y, ROC_CLASS_MAX, BOOTSTRAP_RESAMPLES,
                                 BOOTSTRAP_SEED, LEVEL, &roc),
                0);
        assert_true(roc.cut_interval.low <= roc.cut && roc.cut <= roc.cut_interval.high);
        assert_true(roc.logit.high - roc.logit.low < 0.02);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_labelled_sample_agrees),
                cmocka_unit_test(tolerance_ranks_agree),
                cmocka_unit_test(tolerance_borders_hold_as_promised),
                cmocka_unit_test(a_border_accepts_what_lies_on_it),
                cmocka_unit_test(ties_count_half),
                cmocka_unit_test(the_cut_is_the_first_best),
                cmocka_unit_test(the_cut_is_drawn_again),
                cmocka_unit_test(perfect_separation_has_no_interval),
                cmocka_unit_test(equal_distances_have_no_border),
                cmocka_unit_test(intervals_cover_what_is_true),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(the_largest_classes_are_no_trouble),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
