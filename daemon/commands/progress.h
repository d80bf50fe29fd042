/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How far a command has come that takes longer than a second: one line on standard error, where
 * that is a terminal, which is gone when the command is done. In a pipeline's log it says nothing.
 */

#include "duration.h"

struct progress {
        const char *what; /* "replayed" */
        const char *unit; /* "collections" */
        usec_t begun, shown; /* monotonic clock; 0: not shown yet */
};

void progress_begin(struct progress *p, const char *what, const char *unit);
/* `done` of `total` have been, at the most a few times a second. */
void progress_note(struct progress *p, uint64_t done, uint64_t total);
void progress_end(struct progress *p);
/* How long the rest takes when it goes on as it has gone: "about 12s left", or "12s so far" when
 * nothing is done yet; `elapsed` since the beginning. */
void progress_estimate(uint64_t done, uint64_t total, usec_t elapsed, char *ret, size_t size);
