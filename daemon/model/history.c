/* SPDX-License-Identifier: Apache-2.0 */
#include "model/history.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>

/* Times are milliseconds since the block's base: 32 bits hold 49 days, and a block that would need
 * more is followed by a new one. */
struct run {
        uint32_t first_msec;
        uint32_t length_msec; /* from its first to its last sample */
        float distance, expected_distance;
        uint16_t samples;
        uint16_t rank : 9, outcome : 3, band : 4; /* band: BAND_UNKNOWN or its index */
};
_Static_assert(sizeof(struct run) == 20, "a run is what the documentation says it costs");

#define BAND_UNKNOWN 15

/* Blocks double from the first, small one - most queries of an unchanged index need one run - to
 * this many runs: 5 kB, small against what a changing query keeps and large against malloc's
 * overhead. */
#define BLOCK_RUNS_MIN 4
#define BLOCK_RUNS_MAX 256

struct block {
        atomic_uint references;
        unsigned count, capacity; /* count is the writer's; readers are given theirs */
        usec_t base;
        struct run runs[];
};

/* The list of blocks. Never changed once a snapshot may hold it: adding or dropping a block makes a
 * new one. */
struct spine {
        atomic_uint references;
        size_t count;
        size_t runs_before_last; /* runs in all blocks but the last, which are full stops */
        struct block *blocks[];
};

struct history {
        struct spine *spine; /* NULL while empty */
        int64_t jumped; /* the clock, since the first sample: blocks have the times of before */
};

/* All runs but the last are immutable; the last is copied, because the writer may go on extending
 * it. */
struct history_snapshot {
        atomic_uint references;
        struct spine *spine;
        int64_t jumped;
        unsigned last_count; /* runs of the last block at that time */
        struct run last;
};

static struct block *block_new(unsigned capacity, usec_t base)
{
        struct block *b = malloc(sizeof(*b) + capacity * sizeof(struct run));

        if (!b)
                return NULL;
        atomic_init(&b->references, 1);
        b->count = 0;
        b->capacity = capacity;
        b->base = base;
        return b;
}

static struct block *block_unref(struct block *b)
{
        if (b && atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) == 1)
                free(b);
        return NULL;
}

static struct spine *spine_unref(struct spine *s)
{
        if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1) {
                for (size_t i = 0; i < s->count; i++)
                        block_unref(s->blocks[i]);
                free(s);
        }
        return NULL;
}

static struct block *last_block(const struct history *h)
{
        return h->spine ? h->spine->blocks[h->spine->count - 1] : NULL;
}

static struct run *last_run(const struct history *h)
{
        struct block *b = last_block(h);

        return b ? &b->runs[b->count - 1] : NULL;
}

static usec_t run_last(const struct block *b, const struct run *r)
{
        return b->base + ((usec_t)r->first_msec + r->length_msec) * USEC_PER_MSEC;
}

/* A sample of the future was taken while the clock was wrong; it would outlive all others. */
static bool is_near(const struct block *b, usec_t now, usec_t retention)
{
        usec_t last = run_last(b, &b->runs[b->count - 1]);

        return (last > now ? last - now : now - last) <= retention;
}

/* A new spine of the blocks that are no further than `retention` from `now`, and `added` (whose
 * reference it takes on success). */
static struct spine *spine_with(
        const struct spine *old, usec_t now, usec_t retention, struct block *added)
{
        size_t count = old ? old->count : 0;
        struct spine *s = malloc(sizeof(*s) + (count + 1) * sizeof(s->blocks[0]));

        if (!s)
                return NULL;
        atomic_init(&s->references, 1);
        s->count = s->runs_before_last = 0;
        for (size_t i = 0; i < count; i++) {
                struct block *b = old->blocks[i];

                if (!is_near(b, now, retention))
                        continue;
                atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
                s->runs_before_last += b->count;
                s->blocks[s->count++] = b;
        }
        s->blocks[s->count++] = added;
        return s;
}

struct history *history_new(void)
{
        return calloc(1, sizeof(struct history));
}

struct history *history_free(struct history *h)
{
        if (h)
                spine_unref(h->spine);
        free(h);
        return NULL;
}

static bool same_float(float a, float b)
{
        return a == b || (isnan(a) && isnan(b));
}

static struct run run_from_verdict(const struct judgement *v)
{
        return (struct run){
                .distance = v->distance,
                .expected_distance = v->expected_distance,
                .samples = 1,
                .rank = MIN(v->expected_rank, (unsigned)HISTORY_RANK_MAX) & 0x1ffU,
                .outcome = (unsigned)v->outcome & 7U,
                .band = (unsigned)(v->band < 0 ? BAND_UNKNOWN : v->band) & 0xfU,
        };
}

/* Whether the sample is the last run's once more and its counters have room for it. */
static bool run_continues(
        const struct block *b, const struct run *r, const struct run *sample, usec_t now)
{
        return r->outcome == sample->outcome && r->rank == sample->rank &&
                r->band == sample->band && same_float(r->distance, sample->distance) &&
                same_float(r->expected_distance, sample->expected_distance) &&
                r->samples < UINT16_MAX && now >= run_last(b, r) &&
                (now - b->base) / USEC_PER_MSEC - r->first_msec <= UINT32_MAX;
}

/* The block that takes a run beginning at `now`. */
static int block_for(struct history *h, usec_t now, usec_t retention, struct block **ret)
{
        struct block *b = last_block(h), *added;
        struct spine *s;

        if (b && b->count < b->capacity && now >= b->base &&
                (now - b->base) / USEC_PER_MSEC <= UINT32_MAX) {
                *ret = b;
                return 0;
        }
        added = block_new(b ? MIN(b->capacity * 2, (unsigned)BLOCK_RUNS_MAX) : BLOCK_RUNS_MIN, now);
        if (!added)
                return -ENOMEM;
        s = spine_with(h->spine, now, retention, added);
        if (!s) {
                block_unref(added);
                return -ENOMEM;
        }
        spine_unref(h->spine);
        h->spine = s;
        *ret = added;
        return 0;
}

int history_add(
        struct history *h, usec_t now, const struct judgement *v, bool same, usec_t retention)
{
        struct run sample = run_from_verdict(v), *r = last_run(h);
        struct block *b = last_block(h);
        int error;

        now -= (usec_t)h->jumped;
        if (same && r && run_continues(b, r, &sample, now)) {
                r->length_msec = (uint32_t)((now - b->base) / USEC_PER_MSEC - r->first_msec);
                r->samples++;
                return 0;
        }
        error = block_for(h, now, retention, &b);
        if (error < 0)
                return error;
        sample.first_msec = (uint32_t)((now - b->base) / USEC_PER_MSEC);
        b->runs[b->count++] = sample;
        return 0;
}

static bool is_possible(const struct history_run *run)
{
        return run->first > 0 && run->last >= run->first &&
                (run->last - run->first) / USEC_PER_MSEC < UINT32_MAX / 2 && run->samples > 0 &&
                run->samples <= UINT16_MAX && run->expected_rank <= HISTORY_RANK_MAX &&
                run->band >= -1 && run->band < BAND_UNKNOWN && run->outcome < OUTCOME_COUNT;
}

int history_restore(struct history *h, const struct history_run *run)
{
        const struct judgement v = {
                .outcome = run->outcome,
                .distance = run->distance,
                .expected_distance = run->expected_distance,
                .expected_rank = run->expected_rank,
                .band = run->band,
        };
        struct block *b = last_block(h);
        struct run *r;
        int error;

        if (!is_possible(run) || (b && run->first < run_last(b, last_run(h))))
                return -EINVAL;
        error = history_add(h, run->first, &v, false, USEC_INFINITY);
        if (error < 0)
                return error;
        r = last_run(h);
        r->samples = (uint16_t)run->samples;
        r->length_msec = (uint32_t)((run->last - run->first) / USEC_PER_MSEC);
        return 0;
}

void history_jump(struct history *h, int64_t by)
{
        h->jumped += by;
}

size_t history_size(const struct history *h)
{
        size_t size = sizeof(*h);

        if (!h->spine)
                return size;
        size += sizeof(*h->spine) + h->spine->count * sizeof(h->spine->blocks[0]);
        for (size_t i = 0; i < h->spine->count; i++)
                size += sizeof(struct block) + h->spine->blocks[i]->capacity * sizeof(struct run);
        return size;
}

struct history_snapshot *history_snapshot(struct history *h)
{
        struct history_snapshot *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        atomic_init(&s->references, 1);
        if (!h->spine)
                return s;
        atomic_fetch_add_explicit(&h->spine->references, 1, memory_order_relaxed);
        s->spine = h->spine;
        s->jumped = h->jumped;
        s->last_count = last_block(h)->count;
        s->last = *last_run(h);
        return s;
}

struct history_snapshot *history_snapshot_unref(struct history_snapshot *s)
{
        if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1) {
                spine_unref(s->spine);
                free(s);
        }
        return NULL;
}

size_t history_snapshot_runs(const struct history_snapshot *s)
{
        return s->spine ? s->spine->runs_before_last + s->last_count : 0;
}

static struct history_run run_decode(
        const struct history_snapshot *s, const struct block *b, const struct run *r)
{
        return (struct history_run){
                .first = b->base + r->first_msec * USEC_PER_MSEC + (usec_t)s->jumped,
                .last = run_last(b, r) + (usec_t)s->jumped,
                .samples = r->samples,
                .distance = r->distance,
                .expected_distance = r->expected_distance,
                .expected_rank = r->rank,
                .band = r->band == BAND_UNKNOWN ? -1 : r->band,
                .outcome = (enum outcome)r->outcome,
        };
}

struct history_run history_snapshot_run(const struct history_snapshot *s, size_t i)
{
        const struct spine *spine = s->spine;
        size_t k = 0;

        if (i + 1 == history_snapshot_runs(s))
                return run_decode(s, spine->blocks[spine->count - 1], &s->last);
        while (k + 1 < spine->count && i >= spine->blocks[k]->count)
                i -= spine->blocks[k++]->count;
        return run_decode(s, spine->blocks[k], &spine->blocks[k]->runs[i]);
}

size_t history_snapshot_find(const struct history_snapshot *s, usec_t start)
{
        size_t i = history_snapshot_runs(s);

        /* From the newest backwards: clocks may have stepped, so order is by arrival, and readers
         * mostly ask for the recent past. */
        while (i > 0 && history_snapshot_run(s, i - 1).last >= start)
                i--;
        return i;
}
