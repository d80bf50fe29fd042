/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The embedder's axis: are the vectors that it gives today those that were pinned? Their direction
 * always counts, their length where the distance depends on it. */

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* 1 - cos, below which vectors are the same (noise of norm 0.02), and how much of a query's own
 * noise is added on top. */
#define EMBEDDER_EPSILON 2e-4
#define EMBEDDER_NOISE_FACTOR 10.0
/* More than this is no noise: half precision in other batches stays below 1e-3. */
#define EMBEDDER_NOISE_MAX 5e-3
/* Lengths that differ by more than this share are others; a fiftieth, as EMBEDDER_EPSILON. */
#define EMBEDDER_LENGTH 0.02
/* This share of the queries moved: another model. Fewer, but two: partial. */
#define EMBEDDER_SHARE 0.5
#define EMBEDDER_PARTIAL 2

/* 1 - cos of two vectors of `dimension` floats, in double; NaN when one is zero. */
double embedder_distance(const float *pinned, const float *fresh, size_t dimension);
/* The larger of the configured limit, EMBEDDER_EPSILON where that is NaN, and ten times the
 * baseline's noise, NaN for none. */
double embedder_limit(double configured, double noise);
/* How many times as long the fresh vector is; NaN when one is zero. */
double embedder_length(const float *pinned, const float *fresh, size_t dimension);
/* Whether distances in this space depend on the vectors' length. False for NULL. */
bool embedder_length_counts(const char *space);
/* Appends "vectors are 37.5 times as long". */
void embedder_length_describe(double length, struct text *t);

struct embedder_verdict {
        size_t compared, moved;
        double median; /* of the distances; NaN */
        double length; /* median of the lengths; NaN */
        bool changed; /* at least half of the queries moved */
        bool partial; /* at least two did */
};
/* `distances[i]` NaN: not compared. `limits` as many, NaN or NULL for the smallest; `lengths` as
 * embedder_length(), NULL where they do not count. -ENOMEM. */
int embedder_judge(const double *distances, const double *limits, const double *lengths,
        size_t count, struct embedder_verdict *ret);
