/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/paired.h"

#include <errno.h>

#include "judge/distribution.h"
#include "judge/sample.h"

#define LEVEL 0.95
/* Sums of differences nearer than this share of the sum of their sizes are equal. */
#define ROUNDING 1e-12

double sign_test_greater(size_t up, size_t down)
{
        return binomial_sf(up, up + down, 0.5);
}

double paired_log_e(size_t up, size_t down)
{
        size_t n = up + down, top = MAX((n + 1) / 2, down + 1);
        double largest = log_choose(n + 1, top), sum = 0;

        for (size_t j = down + 1; j <= n + 1; j++)
                sum += exp(log_choose(n + 1, j) - largest);
        return largest + log(sum) - log((double)n + 1) - log_choose(n, up);
}

/* Of the sign patterns of d, the share whose sum is at least `limit`. */
static double share_reaching(const double *d, size_t n, double limit)
{
        if (n == 0)
                return limit <= 0;
        return (share_reaching(d + 1, n - 1, limit - *d) +
                       share_reaching(d + 1, n - 1, limit + *d)) /
                2;
}

double sign_flip_greater(const double *differences, size_t n)
{
        double d[PAIRED_SIGN_FLIP_MAX], sum = 0, size = 0;
        size_t m = 0;

        if (!sample_usable(differences, n))
                return NAN;
        for (size_t i = 0; i < n; i++) {
                if (fabs(differences[i]) <= 0)
                        continue;
                if (m == PAIRED_SIGN_FLIP_MAX)
                        return NAN;
                d[m++] = differences[i];
                sum += differences[i];
                size += fabs(differences[i]);
        }
        return share_reaching(d, m, sum - ROUNDING * size);
}

/* Moves those beyond the dead zone to the front. */
static void leave_dead_zone(double *d, struct paired *p)
{
        size_t kept = 0;

        for (size_t i = 0; i < p->n; i++) {
                p->up += d[i] > p->dead_zone;
                p->down += d[i] < -p->dead_zone;
                if (fabs(d[i]) > p->dead_zone)
                        d[kept++] = d[i];
        }
}

int paired_compute(const double *differences, size_t n, double dead_zone, struct paired *ret)
{
        struct paired p = {.n = n, .dead_zone = dead_zone, .t = NAN, .p_t_greater = NAN};
        _cleanup_free_ double *d = NULL;

        if (n < 1 || !(dead_zone >= 0) || !sample_usable(differences, n))
                return -EINVAL;
        d = calloc(n, sizeof(*d));
        if (!d)
                return -ENOMEM;
        memcpy(d, differences, n * sizeof(*d));
        sample_sort(d, n);
        p.mean = sample_mean(d, n);
        p.median = sample_median(d, n);
        p.sd = sample_sd(d, n);
        p.mean_interval = sample_mean_interval(d, n, LEVEL);
        if (p.sd > 0) {
                p.t = p.mean / (p.sd / sqrt((double)n));
                p.p_t_greater = student_t_cdf(-p.t, (double)n - 1);
        }
        p.hodges_lehmann = sample_hodges_lehmann(d, n);
        p.hodges_lehmann_interval = sample_hodges_lehmann_interval(d, n, LEVEL);
        leave_dead_zone(d, &p);
        p.wilcoxon = wilcoxon_of(d, p.up + p.down);
        p.p_sign_greater = sign_test_greater(p.up, p.down);
        p.log_e = paired_log_e(p.up, p.down);
        p.share_up = proportion_of(p.up, n, LEVEL);
        p.share_down = proportion_of(p.down, n, LEVEL);
        *ret = p;
        return 0;
}

struct place {
        double value;
        size_t index;
};

static int by_value(const void *a, const void *b)
{
        double x = ((const struct place *)a)->value, y = ((const struct place *)b)->value;

        return (x > y) - (x < y);
}

/* The values, all within 0 … most, ascending with where they were. */
static int order(const double *values, size_t n, double most, struct place **ret)
{
        _cleanup_free_ struct place *places = calloc(MAX(n, 1), sizeof(*places));

        if (!places)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                if (!(values[i] >= 0 && values[i] <= most))
                        return -EINVAL;
                places[i] = (struct place){values[i], i};
        }
        qsort(places, n, sizeof(*places), by_value);
        *ret = take_ptr(places);
        return 0;
}

int adjust_benjamini_hochberg(const double *p, size_t n, double *ret)
{
        _cleanup_free_ struct place *places = NULL;
        double least = 1;
        int r = order(p, n, 1, &places);

        if (r < 0)
                return r;
        for (size_t k = n; k > 0; k--) {
                least = fmin(least, places[k - 1].value * (double)n / (double)k);
                ret[places[k - 1].index] = least;
        }
        return 0;
}

int adjust_holm(const double *p, size_t n, double *ret)
{
        _cleanup_free_ struct place *places = NULL;
        double most = 0;
        int r = order(p, n, 1, &places);

        if (r < 0)
                return r;
        for (size_t k = 0; k < n; k++) {
                most = fmin(1, fmax(most, places[k].value * (double)(n - k)));
                ret[places[k].index] = most;
        }
        return 0;
}

int reject_e_benjamini_hochberg(const double *e, size_t n, double q, size_t *ret)
{
        _cleanup_free_ struct place *places = NULL;
        size_t rejected = 0;
        int r;

        if (!(q > 0 && q < 1))
                return -EINVAL;
        r = order(e, n, INFINITY, &places);
        if (r < 0)
                return r;
        for (size_t k = 1; k <= n; k++)
                if (places[n - k].value >= (double)n / ((double)k * q))
                        rejected = k;
        *ret = rejected;
        return 0;
}
