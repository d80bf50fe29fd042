/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/twins.h"

#include "judge/distance.h"

unsigned twins_depth(const struct twin_list *l)
{
        return MIN(l->answer->count, (unsigned)TWINS_DEPTH);
}

/* Which records the first of an answer are; SIZE_MAX where they are gone. */
static unsigned find_list(const struct twin_list *l, const struct records *records, size_t *ret)
{
        unsigned count = twins_depth(l);

        for (unsigned i = 0; i < count; i++)
                ret[i] = records_find(records, l->answer->ids[i]);
        return count;
}

static bool are_twins(const struct records *r, size_t a, size_t b)
{
        return a != b && b != SIZE_MAX &&
                distance_angle(records_vector(r, a), records_vector(r, b), r->dimension) >=
                TWINS_COSINE;
}

static bool was_listed(const struct twin_list *l, const char *id)
{
        for (unsigned i = 0; i < l->before->count; i++)
                if (streq(l->before->ids[i], id))
                        return true;
        return false;
}

/* The record of this id that entered the answer to the query; NULL when none is meant. */
static struct suspect *find_entered(struct suspects *s, size_t query, const char *id)
{
        for (size_t k = s->starts[query]; k < s->starts[query + 1]; k++) {
                const struct place *p = &s->places[k];

                if (p->presence == PRESENCE_ENTERED && p->suspect != SUSPECTS_MAX &&
                        streq(s->records[p->suspect].id, id))
                        return &s->records[p->suspect];
        }
        return NULL;
}

/* Where in the order of their addition the last record stands that the baseline knew. */
static size_t last_known(
        const struct suspects *s, size_t first, size_t end, const struct records *records)
{
        const char *newest = s->baseline->epoch.newest;
        size_t found = newest ? records_find(records, newest) : SIZE_MAX;
        size_t last = found == SIZE_MAX ? 0 : found;

        for (size_t k = first; k < end; k++)
                for (unsigned n = 0; n < twins_depth(&s->lists[k]); n++) {
                        const char *id = s->lists[k].answer->ids[n];

                        found = was_listed(&s->lists[k], id) ? records_find(records, id) : SIZE_MAX;
                        if (found != SIZE_MAX)
                                last = MAX(last, found);
                }
        return last;
}

static void compare_list(
        struct suspects *s, struct twin_list *l, const struct records *records, size_t known)
{
        const char *newest = s->baseline->epoch.newest;
        size_t found[TWINS_DEPTH];
        unsigned count = find_list(l, records, found);

        for (unsigned i = 0; i < count; i++) {
                struct suspect *entered;
                bool twin = false;

                if (found[i] == SIZE_MAX)
                        continue;
                l->looked_up++;
                if (was_listed(l, l->answer->ids[i]))
                        continue;
                for (unsigned k = 0; k < count && !twin; k++)
                        twin = are_twins(records, found[i], found[k]);
                l->near_duplicates += twin && found[i] > known;
                entered = find_entered(s, l->query, l->answer->ids[i]);
                if (!entered)
                        continue;
                entered->twin |= twin;
                entered->placed = true;
                entered->old |= found[i] < known || streq(l->answer->ids[i], newest);
        }
}

static bool is_listed(const struct suspects *s, size_t first, size_t end, const char *id)
{
        for (size_t k = first; k < end; k++)
                for (unsigned n = 0; n < twins_depth(&s->lists[k]); n++)
                        if (streq(s->lists[k].answer->ids[n], id))
                                return true;
        return false;
}

void twins_compare(struct suspects *s, size_t first, size_t end, const struct records *records)
{
        size_t known = last_known(s, first, end, records);

        for (size_t k = first; k < end; k++)
                compare_list(s, &s->lists[k], records, known);
        for (size_t i = 0; i < records->count; i++)
                s->listed += is_listed(s, first, end, records->ids[i]);
}
