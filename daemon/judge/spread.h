/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How good answers fall into the bands, whether these tell them apart, and which borders would.
 * Pure arithmetic on distances: whether the answers are good is for who approves them to say. */

#include "model/bands.h"
#include "model/vector_set.h"

/* Nearly all: so many answers in one band say no more than one answer would. */
#define SPREAD_CROWDED 0.95
/* Fewer distances than these have no quarters worth naming. */
#define SPREAD_MIN 10
/* Vectors whose length differs from 1 by more are not unit vectors: half precision errs by a tenth.
 */
#define SPREAD_LENGTH 0.01

struct spread {
        size_t measured;
        size_t bands[BANDS_MAX]; /* answers in each */
        int crowded; /* the band that nearly all of at least SPREAD_MIN lie in; -1: none */
};

/* NaN: not measured. */
void spread_measure(
        const float *distances, size_t count, const struct bands *bands, struct spread *ret);
/* Borders for these answers: a quarter of them lies below the first, three quarters below the
 * second, all of them below the third, each with two significant digits or as many more as it takes
 * to have them ascend by twice the hysteresis of `space`. -ENODATA with fewer than SPREAD_MIN
 * distances, or when they are too equal; -ENOMEM. */
_must_check_ int spread_propose(
        const float *distances, size_t count, const char *space, struct bands *ret);
/* The Euclidean length of a vector, and whether it is 1. */
double spread_length(const float *vector, unsigned dimension);
bool spread_is_unit(double length);
