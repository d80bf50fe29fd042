/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Vectors by query id, float32, one dimension for all: the recorded embeddings of the canonical
 * queries, or those an embedder gives now. Immutable once filled and counted by references. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct vector_set {
        atomic_uint references;
        char *path; /* where they come from, for messages */
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
/* One reference, `count` empty ids and zero vectors to be filled; then vector_set_sort(). NULL when
 * memory is short. `model` may be NULL. */
struct vector_set *vector_set_new(
        const char *path, const char *model, unsigned dimension, size_t count);
/* Brings ids and their rows into ascending order; -ENOMEM. */
_must_check_ int vector_set_sort(struct vector_set *set);
/* Every id of all `count` sets, each with the vector of the first that has it; NULL sets, and those
 * of another dimension than the first one's, are passed over. `*ret` is NULL when nothing is left,
 * and the set itself when there is only one. */
_must_check_ int vector_set_merge(
        struct vector_set *const *sets, size_t count, struct vector_set **ret);
/* The set without the vectors that `drop` names: `*ret` is the set itself when that is none of
 * them, NULL when it is all. -ENOMEM. */
_must_check_ int vector_set_without(struct vector_set *set,
        bool (*drop)(const char *query_id, const float *vector, void *userdata), void *userdata,
        struct vector_set **ret);
struct vector_set *vector_set_ref(struct vector_set *set);
struct vector_set *vector_set_unref(struct vector_set *set);
DEFINE_CLEANUP(struct vector_set *, vector_set_unref)
/* `dimension` floats, NULL when the query has no vector. O(log count). */
const float *vector_set_find(const struct vector_set *set, const char *query_id);
