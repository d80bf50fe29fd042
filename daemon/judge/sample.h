/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What one sample says of the population it was drawn from: location, scale, quantiles and their
 * intervals. Values must be finite: sample_usable() says whether they are. No bootstrap (see
 * bootstrap.h), no comparison of two samples (see paired.h). Nothing here allocates; functions that
 * need order take the sample sorted, and say so by the name of the argument. */

#include <stdbool.h>
#include <stddef.h>

#include "judge/interval.h"

/* No value is NaN or infinite. */
bool sample_usable(const double *x, size_t n);
/* Ascending, in place. */
void sample_sort(double *x, size_t n);

/* NaN when n = 0. */
double sample_mean(const double *x, size_t n);
/* With n - 1; NaN when n < 2. */
double sample_sd(const double *x, size_t n);
/* Type 7 of Hyndman and Fan (1996): linear between order statistics at h = (n-1)p; NaN when n = 0
 * or p is outside of 0 … 1. */
double sample_quantile(const double *sorted, size_t n, double p);
double sample_median(const double *sorted, size_t n);

/* mean +- t sd/sqrt(n), two-sided; none when n < 2. All values equal give an interval of no width:
 * honest only where they are exact. */
struct interval sample_mean_interval(const double *x, size_t n, double confidence);

/* A quantile and its interval between two order statistics, without any assumption on the
 * distribution (David and Nagaraja 2003, Order Statistics, 7.1). Exact coverage is at least what
 * was asked for. */
struct quantile {
        double estimate; /* type 7 */
        struct interval interval; /* an end is NaN when no order statistic is far enough out */
        size_t low_rank; /* from 1; 0: not estimable */
        size_t high_rank; /* up to n; n + 1: not estimable */
        double coverage; /* exact, of [low_rank, high_rank) with a missing end as infinity */
};

/* Two-sided with equal tails: l is the largest rank with P(B < l) <= alpha/2, u the smallest with
 * P(B < u) >= 1 - alpha/2, B ~ Binomial(n, p). n = 0 leaves everything NaN and both ranks beyond.
 */
struct quantile sample_quantile_interval(
        const double *sorted, size_t n, double p, double confidence);
/* One-sided: the quantile is at least (at most) this with the given confidence; NaN when not
 * estimable. */
double sample_quantile_at_least(const double *sorted, size_t n, double p, double confidence);
double sample_quantile_at_most(const double *sorted, size_t n, double p, double confidence);

/* Median of the n(n+1)/2 Walsh averages (x_i + x_j)/2, i <= j (Hodges and Lehmann 1963), exactly,
 * in O(n log n) by counting instead of listing them; NaN when n = 0. */
double sample_hodges_lehmann(const double *sorted, size_t n);
/* Its distribution-free interval between two Walsh averages (Hollander, Wolfe and Chicken 2014,
 * 3.3), as exact as wilcoxon.h; none where n is too small (n < 6
 * at 0.95). Assumes symmetry about the centre. */
struct interval sample_hodges_lehmann_interval(const double *sorted, size_t n, double confidence);
