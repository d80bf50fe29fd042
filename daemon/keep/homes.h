/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The home band of every query as rows of a state, some queries of a collection in each. Without it
 * a daemon restarted while retrieval is bad would call that normal. */

#include "keep/state.h"
#include "model/view.h"

/* Another one whenever something that is kept of this collection is, distances measured at home
 * aside; the sum of all says whether there is something to put. */
uint64_t homes_signature(const struct collection_view *c);
/* Puts one part of those of a collection, HOMES_PART queries: 1 where there are more. One that is
 * watched no more keeps its own, because it may come back. -ENOMEM. */
#define HOMES_PART 64
_must_check_ int homes_put(struct state *s, const struct collection_view *c, size_t part);
/* Calls back for each home. Rows that are none are counted, as by state_each(). */
typedef void (*home_take_t)(const char *collection, const char *query, const char *band,
        float home_distance, void *userdata);
_must_check_ int homes_restore(
        struct state *s, home_take_t take, void *userdata, size_t *refused, struct error *e);
