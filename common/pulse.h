/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Long work in one piece - a file of half a gigabyte - says by pulse() that it goes on, and who
 * began it has the service manager told, so that a start or reload on a slow machine gets its time.
 * It is no timer: work that stands still has no pulse. Nor does it speak for the loop, which has a
 * watchdog of its own. Per thread. */

#include <stdbool.h>

/* From now on, or no more. */
void pulse_enable(bool enabled);
/* Cheap enough for every few thousand numbers; tells at most once a second, and nothing unless
 * enabled. */
void pulse(void);
