/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/collections.h"

#include <math.h>

#include "judge/epoch.h"
#include "judge/incident.h"
#include "show/summary.h"

double judged_unreachable(const struct collection_view *c)
{
        return c->health.unreachable >= 0 ? (double)c->health.unreachable : NAN;
}

double judged_recall(const struct collection_view *c)
{
        return c->health.recall;
}

double judged_probes_failed(const struct collection_view *c)
{
        return (double)c->failed_probes;
}

double judged_probe_time(const struct collection_view *c)
{
        return exposition_timestamp(c->health.at);
}

double judged_approval_time(const struct collection_view *c)
{
        return c->baseline ? exposition_timestamp(c->baseline->approved) : NAN;
}

double judged_set_shift(const struct collection_view *c)
{
        return c->baseline ? c->drift.set_shift : NAN;
}

double judged_hit(const struct collection_view *c)
{
        return summary_quality(c).hit_rate;
}

double judged_mrr(const struct collection_view *c)
{
        return summary_quality(c).mrr;
}

double judged_ndcg(const struct collection_view *c)
{
        return summary_quality(c).ndcg;
}

double judged_embedder_up(const struct collection_view *c)
{
        if (!c->embedder.name || (c->embedder.at == 0 && !c->embedder.error))
                return NAN;
        return c->embedder.error ? 0 : 1;
}

double judged_embedder_moved(const struct collection_view *c)
{
        return c->embedder.at > 0 ? (double)c->embedder.moved : NAN;
}

double judged_embedder_distance(const struct collection_view *c)
{
        return c->embedder.at > 0 && isfinite(c->embedder.median) ? c->embedder.median : NAN;
}

double judged_ingesting(const struct collection_view *c)
{
        return c->replayed ? c->ingest_under_way || c->ingesting : NAN;
}

double judged_epoch_start(const struct collection_view *c)
{
        return exposition_timestamp(c->epoch_since);
}

void judged_moved(struct exposition *x, const struct collection_view *c)
{
        if (!c->baseline)
                return;
        exposition_sample(x, "", metric_labels({"collection", c->label}, {"direction", "up"}),
                (double)c->drift.moved_up);
        exposition_sample(x, "", metric_labels({"collection", c->label}, {"direction", "down"}),
                (double)c->drift.moved_down);
}

void judged_changed(struct exposition *x, const struct collection_view *c)
{
        static const struct {
                const char *what;
                unsigned changes;
        } kinds[] = {
                {"replaced", EPOCH_REPLACED}, {"configuration", EPOCH_SPACE | EPOCH_CONFIGURATION}};

        for (size_t k = 0; c->epoch.id && k < ARRAY_SIZE(kinds); k++)
                exposition_sample(x, "",
                        metric_labels({"collection", c->label}, {"what", kinds[k].what}),
                        (c->epoch_changes & kinds[k].changes) != 0);
}

void judged_cause(struct exposition *x, const struct collection_view *c)
{
        enum cause causes[CAUSE_COUNT];
        size_t count = incident_causes(c, causes);

        for (size_t k = 0; k < count; k++)
                exposition_sample(x, "",
                        metric_labels({"collection", c->label}, {"cause", cause_name(causes[k])}),
                        1);
}

void judged_verdict(struct exposition *x, const struct collection_view *c)
{
        for (enum verdict v = 0; v < VERDICT_COUNT; v++)
                exposition_sample(x, "",
                        metric_labels({"collection", c->label}, {"verdict", verdict_name(v)}),
                        c->verdict == v);
}

void judged_incidents(struct exposition *x, const struct collection_view *c)
{
        struct incident incident;
        bool open = incident_of(c, &incident);

        for (enum severity s = 0; s < SEVERITY_COUNT; s++)
                exposition_sample(x, "",
                        metric_labels({"collection", c->label}, {"severity", severity_name(s)},
                                {"state", "open"}),
                        open && incident.severity == s);
}
