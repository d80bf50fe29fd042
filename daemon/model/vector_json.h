/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* vectors.json as it arrives: {"model": "...", "dimension": 384, "vectors": {"query-id": [..]}}, in
 * any order. What is kept of it is ids and floats; of a file that is wrong no more than one that is
 * right would take. It opens nothing. */

#include "error.h"
#include "model/vector_set.h"

struct vector_json;
/* `path` is for messages; rows that `known` has are shared with it, it may be NULL. All three must
 * outlive it. NULL when memory is short. */
struct vector_json *vector_json_new(
        const char *path, struct vector_set *known, struct errors *errors);
struct vector_json *vector_json_free(struct vector_json *j);
DEFINE_CLEANUP(struct vector_json *, vector_json_free)
/* The next bytes. -EBADMSG when no more is wanted: the errors have the reason; -ENOMEM. */
_must_check_ int vector_json_feed(struct vector_json *j, const char *data, size_t size);
/* There is no more. -EBADMSG with what was wrong among the errors; -ENOMEM. */
_must_check_ int vector_json_end(struct vector_json *j, struct vector_set **ret);
