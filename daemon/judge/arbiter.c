/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/arbiter.h"

#include <errno.h>

#include "judge/pair.h"

/* Ids and distances under way; borrowed ids. */
struct list {
        const char **ids;
        float *distances;
        unsigned count;
};

static void list_done(struct list *l)
{
        free(l->ids);
        free(l->distances);
}

static int list_init(struct list *l, unsigned max)
{
        *l = (struct list){.ids = calloc(max + 1, sizeof(*l->ids)),
                .distances = calloc(max + 1, sizeof(*l->distances))};
        return l->ids && l->distances ? 0 : -ENOMEM;
}

static void list_add(struct list *l, const char *id, float distance)
{
        l->ids[l->count] = id;
        l->distances[l->count++] = distance;
}

/* `count` when it is not there. */
static unsigned list_find(const struct list *l, const char *id)
{
        unsigned i = 0;

        while (i < l->count && !streq(l->ids[i], id))
                i++;
        return i;
}

static bool is_kept(const struct suspects *s, const struct place *place)
{
        enum fate fate = suspects_fate(s, place);

        return place->presence != PRESENCE_ENTERED &&
                (fate == FATE_REKEYED ||
                        (fate == FATE_UNREACHABLE && place->presence != PRESENCE_CHANGED));
}

int arbiter_missed(const struct attribution_input *input, const struct suspects *s, size_t query,
        struct answer **ret)
{
        _cleanup_(list_done) struct list l = {0};
        struct pair p;
        int r;

        *ret = NULL;
        if (!s->starts || !pair_get(input, query, &p) || !p.now)
                return 0;
        r = list_init(&l, p.before_count);
        if (r < 0)
                return r;
        for (size_t k = s->starts[query]; k < s->starts[query + 1]; k++) {
                const struct place *place = &s->places[k];

                if (place->suspect != SUSPECTS_MAX && is_kept(s, place))
                        list_add(&l, p.before->ids[place->rank], p.before->distances[place->rank]);
        }
        if (l.count > 0)
                *ret = answer_new(l.count, l.ids, l.distances, NULL);
        return l.count > 0 && !*ret ? -ENOMEM : 0;
}

/* What stands at this distance without having stood there before; `count` when nothing does. */
static unsigned find_heir(const struct list *l, const struct answer *before, float distance)
{
        unsigned i = 0;

        while (i < l->count &&
                (!pair_same_distance(distance, l->distances[i]) ||
                        pair_stood(before, before->count, l->ids[i], l->distances[i])))
                i++;
        return i;
}

/* Calls what stands at the very distance of a missed record by that record's id. Whatever had this
 * id takes the other one, so that each stands once. */
static void rename_heirs(struct list *l, const struct answer *before, const struct answer *missed)
{
        for (unsigned k = 0; k < missed->count; k++) {
                unsigned there = list_find(l, missed->ids[k]);
                unsigned heir = find_heir(l, before, missed->distances[k]);

                if (heir == l->count)
                        continue;
                if (there < l->count)
                        l->ids[there] = l->ids[heir];
                l->ids[heir] = missed->ids[k];
        }
}

/* The next of those that are not there after all; `missed->count` at the end. */
static unsigned next_missed(const struct list *now, const struct answer *missed, unsigned i)
{
        while (i < missed->count && list_find(now, missed->ids[i]) < now->count)
                i++;
        return i;
}

static void merge(
        const struct list *now, const struct answer *missed, unsigned results, struct list *l)
{
        unsigned k = next_missed(now, missed, 0);

        for (unsigned i = 0; l->count < results && (i < now->count || k < missed->count);) {
                if (i == now->count ||
                        (k < missed->count && missed->distances[k] <= now->distances[i])) {
                        list_add(l, missed->ids[k], missed->distances[k]);
                        k = next_missed(now, missed, k + 1);
                } else {
                        list_add(l, now->ids[i], now->distances[i]);
                        i++;
                }
        }
}

static bool is_answer(const struct list *l, const struct answer *answer)
{
        for (unsigned i = 0; i < l->count; i++)
                if (i >= answer->count || !streq(l->ids[i], answer->ids[i]))
                        return false;
        return l->count == answer->count;
}

struct answer *arbiter_merge(struct answer *answer, const struct answer *before,
        const struct answer *missed, unsigned results)
{
        _cleanup_(list_done) struct list now = {0}, l = {0};
        unsigned max = MAX(results, answer->count);

        if (!before || !missed)
                return answer_ref(answer);
        if (list_init(&now, answer->count) < 0 || list_init(&l, max) < 0)
                return NULL;
        for (unsigned i = 0; i < answer->count; i++)
                list_add(&now, answer->ids[i], answer->distances[i]);
        rename_heirs(&now, before, missed);
        merge(&now, missed, max, &l);
        return is_answer(&l, answer) ? answer_ref(answer)
                                     : answer_new(l.count, l.ids, l.distances, NULL);
}
