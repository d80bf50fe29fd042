/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A baseline's file as it arrives. Vectors become floats at once, and a query at a time is a tree:
 * what reading takes is what is kept, whatever the file holds. Whether the hash is right is known
 * last, and told before anything that is wrong with the content. It opens nothing. */

#include "error.h"
#include "model/baseline.h"

struct baseline_reader;
/* `path` is for messages; vectors that `known` has are shared with it, it may be NULL. Both must
 * outlive it. NULL when memory is short. */
struct baseline_reader *baseline_reader_new(const char *path, struct vector_set *known);
struct baseline_reader *baseline_reader_free(struct baseline_reader *r);
DEFINE_CLEANUP(struct baseline_reader *, baseline_reader_free)
/* The next bytes. -EBADMSG when this is not JSON, -ENOMEM: then baseline_reader_end() has the
 * sentence. */
_must_check_ int baseline_reader_feed(struct baseline_reader *r, const char *data, size_t size);
/* There is no more, or it was not wanted: -EBADMSG with a sentence, -ENOMEM. */
_must_check_ int baseline_reader_end(
        struct baseline_reader *r, struct baseline **ret, struct error *e);
