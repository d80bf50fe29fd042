/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the benchmarks share: a stage with the loop, the HTTP client and the first collection of a
 * configuration as the daemon has them, and how figures are printed. It measures nothing itself. */

#include <stdio.h>
#include <systemd/sd-event.h>

#include "watch/watch.h"

struct stage {
        sd_event *event;
        struct http_client *client;
        struct config *config;
        struct watch_owner owner;
        struct watch *watch;
        /* Called at the end of each replay. */
        void (*replayed)(struct stage *s);
        unsigned left; /* replays still to do before stage_replay() returns */
};

/* Ends the program with a sentence when the configuration cannot be used. */
void stage_init(struct stage *s, const char *config_path);
void stage_done(struct stage *s);
/* So many replays, one after the other; ends the program when one of them fails. */
void stage_replay(struct stage *s, unsigned count);
/* Gives what they entailed, a probe, the time to end. */
void stage_settle(struct stage *s);
_Noreturn _printf_(1, 2) void die(const char *format, ...);

/* "name value unit", the line that the benchmarks' driver reads. */
void figure(const char *name, double value, const char *unit);
/* Of `count` > 0 values, which it sorts. */
double median(double *values, size_t count);
double seconds_now(void);
