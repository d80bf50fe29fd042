/* SPDX-License-Identifier: Apache-2.0 */
#include "model/health.h"

#include <math.h>
#include <stdlib.h>

void index_health_init(struct index_health *h)
{
        *h = (struct index_health){.records = -1, .unreachable = -1, .recall = NAN};
}

void index_health_done(struct index_health *h)
{
        free(h->error);
        index_health_init(h);
}

int index_health_copy(const struct index_health *from, struct index_health *ret)
{
        struct index_health h = *from;
        int r;

        h.error = NULL;
        r = strdup_to(&h.error, from->error);
        if (r >= 0)
                *ret = h;
        return r;
}

void index_health_estimate(struct index_health *h, const struct index_sample *sample)
{
        double records = (double)h->records, looked = (double)sample->looked;

        h->sample = *sample;
        h->unreachable = llround(records * (double)sample->missed / looked);
        h->copies = llround(records * (double)sample->copies / looked);
}

int64_t index_health_lost(const struct index_health *h, int64_t baseline_unreachable)
{
        return MAX(h->unreachable - MAX(h->copies, baseline_unreachable), (int64_t)0);
}
