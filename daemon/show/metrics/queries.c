/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/queries.h"

#include <math.h>

#include "show/summary.h"

float per_query_distance(const struct query_view *q)
{
        return q->judgement.distance;
}

float per_query_expected_distance(const struct query_view *q)
{
        return q->judgement.expected_distance;
}

float per_query_expected_rank(const struct query_view *q)
{
        return q->judgement.expected_rank > 0 ? (float)q->judgement.expected_rank : NAN;
}

float per_query_baseline_distance(const struct query_view *q)
{
        return (float)q->drift.baseline[LEVEL_TOP1];
}

float per_query_band(const struct query_view *q)
{
        return (float)summary_band(&q->judgement);
}

float per_query_constant(const struct query_view *q)
{
        return 1;
}

static void write_tag(
        struct exposition *x, const struct collection_view *c, const char *query, const char *tag)
{
        exposition_sample(
                x, "", metric_labels({"collection", c->label}, {"query", query}, {"tag", tag}), 1);
}

void per_query_tags(struct exposition *x, const struct collection_view *c)
{
        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct query *q = &c->query_set->queries[i];

                if (q->tag_count == 0)
                        write_tag(x, c, q->id, NULL);
                for (size_t k = 0; k < q->tag_count; k++) {
                        _cleanup_text_ struct text tag = {0};

                        text_appendf(&tag, "%s=%s", q->tags[k].key, q->tags[k].value);
                        x->text->failed |= text_failed(&tag);
                        write_tag(x, c, q->id, text_string(&tag));
                }
        }
}

void per_query_bands(struct exposition *x, const struct collection_view *c)
{
        for (size_t q = 0; q < c->query_set->count; q++) {
                const char *band = bands_name(&c->bands, summary_band(&c->queries[q].judgement));

                if (band)
                        exposition_sample(x, "",
                                metric_labels({"collection", c->label},
                                        {"query", c->query_set->queries[q].id}, {"band", band}),
                                1);
        }
}
