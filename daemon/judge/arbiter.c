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

static bool is_kept(const struct suspects *s, const struct place *place)
{
        enum fate fate = suspects_fate(s, place);

        return fate == FATE_UNREACHABLE || fate == FATE_REKEYED;
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
                bool left =
                        place->presence == PRESENCE_HOLE || place->presence == PRESENCE_DISPLACED;

                if (left && place->suspect != SUSPECTS_MAX && is_kept(s, place))
                        list_add(&l, p.before->ids[place->rank], p.before->distances[place->rank]);
        }
        if (l.count > 0)
                *ret = answer_new(l.count, l.ids, l.distances, NULL);
        return l.count > 0 && !*ret ? -ENOMEM : 0;
}

static bool has(const struct answer *a, const char *id)
{
        for (unsigned i = 0; i < a->count; i++)
                if (streq(a->ids[i], id))
                        return true;
        return false;
}

/* The next of those that search did not find after all; `missed->count` at the end. */
static unsigned next_missed(const struct answer *answer, const struct answer *missed, unsigned i)
{
        while (i < missed->count && has(answer, missed->ids[i]))
                i++;
        return i;
}

/* Whether what stands at rank `i` is the missed record under another id. */
static bool stands_for(
        const struct answer *answer, unsigned i, const struct answer *missed, unsigned k)
{
        return k < missed->count && !has(missed, answer->ids[i]) &&
                pair_same_distance(answer->distances[i], missed->distances[k]);
}

static void merge(
        const struct answer *answer, const struct answer *missed, unsigned results, struct list *l)
{
        unsigned k = next_missed(answer, missed, 0);

        for (unsigned i = 0; l->count < results && (i < answer->count || k < missed->count);) {
                bool instead = i < answer->count && stands_for(answer, i, missed, k);
                bool first = i == answer->count || instead ||
                        (k < missed->count && missed->distances[k] <= answer->distances[i]);

                if (first) {
                        list_add(l, missed->ids[k], missed->distances[k]);
                        k = next_missed(answer, missed, k + 1);
                        i += instead;
                } else {
                        list_add(l, answer->ids[i], answer->distances[i]);
                        i++;
                }
        }
}

struct answer *arbiter_merge(struct answer *answer, const struct answer *missed, unsigned results)
{
        _cleanup_(list_done) struct list l = {0};
        unsigned max = MAX(results, answer->count);

        if (!missed || next_missed(answer, missed, 0) == missed->count)
                return answer_ref(answer);
        if (list_init(&l, max) < 0)
                return NULL;
        merge(answer, missed, max, &l);
        return answer_new(l.count, l.ids, l.distances, NULL);
}
