/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Findings in words: one sentence a finding, the same at every door. Texts of queries and of
 * servers are cut and freed of control characters; escaping is the reader's business. It judges
 * nothing. */

#include "model/view.h"

struct text;

/* The sentence of a finding of `c`, with its full stop for those of the collection; of a query what
 * is wrong with it, without naming it: "the best answer lies at …". Owned by the caller. -ENOMEM.
 */
_must_check_ int sentence_build(
        const struct collection_view *c, const struct finding *f, char **ret);
/* The same with its subject: 'Query "q-17" (How do I …) of collection kb: … .' Appends. */
void sentence_append(const struct collection_view *c, const struct finding *f, struct text *t);
/* "0.9120"; "unknown" for NaN: distances as people read them. Appends. */
void sentence_distance(struct text *t, double distance);
