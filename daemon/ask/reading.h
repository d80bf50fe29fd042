/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A JSON answer that is read while it arrives: what all readers of such answers have in common. A
 * reader says which values it wants and what may be kept of them; anything else costs nothing.
 * Private to those that read (results.h, records.h, pooled.h). */

#include "http.h"
#include "stream.h"
#include "tree.h"

#define READING_LISTS_MAX 5

/* An answer that is an object of lists, {"ids": […], "distances": […], …}, in any order. */
struct reading_lists {
        const char *keys[READING_LISTS_MAX]; /* of those that are wanted; NULL for none */
        /* The next event within a wanted list: items stand at depth 2. */
        int (*take)(void *reading, size_t list, const struct stream_event *event);
        size_t now; /* the list that is being read; READING_LISTS_MAX: none */
        bool seen[READING_LISTS_MAX];
        bool is_list[READING_LISTS_MAX]; /* that it is there and a list */
        bool is_other[READING_LISTS_MAX]; /* that something else stands there, not even null */
};

struct reading {
        struct http_sink sink; /* the request's; first, so that one is the other */
        struct stream *stream;
        size_t budget; /* bytes that may still be kept */
        struct tree tree; /* of a value that is kept as it is */
        struct reading_lists lists; /* where it is such an answer */
        void (*done)(struct reading *r); /* frees what the reader has */
        int code; /* 0, or what was wrong first; its sentence is the sink's complaint */
};

/* Of a reader that calloc() made. `take` is given the reading itself; `budget` is what may be kept
 * of the answer in bytes: twice what was asked for may be used, and some. -ENOMEM. */
_must_check_ int reading_init(
        struct reading *r, stream_take_t take, void (*done)(struct reading *r), size_t budget);
/* The same for an object of lists, which are then read as `lists` says. */
_must_check_ int reading_init_lists(struct reading *r, const struct reading_lists *lists,
        void (*done)(struct reading *r), size_t budget);
/* What is wrong, once; yields `code` for `take` to return. */
int reading_fail(struct reading *r, int code, const char *format, ...) _printf_(3, 4);
/* Before something is kept: -EMSGSIZE when there is more than was asked for. */
_must_check_ int reading_spend(struct reading *r, size_t size);
/* Room for `count` elements of `size` bytes in an array that has room for `*room` and grows by
 * doubling: the array, or NULL, with the reason in `r->code`, and the old one stays. */
void *reading_grow(struct reading *r, void *array, size_t count, size_t *room, size_t size);
/* The next event of metadata: at its end it is appended to `*list`, which is made for the first
 * one, and 1 returned; 0 before that. `*ret_wrong` becomes true when it is neither object nor null.
 */
_must_check_ int reading_metadata(
        struct reading *r, const struct stream_event *event, json_t **list, bool *ret_wrong);
/* A copy of a string with U+FFFD for NULs; what is not UTF-8 fails. */
_must_check_ int reading_string(struct reading *r, const struct stream_event *event, char **ret);
/* Once the answer is complete: what was wrong with it. */
_must_check_ int reading_end(struct reading *r, struct error *e);
