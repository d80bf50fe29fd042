/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A timer of the loop that is set again and again, and made the first time. Timers may be late by
 * ALARM_ACCURACY, so that wake-ups can be shared. */

#include <systemd/sd-event.h>

#include "duration.h"
#include "macro.h"

#define ALARM_ACCURACY (50 * USEC_PER_MSEC)

/* `due` is CLOCK_BOOTTIME. `*source` is NULL before the first call, and the caller's to free.
 * `description` is for the loop's own messages. sd_event_add_time()'s errors. */
_must_check_ int alarm_set(sd_event *event, sd_event_source **source, usec_t due,
        sd_event_time_handler_t handler, const char *description, void *userdata);
