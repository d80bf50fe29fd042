/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* JSON as it arrives: whoever reads is told of one value after the other and keeps what he wants,
 * so that what a peer or a file may cost is decided by the reader and not by what is sent. For
 * what may be large; small documents are json.h's. It builds nothing and does not look for
 * duplicate keys: a reader knows which it has seen. */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Objects and lists within each other. */
#define STREAM_DEPTH_MAX 64
/* The longest string. */
#define STREAM_TOKEN_MAX (4U << 20)
/* The longest number, and the longest gap between two values: the parser looks at each character of
 * such a one, ten times as long as of a string, and none is of use. */
#define STREAM_GAP_MAX (64U << 10)

enum stream_kind {
        STREAM_NULL,
        STREAM_FALSE,
        STREAM_TRUE,
        STREAM_NUMBER, /* `text` as it is written */
        STREAM_STRING, /* `text` without quotes and escapes; it may hold NULs */
        STREAM_KEY, /* the same */
        STREAM_OBJECT,
        STREAM_OBJECT_END,
        STREAM_LIST,
        STREAM_LIST_END,
};

struct stream_event {
        enum stream_kind kind;
        /* Objects and lists around it. The beginning and the end of one have the same. */
        unsigned depth;
        const char *text; /* of numbers, strings and keys; not terminated, valid during the call */
        size_t size;
};

/* Negative: no more is wanted; stream_feed() returns it. */
typedef int (*stream_take_t)(const struct stream_event *event, void *userdata);

struct stream;
/* NULL when memory is short. */
struct stream *stream_new(stream_take_t take, void *userdata);
/* What is read is a file: errors begin with "NAME:1:5: " instead of "line 1, column 5: ". Borrowed.
 */
void stream_name(struct stream *s, const char *name);
struct stream *stream_free(struct stream *s);
DEFINE_CLEANUP(struct stream *, stream_free)
/* The next bytes; a byte order mark at the very beginning is passed over. What `take` said;
 * -EBADMSG with "line 1, column 5: ..." when this is not JSON; -EMSGSIZE beyond the limits above;
 * -ENOMEM; -ECANCELED as pulse(). After an error nothing more is taken. */
_must_check_ int stream_feed(struct stream *s, const char *data, size_t size, struct error *e);
/* There is no more. As stream_feed(). */
_must_check_ int stream_end(struct stream *s, struct error *e);

/* From 1: within `take` where the event ends. */
struct stream_place {
        size_t line, column;
};
struct stream_place stream_place(struct stream *s);
/* Whether the key, or string, is this. */
bool stream_is(const struct stream_event *event, const char *text);
/* The float nearest to a number, ties to even, as strtof() reads it: as a product of two doubles,
 * where its error cannot reach the middle between two floats (W. D. Clinger, "How to read floating
 * point numbers accurately", 1990). What is wrong with it - a
 * sentence's part, "is null" -; NULL when a float can hold it. */
const char *stream_to_float(const struct stream_event *event, float *ret);
