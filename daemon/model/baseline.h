/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The approved reference of one collection: pinned vectors, the answers they got, how much these
 * vary by themselves, and the collection as it was. Immutable once made and counted by references,
 * because the loop and every published view share it. How it is stored is keep/baselines.h's
 * business; a candidate that nobody approved yet is the same structure. */

#include <stdatomic.h>
#include <stddef.h>

#include "duration.h"
#include "model/answer.h"
#include "model/attribution.h"
#include "model/bands.h"
#include "model/epoch.h"
#include "model/excerpt.h"
#include "model/fate.h"
#include "model/judgement.h"
#include "model/vector_set.h"

/* The two distances of an answer that are watched: its best, and the mean of all `results`. */
enum level_signal { LEVEL_TOP1, LEVEL_TOPK, LEVEL_COUNT };

struct level_baseline {
        double location; /* median of the samples; NaN: not measured */
        double scale; /* noise, s of docs/detection.md; 0: the samples were equal */
};

/* What would move up into an answer whose records are lost: the records that follow it, by a deeper
 * search. */
struct beyond {
        struct answer *records; /* NULL: unknown; without a record: there are no more */
        /* Ranks, from 1, in the answer and then in `records`, ascending: those that met the
         * expectation when they were recorded. */
        unsigned *expected;
        size_t expected_count;
};

struct baseline_query {
        char *id;
        char *text; /* as it was asked: another text under the same id is another question */
        struct answer *answer; /* of the last sample; NULL when none was valid */
        struct level_baseline levels[LEVEL_COUNT];
        unsigned expected_rank; /* 0: not found or none expected */
        unsigned deep_rank; /* of the expected record, beyond the answer; 0: not there either */
        unsigned searched; /* records that were looked through for that; 0: nobody looked */
        struct beyond beyond;
        struct excerpt excerpts[EXCERPTS_MAX]; /* of the first records of the answer */
        enum outcome outcome;
        double embedder_noise; /* 95 % quantile of 1 - cos(pinned, fresh); NaN: no embedder then */
};

/* What its index does while nobody touches the content: the worst of what was measured, when it was
 * recorded and whenever the index had been loaded or written anew since. */
struct index_floor {
        unsigned measured; /* times; 0: unknown, and so is the rest */
        double recall; /* by a deeper search or against exact distances; NaN: unknown */
        size_t places; /* in the answers, of which that is the share */
        double moved; /* share of the places whose records differed; NaN: unknown */
        int64_t unreachable; /* records that search could not reach; -1: not probed */
};

/* As many as one request asks for. */
#define BASELINE_ORDER_MAX 100

struct baseline {
        atomic_uint references;
        unsigned number; /* 1, 2, … of this collection; of a candidate: the one it would become */
        char *collection; /* label */
        char *name; /* Chroma's */
        usec_t recorded; /* wall clock */
        usec_t approved; /* 0: a candidate */
        char *approved_by, *reason; /* NULL for a candidate */
        unsigned restores; /* the version that it is again; 0: a version of its own */
        bool forced; /* approved although the cause said otherwise */
        unsigned results; /* k */
        unsigned samples; /* replays it was made of */
        struct epoch epoch;
        int64_t unreachable; /* records that search could not reach; -1: not probed */
        int64_t copies; /* of them: a near copy is found in their place */
        double recall; /* by large-k overlap; NaN: not probed */
        struct index_floor floor;
        struct attribution attribution; /* against the baseline before it; of a first one: none */
        enum cause causes[CAUSE_COUNT]; /* all that hold then, the main one first */
        size_t cause_count;
        struct fates *fates; /* of the records behind them, a reference; NULL: none known */
        struct vector_set *vectors; /* pinned, by query id */
        struct bands
                bands; /* proposed with it, for a collection with `bands: auto`; count 0: none */
        size_t count;
        struct baseline_query *queries; /* count, ascending by strcmp() of their ids */
        char *order[BASELINE_ORDER_MAX]; /* ids of some of the answers' records, in the order in
                                            which they were added to the collection; owned */
        size_t order_count; /* 0: not known */
};

/* How many records may follow an answer of `results`; with fewer the list is at its end. As many
 * again, so that a fifth of all may be lost and still leave a whole answer. */
static inline unsigned beyond_size(unsigned results)
{
        return results > 10 ? results : 10;
}
void beyond_done(struct beyond *b);
/* `*ret` is overwritten. -ENOMEM: it is empty. */
_must_check_ int beyond_copy(const struct beyond *from, struct beyond *ret);

/* Zeroed but for unknown numbers, one reference, `count` queries to be filled. NULL when memory is
 * short. */
struct baseline *baseline_new(size_t count);
/* One more query, to be filled: how many there are need not be known beforehand. `*room` is 0 for a
 * baseline that was made for none. NULL when memory is short. */
struct baseline_query *baseline_add_query(struct baseline *b, size_t *room);
struct baseline *baseline_ref(struct baseline *b);
struct baseline *baseline_unref(struct baseline *b);
DEFINE_CLEANUP(struct baseline *, baseline_unref)
/* Appends a copy of an id to the order, which must have room for it. -ENOMEM. */
_must_check_ int baseline_add_ordered(struct baseline *b, const char *id);
/* To be called once all ids are set: sorts the queries by id. */
void baseline_sort(struct baseline *b);
/* NULL when it does not know the query. O(log count). */
const struct baseline_query *baseline_find(const struct baseline *b, const char *query_id);
