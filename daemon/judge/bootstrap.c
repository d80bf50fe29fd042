/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/bootstrap.h"

#include <errno.h>

#include "hash.h"
#include "judge/distribution.h"
#include "judge/sample.h"

/* Estimates nearer than this share of the largest value are equal: a mean depends on the order of
 * summation. */
#define ROUNDING 1e-12

uint64_t bootstrap_next(uint64_t *state)
{
        return splitmix64_next(state);
}

size_t bootstrap_index(uint64_t *state, size_t n)
{
        return (size_t)(((bootstrap_next(state) >> 32) * n) >> 32);
}

/* May reorder x. */
static double estimate(enum bootstrap_statistic statistic, double *x, size_t n)
{
        if (statistic == BOOTSTRAP_MEAN)
                return sample_mean(x, n);
        sample_sort(x, n);
        return sample_median(x, n);
}

static double estimate_without(
        enum bootstrap_statistic statistic, const double *sorted, size_t n, double mean, size_t i)
{
        size_t low = (n - 2) / 2, high = (n - 1) / 2;

        if (statistic == BOOTSTRAP_MEAN)
                return mean + (mean - sorted[i]) / ((double)n - 1);
        return (sorted[low + (low >= i)] + sorted[high + (high >= i)]) / 2;
}

/* A sixth of the skewness of the jackknife; 0 when leaving out makes no difference. */
static double acceleration(enum bootstrap_statistic statistic, const double *sorted, size_t n)
{
        double mean = sample_mean(sorted, n), centre = 0, squares = 0, cubes = 0;

        for (size_t i = 0; i < n; i++)
                centre += estimate_without(statistic, sorted, n, mean, i) / (double)n;
        for (size_t i = 0; i < n; i++) {
                double d = centre - estimate_without(statistic, sorted, n, mean, i);

                squares += d * d;
                cubes += d * d * d;
        }
        return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

static double adjusted(const struct bootstrap *b, double alpha)
{
        double z = b->z0 + normal_quantile(alpha);

        return normal_cdf(b->z0 + z / (1 - b->acceleration * z));
}

static void conclude(struct bootstrap *b, double *estimates, size_t resamples, double confidence)
{
        double tail = (1 - confidence) / 2;

        b->mean = sample_mean(estimates, resamples);
        b->sd = sample_sd(estimates, resamples);
        b->z0 = normal_quantile(((double)b->less + (double)b->equal / 2) / (double)resamples);
        b->alpha_low = adjusted(b, tail);
        b->alpha_high = adjusted(b, 1 - tail);
        sample_sort(estimates, resamples);
        b->percentile = (struct interval){sample_quantile(estimates, resamples, tail),
                sample_quantile(estimates, resamples, 1 - tail)};
        b->bca = INTERVAL_NONE;
        if (isfinite(b->z0))
                b->bca = (struct interval){sample_quantile(estimates, resamples, b->alpha_low),
                        sample_quantile(estimates, resamples, b->alpha_high)};
}

int bootstrap_bca(const double *x, size_t n, enum bootstrap_statistic statistic, size_t resamples,
        uint64_t seed, double confidence, struct bootstrap *ret)
{
        _cleanup_free_ double *copy = NULL, *estimates = NULL;
        struct bootstrap b = {};
        double rounding;

        if (n < 2 || n > BOOTSTRAP_SAMPLE_MAX || resamples < 2 ||
                resamples > BOOTSTRAP_RESAMPLES_MAX || !(confidence > 0 && confidence < 1) ||
                !sample_usable(x, n))
                return -EINVAL;
        copy = calloc(n, sizeof(*copy));
        estimates = calloc(resamples, sizeof(*estimates));
        if (!copy || !estimates)
                return -ENOMEM;
        memcpy(copy, x, n * sizeof(*copy));
        sample_sort(copy, n);
        b.estimate = estimate(statistic, copy, n);
        b.acceleration = acceleration(statistic, copy, n);
        rounding = ROUNDING * fmax(fabs(copy[0]), fabs(copy[n - 1]));
        for (size_t r = 0; r < resamples; r++) {
                for (size_t i = 0; i < n; i++)
                        copy[i] = x[bootstrap_index(&seed, n)];
                estimates[r] = estimate(statistic, copy, n);
                if (fabs(estimates[r] - b.estimate) <= rounding)
                        b.equal++;
                else if (estimates[r] < b.estimate)
                        b.less++;
        }
        conclude(&b, estimates, resamples, confidence);
        *ret = b;
        return 0;
}
