/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One collection against its baseline, replay by replay: which queries moved, by how much the set
 * moved as a whole, and whether an answer changed at all. It keeps the state machines of all
 * queries; it does not ask why (judge/attribution.h) and tells nobody. Rules and evidence are in
 * docs/detection.md. */

#include "judge/level.h"
#include "model/baseline.h"
#include "model/query_set.h"
#include "model/shift.h"

/* Set rules. Distances are clipped so that one query cannot raise them alone. */
#define DRIFT_CLIP 0.1
#define DRIFT_SHIFT 0.01 /* raises; half of it clears */
#define DRIFT_SHARE 0.1 /* of the queries, but at least DRIFT_SHARE_MIN of them */
#define DRIFT_SHARE_MIN 3
#define DRIFT_OVERLAP_MIN 0.95 /* with the last stable answers; below: ask why */
/* Same pair, same distance: answers of one index differ by no more (absolute, and relative for
 * distances above 1). */
#define DRIFT_EQUAL 1e-6

struct drift;

/* For the queries of `set`, both borrowed for life. NULL when memory is short. */
struct drift *drift_new(const struct query_set *set);
struct drift *drift_free(struct drift *d);
DEFINE_CLEANUP(struct drift *, drift_free)

/* Compares with `baseline` (reference taken; NULL: with nothing, so that only changes are noticed)
 * from now on. States of queries whose location stays the same within tau are kept, the others
 * start afresh. Floors are those of squared L2 and halved when `space` is "cosine".
 * `set_shift_limit` replaces DRIFT_SHIFT when it is above 0. */
_must_check_ int drift_set_baseline(
        struct drift *d, struct baseline *baseline, const char *space, double set_shift_limit);
/* Moves the state of queries with the same id from `old`, a drift of an earlier query set. */
void drift_adopt(struct drift *d, struct drift *old);

/* One replay: `answers[i]` of query i, NULL when not measured. With less than 80 % of them valid
 * nothing is judged but `valid`. An answer with fewer records than `results` asked for is no sample
 * of the mean top-k unless the collection holds fewer (`records`, -1: unknown) or the query has
 * filters. `ingesting`: the collection changed during the replay; its samples are shown, but move
 * no state. `epoch_changed`: an ingest was seen since the last replay, so that changed answers are
 * no wonder. `ret` is overwritten; `queries` (as many as the set has) too. */
_must_check_ int drift_update(struct drift *d, struct answer *const *answers, int64_t records,
        bool ingesting, bool epoch_changed, struct drift_view *ret, struct query_drift *queries);
