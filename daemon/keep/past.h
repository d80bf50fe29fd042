/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Histories as rows of a state: the runs of one query that began in the same span of time are one
 * row, so that of a long history only the end is written again. */

#include "keep/state.h"
#include "model/history.h"

/* A row has no more than some hundred runs of a query that is replayed every minute. */
#define PAST_SPAN (2 * USEC_PER_HOUR)

/* The spans that were put last; of a history that was not put yet, zeros. */
struct past_mark {
        uint64_t first, last;
};

/* Puts the runs of the last span, and of those before it as many as were not put yet. Those that
 * the history has let go of since `mark`, which moves, are removed. -ENOMEM, and as state_put(). */
_must_check_ int past_put(struct state *s, const char *collection, const char *query,
        const struct history_snapshot *history, struct past_mark *mark);
/* Calls back for each run, by collection, query and time. What `take` refuses is left out, and its
 * row is counted. Rows whose last run ended before `horizon` are removed. */
typedef int (*past_take_t)(
        const char *collection, const char *query, const struct history_run *run, void *userdata);
_must_check_ int past_restore(struct state *s, usec_t horizon, past_take_t take, void *userdata,
        size_t *refused, struct error *e);
/* Removes all of them: the clock was set, and histories have other times now. */
void past_forget(struct state *s);
