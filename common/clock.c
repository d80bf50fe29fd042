/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <stdbool.h>
#include <stdlib.h>

/* Two looks at clocks may be so far apart that the process was not interrupted between them. */
#define LOOK_MAX (100 * USEC_PER_MSEC)

static _Thread_local bool known;
static _Thread_local int64_t ahead; /* of CLOCK_BOOTTIME, the wall clock */

/* False when it is not known well enough. */
static bool look(int64_t *ret)
{
        usec_t before = clock_usec(CLOCK_BOOTTIME), wall = clock_usec(CLOCK_REALTIME);

        *ret = (int64_t)wall - (int64_t)before;
        return clock_usec(CLOCK_BOOTTIME) - before < LOOK_MAX && wall >= CLOCK_EARLIEST;
}

static void know(void)
{
        if (!known)
                (void)look(&ahead);
        known = true;
}

usec_t clock_wall(void)
{
        know();
        return clock_usec(CLOCK_BOOTTIME) + (usec_t)ahead;
}

usec_t clock_boot(usec_t wall)
{
        know();
        if (wall == USEC_INFINITY)
                return wall;
        return (int64_t)wall > ahead ? (usec_t)((int64_t)wall - ahead) : 0;
}

int64_t clock_jump(void)
{
        int64_t now, by;

        know();
        if (!look(&now))
                return 0;
        by = now - ahead;
        if (llabs(by) < (int64_t)CLOCK_JUMP_MIN)
                return 0;
        ahead = now;
        return by;
}
