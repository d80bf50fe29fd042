/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The records that stand in both answers, the baseline's and today's: how their distances relate.
 * Where one rule relates them all, it is the distance itself that changed. */

#include "judge/attribution.h"
#include "judge/fit.h"

struct common {
        struct fit fit; /* of their distances, then and now */
        size_t changed; /* how many have another one */
};

/* Over all queries that can be compared. */
struct common common_records(const struct attribution_input *input);
/* Root mean square of what the least-squares line leaves; NaN with too few pairs. */
double common_rms(const struct fit *f);
/* Whether all distances are the roots, or a linear function, of what they were, in a collection
 * whose space was this (NULL: unknown). */
bool common_is_root(const struct fit *f, const char *space);
bool common_is_affine(const struct fit *f, const char *space);
/* How many times as long vectors are: unit vectors that become s times as long have squared L2
 * distances of (s - 1)² + s d, and inner product distances of 1 - s + s d. NaN when that is not
 * what happened. */
double common_scale(const struct fit *f, const char *space);
