/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a view yields for /metrics, kept in fragments: the samples of each collection in each
 * family, written when that collection has changed and compared with what they were. A page is put
 * together out of them, in either format; who keeps more than the page - its compressed form -
 * learns from their versions what has to be done again. One thread only. */

#include <stdint.h>

#include "show/metrics/metrics.h"

struct fragments {
        struct view *view; /* that they show: a reference; NULL before the first update */
        struct view *former; /* the one before, until fragments_tidy() */
        struct fragment *list; /* of each of its collections */
        size_t count;
        unsigned limit; /* the view's per_query_limit */
        uint64_t version; /* of the last update */
        uint64_t placed; /* the one since which the pieces stand where they stand */
};

/* Shows this view from now on; borrowed. -ENOMEM: then there are none. */
_must_check_ int fragments_update(struct fragments *f, struct view *view);
/* Frees what the view before has alone: thousands of small pieces, which are better freed when
 * nobody waits for the page. */
void fragments_tidy(struct fragments *f);
/* Calls with the page piece by piece, as long as it is answered with 0 or more. A piece is at the
 * same place of the sequence as before, and as it was, when its version is not above that of the
 * earlier update. */
int fragments_visit(const struct fragments *f, enum exposition_format format,
        int (*visit)(const char *data, size_t size, uint64_t version, void *userdata),
        void *userdata);
/* The whole page; text_failed() tells whether memory was short. */
void fragments_append(const struct fragments *f, enum exposition_format format, struct text *text);
void fragments_done(struct fragments *f);
