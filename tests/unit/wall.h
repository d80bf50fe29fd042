/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For one file of a test: the wall clock of this program, and of nothing else on the machine, is
 * `wall_ahead` ahead of what it is. */

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t wall_ahead; /* microseconds; negative: behind */

/* In place of the C library's, also for the libraries. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
        long r = syscall(SYS_clock_gettime, clock, ret);

        if (clock == CLOCK_REALTIME && r == 0) {
                int64_t usec = ret->tv_sec * INT64_C(1000000) + ret->tv_nsec / 1000 + wall_ahead;

                ret->tv_sec = usec / 1000000;
                ret->tv_nsec = usec % 1000000 * 1000;
        }
        return (int)r;
}
