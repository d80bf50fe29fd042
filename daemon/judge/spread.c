/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/spread.h"

#include <errno.h>
#include <math.h>

#include "judge/band.h"
#include "judge/sample.h"
#include "model/epoch.h"

#define BORDERS 3
/* A float has no more. */
#define DIGITS_MAX 7

void spread_measure(
        const float *distances, size_t count, const struct bands *bands, struct spread *ret)
{
        *ret = (struct spread){.crowded = -1};
        for (size_t i = 0; i < count; i++) {
                int band = bands_index(bands, distances[i]);

                if (band < 0)
                        continue;
                ret->measured++;
                ret->bands[band]++;
        }
        for (size_t b = 0; b < bands->count && ret->measured >= SPREAD_MIN; b++)
                if ((double)ret->bands[b] >= SPREAD_CROWDED * (double)ret->measured)
                        ret->crowded = (int)b;
}

/* To `digits` significant ones; `up`: never below `x`. */
static double rounded(double x, int digits, bool up)
{
        double step;

        if (x == 0)
                return 0;
        step = pow(10, floor(log10(fabs(x))) + 1 - digits);
        return (up ? ceil(x / step) : round(x / step)) * step;
}

/* Whether they ascend by `gap` and are still about quarters: a rounded one moves by no more than a
 * tenth of what lies between the two. */
static bool borders_at(const double *sorted, size_t n, int digits, double gap, double ret[BORDERS])
{
        const double low = sorted[n / 4], high = sorted[3 * n / 4], slack = (high - low) / 10;

        ret[0] = rounded(low, digits, false);
        ret[1] = rounded(high, digits, false);
        ret[2] = rounded(sorted[n - 1] + gap, digits, true);
        return ret[1] - ret[0] >= gap && ret[2] - ret[1] >= gap && fabs(ret[0] - low) <= slack &&
                fabs(ret[1] - high) <= slack;
}

static int build(const double borders[BORDERS], const char *space, struct bands *ret)
{
        int r = bands_default(space, ret);

        for (size_t i = 0; r >= 0 && i < BORDERS; i++)
                ret->bands[i].below = (float)borders[i];
        return r;
}

int spread_propose(const float *distances, size_t count, const char *space, struct bands *ret)
{
        _cleanup_free_ double *sorted = calloc(count + 1, sizeof(double));
        const double gap = 2 * (double)BAND_HYSTERESIS * space_unit(space);
        double borders[BORDERS];
        size_t n = 0;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (!isnan(distances[i]))
                        sorted[n++] = (double)distances[i];
        if (n < SPREAD_MIN)
                return -ENODATA;
        sample_sort(sorted, n);
        for (int digits = 2; digits <= DIGITS_MAX; digits++)
                if (borders_at(sorted, n, digits, gap, borders))
                        return build(borders, space, ret);
        return -ENODATA;
}

double spread_length(const float *vector, unsigned dimension)
{
        double sum = 0;

        for (unsigned i = 0; i < dimension; i++)
                sum += (double)vector[i] * (double)vector[i];
        return sqrt(sum);
}

bool spread_is_unit(double length)
{
        return fabs(length - 1) <= SPREAD_LENGTH;
}
