/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/confidence.h"

#include <errno.h>

#include "judge/drift.h"
#include "judge/power.h"

static bool known_or_none(const double *x, size_t n)
{
        for (size_t i = 0; x && i < n; i++)
                if (isinf(x[i]))
                        return false;
        return true;
}

static bool indices_below(const int *index, size_t n, size_t end)
{
        for (size_t i = 0; index && i < n; i++)
                if (index[i] < -1 || (index[i] >= 0 && (size_t)index[i] >= end))
                        return false;
        return true;
}

static bool outcomes_known(const enum outcome *outcomes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if ((unsigned)outcomes[i] >= OUTCOME_COUNT)
                        return false;
        return true;
}

static bool ascends(const double *borders, size_t n)
{
        for (size_t i = 1; i < n; i++)
                if (!(borders[i - 1] < borders[i]))
                        return false;
        return sample_usable(borders, n);
}

static bool is_valid(const struct confidence_input *in)
{
        return in->count <= CONFIDENCE_QUERIES_MAX && in->kind_count <= CONFIDENCE_KINDS_MAX &&
                in->border_count < BANDS_MAX && in->floor > 0 && isfinite(in->floor) &&
                in->hysteresis >= 0 && isfinite(in->hysteresis) &&
                known_or_none(in->distances, in->count) &&
                known_or_none(in->baselines, in->count) && known_or_none(in->taus, in->count) &&
                known_or_none(in->shifts, in->count) &&
                indices_below(in->bands, in->count, in->border_count + 1) &&
                indices_below(in->kinds, in->count, in->kind_count) &&
                outcomes_known(in->outcomes, in->count) && ascends(in->borders, in->border_count);
}

/* A place of an optional array. */
static double at(const double *x, size_t i)
{
        return x ? x[i] : NAN;
}

/* -1 for NaN. */
static int band_of(const struct confidence_input *in, double distance)
{
        int band = 0;

        while ((size_t)band < in->border_count && distance >= in->borders[band])
                band++;
        return isnan(distance) ? -1 : band;
}

static void count_bands(const struct confidence_input *in, struct confidence *c)
{
        size_t hits[BANDS_MAX] = {}, known = 0;

        for (size_t i = 0; i < in->count; i++) {
                int band = in->bands ? in->bands[i] : band_of(in, in->distances[i]);

                if (band >= 0)
                        hits[band]++;
                known += band >= 0;
        }
        c->band_count = in->border_count + 1;
        for (size_t b = 0; b < c->band_count; b++)
                c->bands[b] = proportion_of(hits[b], known, CONFIDENCE_LEVEL);
}

/* How the measured distances are spread; `scratch` has a place for each query. */
static int describe(const struct confidence_input *in, double *scratch, struct confidence *c)
{
        struct bootstrap bootstrap = {.bca = INTERVAL_NONE};
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < in->count; i++)
                if (!isnan(in->distances[i]))
                        scratch[n++] = in->distances[i];
        if (n >= CONFIDENCE_BCA_NEEDS)
                r = bootstrap_bca(scratch, n, BOOTSTRAP_MEAN, BOOTSTRAP_RESAMPLES, BOOTSTRAP_SEED,
                        CONFIDENCE_LEVEL, &bootstrap);
        if (r < 0)
                return r;
        c->mean_bca = bootstrap.bca;
        c->measured = n;
        c->mean = sample_mean(scratch, n);
        c->sd = sample_sd(scratch, n);
        c->mean_interval = sample_mean_interval(scratch, n, CONFIDENCE_LEVEL);
        sample_sort(scratch, n);
        c->median = sample_quantile_interval(scratch, n, 0.5, CONFIDENCE_LEVEL);
        c->p95 = sample_quantile_interval(scratch, n, 0.95, CONFIDENCE_LEVEL);
        c->p95_at_least = sample_quantile_at_least(scratch, n, 0.95, CONFIDENCE_LEVEL);
        c->p95_at_most = sample_quantile_at_most(scratch, n, 0.95, CONFIDENCE_LEVEL);
        return 0;
}

static int measure_margins(const struct confidence_input *in, struct confidence *c)
{
        if (in->count == 0)
                return 0;
        c->margins = calloc(in->count, sizeof(*c->margins));
        if (!c->margins)
                return -ENOMEM;
        for (size_t i = 0; i < in->count; i++) {
                struct confidence_margin *m = c->margins + i;
                double distance = in->distances[i], tau = at(in->taus, i);
                int band = band_of(in, distance);

                *m = (struct confidence_margin){.above = NAN, .below = NAN};
                m->needed = fmax(isnan(tau) ? in->floor : tau, in->hysteresis);
                if (band >= 0 && (size_t)band < in->border_count)
                        m->above = in->borders[band] - distance;
                if (band > 0)
                        m->below = distance - in->borders[band - 1];
                m->close = m->above < m->needed || m->below < m->needed;
                c->close += m->close;
        }
        return 0;
}

static void state_sensitivity(struct confidence *c)
{
        c->zero_event_bound = proportion_zero_event_bound(c->measured, CONFIDENCE_LEVEL);
        c->set_needs = (size_t)fmax(DRIFT_SHARE_MIN, ceil(DRIFT_SHARE * (double)c->measured));
        c->detectable_one = power_detectable_share(c->measured, 1, CONFIDENCE_POWER);
        c->detectable_set = power_detectable_share(c->measured, c->set_needs, CONFIDENCE_POWER);
}

static void compare_bands(const struct confidence_input *in, struct confidence *c)
{
        size_t known = 0;

        for (size_t i = 0; i < in->count; i++) {
                int then = band_of(in, at(in->baselines, i)), now = band_of(in, in->distances[i]);

                if (then < 0 || now < 0)
                        continue;
                known++;
                c->band_worse += now > then;
                c->band_better += now < then;
        }
        c->band_p = known > 0 ? mcnemar_exact(c->band_worse, c->band_better) : NAN;
}

static int compare(const struct confidence_input *in, double *scratch, struct confidence *c)
{
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < in->count; i++) {
                scratch[n] = in->shifts ? in->shifts[i] : in->distances[i] - at(in->baselines, i);
                if (!isnan(scratch[n]))
                        n++;
        }
        c->shift_known = n > 0;
        if (c->shift_known)
                r = paired_compute(scratch, n, in->floor, &c->shift);
        if (r < 0)
                return r;
        /* An interval of no width would say that no user's query moved either. */
        if (!(c->shift.sd > 0))
                c->shift.mean_interval = INTERVAL_NONE;
        compare_bands(in, c);
        return 0;
}

static int calibrate(const struct confidence_input *in, struct confidence *c)
{
        c->relevant = in->relevant_count;
        c->irrelevant = in->irrelevant_count;
        c->calibrated = c->relevant > 0 && c->irrelevant > 0;
        if (!c->calibrated)
                return 0;
        c->border_uncertain = MIN(c->relevant, c->irrelevant) < CONFIDENCE_CLASS_NEEDS;
        return roc_compute(in->relevant, c->relevant, in->irrelevant, c->irrelevant,
                BOOTSTRAP_RESAMPLES, BOOTSTRAP_SEED, CONFIDENCE_LEVEL, &c->border);
}

static struct proportion pass_share(const struct confidence_input *in, int kind)
{
        size_t passed = 0, judged = 0;

        for (size_t i = 0; i < in->count; i++) {
                if (in->outcomes[i] == OUTCOME_UNMEASURED || (kind >= 0 && in->kinds[i] != kind))
                        continue;
                judged++;
                passed += in->outcomes[i] == OUTCOME_PASS;
        }
        return proportion_of(passed, judged, CONFIDENCE_LEVEL);
}

static int count_passes(const struct confidence_input *in, struct confidence *c)
{
        c->passed = pass_share(in, -1);
        if (!in->kinds || in->kind_count == 0)
                return 0;
        c->kinds = calloc(in->kind_count, sizeof(*c->kinds));
        if (!c->kinds)
                return -ENOMEM;
        c->kind_count = in->kind_count;
        for (size_t k = 0; k < c->kind_count; k++)
                c->kinds[k] = pass_share(in, (int)k);
        return 0;
}

int confidence_compute(const struct confidence_input *in, struct confidence *ret)
{
        _cleanup_(confidence_done) struct confidence c = {.queries = in->count};
        _cleanup_free_ double *scratch = NULL;
        int r;

        if (!is_valid(in))
                return -EINVAL;
        scratch = calloc(in->count + 1, sizeof(*scratch));
        if (!scratch)
                return -ENOMEM;
        count_bands(in, &c);
        r = describe(in, scratch, &c);
        if (r < 0)
                return r;
        state_sensitivity(&c);
        r = compare(in, scratch, &c);
        if (r < 0)
                return r;
        r = measure_margins(in, &c);
        if (r < 0)
                return r;
        r = calibrate(in, &c);
        if (r < 0)
                return r;
        r = count_passes(in, &c);
        if (r < 0)
                return r;
        *ret = c;
        c.margins = NULL;
        c.kinds = NULL;
        return 0;
}

void confidence_done(struct confidence *c)
{
        free(c->margins);
        free(c->kinds);
        c->margins = NULL;
        c->kinds = NULL;
}
