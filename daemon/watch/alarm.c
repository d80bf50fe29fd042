/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/alarm.h"

int alarm_set(sd_event *event, sd_event_source **source, usec_t due,
        sd_event_time_handler_t handler, const char *description, void *userdata)
{
        int r;

        if (!*source) {
                r = sd_event_add_time(
                        event, source, CLOCK_BOOTTIME, due, ALARM_ACCURACY, handler, userdata);
                return r < 0 ? r : sd_event_source_set_description(*source, description);
        }
        r = sd_event_source_set_time(*source, due);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}
