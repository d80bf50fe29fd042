/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A confidence interval, shared by everything that estimates. An end that cannot be estimated from
 * so few data is NaN, never a number that could be mistaken for one; "unbounded" is not said here,
 * since nobody acts on infinity. */

#include <math.h>
#include <stdbool.h>

struct interval {
        double low, high; /* NaN: not estimable */
};

#define INTERVAL_NONE ((struct interval){NAN, NAN})

/* Both ends are estimable. */
static inline bool interval_known(struct interval i)
{
        return !isnan(i.low) && !isnan(i.high);
}
