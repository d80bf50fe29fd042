/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records a candidate baseline of one collection: takes replay after replay until the collection
 * has stood still for three of them, or, where answers vary by themselves, until their noise is
 * known. Of a collection that is written to all the time it may be told to take medians and noise
 * as they are. Replaying and waiting are its caller's. */

/* Replays of a collection that never stands still, for recorder_settle(). */
#define RECORDER_MOVING_MIN 8

#include "model/view.h"

struct recorder;

/* For views of `set`. NULL when memory is short. */
struct recorder *recorder_new(const struct query_set *set);
struct recorder *recorder_free(struct recorder *r);
DEFINE_CLEANUP(struct recorder *, recorder_free)

enum recorder_state {
        RECORDER_WAIT, /* another replay, a while later: the collection moves or was just seen */
        RECORDER_AGAIN, /* another replay at once: its answers vary */
        RECORDER_DONE,
        RECORDER_FAILED, /* the replay failed: view->last_error */
};
/* A replay ended with this view; -ENOMEM. */
_must_check_ int recorder_take(
        struct recorder *r, const struct collection_view *view, enum recorder_state *ret);
/* Stillness was waited for long enough: when the last CANDIDATE_NOISY replays saw none, they are
 * enough from now on. */
void recorder_hurry(struct recorder *r);
/* No more replays come: makes do with those of a collection that did not stand still. False when
 * they are fewer than RECORDER_MOVING_MIN. */
bool recorder_settle(struct recorder *r);
/* Whether the candidate is of a collection that was written to meanwhile. */
bool recorder_moving(const struct recorder *r);
/* What changed last while it waited: a sentence's part, "records 311 to 340"; "" for nothing. */
const char *recorder_changes(const struct recorder *r);
/* Whether the answers were equal, so that every query's noise is 0. */
bool recorder_stable(const struct recorder *r);
/* The candidate, once it is done: against `approved` (NULL: the first), with the vectors that were
 * asked with, and with what `view` says of index and cause. With `new_only` the queries that
 * `approved` knows are taken over from it. -EINVAL with a sentence when they cannot be; -ENOMEM. */
_must_check_ int recorder_candidate(const struct recorder *r, const struct collection_view *view,
        struct vector_set *vectors, struct baseline *approved, bool new_only, struct baseline **ret,
        struct error *e);
