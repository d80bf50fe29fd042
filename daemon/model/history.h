/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rolling history of one query as *runs*: consecutive samples with the identical answer and
 * verdict share one 20-byte record, because pinned replays of an unchanged index are bit-identical.
 * Runs live in blocks that are never moved; a snapshot shares them by reference with readers in
 * other threads while the history goes on growing. It knows no clock and no limit of memory but
 * time: `retention`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"
#include "model/judgement.h"

/* One sample or the samples of a run, decoded. Times are wall clock. */
struct history_run {
        usec_t first, last; /* of its first and last sample */
        unsigned samples;
        float distance, expected_distance; /* NaN when unknown */
        unsigned
                expected_rank; /* 0 when unknown; ranks above HISTORY_RANK_MAX are stored as that */
        int band; /* as measured; -1 unknown */
        enum outcome outcome;
};
#define HISTORY_RANK_MAX 511

struct history;
struct history_snapshot;

struct history *history_new(void);
struct history *history_free(struct history *h);
DEFINE_CLEANUP(struct history *, history_free)
/* Records a sample taken at `now`. It extends the last run when `same` (the answer is identical to
 * the previous one), and outcome, rank, band and distances are equal too. Drops runs whose last
 * sample is further than `retention` from `now`, on either side, in whole blocks. Times may step
 * back; such a sample starts a run. */
_must_check_ int history_add(
        struct history *h, usec_t now, const struct judgement *v, bool same, usec_t retention);
/* Appends a run of an earlier life, as a snapshot had it; -EINVAL where it is none that could be,
 * or begins before the last one ends, -ENOMEM. */
_must_check_ int history_restore(struct history *h, const struct history_run *run);
/* The clock was set: every sample so far was taken by so much later. Snapshots keep their times. */
void history_jump(struct history *h, int64_t by);
/* Bytes of memory held, this object included. */
size_t history_size(const struct history *h);

/* The history as it is now, to be read by any thread; later additions do not change it. NULL when
 * memory is short. */
struct history_snapshot *history_snapshot(struct history *h);
struct history_snapshot *history_snapshot_unref(struct history_snapshot *s);
DEFINE_CLEANUP(struct history_snapshot *, history_snapshot_unref)
size_t history_snapshot_runs(const struct history_snapshot *s);
/* The `i`-th run, oldest first. */
struct history_run history_snapshot_run(const struct history_snapshot *s, size_t i);
/* Index of the first run whose last sample is not before `start`; history_snapshot_runs() when
 * none. */
size_t history_snapshot_find(const struct history_snapshot *s, usec_t start);
