/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How much of the system's memory the process keeps without using it: what glibc's malloc() holds
 * back, and what of programs and libraries was needed to start alone. It frees nothing that
 * somebody has. */

#include "duration.h"

/* Once, before there are threads. */
void footprint_init(void);
/* Once, when the process has started: pages of code and constants of which it needs no more are the
 * system's, those that it does need come back as they are needed. */
void footprint_settle(void);
/* Returns what was freed; now and then: it takes longer the more there is. `now` is of
 * CLOCK_BOOTTIME; `*due` is when it is worth it again, 0 at first. */
void footprint_trim(usec_t now, usec_t *due);
