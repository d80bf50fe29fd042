/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* k hits of n: the share with two intervals, Wilson's to show and Clopper and Pearson's to decide,
 * and what can be said when nothing was hit. It does not say which n are large enough; the width
 * does. `k` > n or a confidence outside of (0, 1) gives NaN, n = 0 too. */

#include <stddef.h>

#include "judge/interval.h"

struct proportion {
        size_t hits, of;
        double share; /* NaN when `of` is 0 */
        struct interval wilson; /* mean coverage is the nominal one; 0.86 at worst, n = 10 */
        struct interval exact; /* Clopper and Pearson: coverage is never below the nominal one */
};

struct proportion proportion_of(size_t hits, size_t of, double confidence);
/* E. B. Wilson (1927), without continuity correction. */
struct interval proportion_wilson(size_t hits, size_t of, double confidence);
/* Clopper and Pearson (1934) by quantiles of the beta distribution. */
struct interval proportion_clopper_pearson(size_t hits, size_t of, double confidence);
/* The same for numbers that a design effect was divided out of (Korn and Graubard 1998). */
struct interval proportion_effective(double hits, double of, double confidence);
/* Nothing hit in n: the share is below this, one-sided: 1 - (1-confidence)^(1/n). */
double proportion_zero_event_bound(size_t n, double confidence);
/* Exact two-sided McNemar test: p of `b` changes one way and `c` the other; 1 when there are none.
 * (McNemar 1947; exact as binomial(b + c, 1/2).) */
double mcnemar_exact(size_t b, size_t c);
