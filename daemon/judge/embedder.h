/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The embedder's axis: are the vectors that it gives today those that were pinned? */

#include <stdbool.h>
#include <stddef.h>

/* 1 - cos, below which vectors are the same (noise of norm 0.02), and how much of a query's own
 * noise is added on top. */
#define EMBEDDER_EPSILON 2e-4
#define EMBEDDER_NOISE_FACTOR 10.0
/* This share of the queries moved: another model. Fewer, but two: partial. */
#define EMBEDDER_SHARE 0.5
#define EMBEDDER_PARTIAL 2

/* 1 - cos of two vectors of `dimension` floats, in double; NaN when one is zero. */
double embedder_distance(const float *pinned, const float *fresh, size_t dimension);
/* max(EMBEDDER_EPSILON, 10 q95); `noise` is the baseline's, NaN for none. */
double embedder_limit(double noise);

struct embedder_verdict {
        size_t compared, moved;
        double median; /* of the distances; NaN */
        bool changed; /* at least half of the queries moved */
        bool partial; /* at least two did */
};
/* `distances[i]` NaN: not compared. `limits` as many, NaN or NULL for the smallest. -ENOMEM. */
int embedder_judge(
        const double *distances, const double *limits, size_t count, struct embedder_verdict *ret);
