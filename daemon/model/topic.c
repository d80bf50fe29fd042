/* SPDX-License-Identifier: Apache-2.0 */
#include "model/topic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/query_set.h"

struct tagged {
        const struct tag *tag;
        size_t query;
};

static int compare_tags(const struct tag *a, const struct tag *b)
{
        int by_key = strcmp(a->key, b->key);

        return by_key != 0 ? by_key : strcmp(a->value, b->value);
}

static int compare_tagged(const void *a, const void *b)
{
        const struct tagged *x = a, *y = b;
        int by_tag = compare_tags(x->tag, y->tag);

        return by_tag != 0 ? by_tag : x->query < y->query ? -1 : x->query > y->query;
}

static struct tagged *sort_tagged(const struct query *queries, size_t count, size_t *ret)
{
        struct tagged *all;
        size_t n = 0;

        for (size_t i = 0; i < count; i++)
                n += queries[i].tag_count;
        *ret = n;
        all = calloc(n + 1, sizeof(*all));
        for (size_t i = count; all && i-- > 0;)
                for (size_t k = 0; k < queries[i].tag_count; k++)
                        all[--n] = (struct tagged){&queries[i].tags[k], i};
        if (all)
                qsort(all, *ret, sizeof(*all), compare_tagged);
        return all;
}

int topics_build(const struct query *queries, size_t count, struct topics *ret)
{
        size_t n, start = 0;
        _cleanup_free_ struct tagged *all = sort_tagged(queries, count, &n);
        struct topics t = {0};

        if (!all)
                return -ENOMEM;
        t.topics = calloc(n / TOPIC_MIN + 1, sizeof(*t.topics));
        t.queries = calloc(n + 1, sizeof(*t.queries));
        if (!t.topics || !t.queries) {
                topics_done(&t);
                return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                t.queries[i] = all[i].query;
                if (i + 1 < n && compare_tags(all[i].tag, all[i + 1].tag) == 0)
                        continue;
                if (i + 1 - start >= TOPIC_MIN)
                        t.topics[t.count++] =
                                (struct topic){all[start].tag, &t.queries[start], i + 1 - start};
                start = i + 1;
        }
        *ret = t;
        return 0;
}

void topics_done(struct topics *t)
{
        free(t->topics);
        free(t->queries);
        *t = (struct topics){0};
}

static int compare_topic(const void *a, const void *b)
{
        const struct topic *topic = b;

        return compare_tags(a, topic->tag);
}

const struct topic *topics_find(const struct topics *t, const struct tag *tag)
{
        return t->count > 0 ? bsearch(tag, t->topics, t->count, sizeof(*t->topics), compare_topic)
                            : NULL;
}

void topic_list_rebase(struct topic_list *l, const struct topics *from, const struct topics *to)
{
        uint32_t kept = 0;

        for (size_t i = 0; i < topic_list_told(l); i++) {
                const struct topic *topic = topics_find(to, from->topics[l->told[i].topic].tag);

                if (!topic)
                        continue;
                l->told[kept] = l->told[i];
                l->told[kept++].topic = (uint32_t)(topic - to->topics);
        }
        l->count = kept;
}

size_t topic_list_told(const struct topic_list *l)
{
        return MIN(l->count, (size_t)TOPICS_TOLD);
}

static bool is_told(const struct topic_list *l, uint32_t topic)
{
        for (size_t i = 0; i < topic_list_told(l); i++)
                if (l->told[i].topic == topic)
                        return true;
        return false;
}

bool topic_list_within(const struct topic_list *l, const struct topic_list *by)
{
        for (size_t i = 0; i < topic_list_told(l); i++)
                if (!is_told(by, l->told[i].topic))
                        return false;
        return l->count <= TOPICS_TOLD;
}

bool topic_list_names(
        const struct topic_list *l, const struct topics *topics, const struct query *query)
{
        for (size_t i = 0; i < topic_list_told(l); i++)
                for (size_t k = 0; k < query->tag_count; k++)
                        if (compare_tags(&query->tags[k], topics->topics[l->told[i].topic].tag) ==
                                0)
                                return true;
        return false;
}
