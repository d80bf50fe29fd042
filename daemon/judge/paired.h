/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The same queries measured twice: what the differences (now minus then; up is worse) say of the
 * population of queries. Never an alarm: replays of an unchanged index repeat a sample instead of
 * enlarging it, so p-values are shown, not acted on. */

#include <stddef.h>

#include "judge/interval.h"
#include "judge/proportion.h"
#include "judge/wilcoxon.h"
#include "macro.h"

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

/* P(X >= up), X ~ Binomial(up + down, 1/2). */
double sign_test_greater(size_t up, size_t down);
/* Natural logarithm of the e-value of a uniform mixture over success probabilities in [1/2, 1]
 * against 1/2: sum_{j=D+1}^{n+1} C(n+1,j) / ((n+1) C(n,U)) with n = U + D, by log-sum-exp, since
 * 1 - I_1/2 cancels. */
double paired_log_e(size_t up, size_t down);