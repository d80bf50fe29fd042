/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Wilcoxon's signed rank statistic (Wilcoxon 1945): the sum of the ranks, by size, of the positive
 * values, under symmetry about zero. What the values are, and which of them count, is the caller's
 * business. */

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

/* The null distribution is enumerated up to here - its probabilities are exact as doubles -, and
 * approximated by the normal one beyond. */
#define WILCOXON_EXACT_MAX 50

struct wilcoxon {
        size_t n; /* values ranked */
        double w; /* sum of the ranks of the positive ones, ties sharing the mean rank */
        double z; /* (w - mean)/sd with the variance corrected for ties; NaN when n = 0 */
        double z_corrected; /* the same of w - 1/2 */
        double p_greater; /* P(W >= w) */
        bool exact; /* by enumeration given the ties, otherwise from z_corrected */
};

/* `values` are finite and not zero; they are reordered. */
struct wilcoxon wilcoxon_of(double *values, size_t n);
/* Largest c with P(W < c) <= tail, by enumeration or the normal approximation: the rank of the
 * lower end of a confidence interval among the Walsh averages; 0 when there is none. */
size_t wilcoxon_low_rank(size_t n, double tail);
