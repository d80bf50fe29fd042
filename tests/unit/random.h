/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Chance that is the same in every run. `state` is the seed and what became of it. */

#include <math.h>

#include "judge/bootstrap.h"

/* In (0, 1). */
static inline double random_uniform(uint64_t *state)
{
        return ((double)(bootstrap_next(state) >> 11) + 0.5) * 0x1p-53;
}

/* Of mean 0 and standard deviation 1 (Box and Muller 1958). */
static inline double random_normal(uint64_t *state)
{
        double size = sqrt(-2 * log(random_uniform(state)));

        return size * cos(2 * M_PI * random_uniform(state));
}
