/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/paired.h"

#include <errno.h>

#include "judge/distribution.h"
#include "judge/sample.h"

#define LEVEL 0.95

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
