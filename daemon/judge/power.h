/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a set of n queries is able to see, before anything happens: shares that would be noticed
 * with a given probability. A fact of the design, not of any measurement. How small a loss of
 * records is seen depends on the answers, and is judge/sensitivity.h's business. */

#include <stddef.h>

/* Smallest share of affected queries with P(at least `moved` of n are affected) >= power: a
 * quantile of Beta(moved, n - moved + 1). NaN for arguments without meaning: n = 0, a power outside
 * of (0, 1). */
double power_detectable_share(size_t n, size_t moved, double power);
