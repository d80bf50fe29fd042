/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a document about one collection begins with, whoever it is for: the verdict, why, what to
 * do, and the queries that did not pass. Statistics come after it. */

#include "model/view.h"
#include "show/document.h"

/* Longer lists go on in the JSON. */
#define LEAD_LIST_MAX 60

/* The heading with the collection's label, its verdict with the counts, and what was found of it as
 * a whole. `verdict` is what whoever asks makes of it. */
void lead_verdict(struct document *d, const struct collection_view *c, enum verdict verdict);
/* The probable causes with their evidence, and what to do. */
void lead_causes(struct document *d, const struct collection_view *c);
/* The queries that did not pass, the worst first; nothing when all did. */
void lead_failing(struct document *d, const struct collection_view *c);
/* "5 more are listed in the JSON.", when there are more than were shown. */
void lead_more(struct document *d, size_t shown, size_t count);
