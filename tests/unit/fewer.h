/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sizes of tests. Where DRIFTWATCH_FEWER says so, each instruction costs fifty, and what is looked
 * for is found in a share of a large number of equal steps as well. A limit is tested as it is. */

#include <stddef.h>
#include <stdlib.h>

/* `count`, or that divided by DRIFTWATCH_FEWER; at least 1. */
static inline size_t fewer(size_t count)
{
        const char *given = getenv("DRIFTWATCH_FEWER");
        size_t divisor = given ? strtoul(given, NULL, 10) : 1;

        return divisor <= 1 ? count : count > divisor ? count / divisor : 1;
}
