/* SPDX-License-Identifier: Apache-2.0 */
#include "show/api/weight.h"

/* What is said of one in any case is as much as of some findings. */
size_t weight_of_collections(const struct view *view, const struct api_query *query)
{
        size_t weight = 0;

        for (size_t i = 0; i < view->collection_count; i++) {
                const struct findings *f = view->collections[i]->findings;

                weight += 8 + (f ? f->count : 0);
        }
        return weight;
}

size_t weight_of_queries(const struct view *view, const struct api_query *query)
{
        const struct collection_view *c = view_find_collection(view, query->collection);

        return c ? c->query_set->count : 0;
}

size_t weight_of_history(const struct view *view, const struct api_query *query)
{
        const struct collection_view *c = view_find_collection(view, query->collection);
        const struct query *q = c ? query_set_find(c->query_set, query->query) : NULL;
        const struct history_snapshot *h = q ? c->queries[q - c->query_set->queries].history : NULL;

        return h ? history_snapshot_runs(h) : 0;
}

size_t weight_of_report(const struct view *view, const struct api_query *query)
{
        return view_find_collection(view, query->collection) ? SIZE_MAX : 0;
}

size_t weight_of_verdict(const struct view *replayed, const struct api_query *query)
{
        size_t weight = 0;

        for (size_t i = 0; i < replayed->collection_count; i++)
                weight += replayed->collections[i]->query_set->count;
        return weight;
}
