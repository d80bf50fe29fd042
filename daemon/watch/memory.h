/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What of a dossier survives a restart, as rows of a state: the history of every query, its last
 * answer, how it was judged and how far that is confirmed; and of the collection its counters, what
 * was seen of it, its findings and since when there is an incident. Why answers differ is asked
 * again. When rows are put is storage.h's business. */

#include <jansson.h>

#include "keep/past.h"
#include "watch/watch.h"

/* Puts one query, or the collection itself, as it was in `v`, whose `findings` are taken. What has
 * not changed is not written. `*mark` is how far
 * its history was put, zeros in the beginning. */
_must_check_ int memory_put_query(
        struct state *s, const struct dossier *d, size_t query, struct past_mark *mark);
_must_check_ int memory_put_collection(struct state *s, const struct dossier *d,
        const struct collection_view *v, json_t *findings);
/* Adds to `findings` (NULL: begun) of the collection's seen view `v`, for the above, `count` more
 * at most: 1 where there are more. -ENOMEM. */
_must_check_ int memory_add_findings(
        const struct collection_view *v, size_t count, json_t **findings);
/* Gives the dossiers, whose views are not shared yet, what they knew in an earlier life: of queries
 * that have the same text, in the same bands. Rows of what is watched no more are removed. Errors
 * as state_each(). */
_must_check_ int memory_restore(struct state *s, struct watch *const *watches, size_t count,
        usec_t now, size_t *refused, struct error *e);
