/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Long work in one piece - a file of half a gigabyte - says by pulse() that it goes on, and who
 * began it has the service manager told, so that a start or reload on a slow machine gets its time.
 * The other way it is told there that nobody wants the work any more. It is no timer: work that
 * stands still has no pulse. Nor does it speak for the loop, which has a watchdog of its own. Per
 * thread. */

#include <stdatomic.h>
#include <stdbool.h>

#include "macro.h"

/* From now on, for work that is in vain once `*stop` is true; borrowed until pulse_end(). */
void pulse_begin(const atomic_bool *stop);
void pulse_end(void);
/* Cheap enough for every few thousand numbers; tells at most once a second, and nothing unless
 * begun. -ECANCELED: the work is to end here. */
_must_check_ int pulse(void);
