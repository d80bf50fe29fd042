/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/house.h"

#include <math.h>

#include "revision.h"
#include "show/metrics/metrics.h"
#include "text.h"
#include "version.h"

void house_build(struct exposition *x, const struct view *view)
{
        exposition_sample(x, "",
                metric_labels({"version", DRIFTWATCH_VERSION}, {"revision", DRIFTWATCH_REVISION}),
                1);
}

void house_runbook(struct exposition *x, const struct view *view)
{
        if (view->runbook_url)
                exposition_sample(x, "", metric_labels({"url", view->runbook_url}), 1);
}

void house_shard(struct exposition *x, const struct view *view)
{
        char index[NUMBER_TEXT_MAX], of[NUMBER_TEXT_MAX];

        (void)double_format(index, view->shard.index);
        (void)double_format(of, view->shard.of);
        exposition_sample(x, "", metric_labels({"index", index}, {"of", of}), 1);
}

double house_elsewhere(const struct view *view)
{
        return (double)view->elsewhere;
}

double house_reload_successful(const struct view *view)
{
        return view->reload_successful;
}

void house_reloads(struct exposition *x, const struct view *view)
{
        static const char *const results[RELOAD_COUNT] = {
                [RELOAD_CHANGED] = "changed",
                [RELOAD_UNCHANGED] = "unchanged",
                [RELOAD_REFUSED] = "refused",
        };

        for (enum reload k = 0; k < RELOAD_COUNT; k++)
                exposition_sample(
                        x, "", metric_labels({"result", results[k]}), (double)view->reloads[k]);
}

double house_storage_failing(const struct view *view)
{
        return view->storage_failing;
}

double house_reload_success_at(const struct view *view)
{
        return exposition_timestamp(view->reload_success_at);
}

double house_lease_held(const struct view *view)
{
        return view->leased ? view->lease_held : NAN;
}
