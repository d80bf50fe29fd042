/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One moment on both clocks: what is waited for must not come sooner or later because the wall
 * clock is set meanwhile, and what people read, and another life goes on with, is wall clock. Pure.
 */

#include "duration.h"

struct moment {
        usec_t wall, boot;
};

/* When something is pointless, CLOCK_BOOTTIME: 0 when it is already, USEC_INFINITY for never. */
usec_t moment_deadline(const struct moment *m, usec_t expires);
/* When something was made, CLOCK_BOOTTIME; never 0. */
usec_t moment_since(const struct moment *m, usec_t created);
/* A time of CLOCK_BOOTTIME by the wall clock; 0 stays 0. */
usec_t moment_wall(const struct moment *m, usec_t boot);
