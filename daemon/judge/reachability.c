/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/reachability.h"

#include "judge/proportion.h"

double reachability_design_effect(const struct index_sample *sample)
{
        double looked = 0, lost = 0, squares = 0, places = 0, share, simple, clustered;

        for (size_t i = 0; i < sample->places; i++) {
                looked += sample->looked_at[i];
                lost += sample->lost_at[i];
                places += sample->looked_at[i] > 0;
        }
        if (places < 2 || lost <= 0 || lost >= looked)
                return 1;
        share = lost / looked;
        for (size_t i = 0; i < sample->places; i++) {
                double beyond = sample->lost_at[i] - share * sample->looked_at[i];

                squares += beyond * beyond;
        }
        clustered = places / (places - 1) * squares / (looked * looked);
        simple = share * (1 - share) / looked;
        return fmax(1, clustered / simple);
}

static struct interval estimate(const struct index_health *h, double hits)
{
        double effect = reachability_design_effect(&h->sample);

        return proportion_effective(
                fmax(hits, 0) / effect, (double)h->sample.looked / effect, REACHABILITY_CONFIDENCE);
}

struct interval reachability_unreachable(const struct index_health *h)
{
        double share = (double)h->unreachable / (double)h->records;

        if (h->unreachable < 0 || h->records <= 0)
                return INTERVAL_NONE;
        if (h->sample.looked > 0)
                return estimate(h, (double)h->sample.missed);
        return (struct interval){share, share};
}

struct interval reachability_lost(const struct index_health *h, int64_t baseline_unreachable)
{
        double share = (double)index_health_lost(h, baseline_unreachable) / (double)h->records;

        if (h->unreachable < 0 || h->records <= 0)
                return INTERVAL_NONE;
        if (h->sample.looked > 0)
                return estimate(h, share * (double)h->sample.looked);
        return (struct interval){share, share};
}
