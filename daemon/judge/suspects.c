/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/suspects.h"

#include <errno.h>

#include "hash.h"
#include "judge/judge.h"
#include "judge/pair.h"

/* Ids of the baseline's answers, and of the records that entered. */
struct entry {
        const char *id; /* NULL: free */
        uint32_t suspect; /* index; NOBODY; SUSPECTS_MAX: not kept apart */
        bool before, same;
};
#define NOBODY UINT32_MAX

struct table {
        struct entry *entries;
        size_t size, used; /* a power of two; at most half are used */
};

static struct entry *table_seek(const struct table *t, const char *id)
{
        size_t i = (size_t)hash_text(HASH_INIT, id) & (t->size - 1);

        while (t->entries[i].id && !streq(t->entries[i].id, id))
                i = (i + 1) & (t->size - 1);
        return &t->entries[i];
}

static int table_grow(struct table *t)
{
        struct table grown = {.size = MAX(t->size * 2, (size_t)1024), .used = t->used};

        grown.entries = calloc(grown.size, sizeof(*grown.entries));
        if (!grown.entries)
                return -ENOMEM;
        for (size_t i = 0; i < t->size; i++)
                if (t->entries[i].id)
                        *table_seek(&grown, t->entries[i].id) = t->entries[i];
        free(t->entries);
        *t = grown;
        return 0;
}

/* The entry of this id, a new one if need be; NULL when memory is short. */
static struct entry *table_add(struct table *t, const char *id)
{
        struct entry *e;

        if (t->used * 2 >= t->size && table_grow(t) < 0)
                return NULL;
        e = table_seek(t, id);
        if (!e->id) {
                *e = (struct entry){.id = id, .suspect = NOBODY};
                t->used++;
        }
        return e;
}

/* Who is collected from what. */
struct collector {
        const struct attribution_input *input;
        struct suspects *s;
        struct table table;
        size_t records_allocated, place_count, places_allocated;
        size_t query; /* under way */
        struct pair pair; /* its answers */
        const float *vector; /* its pinned one, or NULL */
        unsigned holes, displaced; /* of its records until now */
};

/* Room for one more of `size` bytes in an array that doubles; -ENOMEM. */
static int make_room(void **array, size_t count, size_t *allocated, size_t size)
{
        size_t more = MAX(*allocated * 2, (size_t)64);
        void *grown;

        if (count < *allocated)
                return 0;
        grown = reallocarray(*array, more, size);
        if (!grown)
                return -ENOMEM;
        *array = grown;
        *allocated = more;
        return 0;
}

/* The record that a query of this set expects: by id, else the one that met the expectation when
 * the baseline was recorded, else its best. */
static bool is_expected(const struct collector *c, const char *id)
{
        const struct query *query = &c->input->set->queries[c->query];
        const struct answer *before = c->pair.before;

        if (!expectation_names_records(&query->expect))
                return before->count > 0 && streq(before->ids[0], id);
        return judge_expects(query, c->pair.known, id);
}

static int add_record(struct collector *c, struct entry *e, enum presence presence)
{
        struct suspects *s = c->s;
        int r;

        if (s->count == SUSPECTS_MAX) {
                s->more[suspects_unseen(presence)]++;
                e->suspect = SUSPECTS_MAX;
                return 0;
        }
        r = make_room((void **)&s->records, s->count, &c->records_allocated, sizeof(*s->records));
        if (r < 0)
                return r;
        s->records[s->count] =
                (struct suspect){.id = e->id, .query = c->query, .fate = FATE_UNKNOWN};
        e->suspect = (uint32_t)s->count++;
        return 0;
}

/* What is known of a record that left; holes count more than others. */
static void note_left(struct collector *c, struct suspect *r, bool hole, unsigned rank)
{
        unsigned round = hole ? c->holes++ : c->displaced++;

        if (r->hole && !hole)
                return;
        if (!r->left || (hole && !r->hole)) {
                r->filtered = true;
                r->round = round;
                r->distance = c->pair.before->distances[rank];
                r->vector = c->vector;
        }
        r->filtered = r->filtered && c->pair.filtered;
        r->round = MIN(r->round, round);
        r->left = true;
        r->hole = hole;
}

static int add_place(struct collector *c, struct entry *e, enum presence presence, unsigned rank)
{
        bool expected = is_expected(c, e->id);
        struct suspects *s = c->s;
        struct suspect *record;
        int r = e->suspect == NOBODY ? add_record(c, e, presence) : 0;

        if (r >= 0)
                r = make_room((void **)&s->places, c->place_count, &c->places_allocated,
                        sizeof(*s->places));
        if (r < 0)
                return r;
        s->places[c->place_count++] =
                (struct place){e->suspect, (uint8_t)presence, (uint16_t)rank, expected};
        if (e->suspect == SUSPECTS_MAX)
                return 0;
        record = &s->records[e->suspect];
        record->queries++;
        record->expected |= expected;
        record->changed |= presence == PRESENCE_CHANGED;
        record->entered |= presence == PRESENCE_ENTERED;
        if (presence != PRESENCE_ENTERED) {
                record->places++;
                record->heirs += pair_has_heir(&c->pair, rank);
        }
        if (presence == PRESENCE_HOLE || presence == PRESENCE_DISPLACED)
                note_left(c, record, presence == PRESENCE_HOLE, rank);
        return 0;
}

static int compare_before(struct collector *c)
{
        const struct pair *p = &c->pair;
        int r = 0;

        for (unsigned rank = 0; rank < p->before_count && r >= 0; rank++) {
                struct entry *e = table_seek(&c->table, p->before->ids[rank]);
                unsigned there = pair_rank_now(p, rank);

                if (there == p->now_count) {
                        r = add_place(c, e,
                                pair_is_hole(p, rank) ? PRESENCE_HOLE : PRESENCE_DISPLACED, rank);
                        continue;
                }
                c->s->same += !e->same;
                e->same = true;
                if (attribution_moved(
                            p->space, p->before->distances[rank], p->now->distances[there]))
                        r = add_place(c, e, PRESENCE_CHANGED, rank);
        }
        return r;
}

static int compare_now(struct collector *c)
{
        const struct pair *p = &c->pair;
        int r = 0;

        for (unsigned rank = 0; rank < p->now_count && r >= 0; rank++) {
                struct entry *e;

                if (!pair_is_intruder(p, rank))
                        continue;
                e = table_add(&c->table, p->now->ids[rank]);
                if (!e)
                        return -ENOMEM;
                /* One that stands unchanged in another of the baseline's answers is not new. */
                if (!e->before || e->suspect != NOBODY)
                        r = add_place(c, e, PRESENCE_ENTERED, rank);
        }
        return r;
}

static int compare_query(struct collector *c)
{
        const struct attribution_input *input = c->input;
        int r;

        if (!pair_get(input, c->query, &c->pair) || !c->pair.now)
                return 0;
        c->vector = input->baseline->vectors
                ? vector_set_find(input->baseline->vectors, input->set->queries[c->query].id)
                : NULL;
        c->holes = c->displaced = 0;
        r = compare_before(c);
        return r < 0 ? r : compare_now(c);
}

static int add_known(struct collector *c)
{
        struct pair p;

        if (table_grow(&c->table) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < c->input->set->count; i++) {
                if (!pair_get(c->input, i, &p))
                        continue;
                for (unsigned rank = 0; rank < p.before_count; rank++) {
                        struct entry *e = table_add(&c->table, p.before->ids[rank]);

                        if (!e)
                                return -ENOMEM;
                        e->before = true;
                }
        }
        return 0;
}

static void collect_order(struct collector *c)
{
        const struct baseline *b = c->input->baseline;

        for (size_t i = 0; i < b->order_count; i++) {
                const struct entry *e = table_seek(&c->table, b->order[i]);

                if (e->id && e->suspect < SUSPECTS_MAX)
                        c->s->order[c->s->order_count++] = e->suspect;
                else if (e->id && e->suspect == NOBODY && e->same)
                        c->s->order[c->s->order_count++] = SUSPECTS_THERE;
        }
}

static int collect_records(const struct attribution_input *input, struct suspects *s)
{
        struct collector c = {.input = input, .s = s};
        int r = add_known(&c);

        for (; c.query < input->set->count && r >= 0; c.query++) {
                s->starts[c.query] = c.place_count;
                r = compare_query(&c);
        }
        s->starts[input->set->count] = c.place_count;
        if (r >= 0)
                collect_order(&c);
        free(c.table.entries);
        return r;
}

/* A query fails for it, unless it turns out to be there. */
static bool is_missed(const struct suspect *r)
{
        return r->expected && r->hole && !suspect_has_heirs(r);
}

static int compare_wanted(const void *a, const void *b, void *userdata)
{
        const struct suspect *records = userdata;
        const struct suspect *x = &records[*(const size_t *)a], *y = &records[*(const size_t *)b];
        uint64_t hash_x, hash_y;

        if (x->filtered != y->filtered)
                return x->filtered ? 1 : -1;
        if (is_missed(x) != is_missed(y))
                return is_missed(x) ? -1 : 1;
        if (x->hole != y->hole)
                return x->hole ? -1 : 1;
        if (x->round != y->round)
                return x->round < y->round ? -1 : 1;
        hash_x = hash_text(HASH_INIT, x->id);
        hash_y = hash_text(HASH_INIT, y->id);
        return hash_x < hash_y ? -1 : hash_x > hash_y;
}

/* The first hole of each query, then the second, …: where not all can be looked up chance decides
 * within such a round. */
static int choose_wanted(struct suspects *s)
{
        s->wanted = calloc(s->count + 1, sizeof(*s->wanted));
        if (!s->wanted)
                return -ENOMEM;
        for (size_t i = 0; i < s->count; i++)
                if (s->records[i].left)
                        s->wanted[s->wanted_count++] = i;
        qsort_r(s->wanted, s->wanted_count, sizeof(*s->wanted), compare_wanted, s->records);
        s->wanted_count = MIN(s->wanted_count, (size_t)SUSPECTS_IDS);
        return 0;
}

/* Whether the i-th of n is one of `take` that are spread evenly over them. */
static bool evenly(size_t i, size_t n, size_t take)
{
        return (i + 1) * take / n > i * take / n;
}

static void choose_lists(const struct attribution_input *input, struct suspects *s)
{
        struct pair p;
        size_t n = 0, k = 0;

        for (size_t i = 0; i < input->set->count; i++)
                n += pair_get(input, i, &p) && p.now;
        for (size_t i = 0; i < input->set->count; i++)
                if (pair_get(input, i, &p) && p.now &&
                        evenly(k++, n, MIN(n, (size_t)SUSPECTS_LISTS)))
                        s->lists[s->list_count++] =
                                (struct twin_list){.query = i, .answer = p.now, .before = p.before};
}

static bool misses_records(const struct attribution_input *input, size_t i)
{
        return input->outcomes[i] == OUTCOME_FAIL &&
                expectation_names_records(&input->set->queries[i].expect);
}

static void choose_missing(const struct attribution_input *input, struct suspects *s)
{
        size_t n = 0, k = 0;

        for (size_t i = 0; i < input->set->count; i++)
                n += misses_records(input, i);
        for (size_t i = 0; i < input->set->count; i++)
                if (misses_records(input, i) && evenly(k++, n, MIN(n, (size_t)SUSPECTS_EXPECTED)))
                        s->missing[s->missing_count++] = (struct missing){.query = i};
}

static bool any_entered(const struct suspects *s)
{
        for (size_t i = 0; i < s->count; i++)
                if (s->records[i].entered)
                        return true;
        return false;
}

static int hold(const struct attribution_input *input, struct suspects *s)
{
        s->query_count = input->set->count;
        s->baseline = baseline_ref(input->baseline);
        s->dimension = s->baseline->vectors ? s->baseline->vectors->dimension : 0;
        s->starts = calloc(s->query_count + 1, sizeof(*s->starts));
        s->answers = calloc(s->query_count + 1, sizeof(*s->answers));
        if (!s->starts || !s->answers)
                return -ENOMEM;
        for (size_t i = 0; i < s->query_count; i++)
                s->answers[i] = answer_ref(input->answers[i]);
        return 0;
}

int suspects_collect(const struct attribution_input *input, struct suspects *ret)
{
        _cleanup_(suspects_done) struct suspects s = {0};
        int r = 0;

        choose_missing(input, &s);
        if (input->baseline) {
                r = hold(input, &s);
                if (r >= 0)
                        r = collect_records(input, &s);
                if (r >= 0)
                        r = choose_wanted(&s);
                if (r >= 0 && any_entered(&s))
                        choose_lists(input, &s);
        }
        if (r < 0)
                return r;
        *ret = s;
        s = (struct suspects){0};
        return 0;
}

void suspects_done(struct suspects *s)
{
        for (size_t i = 0; i < s->missing_count; i++)
                free(s->missing[i].exists_id);
        for (size_t i = 0; i < s->count; i++)
                free(s->records[i].excerpt);
        for (size_t i = 0; s->answers && i < s->query_count; i++)
                answer_unref(s->answers[i]);
        baseline_unref(s->baseline);
        free(s->answers);
        free(s->records);
        free(s->places);
        free(s->starts);
        free(s->wanted);
        free(s->ordered);
        *s = (struct suspects){0};
}

bool suspects_any(const struct suspects *s)
{
        return s->wanted_count + s->list_count + s->missing_count > 0;
}
