/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Vectors by query id, float32, one dimension for all: the recorded embeddings of the canonical
 * queries, or those an embedder gives now. Immutable once filled and counted by references. A set
 * that is made of others has ids of its own, but their numbers. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "digest.h"
#include "error.h"
#include "model/matrix.h"

struct vector_set {
        atomic_uint references;
        char *path; /* where they come from, for messages */
        char digest[DIGEST_TEXT_MAX]; /* SHA-256 of the file that they were read from; "": of none
                                       */
        char *model; /* NULL when the file names none */
        unsigned dimension;
        size_t count;
        char **ids; /* ascending by strcmp() */
        float **rows; /* row i belongs to ids[i]: `dimension` floats, all finite */
        struct matrix **matrices; /* references: the rows lie in these */
        size_t matrix_count;
};

#define VECTOR_SET_FILE_MAX (512U << 20)
#define VECTOR_DIMENSION_MAX 65536

/* Reads and parses the file (vector_json.h, or npy.h by its name); errors are added with path and
 * query id, -EBADMSG then. One that cannot be read gives one sentence and the errno of reading.
 * `*ret` is a reference of `known`, read earlier, where path and content are the same, and shares
 * the vectors that did not change where they are not; NULL: none. */
_must_check_ int vector_set_load(
        const char *path, struct vector_set *known, struct vector_set **ret, struct errors *errors);
/* One reference, `count` empty ids and zero vectors to be filled; then vector_set_sort(). NULL when
 * memory is short. `model` may be NULL. */
struct vector_set *vector_set_new(
        const char *path, const char *model, unsigned dimension, size_t count);
/* The same with rows that are NULL, to be set to those of matrices that it is to hold. */
struct vector_set *vector_set_borrow(
        const char *path, const char *model, unsigned dimension, size_t count);
/* Holds a reference of the matrix, unless it does already or it is NULL. -ENOMEM. */
_must_check_ int vector_set_hold(struct vector_set *set, struct matrix *m);
/* Lets those go in which none of its rows lies. */
void vector_set_let_go(struct vector_set *set);
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
