/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/power.h"

#include <math.h>

#include "judge/distribution.h"

static bool is_inside(double p)
{
        return p > 0 && p < 1;
}

struct design {
        size_t n;
        double critical; /* of t */
        bool two_sided;
};

static struct design design_of(size_t n, double alpha, bool two_sided)
{
        double tail = two_sided ? alpha / 2 : alpha;

        return (struct design){n, -student_t_quantile(tail, (double)n - 1), two_sided};
}

static double power_at(double effect, const void *argument)
{
        const struct design *d = argument;
        double df = (double)d->n - 1, ncp = effect * sqrt((double)d->n);

        ncp = fmin(ncp, NONCENTRAL_T_MAX);
        return 1 - noncentral_t_cdf(d->critical, df, ncp) +
                (d->two_sided ? noncentral_t_cdf(-d->critical, df, ncp) : 0);
}

double power_minimum_effect(size_t n, double alpha, double power, bool two_sided)
{
        struct design d = design_of(n, alpha, two_sided);
        double most = NONCENTRAL_T_MAX / sqrt((double)n);

        if (n < 2 || !is_inside(alpha) || !is_inside(power) || power < alpha ||
                power_at(most, &d) < power)
                return NAN;
        return increasing_root(power_at, &d, power, 0, most);
}

double power_detectable_share(size_t n, size_t moved, double power)
{
        if (moved < 1 || moved > n || !is_inside(power))
                return NAN;
        return beta_quantile((double)moved, (double)(n - moved) + 1, power);
}

double power_loss_touches(size_t n, size_t k, double loss)
{
        if (n < 1 || k < 1 || !(loss >= 0 && loss <= 1))
                return NAN;
        return -expm1((double)n * (double)k * log1p(-loss));
}
