/* SPDX-License-Identifier: Apache-2.0 */
#include "pulse.h"

#include <systemd/sd-daemon.h>

#include "clock.h"

#define INTERVAL USEC_PER_SEC
#define EXTENSION (30 * USEC_PER_SEC)

static _Thread_local bool pulsing;
static _Thread_local usec_t told; /* CLOCK_MONOTONIC; 0: not yet */

void pulse_enable(bool enabled)
{
        pulsing = enabled;
        told = 0;
}

void pulse(void)
{
        usec_t now;

        if (!pulsing)
                return;
        now = clock_usec(CLOCK_MONOTONIC);
        if (told > 0 && now < told + INTERVAL)
                return;
        told = now;
        (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)EXTENSION);
}
