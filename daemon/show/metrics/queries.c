/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/queries.h"

#include <math.h>

#include "show/summary.h"

static float query_distance(const struct query_view *q)
{
        return q->judgement.distance;
}

static float query_expected_distance(const struct query_view *q)
{
        return q->judgement.expected_distance;
}

static float query_expected_rank(const struct query_view *q)
{
        return q->judgement.expected_rank > 0 ? (float)q->judgement.expected_rank : NAN;
}

static float query_baseline_distance(const struct query_view *q)
{
        return (float)q->drift.baseline[LEVEL_TOP1];
}

/* One sample for each query whose value is known, in collections that are small enough for it. */
static void write_per_query(
        struct exposition *x, const struct view *view, float (*value)(const struct query_view *q))
{
        for (size_t i = 0; i < view->collection_count; i++) {
                const struct collection_view *c = view->collections[i];
                struct metric_label labels[] = {
                        {"collection", c->label}, {"query", NULL}, {NULL, NULL}};

                if (c->query_set->count > view->per_query_limit)
                        continue;
                for (size_t q = 0; q < c->query_set->count; q++) {
                        float known = value(&c->queries[q]);

                        labels[1].value = c->query_set->queries[q].id;
                        if (!isnan(known))
                                exposition_sample_float(x, labels, known);
                }
        }
}

void per_query_distance(struct exposition *x, const struct view *view)
{
        write_per_query(x, view, query_distance);
}

void per_query_expected_distance(struct exposition *x, const struct view *view)
{
        write_per_query(x, view, query_expected_distance);
}

void per_query_expected_rank(struct exposition *x, const struct view *view)
{
        write_per_query(x, view, query_expected_rank);
}

void per_query_baseline_distance(struct exposition *x, const struct view *view)
{
        write_per_query(x, view, query_baseline_distance);
}

void per_query_band(struct exposition *x, const struct view *view)
{
        for (size_t i = 0; i < view->collection_count; i++) {
                const struct collection_view *c = view->collections[i];

                if (c->query_set->count > view->per_query_limit)
                        continue;
                for (size_t q = 0; q < c->query_set->count; q++) {
                        const char *band =
                                bands_name(&c->bands, summary_band(&c->queries[q].judgement));

                        if (band)
                                exposition_sample(x, "",
                                        metric_labels({"collection", c->label},
                                                {"query", c->query_set->queries[q].id},
                                                {"band", band}),
                                        1);
                }
        }
}
