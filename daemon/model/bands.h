/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Named ranges of distance, best first: a band holds the distances from its predecessor's upper
 * bound (inclusive) to its own (exclusive); the last has none. Plain data; when a query is *in* a
 * band is judge/band.h's business. */

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

struct band {
        char *name; /* owned */
        float below; /* exclusive upper bound, ascending; +INFINITY for the last */
};

/* More bands than anyone can tell apart; history stores a band in four bits. */
#define BANDS_MAX 15

struct bands {
        struct band *bands; /* owned */
        size_t count; /* 1 … BANDS_MAX */
        float unit; /* space_unit() of the distances they are for; 0: unknown, counts as 1 */
};

/* Where the bands of a collection come from. */
enum bands_source {
        BANDS_CONFIGURED, /* its configuration names them */
        BANDS_OF_SPACE, /* the defaults of its space */
        BANDS_AUTO, /* those that were approved with its baseline; until then as BANDS_OF_SPACE */
};

/* excellent < 0.8 <= good < 1.0 <= okay < 1.2 <= poor for squared L2 (`space` "l2", or NULL:
 * unknown); half of it for "cosine" and "ip". */
_must_check_ int bands_default(const char *space, struct bands *ret);
/* Those in force, by `source`, for distances of `space` (NULL: unknown). `approved` has a count of
 * 0 where none were. */
_must_check_ int bands_choose(enum bands_source source, const struct bands *configured,
        const struct bands *approved, const char *space, struct bands *ret);
_must_check_ int bands_copy(const struct bands *from, struct bands *ret);
void bands_done(struct bands *b);
/* Index of the band that holds `distance`; -1 for NaN. */
int bands_index(const struct bands *b, float distance);
/* That of this name; -1 for none and for NULL. */
int bands_find(const struct bands *b, const char *name);
/* Its name, NULL for an index out of range (-1: unknown). */
const char *bands_name(const struct bands *b, int index);
/* Same names and bounds in the same order, for distances of the same unit. */
bool bands_equal(const struct bands *a, const struct bands *b);
