/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/circumstances.h"

#include <math.h>

#include "judge/common.h"
#include "judge/pair.h"

static void count_record(const struct suspect *r, struct evidence *e)
{
        enum fate fate = r->left_fate;
        bool rewritten = r->changed || r->moved;
        bool missing = fate == FATE_GONE || fate == FATE_EDITED || fate == FATE_REKEYED;

        e->words_kept += rewritten && r->words > 0;
        e->words_changed += rewritten && r->words < 0;
        e->near_duplicates += r->entered && r->twin;
        e->holes += missing && !r->hole;
        e->sampled += missing || fate == FATE_UNREACHABLE;
        e->gone += fate == FATE_GONE;
        e->renamed += fate == FATE_REKEYED && !r->exists;
        e->edited += fate == FATE_EDITED;
        e->present += fate == FATE_UNREACHABLE;
        e->unreadable += r->hole && r->unreadable;
        e->self_asked += r->self_asked;
        e->self_found += r->self_asked && r->self_found;
}

void circumstances_count(const struct suspects *s, struct evidence *e)
{
        for (size_t i = 0; i < s->count; i++)
                count_record(&s->records[i], e);
        e->entries = s->listed;
}

static void count_hole(struct places *p, const struct suspect *r)
{
        enum fate fate = r ? r->left_fate : FATE_UNKNOWN;

        p->holes++;
        p->gone += fate == FATE_GONE;
        p->renamed += fate == FATE_REKEYED;
        p->edited += fate == FATE_EDITED;
        p->present += fate == FATE_UNREACHABLE;
        p->moved += r && r->looked_up && r->exists;
}

static bool is_first(const struct place *place, const struct suspect *r)
{
        return r && place->presence == PRESENCE_ENTERED && place->rank == 0 &&
                (r->fate == FATE_NEW || r->fate == FATE_NEAR_COPY);
}

static void count_place(struct circumstances *c, const struct place *place, struct evidence *e)
{
        const struct suspect *r =
                place->suspect == SUSPECTS_MAX ? NULL : &c->suspects->records[place->suspect];
        struct places *p = &c->places;

        p->intruders += place->presence == PRESENCE_ENTERED;
        e->firsts += is_first(place, r);
        p->rekeyed += r && r->fate == FATE_REKEYED;
        c->lost += suspects_lost(c->suspects, place);
        if (place->presence == PRESENCE_HOLE)
                count_hole(p, r);
        else if (place->presence == PRESENCE_DISPLACED && r) {
                p->displaced_gone += r->left_fate == FATE_GONE;
                p->displaced_edited += r->left_fate == FATE_EDITED;
        }
}

/* Places whose distance stands in today's answer, but with another record. */
static size_t count_kept(const struct pair *p)
{
        size_t kept = 0;

        for (unsigned rank = 0; rank < p->before_count && p->now; rank++) {
                double distance = p->before->distances[rank];
                unsigned there = pair_rank_now(p, rank);
                bool same = there < p->now_count &&
                        pair_same_distance(distance, p->now->distances[there]);

                for (unsigned i = 0; i < p->now_count && !same; i++)
                        if (pair_same_distance(distance, p->now->distances[i])) {
                                kept++;
                                break;
                        }
        }
        return kept;
}

static void count_queries(struct circumstances *c, struct evidence *e)
{
        const struct suspects *s = c->suspects;
        struct pair p;

        for (size_t i = 0; i < c->input->set->count; i++) {
                if (!pair_get(c->input, i, &p))
                        continue;
                c->silent += !p.now;
                c->places.compared += p.now ? p.before_count : 0;
                e->kept += count_kept(&p);
                for (size_t k = s->starts[i]; k < s->starts[i + 1]; k++)
                        count_place(c, &s->places[k], e);
        }
}

bool circumstances_crowded(const struct circumstances *c)
{
        return (double)c->places.twins > ATTRIBUTION_FLOOD * (double)c->places.listed;
}

static double answered(const struct circumstances *c)
{
        return (double)(c->e->queries - c->silent);
}

bool circumstances_overrun(const struct circumstances *c)
{
        double added = (double)(c->e->records_after - c->e->records_before);

        return c->e->records_before >= 0 && added > 0 &&
                (double)c->e->firsts >= ATTRIBUTION_OVERRUN * answered(c) &&
                (double)c->e->firsts * (double)c->e->records_after >
                ATTRIBUTION_OVERRUN_TIMES * added * answered(c);
}

/* Samples are scaled up to all places, so that causes which coincide can be weighed. Holes that
 * could not be looked up are taken for gone. */
static void weigh(struct circumstances *c)
{
        const struct places *p = &c->places;
        size_t compared = p->edited + p->present;
        size_t existing = compared > 0 ? p->moved : 0;
        size_t sampled = p->gone + p->renamed + existing;
        double each = sampled > 0 ? (double)p->holes / (double)sampled : 0;
        double exists = compared > 0 ? each * (double)existing / (double)compared : 0;

        c->gone = (sampled > 0 ? each * (double)p->gone : (double)p->holes) +
                (double)p->displaced_gone;
        c->edited = exists * (double)p->edited + (double)(p->changed + p->displaced_edited);
        c->present = exists * (double)p->present;
        if (circumstances_overrun(c))
                c->twins = (double)p->intruders;
        else if (circumstances_crowded(c))
                c->twins = (double)p->twins * answered(c) / (double)c->suspects->list_count;
}

void circumstances_find(struct circumstances *c, struct evidence *e)
{
        struct common common = common_records(c->input);

        c->fit = common.fit;
        c->places.same = common.fit.n;
        c->places.changed = common.changed;
        for (size_t i = 0; i < c->suspects->list_count; i++) {
                c->places.listed += c->suspects->lists[i].looked_up;
                c->places.twins += c->suspects->lists[i].near_duplicates;
        }
        count_queries(c, e);
        e->places = c->places.compared;
        e->lost = c->lost;
        e->scale = common_scale(&c->fit, c->input->baseline->epoch.space);
        weigh(c);
}
