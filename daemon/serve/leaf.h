/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Documents of the page as they were rendered last, so that fifty people who look at the same are
 * one rendering for each view, and who has a document is told only of what changed in it. One
 * thread only. */

#include "show/page/page.h"

/* Documents that are kept; with more, the oldest is forgotten. */
#define LEAVES_MAX 8
/* Ages are written when a document is rendered; a script corrects them, and who has none gets none
 * that is older. */
#define LEAF_AGE_USEC (5 * USEC_PER_SEC)

struct leaf {
        char *address; /* the parameters; NULL: this one is free */
        usec_t published; /* the view it was rendered from */
        usec_t rendered; /* monotonic */
        unsigned status;
        struct sheet sheet;
};

struct leaves {
        struct leaf leaves[LEAVES_MAX];
        size_t next;
};

/* The document, borrowed until the next call; NULL when memory is short. `wall` and `now` are the
 * wall clock and the monotonic one. */
const struct leaf *leaves_get(struct leaves *l, const struct view *view,
        const struct page_query *query, usec_t wall, usec_t now);
/* Frees what is older than LEAF_AGE_USEC. */
void leaves_tidy(struct leaves *l, usec_t now);
void leaves_done(struct leaves *l);

/* The whole document, or with `have` not NULL what differs from the versions in it; nothing, and
 * 304, where `version` is the document's. Returns the HTTP status. */
unsigned leaf_answer(
        const struct leaf *leaf, const char *have, const char *version, struct text *body);
