/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Probability distributions in double precision on nothing but libm, to 1e-9 absolute for sample
 * sizes up to a million; lower tails keep their relative precision too. Arguments outside of a
 * function's domain, NaN among them, yield NaN; nothing here allocates, fails otherwise, or knows
 * what its numbers mean. Numbers of equations (DLMF) are those of the NIST Digital Library of
 * Mathematical Functions. */

#include <stdbool.h>
#include <stddef.h>

/* P(Z <= z) of the standard normal, by erfc() so that the lower tail keeps its digits. */
double normal_cdf(double z);
/* Its inverse for 0 <= p <= 1, infinite at the ends: Halley steps from the start of Abramowitz and
 * Stegun 26.2.23. */
double normal_quantile(double p);

/* ln Gamma(x), x > 0: lgamma() without its global variable. */
double log_gamma(double x);
/* ln C(n,k); -infinity for k > n. */
double log_choose(size_t n, size_t k);

/* Regularised incomplete beta I_x(a,b), a, b > 0, 0 <= x <= 1: the continued fraction DLMF 8.17.22
 * by Lentz's method. */
double beta_cdf(double a, double b, double x);
/* x with I_x(a,b) = p, by bisection. */
double beta_quantile(double a, double b, double p);

/* P(T <= t) of Student's t with df > 0 (not necessarily whole), by the incomplete beta. */
double student_t_cdf(double t, double df);
/* Its inverse, infinite at the ends, by bisection of the lower tail. */
double student_t_quantile(double p, double df);

/* X ~ Binomial(n,p), 0 <= p <= 1: P(X <= k) and P(X >= k), by I_x (DLMF 8.17.5). */
double binomial_cdf(size_t k, size_t n, double p);
double binomial_sf(size_t k, size_t n, double p);
/* Smallest k with P(X <= k) >= q; at most n, also for arguments that have no answer. */
size_t binomial_quantile(double q, size_t n, double p);
