/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/sample.h"

#include "judge/distribution.h"
#include "judge/wilcoxon.h"

bool sample_usable(const double *x, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!isfinite(x[i]))
                        return false;
        return true;
}

static int ascending(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

void sample_sort(double *x, size_t n)
{
        if (n > 1)
                qsort(x, n, sizeof(*x), ascending);
}

double sample_mean(const double *x, size_t n)
{
        double sum = 0, rest = 0, mean;

        for (size_t i = 0; i < n; i++)
                sum += x[i];
        mean = sum / (double)n;
        for (size_t i = 0; i < n; i++)
                rest += x[i] - mean;
        return mean + rest / (double)n;
}

double sample_sd(const double *x, size_t n)
{
        double mean = sample_mean(x, n), squares = 0;

        for (size_t i = 0; i < n; i++)
                squares += (x[i] - mean) * (x[i] - mean);
        return n < 2 ? NAN : sqrt(squares / ((double)n - 1));
}

double sample_quantile(const double *sorted, size_t n, double p)
{
        double h = ((double)n - 1) * p;
        size_t i;

        if (n == 0 || !(p >= 0 && p <= 1))
                return NAN;
        i = (size_t)h;
        if (i + 1 >= n)
                return sorted[n - 1];
        return sorted[i] + (h - (double)i) * (sorted[i + 1] - sorted[i]);
}

double sample_median(const double *sorted, size_t n)
{
        if (n == 0)
                return NAN;
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

struct interval sample_mean_interval(const double *x, size_t n, double confidence)
{
        double mean = sample_mean(x, n), half;

        if (n < 2 || !(confidence > 0 && confidence < 1))
                return INTERVAL_NONE;
        half = student_t_quantile((1 + confidence) / 2, (double)n - 1) * sample_sd(x, n) /
                sqrt((double)n);
        return (struct interval){mean - half, mean + half};
}

/* Rank whose value is below the p-quantile with probability at most `tail`; n + 1 when none is. */
static size_t high_rank(size_t n, double p, double tail)
{
        return binomial_quantile(1 - tail, n, p) + 1;
}

static size_t low_rank(size_t n, double p, double tail)
{
        return n + 1 - high_rank(n, 1 - p, tail);
}

static bool askable(size_t n, double p, double confidence)
{
        return n > 0 && p > 0 && p < 1 && confidence > 0 && confidence < 1;
}

struct quantile sample_quantile_interval(
        const double *sorted, size_t n, double p, double confidence)
{
        struct quantile q = {sample_quantile(sorted, n, p), INTERVAL_NONE, 0, n + 1, NAN};

        if (!askable(n, p, confidence))
                return q;
        q.low_rank = low_rank(n, p, (1 - confidence) / 2);
        q.high_rank = high_rank(n, p, (1 - confidence) / 2);
        if (q.low_rank >= 1)
                q.interval.low = sorted[q.low_rank - 1];
        if (q.high_rank <= n)
                q.interval.high = sorted[q.high_rank - 1];
        q.coverage = binomial_cdf(q.high_rank - 1, n, p) -
                (q.low_rank >= 1 ? binomial_cdf(q.low_rank - 1, n, p) : 0);
        return q;
}

double sample_quantile_at_least(const double *sorted, size_t n, double p, double confidence)
{
        size_t rank = askable(n, p, confidence) ? low_rank(n, p, 1 - confidence) : 0;

        return rank >= 1 ? sorted[rank - 1] : NAN;
}

double sample_quantile_at_most(const double *sorted, size_t n, double p, double confidence)
{
        size_t rank = askable(n, p, confidence) ? high_rank(n, p, 1 - confidence) : n + 1;

        return rank <= n ? sorted[rank - 1] : NAN;
}

static double walsh(double a, double b)
{
        return a / 2 + b / 2;
}

/* How many Walsh averages are at most `limit`, and the smallest one above it. */
static size_t walsh_up_to(const double *sorted, size_t n, double limit, double *ret_above)
{
        size_t count = 0, j = n;

        *ret_above = INFINITY;
        for (size_t i = 0; i < n; i++) {
                while (j > 0 && walsh(sorted[i], sorted[j - 1]) > limit)
                        j--;
                if (j < n)
                        *ret_above = fmin(*ret_above, walsh(sorted[i], sorted[j > i ? j : i]));
                if (j <= i)
                        break;
                count += j - i;
        }
        return count;
}

/* The k-th smallest Walsh average, from 1: bisection until few are left between the limits, then
 * from one to the next. */
static double walsh_select(const double *sorted, size_t n, size_t k)
{
        double low = nextafter(sorted[0], -INFINITY), high = sorted[n - 1], above;

        for (int i = 0; i < 100; i++) {
                double middle = low + (high - low) / 2;

                if (middle <= low || middle >= high)
                        break;
                if (walsh_up_to(sorted, n, middle, &above) < k)
                        low = middle;
                else
                        high = middle;
        }
        walsh_up_to(sorted, n, low, &above);
        while (walsh_up_to(sorted, n, above, &high) < k)
                above = high;
        return above;
}

double sample_hodges_lehmann(const double *sorted, size_t n)
{
        size_t all = n * (n + 1) / 2;

        if (n == 0)
                return NAN;
        return walsh(walsh_select(sorted, n, (all + 1) / 2), walsh_select(sorted, n, all / 2 + 1));
}

struct interval sample_hodges_lehmann_interval(const double *sorted, size_t n, double confidence)
{
        size_t rank =
                confidence > 0 && confidence < 1 ? wilcoxon_low_rank(n, (1 - confidence) / 2) : 0;

        if (rank < 1)
                return INTERVAL_NONE;
        return (struct interval){
                walsh_select(sorted, n, rank), walsh_select(sorted, n, n * (n + 1) / 2 + 1 - rank)};
}
