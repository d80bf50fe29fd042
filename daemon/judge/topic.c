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
static struct topic_list choose(struct topic_watch *w, const struct portion *portions, size_t count)
{
        struct topic_list list = {0};

        for (size_t i = 0; i < w->queries; i++)
                w->taken[i] = false;
        if (count > 0)
                qsort(w->candidates, count, sizeof(*w->candidates), compare_candidates);
        for (size_t i = 0; i < count; i++) {
                const struct topic_candidate *c = &w->candidates[i];

                if (!take_topic(&w->topics->topics[c->topic], portions, w->taken))
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

static bool moved_up(const struct query_drift *q, enum topic_look look)
{
        if (look == TOPIC_CONFIRMED)
                return q->moved[LEVEL_TOPK] == MOVED_UP;
        return q->compared && q->shift[LEVEL_TOPK] > q->tau[LEVEL_TOPK];
}

/* The topics that moved up, as candidates; how many. */
static size_t find_moved(struct topic_watch *w, enum topic_look look)
{
        size_t count = 0;

        for (uint32_t i = 0; i < w->topics->count; i++) {
                struct portion p = sum(&w->topics->topics[i], w->portions);
                double needed = fmax(TOPIC_MIN, TOPIC_SHARE * (double)p.all);
                bool up = drift_reached(look == TOPIC_CONFIRMED && w->up[i], p.hit, needed);

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

        for (size_t i = 0; i < w->queries; i++) {
                const struct query_drift *q = &queries[i];

                w->portions[i].all = q->armed && (look == TOPIC_CONFIRMED || q->compared);
                w->portions[i].hit = q->armed && moved_up(q, look);
        }
        shift.list = choose(w, w->portions, find_moved(w, look));
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
        double needed = fmax(DRIFT_SHARE_MIN, DRIFT_SHARE * (double)t->rest.all);

        return t->rest.hit >= needed || 2 * t->rest.all < t->whole.all;
}

/* The topics that lost more than the share `limit`, as candidates; how many. */
static size_t find_lost(struct topic_watch *w, const struct portion *lost, double limit)
{
        size_t count = 0;

        for (uint32_t i = 0; i < w->topics->count; i++) {
                const struct topic *topic = &w->topics->topics[i];
                struct portion p = sum(topic, lost);
                double excess = (double)p.hit - limit * (double)p.all;
                size_t queries = 0;

                for (size_t k = 0; k < topic->count; k++)
                        queries += lost[topic->queries[k]].hit > 0;
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
        if (r >= 0)
                *ret = choose(&w, c->fates->lost, find_lost(&w, c->fates->lost, limit));
        return r;
}
