/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Probability distributions in double precision on nothing but libm: to 1e-9 absolute, lower tails
 * also relative. Arguments outside of a function's domain, NaN among them, yield NaN; nothing here
 * allocates, fails otherwise, or knows what its numbers mean. Numbers of equations (DLMF) are those
 * of the NIST Digital Library of Mathematical Functions. */

#include <stddef.h>

/* P(Z <= z) of the standard normal, by erfc() so that the lower tail keeps its digits. */
double normal_cdf(double z);
/* Its inverse for 0 <= p <= 1 (infinite at the ends): Acklam's rational start and two Halley steps
 * (P. J. Acklam 2003). */
double normal_quantile(double p);

/* Regularised incomplete beta I_x(a,b), a, b > 0, 0 <= x <= 1: the continued fraction DLMF 8.17.22
 * by Lentz's method. */
double beta_cdf(double a, double b, double x);
/* x with I_x(a,b) = p: Newton steps guarded by bisection. */
double beta_quantile(double a, double b, double p);

/* P(T <= t) of Student's t with df > 0, by I_x(df/2, 1/2) at x = df/(df+t^2) (DLMF 8.17). */
double student_t_cdf(double t, double df);
/* Its inverse: t = sqrt(df (1/x - 1)), x = I^-1(df/2, 1/2; 2(1-p)). */
double student_t_quantile(double p, double df);

/* P(T <= t) of the noncentral t with df > 0 and |ncp| <= 37: the series of Lenth (1989), Applied
 * Statistics AS 243, to 1e-12. */
double noncentral_t_cdf(double t, double df, double ncp);

/* ln C(n,k); -infinity for k > n. */
double log_choose(size_t n, size_t k);
/* X ~ Binomial(n,p): P(X <= k) and P(X >= k), by I_x (DLMF 8.17.24). The latter's logarithm stays
 * finite where the probability itself is too small for a double. */
double binomial_cdf(size_t k, size_t n, double p);
double binomial_sf(size_t k, size_t n, double p);
double binomial_log_sf(size_t k, size_t n, double p);
