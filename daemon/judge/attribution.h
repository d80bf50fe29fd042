/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why the answers differ from the baseline. First the lists alone are compared
 * (attribution_compare), which also says what has to be looked up in the collection: the suspects.
 * With its findings the label is decided (attribution_decide): a table of conditions in a fixed
 * order, docs/causes.md. It asks nobody itself; ask/lookup.h does. */

#include "judge/epoch.h"
#include "judge/suspects.h"
#include "model/attribution.h"
#include "model/baseline.h"
#include "model/query_set.h"

/* Limits of the decisions. Those that are distances hold for squared L2 of unit vectors; cosine and
 * inner product take half of them, and larger distances than 1 take them relative. */
#define ATTRIBUTION_MOVED 1e-4 /* a pair of query and record has another distance */
#define ATTRIBUTION_TIE 1e-6 /* nearer than this is not nearer */
#define ATTRIBUTION_FIT_RMS 2e-3 /* the new distance is an affine function of the old one */
#define ATTRIBUTION_ROOT_RMS 1e-4 /* the new distance is the root of the old one */
/* Fewer pairs, or a fit that leaves more than this of the change, relate nothing. */
#define ATTRIBUTION_FIT_PAIRS 10
#define ATTRIBUTION_FIT_LEAVES 0.25
#define ATTRIBUTION_SCALE 0.01 /* relative, how near the line is to that of longer vectors */
#define ATTRIBUTION_RENAMED 2.0 /* renamed places for each lost one: fewer are no mere renaming */
#define ATTRIBUTION_KEPT 0.5 /* of the places: the same distances, under other ids */
#define ATTRIBUTION_UNANSWERED 0.2 /* more than this share without a full answer: TRANSPORT */
#define ATTRIBUTION_CHANGED 0.5 /* this share of the records at another distance: throughout */
#define ATTRIBUTION_SELF 0.5 /* fewer records that find themselves: lost, else missed */
/* Of the places, those whose records their own vector does not find either: beyond this share the
 * index has lost them. */
#define ATTRIBUTION_LOST 0.02
#define ATTRIBUTION_TOPIC 4.0 /* overdispersion beyond which a loss hit few queries hard */
#define ATTRIBUTION_STRAYS 4 /* fewer new records than one in so many near copies: no GROWTH */
#define ATTRIBUTION_FLOOD 0.05 /* more than this share of new near-duplicates: FLOOD */
/* Of the queries: where new records are the first answer to as many, and to as many times more than
 * by their share of the collection, they are no growth but a FLOOD. */
#define ATTRIBUTION_OVERRUN 0.33
#define ATTRIBUTION_OVERRUN_TIMES 3.0

/* What is compared; all borrowed. */
struct attribution_input {
        const struct query_set *set;
        struct baseline *baseline; /* NULL: only `missing` is filled, the cause is unknown */
        struct answer *const *answers; /* of query i, NULL when not measured */
        const enum outcome *outcomes; /* of query i */
        const bool *farther; /* query i is, than is normal, be it confirmed or not; or NULL */
        struct epoch epoch; /* current, borrowed */
        bool ingested; /* an ingest was seen since the last replay */
        bool ingesting; /* an ingest is under way: what is found is not the last word */
        bool young; /* … and has been for less than the grace */
        unsigned results; /* asked for */
        /* Of the places in the baseline's answers, search misses some by itself: what is written or
         * loaded anew is another index each time. Less than this share found is low recall; not
         * positive: the default, floor_recall_limit(). */
        double recall_limit;
        const double *embedder_distances; /* 1 - cos(pinned, fresh) of query i, NaN; or NULL */
        const double *embedder_limits; /* epsilon of query i; or NULL */
        const double *embedder_lengths; /* as embedder_judge() */
};

/* Counts what the lists tell and collects what to look up. Queries that the baseline does not know,
 * or knew with another text, are passed over. With another number of results than the baseline's
 * the smaller one is compared. `*ret` needs nothing, `*ret_suspects` suspects_done(). O(queries ×
 * results²) at worst, O(queries × results) when little changed. -ENOMEM. */
_must_check_ int attribution_compare(
        const struct attribution_input *input, struct evidence *ret, struct suspects *ret_suspects);
/* The label, and the evidence with the findings. When nothing could be looked up it is decided
 * without existence checks: the cause is then unknown unless the lists themselves or a falling
 * number of records tell it. `causes` (as many as the set has queries) takes what holds for each
 * query by its own records, `*ret_fates` a new reference; either may be NULL. -ENOMEM. */
_must_check_ int attribution_decide(const struct attribution_input *input,
        struct suspects *findings, const struct evidence *compared, struct attribution *ret,
        enum cause *causes, struct fates **ret_fates);
/* The first thing to do, as one static sentence: about the most urgent of the causes that hold.
 * Approving a new baseline is advised only where no expected record is gone or unreachable.
 * `fates` NULL: nothing is known of the records. */
const char *attribution_advise(const struct attribution *a, const struct fates *fates);
/* The evidence behind the label in one sentence without a full stop, e.g. "14 baseline records are
 * missing: 12 of 12 looked up no longer exist". Appends. */
struct text;
void attribution_describe(const struct attribution *a, struct text *text);
/* Appends the causes, the main one first, each with what it means and in how many queries it holds,
 * then the evidence of the main one and the records concerned by id; nothing when there is no
 * cause, or nothing changed. After each stands `separator`, a blank or a line break. */
void attribution_reason(const struct attribution *a, const struct fates *fates,
        const enum cause *causes, size_t count, const char *separator, struct text *text);
/* The one advice that goes with it, a static sentence; NULL where there is nothing to explain. */
const char *attribution_first_step(const struct attribution *a, const struct fates *fates,
        const enum cause *causes, size_t count);
/* Both, the advice last. */
void attribution_explain(const struct attribution *a, const struct fates *fates,
        const enum cause *causes, size_t count, const char *separator, struct text *text);
/* Whether a record's distance from a query is another one than it was, in a collection of this
 * space (NULL: unknown). More than the servers' own rounding. */
bool attribution_moved(const char *space, double before, double after);
