/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/level.h"

#include <errno.h>
#include <math.h>

/* Standard deviations of a normal distribution in its median absolute deviation, and in the 90 %
 * quantile of its absolute deviations. */
#define MAD_FACTOR 1.4826
#define QUANTILE 0.9
#define QUANTILE_FACTOR 1.6449
#define POOL_KEPT 0.99

void level_init(struct level_state *s)
{
        *s = (struct level_state){.need = LEVEL_CLEAR};
}

static bool cleared_lately(const struct level_state *s)
{
        return s->cleared > 0 && s->samples - s->cleared <= LEVEL_HOLD_WINDOW;
}

struct level_state level_normal(const struct level_state *s)
{
        struct level_state n = {.recent = s->recent, .on = s->on, .need = LEVEL_CLEAR};

        if (s->on || cleared_lately(s))
                n.need = s->need;
        if (s->on)
                n.inside = MIN(s->inside, s->need);
        if (cleared_lately(s)) {
                n.cleared = 1;
                n.samples = 1 + s->samples - s->cleared;
        }
        return n;
}

enum level_event level_update(struct level_state *s, double shift, double tau)
{
        unsigned recent = (unsigned)s->recent << 1 | (shift > tau);

        s->samples++;
        s->recent = (uint8_t)(recent & ((1U << LEVEL_WINDOW) - 1));
        s->inside = shift <= tau / 2 ? (uint16_t)MIN(s->inside + 1, UINT16_MAX) : 0;
        if (!s->on && __builtin_popcount(s->recent) >= LEVEL_NEEDED) {
                s->need = cleared_lately(s) ? (uint16_t)MIN(LEVEL_HOLD_MAX, 2 * s->need)
                                            : LEVEL_CLEAR;
                s->on = true;
                return LEVEL_RAISED;
        }
        if (!s->on || s->inside < s->need)
                return LEVEL_STAYS;
        s->on = false;
        s->recent = 0;
        s->cleared = s->samples;
        return LEVEL_CLEARED;
}

bool level_pending(const struct level_state *s)
{
        return !s->on && (s->recent & 1);
}

bool level_unstable(const struct level_state *s)
{
        return s->need >= LEVEL_UNSTABLE && (s->on || cleared_lately(s));
}

double level_sample(const struct answer *answer, enum level_signal signal, unsigned results,
        int64_t records, bool filtered)
{
        unsigned wanted = filtered ? 1 : results, n;
        double sum = 0;

        if (!filtered && records >= 0 && records < (int64_t)results)
                wanted = (unsigned)records;
        if (answer->count == 0 || (signal == LEVEL_TOPK && answer->count < wanted))
                return NAN;
        n = signal == LEVEL_TOP1 ? 1 : MIN(answer->count, results);
        for (unsigned i = 0; i < n; i++)
                sum += (double)answer->distances[i];
        return sum / n;
}

double level_tau(double scale, double floor)
{
        return fmax(floor, LEVEL_SCALE_FACTOR * scale);
}

static int compare_numbers(const void *a, const void *b)
{
        const double *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static double sorted_median(const double *sorted, size_t n)
{
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

/* How many of `n` a share is, rounded up: 10 of 11 are 90 %. */
static size_t order(size_t n, double share)
{
        return (size_t)ceil(share * (double)n);
}

int level_measure(
        const double *samples, size_t n, double pool, double *ret_location, double *ret_scale)
{
        _cleanup_free_ double *sorted = calloc(n + 1, sizeof(*sorted));
        double location, mad, quantile;

        if (n == 0)
                return -EINVAL;
        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                if (!isfinite(samples[i]))
                        return -EINVAL;
                sorted[i] = samples[i];
        }
        qsort(sorted, n, sizeof(*sorted), compare_numbers);
        location = sorted_median(sorted, n);
        for (size_t i = 0; i < n; i++)
                sorted[i] = fabs(sorted[i] - location);
        qsort(sorted, n, sizeof(*sorted), compare_numbers);
        mad = sorted_median(sorted, n);
        quantile = sorted[order(n, QUANTILE) - 1];
        *ret_location = location;
        *ret_scale = fmax(pool, fmax(MAD_FACTOR * mad, quantile / QUANTILE_FACTOR));
        return 0;
}

double level_pool(double *deviations, size_t n)
{
        size_t kept = order(n, POOL_KEPT);
        double squares = 0;

        if (n == 0)
                return 0;
        for (size_t i = 0; i < n; i++)
                deviations[i] = fabs(deviations[i]);
        qsort(deviations, n, sizeof(*deviations), compare_numbers);
        for (size_t i = 0; i < kept; i++)
                squares += deviations[i] * deviations[i];
        return sqrt(squares / (double)kept);
}
