/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Chance that is the same in every run. `state` is the seed and what became of it. */

#include <math.h>
#include <stdlib.h>

#include "judge/bootstrap.h"

/* How often a test does what it does `times` where that takes a second: a share of it, at least
 * once, where DRIFTWATCH_REPEAT_LESS says that every instruction costs fifty. */
static inline unsigned random_repetitions(unsigned times)
{
        const char *less = getenv("DRIFTWATCH_REPEAT_LESS");
        unsigned long divisor = less ? strtoul(less, NULL, 10) : 1;

        return (unsigned)(times / (divisor > 0 ? divisor : 1)) + (divisor > times);
}

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
