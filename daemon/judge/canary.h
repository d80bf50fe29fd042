/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What may be expected of a stored record that is asked for with its own vector: as a canary it has
 * to find itself, unless others are rightly as near or nearer. Pure arithmetic on one answer; which
 * records are asked for, and how, is not decided here. */

#include "model/answer.h"
#include "model/query_set.h"

enum canary {
        CANARY_FOUND, /* it stands in the answer */
        CANARY_LOST, /* it does not, though nothing as near is in its place: the index lost it */
        CANARY_NEARER, /* others are nearer to its vector than it is itself: of inner products */
        CANARY_CROWDED, /* the answer ends among records that are as near: which of them are
                         * returned is chance. A vector without direction, too */
        CANARY_COUNT,
};

/* Of the record `id` with this vector, and the answer of at most `results` records that it got in
 * `space`. */
enum canary canary_judge(const char *space, const float *vector, unsigned dimension, const char *id,
        const struct answer *answer, unsigned results);
/* "canary-ID", or where that is no id of a query - too long, of several lines - its beginning and a
 * digest of the whole. Owned; NULL when memory is short. */
char *canary_id(const char *record_id);
