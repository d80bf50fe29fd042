/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the nearest record that a record's own vector finds says of it. Pure. `space` is "l2",
 * "cosine", "ip" or NULL, when it is unknown. */

#include "model/answer.h"

/* Nearer than this, in squared L2 of unit vectors, is the same answer: the least shift of a
 * distance that is ever judged (LEVEL_TAU_MIN). Half of it for cosine and ip, relative to |x|^2. */
#define SELF_HAIR 0.005

/* It is found, or another one that search cannot tell from it. */
bool self_found(const char *space, const char *id, const float *vector, unsigned dimension,
        const struct answer *answer);
/* What is found is within SELF_HAIR of it. */
bool self_stands_for(
        const char *space, const float *vector, unsigned dimension, const struct answer *answer);
