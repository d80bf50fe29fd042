/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a set of n queries is able to see, before anything happens: effects and shares that would be
 * noticed with a given probability. Facts of the design, not of any measurement. Arguments without
 * meaning (n = 0, probabilities outside of (0, 1)) give NaN. */

#include <stdbool.h>
#include <stddef.h>

/* The effect, in standard deviations of the differences, that the paired t test at `alpha` finds
 * with probability `power`; n >= 2. Solves the noncentral t (the normal approximation is 10 % too
 * small at n = 10); NaN when that is beyond NONCENTRAL_T_MAX / sqrt(n), which only two or three
 * differences need. */
double power_minimum_effect(size_t n, double alpha, double power, bool two_sided);
/* Smallest share of affected queries with P(at least `moved` of n are affected) >= power: a
 * quantile of Beta(moved, n - moved + 1). */
double power_detectable_share(size_t n, size_t moved, double power);
/* Probability that the random loss of a share of the records touches any of the n x k best answers:
 * 1 - (1-loss)^(nk), 0 <= loss <= 1. */
double power_loss_touches(size_t n, size_t k, double loss);
