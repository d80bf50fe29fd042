/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pinned vectors: the recorded embedding of each canonical query, float32, one dimension for all.
 */

#include <stddef.h>

#include "error.h"

struct vector_set {
        char *path;
        char *model; /* NULL when the file names none */
        unsigned dimension;
        size_t count;
        char **ids; /* ascending by strcmp() */
        float *values; /* count × dimension, row i belongs to ids[i]; all finite */
};

#define VECTOR_SET_FILE_MAX (512U << 20)
#define VECTOR_DIMENSION_MAX 65536

/* {"model": "...", "dimension": 384, "vectors": {"query-id": [..]}}; the model may be missing.
 * Errors (not JSON, another length, a value that is no finite float) are added with path and query
 * id; -EBADMSG then. */
_must_check_ int vector_set_parse(const char *path, const char *data, size_t size,
        struct vector_set **ret, struct errors *errors);
/* Reads and parses the file; one that cannot be read gives one sentence and the errno of reading.
 */
_must_check_ int vector_set_load(const char *path, struct vector_set **ret, struct errors *errors);
struct vector_set *vector_set_free(struct vector_set *set);
DEFINE_CLEANUP(struct vector_set *, vector_set_free)
/* `dimension` floats, NULL when the query has no vector. O(log count). */
const float *vector_set_find(const struct vector_set *set, const char *query_id);
