/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the outbox draws by lot: names of notifications, and how long it waits. */

#include <stddef.h>

#include "duration.h"

/* 32 hexadecimal digits and NUL. */
#define DRAW_KEY_MAX 33

void draw_key(char ret[DRAW_KEY_MAX]);
/* A time up to a ceiling, which is `min` at first and doubles with each of `failures` up to `max`:
 * many daemons do not come back to a restarted peer at one moment. */
usec_t draw_wait(usec_t min, usec_t max, unsigned failures);
