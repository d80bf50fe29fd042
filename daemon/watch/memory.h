/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What of a dossier survives a restart, as rows of a state: the history of every query, its last
 * answer, how it was judged and how far that is confirmed; and of the collection its counters, what
 * was seen of it, its findings and since when there is an incident. Why answers differ is asked
 * again. When rows are put is storage.h's business. */

#include "keep/past.h"
#include "text.h"
#include "watch/watch.h"

/* A collection's findings as JSON without the brackets around them: all of them at once would keep
 * the loop for long. */
struct written_findings {
        struct text text;
        size_t count;
};

/* Puts one query. What has not changed is not written. `*mark` is how far its history was put,
 * zeros in the beginning. */
_must_check_ int memory_put_query(
        struct state *s, const struct dossier *d, size_t query, struct past_mark *mark);
/* Writes at most so many more of the findings of `v`: 1 where there are more. -ENOMEM. */
_must_check_ int memory_add_findings(
        const struct collection_view *v, size_t count, struct written_findings *w);
/* Puts the collection itself as it was in `v`, with all its findings. -ENOMEM. */
_must_check_ int memory_put_collection(struct state *s, const struct dossier *d,
        const struct collection_view *v, const struct written_findings *w);
/* Gives the dossiers, whose views are not shared yet, what they knew in an earlier life: of queries
 * that have the same text, in the same bands. Rows of what is watched no more are removed. Errors
 * as state_each(). */
_must_check_ int memory_restore(struct state *s, struct watch *const *watches, size_t count,
        usec_t now, size_t *refused, struct error *e);
