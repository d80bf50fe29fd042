/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Exact nearest neighbours by brute force, fed block by block: what an index should have answered.
 * It keeps no records, only the nearest so far, and works in the calling thread alone.
 *
 * A pass in float32 rules out what is certainly farther than the k-th nearest, by the bound
 * |error| <= n * epsilon * |x| * |q| of a dot product of n terms (Higham, Accuracy and Stability of
 * Numerical Algorithms, 3.1); what is left is measured in float64. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"

enum knn_space { KNN_L2, KNN_COSINE, KNN_IP };

struct knn;
/* `queries` rows of `dimension` finite floats, copied. `k` neighbours each. -EINVAL for zeros. */
_must_check_ int knn_new(enum knn_space space, const float *queries, size_t query_count,
        size_t dimension, size_t k, struct knn **ret);
struct knn *knn_free(struct knn *n);
DEFINE_CLEANUP(struct knn *, knn_free)
/* Compares with `count` more records, rows of `dimension` finite floats, numbered on from the last
 * one. */
void knn_add(struct knn *n, const float *records, size_t count);
/* The `k` nearest of query `q` so far, ascending; fewer when fewer records were added. Record
 * numbers and distances as Chroma defines them: squared L2, 1 - cosine (1 when a vector is zero),
 * 1 - dot product; of equally distant ones the lower numbers. Valid until the next knn_add() or
 * knn_result(). Returns how many. */
size_t knn_result(
        struct knn *n, size_t q, const uint32_t **ret_records, const float **ret_distances);
/* For tests: uses these instructions ("avx512f", "avx2", "baseline") instead of the widest that the
 * processor has; false when it has not got them. */
bool knn_use(struct knn *n, const char *instructions);
