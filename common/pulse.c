/* SPDX-License-Identifier: Apache-2.0 */
#include "pulse.h"

#include <errno.h>
#include <stddef.h>
#include <systemd/sd-daemon.h>

#include "clock.h"

#define INTERVAL USEC_PER_SEC
#define EXTENSION (30 * USEC_PER_SEC)

static _Thread_local const atomic_bool *stopped; /* NULL: no pulse is wanted */
static _Thread_local usec_t told; /* CLOCK_MONOTONIC; 0: not yet */

void pulse_begin(const atomic_bool *stop)
{
        stopped = stop;
        told = 0;
}

void pulse_end(void)
{
        stopped = NULL;
}

int pulse(void)
{
        usec_t now;

        if (!stopped)
                return 0;
        if (atomic_load_explicit(stopped, memory_order_relaxed))
                return -ECANCELED;
        now = clock_usec(CLOCK_MONOTONIC);
        if (told > 0 && now < told + INTERVAL)
                return 0;
        told = now;
        (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)EXTENSION);
        return 0;
}
