/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/pair.h"

#include <math.h>

#include "judge/judge.h"
#include "judge/similarity.h"

static double scale(const char *space, double distance)
{
        return space_unit(space) * fmax(1, fabs(distance));
}

bool attribution_moved(const char *space, double before, double after)
{
        /* Negated so that NaN has moved. */
        return !(fabs(after - before) <= ATTRIBUTION_MOVED * scale(space, before));
}

static bool nearer(const char *space, double distance, double last)
{
        return distance + ATTRIBUTION_TIE * scale(space, distance) < last;
}

static double last_distance(const struct answer *a, unsigned count, unsigned k)
{
        return count < k || count == 0 ? INFINITY : a->distances[count - 1];
}

static bool is_full(const struct attribution_input *input, const struct pair *p)
{
        int64_t holds = input->epoch.records < 0 ? p->before->count : input->epoch.records;

        return p->now && (p->filtered || p->now->count >= MIN((int64_t)input->results, holds));
}

bool pair_get(const struct attribution_input *input, size_t i, struct pair *ret)
{
        const struct query *query = &input->set->queries[i];
        const struct baseline_query *known =
                input->baseline ? baseline_find(input->baseline, query->id) : NULL;
        struct pair p = {.now = input->answers[i]};

        if (!known || !known->answer || !streq(known->text, query->text) || judge_is_control(query))
                return false;
        p.known = known;
        p.before = known->answer;
        p.k = MIN(input->results, input->baseline->results);
        p.before_count = MIN(p.before->count, p.k);
        p.now_count = p.now ? MIN(p.now->count, p.k) : 0;
        p.before_last = last_distance(p.before, p.before_count, p.k);
        p.now_last = last_distance(p.now, p.now_count, p.k);
        p.space = input->baseline->epoch.space;
        p.filtered = query->where || query->where_document;
        p.full = is_full(input, &p);
        *ret = p;
        return true;
}

/* Tries its former place first, because most records keep it. */
static unsigned find(const struct answer *a, unsigned count, const char *id, unsigned hint)
{
        for (unsigned i = 0; i < count; i++) {
                unsigned rank = (hint + i) % count;

                if (streq(a->ids[rank], id))
                        return rank;
        }
        return count;
}

unsigned pair_rank_now(const struct pair *p, unsigned rank)
{
        return find(p->now, p->now_count, p->before->ids[rank], rank);
}

unsigned pair_rank_before(const struct pair *p, unsigned rank)
{
        return find(p->before, p->before_count, p->now->ids[rank], rank);
}

bool pair_same_distance(double a, double b)
{
        return fabs(a - b) <= ATTRIBUTION_TIE * fmax(1, fabs(a));
}

bool pair_stood(const struct answer *before, unsigned count, const char *id, float distance)
{
        unsigned rank = find(before, count, id, 0);

        return rank < count && pair_same_distance(before->distances[rank], distance);
}

bool pair_has_heir(const struct pair *p, unsigned rank)
{
        for (unsigned i = 0; i < p->now_count; i++)
                if (pair_same_distance(p->before->distances[rank], p->now->distances[i]) &&
                        !streq(p->before->ids[rank], p->now->ids[i]) &&
                        !pair_stood(
                                p->before, p->before_count, p->now->ids[i], p->now->distances[i]))
                        return true;
        return false;
}

bool pair_is_hole(const struct pair *p, unsigned rank)
{
        return nearer(p->space, p->before->distances[rank], p->now_last) &&
                pair_rank_now(p, rank) == p->now_count;
}

bool pair_is_intruder(const struct pair *p, unsigned rank)
{
        return nearer(p->space, p->now->distances[rank], p->before_last) &&
                pair_rank_before(p, rank) == p->before_count;
}
