/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What of a dossier survives a restart, as rows of a state: the history of every query, its last
 * answer, how it was judged and how far that is confirmed; and of the collection its counters, what
 * was seen of it, its findings and since when there is an incident. Why answers differ is asked
 * again. When rows are put is storage.h's business. */

#include "keep/past.h"
#include "watch/watch.h"

/* Puts one query, or the collection itself. What has not changed is not written. `*mark` is how far
 * its history was put, zeros in the beginning. */
_must_check_ int memory_put_query(
        struct state *s, const struct dossier *d, size_t query, struct past_mark *mark);
_must_check_ int memory_put_collection(struct state *s, const struct dossier *d);
/* Gives the dossiers, whose views are not shared yet, what they knew in an earlier life: of queries
 * that have the same text, in the same bands. Rows of what is watched no more are removed. Errors
 * as state_each(). */
_must_check_ int memory_restore(struct state *s, struct watch *const *watches, size_t count,
        usec_t now, size_t *refused, struct error *e);
