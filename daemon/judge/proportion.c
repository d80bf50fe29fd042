/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/proportion.h"

#include "judge/distribution.h"

static bool usable(size_t hits, size_t of, double confidence)
{
        return of > 0 && hits <= of && confidence > 0 && confidence < 1;
}

struct interval proportion_wilson(size_t hits, size_t of, double confidence)
{
        double n = (double)of, z, share, middle, half;

        if (!usable(hits, of, confidence))
                return INTERVAL_NONE;
        z = normal_quantile((1 + confidence) / 2);
        share = (double)hits / n;
        middle = share + z * z / (2 * n);
        half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
        return (struct interval){
                hits == 0 ? 0 : (middle - half) / (1 + z * z / n),
                hits == of ? 1 : (middle + half) / (1 + z * z / n),
        };
}

struct interval proportion_effective(double hits, double of, double confidence)
{
        double tail = (1 - confidence) / 2;

        if (!(of > 0 && hits >= 0 && hits <= of && confidence > 0 && confidence < 1))
                return INTERVAL_NONE;
        return (struct interval){
                hits <= 0 ? 0 : beta_quantile(hits, of - hits + 1, tail),
                hits >= of ? 1 : beta_quantile(hits + 1, of - hits, 1 - tail),
        };
}

struct interval proportion_clopper_pearson(size_t hits, size_t of, double confidence)
{
        return proportion_effective((double)hits, (double)of, confidence);
}

struct proportion proportion_of(size_t hits, size_t of, double confidence)
{
        return (struct proportion){
                .hits = hits,
                .of = of,
                .share = usable(hits, of, confidence) ? (double)hits / (double)of : NAN,
                .wilson = proportion_wilson(hits, of, confidence),
                .exact = proportion_clopper_pearson(hits, of, confidence),
        };
}

double proportion_zero_event_bound(size_t n, double confidence)
{
        return usable(0, n, confidence) ? -expm1(log1p(-confidence) / (double)n) : NAN;
}

double mcnemar_exact(size_t b, size_t c)
{
        return fmin(1, 2 * binomial_cdf(b < c ? b : c, b + c, 0.5));
}
