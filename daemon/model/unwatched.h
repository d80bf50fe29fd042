/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The collections of a server that nobody watches, as far as it is known: how many there are, and
 * the names of a few. Which those are is not judged, only counted. */

#include <stdbool.h>
#include <stddef.h>

#include "duration.h"
#include "macro.h"

/* Names that are kept: who wants all of them asks the server. */
#define UNWATCHED_NAMED_MAX 20

struct unwatched {
        bool known; /* else what follows is nothing */
        size_t count;
        char *names[UNWATCHED_NAMED_MAX]; /* the first ones in the order of the alphabet */
        size_t named;
        usec_t listed; /* wall clock, when they were */
        char *error; /* why it is not known, a sentence; NULL: nobody has asked, or it is */
};

/* Counts one more; -ENOMEM. */
_must_check_ int unwatched_add(struct unwatched *u, const char *name);
_must_check_ int unwatched_copy(const struct unwatched *from, struct unwatched *ret);
void unwatched_done(struct unwatched *u);
