/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The clocks, in microseconds. Pure modules do not include this: they are given the time. */

#include <time.h>

#include "duration.h"

/* `clock`: CLOCK_REALTIME, CLOCK_MONOTONIC or CLOCK_BOOTTIME; they cannot fail. */
static inline usec_t clock_usec(clockid_t clock)
{
        struct timespec t;

        (void)clock_gettime(clock, &t);
        return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}
