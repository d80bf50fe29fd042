/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Exact nearest neighbours by brute force, fed block by block: what an index should have answered.
 */

#include <stddef.h>
#include <stdint.h>

#include "macro.h"

enum knn_space { KNN_L2, KNN_COSINE, KNN_IP };

struct knn;
/* `queries` rows of `dimension` floats, copied. `k` neighbours each. -EINVAL for zeros. */
_must_check_ int knn_new(enum knn_space space, const float *queries, size_t query_count,
        size_t dimension, size_t k, struct knn **ret);
struct knn *knn_free(struct knn *n);
DEFINE_CLEANUP(struct knn *, knn_free)
/* Compares with `count` more records, rows of `dimension` floats, numbered on from the last one. */
void knn_add(struct knn *n, const float *records, size_t count);
/* The `k` nearest of query `q` so far, ascending; fewer when fewer records were added. Record
 * numbers and distances as Chroma defines them; valid until the next knn_add(). Returns how many.
 */
size_t knn_result(
        struct knn *n, size_t q, const uint32_t **ret_records, const float **ret_distances);
