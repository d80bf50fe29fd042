/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/topic.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "judge/drift.h"

/* A topic that something happened to. */
struct topic_candidate {
        uint32_t topic;
        struct portion portion;
        double excess; /* hits beyond the share that makes it a candidate */
};

static void add(struct portion *to, const struct portion *p)
{
        to->hit += p->hit;
        to->all += p->all;
}

static struct portion sum(const struct topic *topic, const struct portion *portions)
{
        struct portion p = {0};

        for (size_t i = 0; i < topic->count; i++)
                add(&p, &portions[topic->queries[i]]);
        return p;
}

static int compare_candidates(const void *a, const void *b)
{
        const struct topic_candidate *x = a, *y = b;

        if (x->excess > y->excess || x->excess < y->excess)
                return x->excess > y->excess ? -1 : 1;
        return x->topic < y->topic ? -1 : x->topic > y->topic;
}

/* Marks the topic's queries as `taken`; unless most of its hits are taken already. */
static bool take_topic(const struct topic *topic, const struct portion *portions, bool *taken)
{
        size_t fresh = 0, all = 0;

        for (size_t i = 0; i < topic->count; i++) {
                size_t q = topic->queries[i];

                all += portions[q].hit;
                fresh += taken[q] ? 0 : portions[q].hit;
        }
        if (2 * fresh <= all)
                return false;
        for (size_t i = 0; i < topic->count; i++)
                taken[topic->queries[i]] = true;
        return true;
}

/* Queries have several tags: a topic that has its hits in common with one of greater excess tells
 * nothing new. */
static struct topic_list choose(struct topic_watch *w, size_t count)
{
        struct topic_list list = {0};

        for (size_t i = 0; i < w->queries; i++)
                w->taken[i] = false;
        if (count > 0)
                qsort(w->candidates, count, sizeof(*w->candidates), compare_candidates);
        for (size_t i = 0; i < count; i++) {
                const struct topic_candidate *c = &w->candidates[i];

                if (!take_topic(&w->topics->topics[c->topic], w->portions, w->taken))
                        continue;
                if (list.count < TOPICS_TOLD) {
                        list.told[list.count].topic = c->topic;
                        list.told[list.count].portion = c->portion;
                }
                list.count++;
        }
        return list;
}

int topic_watch_init(const struct query_set *set, struct topic_watch *ret)
{
        size_t topics = set->topics.count;
        struct topic_watch w = {
                .topics = &set->topics,
                .queries = set->count,
                .up = calloc(topics + 1, sizeof(*w.up)),
                .portions = calloc(set->count + 1, sizeof(*w.portions)),
                .taken = calloc(set->count + 1, sizeof(*w.taken)),
                .candidates = calloc(topics + 1, sizeof(*w.candidates)),
        };

        if (!w.up || !w.portions || !w.taken || !w.candidates) {
                topic_watch_done(&w);
                return -ENOMEM;
        }
        *ret = w;
        return 0;
}

void topic_watch_done(struct topic_watch *w)
{
        free(w->up);
        free(w->portions);
        free(w->taken);
        free(w->candidates);
        *w = (struct topic_watch){0};
}

void topic_watch_forget(struct topic_watch *w)
{
        for (size_t i = 0; i < w->topics->count; i++)
                w->up[i] = false;
}

void topic_watch_adopt(struct topic_watch *w, const struct topic_watch *old)
{
        for (size_t i = 0; i < w->topics->count; i++) {
                const struct topic *was = topics_find(old->topics, w->topics->topics[i].tag);

                w->up[i] = was && old->up[was - old->topics->topics];
        }
}

/* Of one query. */
static struct portion moved_up(const struct query_drift *q, enum topic_look look)
{
        bool judged = q->armed && (look == TOPIC_CONFIRMED || q->compared);
        bool up = look == TOPIC_CONFIRMED ? q->moved[LEVEL_TOPK] == MOVED_UP
                                          : q->shift[LEVEL_TOPK] > q->tau[LEVEL_TOPK];

        return (struct portion){judged && up, judged};
}

static double needed(const struct portion *p)
{
        return fmax(TOPIC_MIN, TOPIC_SHARE * (double)p->all);
}

/* The topics that moved up, as candidates; how many. */
static size_t find_moved(struct topic_watch *w, enum topic_look look)
{
        size_t count = 0;

        for (uint32_t i = 0; i < w->topics->count; i++) {
                struct portion p = sum(&w->topics->topics[i], w->portions);
                bool up = drift_reached(look == TOPIC_CONFIRMED && w->up[i], p.hit, needed(&p));

                if (look == TOPIC_CONFIRMED)
                        w->up[i] = up;
                if (up)
                        w->candidates[count++] = (struct topic_candidate){
                                i, p, (double)p.hit - TOPIC_SHARE * (double)p.all};
        }
        return count;
}

static struct topic_shift look_at(
        struct topic_watch *w, const struct query_drift *queries, enum topic_look look)
{
        struct topic_shift shift = {0};

        for (size_t i = 0; i < w->queries; i++)
                w->portions[i] = moved_up(&queries[i], look);
        shift.list = choose(w, find_moved(w, look));
        for (size_t i = 0; i < w->queries; i++) {
                add(&shift.whole, &w->portions[i]);
                if (!w->taken[i])
                        add(&shift.rest, &w->portions[i]);
        }
        return shift;
}

void topic_watch_update(
        struct topic_watch *w, const struct query_drift *queries, struct drift_view *ret)
{
        for (enum topic_look look = 0; look < TOPIC_LOOKS; look++)
                ret->topics[look] = look_at(w, queries, look);
}

bool topic_shift_is_set(const struct topic_shift *t)
{
        double share = fmax(DRIFT_SHARE_MIN, DRIFT_SHARE * (double)t->rest.all);

        return t->rest.hit >= share || 2 * t->rest.all < t->whole.all;
}

/* What is left of a topic without its queries that are known to fail; whether there are any. */
static bool excuse(const struct collection_view *c, const struct topic *topic, enum topic_look look,
        struct portion *ret)
{
        bool excused = false;

        *ret = (struct portion){0};
        for (size_t i = 0; i < topic->count; i++) {
                const struct query_view *q = &c->queries[topic->queries[i]];
                struct portion p = moved_up(&q->drift, look);

                excused = excused || q->excused;
                if (!q->excused)
                        add(ret, &p);
        }
        return excused;
}

void topics_moved(const struct collection_view *c, enum topic_look look, struct topic_list *ret)
{
        const struct topic_list *all = &c->drift.topics[look].list;
        struct topic_list list = *all;

        list.count = 0;
        for (size_t i = 0; i < topic_list_told(all); i++) {
                const struct topic *topic = &c->query_set->topics.topics[all->told[i].topic];
                struct portion p;

                list.told[list.count] = all->told[i];
                if (excuse(c, topic, look, &p)) {
                        list.told[list.count].portion = p;
                        list.count += p.hit >= needed(&p);
                } else
                        list.count++;
        }
        if (list.count == TOPICS_TOLD)
                list.count = all->count;
        *ret = list;
}

/* The topics that lost more than the share `limit`, as candidates; how many. */
static size_t find_lost(struct topic_watch *w, double limit)
{
        size_t count = 0;

        for (uint32_t i = 0; i < w->topics->count; i++) {
                const struct topic *topic = &w->topics->topics[i];
                struct portion p = sum(topic, w->portions);
                double excess = (double)p.hit - limit * (double)p.all;
                size_t queries = 0;

                for (size_t k = 0; k < topic->count; k++)
                        queries += w->portions[topic->queries[k]].hit > 0;
                if (excess > 0 && queries >= TOPIC_MIN)
                        w->candidates[count++] = (struct topic_candidate){i, p, excess};
        }
        return count;
}

int topics_lost(const struct collection_view *c, double limit, struct topic_list *ret)
{
        _cleanup_(topic_watch_done) struct topic_watch w = {0};
        int r;

        *ret = (struct topic_list){0};
        if (!c->fates || !c->fates->lost || c->attribution.evidence.lost == 0)
                return 0;
        r = topic_watch_init(c->query_set, &w);
        if (r < 0)
                return r;
        for (size_t i = 0; i < w.queries; i++)
                if (!c->queries[i].excused)
                        w.portions[i] = c->fates->lost[i];
        *ret = choose(&w, find_lost(&w, limit));
        return 0;
}
