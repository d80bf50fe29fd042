/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The same queries measured twice: what the differences (now minus then; up is worse) say of the
 * population of queries. Also the corrections for testing many at once. Never an alarm: replays of
 * an unchanged index repeat a sample instead of enlarging it, so p-values are shown, not acted on.
 */

#include <stdbool.h>
#include <stddef.h>

#include "judge/interval.h"
#include "judge/proportion.h"
#include "macro.h"

/* Exact null distributions are enumerated up to these sizes; normal approximation beyond. */
#define PAIRED_WILCOXON_EXACT_MAX 50
#define PAIRED_SIGN_FLIP_MAX 20

struct wilcoxon {
        size_t n; /* differences ranked */
        double w; /* sum of the ranks of the positive ones, ties sharing the mean rank */
        double z, z_corrected; /* without and with continuity correction; NaN when n = 0 */
        double p_greater; /* P(W >= w) under symmetry about zero */
        bool exact; /* by enumeration given the ties, otherwise from z_corrected */
};

struct paired {
        size_t n;
        double dead_zone; /* differences of at most this size count as none */
        size_t up, down; /* beyond the dead zone */
        double mean, median, sd; /* sd NaN when n < 2 */
        struct interval mean_interval; /* t, 95 % two-sided */
        double t, p_t_greater; /* NaN when n < 2 or all differences are equal */
        double hodges_lehmann; /* of all Walsh averages, dead zone or not */
        struct interval hodges_lehmann_interval; /* 95 % */
        struct wilcoxon wilcoxon; /* of those beyond the dead zone */
        double p_sign_greater; /* exact sign test, up against down; 1 when there are none */
        double log_e; /* paired_log_e(up, down) */
        struct proportion share_up, share_down; /* of n, 95 % */
};

/* n >= 1 finite differences, dead_zone >= 0: otherwise -EINVAL. -ENOMEM. */
_must_check_ int paired_compute(
        const double *differences, size_t n, double dead_zone, struct paired *ret);

/* P(W >= w) of Wilcoxon's signed rank sum of n untied values (Wilcoxon 1945), n <=
 * PAIRED_WILCOXON_EXACT_MAX, otherwise NaN. */
double wilcoxon_exact_sf(size_t n, double w);
/* P(X >= up), X ~ Binomial(up + down, 1/2). */
double sign_test_greater(size_t up, size_t down);
/* Natural logarithm of the e-value of a uniform mixture over success probabilities in [1/2, 1]
 * against 1/2: sum_{j=D+1}^{n+1} C(n+1,j) / ((n+1) C(n,U)) with n = U + D, by log-sum-exp, since
 * 1 - I_1/2 cancels. */
double paired_log_e(size_t up, size_t down);
/* Exact sign-flip test: share of the 2^m sign patterns of the m nonzero differences whose sum is at
 * least the observed one (m <= PAIRED_SIGN_FLIP_MAX, otherwise NaN; Fisher 1935). `ret_count`, that
 * number, may be NULL. */
double sign_flip_greater(const double *differences, size_t n, size_t *ret_count);

/* Adjusted p-values in the order of `p` (0 … 1 each): Benjamini and Hochberg (1995), Holm (1979).
 * -EINVAL, -ENOMEM; `ret` has n places and may be `p` itself. */
_must_check_ int adjust_benjamini_hochberg(const double *p, size_t n, double *ret);
_must_check_ int adjust_holm(const double *p, size_t n, double *ret);
/* e-BH (Wang and Ramdas 2022): how many of the largest e-values are rejected at level q: the last k
 * with e_(k) >= n/(kq). -EINVAL for a negative or NaN value, -ENOMEM. */
_must_check_ int reject_e_benjamini_hochberg(const double *e, size_t n, double q, size_t *ret);
