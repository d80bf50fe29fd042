/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Chroma filters that find the records which an expectation means by their metadata. Only builds
 * JSON text; who sends it, and what an answer means, is lookup.h's. */

#include <jansson.h>
#include <stdbool.h>

/* A filter for the records with all members of any of the objects in `metadata`, and that `filter`
 * (JSON text; NULL: none) lets pass. A value is equal to the record's, or with `elements` may also
 * be an element of a list there; a list means all of its elements, which only `elements` can look
 * up. `elements` needs $contains, which servers before 1.5 refuse: they know no lists either.
 * Owned; NULL when memory is short. */
char *match_build(const json_t *metadata, bool elements, const char *filter);
/* Whether some value is a list. */
bool match_wants_lists(const json_t *metadata);
