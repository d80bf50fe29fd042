/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What can be seen of a collection without asking it a query: an epoch is the span in which none of
 * it changed. Plain data; what a difference means is judge/epoch.h's business. */

#include <stdbool.h>
#include <stdint.h>

#include "macro.h"

struct epoch {
        char *id; /* Chroma's UUID; NULL while unknown */
        char *space; /* "l2", "cosine", "ip"; NULL when the server says nothing we understand */
        unsigned dimension; /* 0: not set, the collection never held a record */
        char *configuration; /* index parameters and embedding function as JSON with sorted keys;
                                NULL when the server does not tell */
        uint64_t version, log_position; /* 0 on every single-node server, whatever happens */
        int64_t records; /* -1: unknown */
        char *newest; /* id of the record that was added last; NULL: unknown or empty */
        uint64_t sentinels; /* hash of the stored vectors of a few known records; 0: not read */
};

/* Everything unknown. */
void epoch_init(struct epoch *e);
void epoch_done(struct epoch *e);
_must_check_ int epoch_copy(const struct epoch *from, struct epoch *ret);

/* How large a distance is in `space` (NULL: unknown) that is 1 in squared L2 of unit vectors, in
 * which floors and limits are written: 0.5 for "cosine" and "ip", else 1. */
double space_unit(const char *space);
