/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/distribution.h"

#include <float.h>
#include <math.h>

static bool is_probability(double p)
{
        return p >= 0 && p <= 1;
}

/* The x in [low, high] at which the increasing f(x, argument) reaches `target`, to the last bit of
 * x; an end when all values are on one side of it. */
static double increasing_root(double (*f)(double x, const void *argument), const void *argument,
        double target, double low, double high)
{
        for (;;) {
                double middle = low + (high - low) / 2;

                if (middle <= low || middle >= high)
                        return f(low, argument) >= target ? low : high;
                if (f(middle, argument) < target)
                        low = middle;
                else
                        high = middle;
        }
}

double normal_cdf(double z)
{
        return erfc(-z / M_SQRT2) / 2;
}

double normal_quantile(double p)
{
        double t, z;

        if (!is_probability(p))
                return NAN;
        if (p > 0.5)
                return -normal_quantile(1 - p);
        if (p <= 0)
                return -INFINITY;
        t = sqrt(-2 * log(p));
        z = (2.515517 + t * (0.802853 + t * 0.010328)) /
                        (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
                t;
        /* The start is good to 4.5e-4 and each step cubes the error. */
        for (int i = 0; i < 3; i++) {
                double density = exp(-z * z / 2) / sqrt(2 * M_PI);
                double step = density > 0 ? (normal_cdf(z) - p) / density : 0;

                z -= step / (1 + z * step / 2);
        }
        return z;
}

double log_gamma(double x)
{
        int sign;

        return x > 0 ? lgamma_r(x, &sign) : NAN;
}

double log_choose(size_t n, size_t k)
{
        if (k > n)
                return -INFINITY;
        return log_gamma((double)n + 1) - log_gamma((double)k + 1) - log_gamma((double)(n - k) + 1);
}

/* What Stirling's formula leaves of ln Gamma(x) (DLMF 5.11.1). */
static double stirling_rest(double x)
{
        double s = 1 / (x * x);

        if (x < 10)
                return log_gamma(x) - ((x - 0.5) * log(x) - x + log(2 * M_PI) / 2);
        return (1. / 12 - s * (1. / 360 - s * (1. / 1260 - s * (1. / 1680 - s / 1188)))) / x;
}

/* x^a y^b / B(a,b) with y = 1 - x. By Stirling's formula, because differences of ln Gamma have lost
 * nine digits by a + b = 10^6. */
static double beta_power(double a, double b, double x, double y)
{
        double sum = a + b;

        return exp(-a * log(a / (sum * x)) - b * log(b / (sum * y)) + stirling_rest(sum) -
                       stirling_rest(a) - stirling_rest(b)) *
                sqrt(a / sum * b / (2 * M_PI));
}

/* 1/(1 + d_1/(1 + d_2/(1 + ...))) of DLMF 8.17.22, by the modified method of Lentz. */
static double beta_fraction(double a, double b, double x)
{
        const double tiny = DBL_MIN / DBL_EPSILON;
        double c = 1, d = 0, value = 1;

        /* About sqrt(max(a,b)) terms are needed where it is used. */
        for (int i = 1; i < 100000; i++) {
                double m = i / 2;
                double term = i % 2 ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                                    : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));

                d = 1 + term * d;
                c = 1 + term / c;
                d = 1 / (fabs(d) < tiny ? tiny : d);
                c = fabs(c) < tiny ? tiny : c;
                value *= c * d;
                if (fabs(c * d - 1) < DBL_EPSILON)
                        break;
        }
        return 1 / value;
}

/* I_x(a,b) with y = 1 - x, which the caller knows without cancellation. */
static double beta_ratio(double a, double b, double x, double y)
{
        if (x <= 0 || y <= 0)
                return x > 0;
        if (x > (a + 1) / (a + b + 2))
                return 1 - beta_power(a, b, x, y) / b * beta_fraction(b, a, y);
        return beta_power(a, b, x, y) / a * beta_fraction(a, b, x);
}

static bool is_positive(double x)
{
        return x > 0 && isfinite(x);
}

double beta_cdf(double a, double b, double x)
{
        if (!is_positive(a) || !is_positive(b) || !is_probability(x))
                return NAN;
        return beta_ratio(a, b, x, 1 - x);
}

static double beta_cdf_at(double x, const void *argument)
{
        const double *ab = argument;

        return beta_cdf(ab[0], ab[1], x);
}

double beta_quantile(double a, double b, double p)
{
        double ab[] = {a, b};

        if (!is_positive(a) || !is_positive(b) || !is_probability(p))
                return NAN;
        /* I_x has rounded to 1 long before x has. */
        if (p >= 1)
                return 1;
        return increasing_root(beta_cdf_at, ab, p, 0, 1);
}

double student_t_cdf(double t, double df)
{
        double square = t * t, tail;

        if (isnan(t) || !is_positive(df))
                return NAN;
        if (isinf(square))
                return t > 0;
        tail = beta_ratio(df / 2, 0.5, df / (df + square), square / (df + square)) / 2;
        return t > 0 ? 1 - tail : tail;
}

static double student_t_cdf_at(double t, const void *argument)
{
        return student_t_cdf(t, *(const double *)argument);
}

double student_t_quantile(double p, double df)
{
        double low = -1;

        if (!is_probability(p) || !is_positive(df))
                return NAN;
        if (p > 0.5)
                return -student_t_quantile(1 - p, df);
        if (p <= 0)
                return -INFINITY;
        while (student_t_cdf(low, df) > p)
                low *= 2;
        return increasing_root(student_t_cdf_at, &df, p, low, 0);
}

double binomial_sf(size_t k, size_t n, double p)
{
        if (!is_probability(p))
                return NAN;
        if (k == 0 || k > n)
                return k == 0;
        return beta_cdf((double)k, (double)(n - k) + 1, p);
}

double binomial_cdf(size_t k, size_t n, double p)
{
        if (!is_probability(p))
                return NAN;
        if (k >= n)
                return 1;
        return beta_ratio((double)(n - k), (double)k + 1, 1 - p, p);
}

size_t binomial_quantile(double q, size_t n, double p)
{
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (binomial_cdf(middle, n, p) >= q)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}
