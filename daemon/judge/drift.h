/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One collection against its baseline, replay by replay: which queries moved, by how much the set
 * moved as a whole, and whether an answer changed at all. It keeps the state machines of all
 * queries; it does not ask why (judge/attribution.h) and tells nobody. Rules and evidence are in
 * docs/detection.md. */

#include "judge/level.h"
#include "model/baseline.h"
#include "model/query_set.h"
#include "model/rule.h"
#include "model/shift.h"

/* Nothing is judged when a smaller share of the queries that ever were was measured. */
#define DRIFT_VALID 0.8
/* Set rules: RULE_SHIFT_LIMIT raises, half of it clears. Distances are clipped so that one query
 * cannot raise them alone; the clip is of squared L2, half of that for cosine. */
#define DRIFT_CLIP 0.1
#define DRIFT_SHARE 0.1 /* of the queries, but at least DRIFT_SHARE_MIN of them */
#define DRIFT_SHARE_MIN 3
/* An answer that was the same for so many replays has settled: that it changes is news. */
#define DRIFT_SETTLED 3
/* Same pair, same distance: answers of one index differ by no more (absolute, and relative for
 * distances above 1). */
#define DRIFT_EQUAL 1e-6

/* A limit in the unit of a collection's distances: `configured` as it is, or where that is NaN
 * `fallback`, which is of squared L2, by space_unit(). */
double drift_limit(double configured, double fallback, const char *space);

/* Whether `moved` queries are a share that counts, of which `needed` are enough: it is over (`on`:
 * it counted) below half of that. */
bool drift_reached(bool on, size_t moved, double needed);

/* Whether two distances are the same one. */
bool drift_equal(float a, float b);
/* Whether two answers are the same: distances within DRIFT_EQUAL rank by rank, and between records
 * at the same distance in whatever order the same ids. */
bool drift_same(const struct answer *a, const struct answer *b);

struct drift;

/* For the queries of `set`, borrowed for life. NULL when memory is short. */
struct drift *drift_new(const struct query_set *set);
struct drift *drift_free(struct drift *d);
DEFINE_CLEANUP(struct drift *, drift_free)

/* Compares with `baseline` (reference taken; NULL: with nothing, so that only changes are noticed)
 * from now on. A query of the same id and another text is another query. States of queries whose
 * location stays the same within tau are kept, the others start afresh, and the set's with them.
 * Floors and limits follow `space` as in drift_limit(); `set_shift_limit` is the configured one of
 * the set, or NaN. */
void drift_set_baseline(
        struct drift *d, struct baseline *baseline, const char *space, double set_shift_limit);
/* Leaves overlap and RBO unknown from now on: no rule reads them, and they cost more than all else.
 */
void drift_omit_likeness(struct drift *d);
/* Moves from `old`, a drift of an earlier query set, what belongs to queries of the same id and
 * text: last answers, and states - theirs and the set's - as drift_set_baseline() would
 * keep them. Without a baseline of its own, `d` takes over that of `old` with its limits. `old` is
 * good for nothing but drift_free() then; it is untouched by -ENOMEM. */
_must_check_ int drift_adopt(struct drift *d, struct drift *old);

/* One replay: `answers[i]` of query i, NULL when not measured. With less than 80 % valid of
 * those that ever were measured nothing is judged: every state, and what is confirmed, stays as it
 * is; numbers are unknown. What an answer says of each signal is level_sample()'s business; the
 * set's shift is unknown when less than 80 % of the armed queries have a mean top-k. `ingesting`:
 * the collection changed during the replay; its samples are shown, but move no state.
 * `epoch_changed`: an ingest was seen since the last replay, so that changed answers are no wonder.
 * An answer that is the same object as last time costs next to nothing. `ret` is overwritten;
 * `queries` (as many as the set has) too. */
void drift_update(struct drift *d, struct answer *const *answers, int64_t records, bool ingesting,
        bool epoch_changed, struct drift_view *ret, struct query_drift *queries);
/* The last replay again, with answers that are better known by now: numbers become theirs, and the
 * states that it has moved are moved by them instead. As drift_update(), which has shown `view` and
 * `queries`. */
void drift_revise(struct drift *d, struct answer *const *answers, int64_t records,
        struct drift_view *view, struct query_drift *queries);

/* What of a query outlives the process beside its last answer: where its states are, and against
 * which locations. */
struct drift_memory {
        double baseline[LEVEL_COUNT];
        struct level_state levels[LEVEL_COUNT][2]; /* upwards, downwards */
        unsigned standing; /* replays with the same answer */
};
void drift_recall(const struct drift *d, size_t query, struct drift_memory *ret);
/* Before its first replay; states of another location are left out, as drift_set_baseline() would.
 * Numbers come with drift_revise(). */
void drift_restore(struct drift *d, size_t query, const struct drift_memory *memory);
/* The same of the set, with whether a share of it moved. */
void drift_recall_set(const struct drift *d, struct level_state *ret, bool *ret_share_moved);
void drift_restore_set(struct drift *d, const struct level_state *set, bool share_moved);
