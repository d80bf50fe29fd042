/* SPDX-License-Identifier: Apache-2.0 */
#include "model/baseline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void beyond_done(struct beyond *b)
{
        answer_unref(b->records);
        free(b->expected);
        *b = (struct beyond){0};
}

int beyond_copy(const struct beyond *from, struct beyond *ret)
{
        *ret = (struct beyond){0};
        if (from->expected_count > 0) {
                ret->expected = calloc(from->expected_count, sizeof(*ret->expected));
                if (!ret->expected)
                        return -ENOMEM;
                memcpy(ret->expected, from->expected, from->expected_count * sizeof(unsigned));
        }
        ret->expected_count = from->expected_count;
        ret->records = answer_ref(from->records);
        return 0;
}

static void query_done(struct baseline_query *q)
{
        free(q->id);
        free(q->text);
        answer_unref(q->answer);
        beyond_done(&q->beyond);
        for (size_t i = 0; i < EXCERPTS_MAX; i++)
                excerpt_done(&q->excerpts[i]);
}

static void query_init(struct baseline_query *q)
{
        *q = (struct baseline_query){.outcome = OUTCOME_UNMEASURED, .embedder_noise = NAN};
        for (size_t k = 0; k < LEVEL_COUNT; k++)
                q->levels[k].location = NAN;
}

struct baseline_query *baseline_add_query(struct baseline *b, size_t *room)
{
        size_t more = MAX(2 * *room, (size_t)16);
        struct baseline_query *grown;

        if (b->count == *room) {
                grown = reallocarray(b->queries, more, sizeof(*grown));
                if (!grown)
                        return NULL;
                b->queries = grown;
                *room = more;
        }
        query_init(&b->queries[b->count]);
        return &b->queries[b->count++];
}

struct baseline *baseline_new(size_t count)
{
        struct baseline *b = calloc(1, sizeof(*b));

        if (!b)
                return NULL;
        b->references = 1;
        b->unreachable = -1;
        b->recall = NAN;
        b->floor = (struct index_floor){.recall = NAN, .moved = NAN, .unreachable = -1};
        epoch_init(&b->epoch);
        attribution_init(&b->attribution);
        b->queries = calloc(count + 1, sizeof(*b->queries));
        if (!b->queries)
                return baseline_unref(b);
        b->count = count;
        for (size_t i = 0; i < count; i++)
                query_init(&b->queries[i]);
        return b;
}

struct baseline *baseline_ref(struct baseline *b)
{
        if (b)
                atomic_fetch_add(&b->references, 1);
        return b;
}

struct baseline *baseline_unref(struct baseline *b)
{
        if (!b || atomic_fetch_sub(&b->references, 1) > 1)
                return NULL;
        for (size_t i = 0; i < b->count; i++)
                query_done(&b->queries[i]);
        for (size_t i = 0; i < b->order_count; i++)
                free(b->order[i]);
        free(b->queries);
        vector_set_unref(b->vectors);
        fates_unref(b->fates);
        epoch_done(&b->epoch);
        bands_done(&b->bands);
        free(b->collection);
        free(b->name);
        free(b->approved_by);
        free(b->reason);
        free(b);
        return NULL;
}

int baseline_add_ordered(struct baseline *b, const char *id)
{
        int r = strdup_to(&b->order[b->order_count], id);

        b->order_count += r >= 0;
        return r;
}

static int compare_queries(const void *a, const void *b)
{
        const struct baseline_query *x = a, *y = b;

        return strcmp(x->id, y->id);
}

void baseline_sort(struct baseline *b)
{
        qsort(b->queries, b->count, sizeof(*b->queries), compare_queries);
}

const struct baseline_query *baseline_find(const struct baseline *b, const char *query_id)
{
        const struct baseline_query key = {.id = (char *)query_id};

        return bsearch(&key, b->queries, b->count, sizeof(key), compare_queries);
}
