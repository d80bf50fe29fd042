/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bias-corrected and accelerated bootstrap intervals (Efron 1987) of a mean or a median, repeatable
 * to the bit: the generator is splitmix64 with the seed the caller gives. Not for extreme
 * quantiles, where its coverage is far below the nominal one (0.62 for the 95th percentile of 20
 * values); sample.h has order statistics for those. */

#include <stddef.h>
#include <stdint.h>

#include "judge/interval.h"
#include "macro.h"

/* Resamples enough for the ends of a 95 % interval. */
#define BOOTSTRAP_RESAMPLES 2000
/* What every interval shown to people starts from, so that the same data give the same report. */
#define BOOTSTRAP_SEED UINT64_C(42)
/* Bounds of n and of the number of resamples: together 2 x 10^8 draws, a second for a mean. */
#define BOOTSTRAP_SAMPLE_MAX 10000
#define BOOTSTRAP_RESAMPLES_MAX 20000

/* Next number of Steele, Lea and Flood's splitmix64 (2014); `*state` starts as the seed. */
uint64_t bootstrap_next(uint64_t *state);
/* An index below n (n < 2^32): ((next >> 32) n) >> 32. */
size_t bootstrap_index(uint64_t *state, size_t n);

enum bootstrap_statistic {
        BOOTSTRAP_MEAN,
        BOOTSTRAP_MEDIAN,
};

struct bootstrap {
        double estimate; /* of the sample itself */
        double mean, sd; /* of the resamples' estimates */
        size_t less, equal; /* resamples whose estimate is below, and equal to, the sample's */
        double z0, acceleration; /* bias correction; jackknife skewness / 6 */
        double alpha_low, alpha_high; /* adjusted percentiles */
        struct interval bca; /* none when z0 is infinite (every resample on one side) */
        struct interval percentile;
};

/* n values, 2 <= n <= BOOTSTRAP_SAMPLE_MAX, and `resamples`, 2 … BOOTSTRAP_RESAMPLES_MAX; ties with
 * the sample's estimate count half into z0. -EINVAL for other counts, a value that is not finite or
 * a confidence outside of (0, 1); -ENOMEM. */
_must_check_ int bootstrap_bca(const double *x, size_t n, enum bootstrap_statistic statistic,
        size_t resamples, uint64_t seed, double confidence, struct bootstrap *ret);
