/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bodies of the requests of a replay, kept for the next one: the vectors are the same, and to write
 * them as text takes longer than to send them. Numbers need few characters, of which two are kept
 * in a byte: reading them back takes a tenth of the time that writing them takes. For the loop
 * only. It does not know what is in a body: whoever keeps it says which queries it is about. */

#include "http.h"
#include "model/vector_set.h"
#include "text.h"

/* Bytes for all collections together: 900 queries of 384 dimensions. What is more is written each
 * time. */
#define BODIES_MAX (2U << 20)

struct bodies {
        struct vector_set *vectors; /* that they were made of: a reference, so that no other set
                                       can get its address */
        struct body *list;
        size_t count;
};

/* Forgets bodies that were made of other vectors. */
void bodies_use(struct bodies *b, struct vector_set *vectors);
/* Appends the body about `count` queries from the one at `first` of a replay's order; false when it
 * is not kept. */
bool bodies_find(const struct bodies *b, size_t first, size_t count, struct text *text);
/* Keeps a copy of a body, unless enough are kept; it takes the place of those that are about any of
 * the same queries. */
void bodies_keep(struct bodies *b, size_t first, size_t count, const struct http_request *request);
void bodies_done(struct bodies *b);
