/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Distances computed from vectors, in double, as Chroma defines them: `l2` is squared, `cosine` is
 * 1 - cos, `ip` is 1 - dot. */

#include <stdbool.h>

/* The square of the vector's length. */
double distance_square(const float *vector, unsigned dimension);
/* The cosine of the angle between two vectors; 0 where one of them is zero. */
double distance_angle(const float *a, const float *b, unsigned dimension);
/* Whether the distance of two vectors is still the recorded one, by attribution_moved(), in this
 * space; NULL: unknown, any of them may fit. */
bool distance_kept(
        const char *space, double recorded, const float *a, const float *b, unsigned dimension);
