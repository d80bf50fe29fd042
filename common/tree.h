/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A part of a stream as jansson's tree, for what a reader wants to keep as it is: a record's
 * metadata, a description. What such a tree may cost is limited beforehand, because a tree of
 * `{},{},…` needs a hundred times the memory of its text. */

#include <jansson.h>

#include "stream.h"

/* Within the value itself. */
#define TREE_DEPTH_MAX 16

struct tree {
        json_t *levels[TREE_DEPTH_MAX]; /* open objects and lists, borrowed but for the first */
        unsigned depth;
        char *key; /* of the value that comes next in an object */
};
void tree_done(struct tree *t);
/* The next event of a value: 1 with the value, a new reference, at its end, and 0 before that.
 * `*budget` is what all of it may still cost in bytes of memory, by estimate. -EBADMSG with a
 * sentence: a key twice, text that is not UTF-8, a number beyond a double; -EMSGSIZE: deeper than
 * TREE_DEPTH_MAX or beyond the budget; -ENOMEM. After an error only tree_done(). */
_must_check_ int tree_take(struct tree *t, const struct stream_event *event, size_t *budget,
        json_t **ret, struct error *e);
