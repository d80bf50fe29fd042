/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The clocks, in microseconds. What lasts is measured by CLOCK_BOOTTIME, which nobody can set; the
 * wall clock is what people read, and may be set at any time. So times that are kept are those of
 * clock_wall(): they read as the wall clock does, and go on as CLOCK_BOOTTIME does, so that their
 * differences are how long something took. When the wall clock is set, clock_jump() says by how
 * much, and who keeps times moves them all by that. Pure modules do not include this: they are
 * given the time, and the jump. */

#include <time.h>

#include "duration.h"

/* Nearer to the wall clock than this nobody reads a time. */
#define CLOCK_JUMP_MIN USEC_PER_SEC
/* A wall clock before 2000 is not one that somebody has set, but one without a battery, and is not
 * followed: times that are kept would lie before 1970. */
#define CLOCK_EARLIEST (946684800 * USEC_PER_SEC)

/* `clock`: CLOCK_REALTIME, CLOCK_MONOTONIC or CLOCK_BOOTTIME; they cannot fail. */
static inline usec_t clock_usec(clockid_t clock)
{
        struct timespec t;

        (void)clock_gettime(clock, &t);
        return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

/* The time to be kept: the wall clock as it was set at the last clock_jump() of this thread, or
 * else when this thread first asked. */
usec_t clock_wall(void);
/* CLOCK_BOOTTIME at that time, which may be in the future; USEC_INFINITY stays. 0 when it was
 * before the machine started. */
usec_t clock_boot(usec_t wall);
/* By how much the wall clock was set ahead, or (negative) back, since the last call of this thread;
 * 0: it was not. From now on clock_wall() is by so much another. */
_must_check_ int64_t clock_jump(void);
