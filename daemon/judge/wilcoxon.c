/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/wilcoxon.h"

#include <math.h>

#include "judge/distribution.h"

/* Tied values share half-integer ranks, so sums are kept doubled. */
#define TWICE_SUM_MAX (WILCOXON_EXACT_MAX * (WILCOXON_EXACT_MAX + 1))

struct enumeration {
        double probability[TWICE_SUM_MAX + 1]; /* of twice the sum */
        size_t top; /* largest possible */
};

static void enumeration_start(struct enumeration *e)
{
        *e = (struct enumeration){.probability = {1}};
}

static void enumeration_add(struct enumeration *e, size_t twice_rank)
{
        e->top += twice_rank;
        for (size_t s = e->top + 1; s-- > 0;) {
                double with = s >= twice_rank ? e->probability[s - twice_rank] : 0;

                e->probability[s] = (e->probability[s] + with) / 2;
        }
}

static double enumeration_sf(const struct enumeration *e, double twice_w)
{
        double sum = 0;

        for (size_t s = e->top + 1; s-- > 0 && (double)s >= twice_w;)
                sum += e->probability[s];
        return sum;
}

static void enumerate_untied(struct enumeration *e, size_t n)
{
        enumeration_start(e);
        for (size_t rank = 1; rank <= n; rank++)
                enumeration_add(e, 2 * rank);
}

static double untied_mean(double n)
{
        return n * (n + 1) / 4;
}

static double untied_variance(double n)
{
        return n * (n + 1) * (2 * n + 1) / 24;
}

size_t wilcoxon_low_rank(size_t n, double tail)
{
        struct enumeration e;
        double below = 0, approximate;
        size_t c = 0;

        if (n > WILCOXON_EXACT_MAX) {
                approximate = untied_mean((double)n) + 0.5 +
                        normal_quantile(tail) * sqrt(untied_variance((double)n));
                return approximate >= 1 ? (size_t)approximate : 0;
        }
        enumerate_untied(&e, n);
        while (2 * c <= e.top && below + e.probability[2 * c] <= tail)
                below += e.probability[2 * c++];
        return c;
}

static int by_size(const void *a, const void *b)
{
        double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

        return (x > y) - (x < y);
}

struct wilcoxon wilcoxon_of(double *values, size_t n)
{
        struct wilcoxon ret = {.n = n, .exact = n <= WILCOXON_EXACT_MAX};
        double mean = untied_mean((double)n), variance = untied_variance((double)n), sd;
        struct enumeration e;

        enumeration_start(&e);
        if (n > 1)
                qsort(values, n, sizeof(*values), by_size);
        for (size_t i = 0, end; i < n; i = end) {
                double ties;

                for (end = i + 1; end < n && fabs(values[end]) <= fabs(values[i]);)
                        end++;
                ties = (double)(end - i);
                variance -= (ties * ties * ties - ties) / 48;
                for (size_t k = i; k < end; k++) {
                        if (values[k] > 0)
                                ret.w += (double)(i + 1 + end) / 2;
                        if (ret.exact)
                                enumeration_add(&e, i + 1 + end);
                }
        }
        sd = sqrt(variance);
        ret.z = n > 0 ? (ret.w - mean) / sd : NAN;
        ret.z_corrected = n > 0 ? (ret.w - 0.5 - mean) / sd : NAN;
        ret.p_greater = ret.exact ? enumeration_sf(&e, 2 * ret.w) : normal_cdf(-ret.z_corrected);
        return ret;
}
