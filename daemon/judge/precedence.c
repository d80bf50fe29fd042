/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/precedence.h"

#include <errno.h>

#include "model/query_set.h"

/* Whether it has to do with the subject of another finding. */
static bool concerns(
        const struct query_set *set, const struct finding *f, const struct finding *consequence)
{
        if (finding_types[f->kind].of_query)
                return f->query == consequence->query;
        if (f->topics.count == 0)
                return true;
        if (consequence->query == FINDING_COLLECTION)
                return topic_list_within(&consequence->topics, &f->topics);
        return topic_list_names(&f->topics, &set->topics, &set->queries[consequence->query]);
}

static bool explains(
        const struct query_set *set, const struct finding *f, const struct finding *consequence)
{
        const struct finding_type *a = &finding_types[f->kind];
        const struct finding_type *b = &finding_types[consequence->kind];

        return (a->explains & FINDING_BIT(consequence->kind)) &&
                (a->causes & (1U << consequence->cause)) && a->severity >= b->severity &&
                concerns(set, f, consequence) && !f->waiting && !f->excused;
}

/* A set that moved because of some topics says nothing of the queries of others. */
static bool is_of_topics(const struct findings *f, const struct finding *one)
{
        return one->topics.count == 0 && one->explained != SIZE_MAX &&
                f->findings[one->explained].topics.count > 0;
}

/* The first of the collection's findings, `count` of them, that explains it; SIZE_MAX: none. */
static size_t explained_by(const struct query_set *set, const struct findings *f, size_t count,
        const struct finding *consequence)
{
        for (size_t k = 0; k < count; k++)
                if (!is_of_topics(f, &f->findings[k]) &&
                        explains(set, &f->findings[k], consequence))
                        return k;
        return SIZE_MAX;
}

/* Findings of queries are ordered by kind, so that those of one query are far apart: `first` holds
 * the index of each query's first. */
int precedence_explain(const struct query_set *set, struct findings *f)
{
        _cleanup_free_ size_t *first = calloc(set->count + 1, sizeof(*first));
        size_t collection = 0;

        if (!first)
                return -ENOMEM;
        for (size_t i = 0; i < set->count; i++)
                first[i] = SIZE_MAX;
        for (size_t i = 0; i < f->count; i++) {
                struct finding *one = &f->findings[i];

                one->explained = explained_by(set, f, collection, one);
                if (one->query == FINDING_COLLECTION) {
                        collection = i + 1;
                        continue;
                }
                if (first[one->query] == SIZE_MAX)
                        first[one->query] = i;
                else if (one->explained == SIZE_MAX &&
                        explains(set, &f->findings[first[one->query]], one))
                        one->explained = first[one->query];
        }
        return 0;
}
