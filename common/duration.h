/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Durations as Prometheus writes them (30s, 5m, 1h30m, 7d, 250ms) and RFC 3339 times. All times are
 * microseconds; wall-clock times since 1970. No clock is read here. */

#include <stdint.h>

#include "macro.h"

typedef uint64_t usec_t;
#define USEC_INFINITY ((usec_t)-1)
#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)

/* Units y w d h m s ms, each at most once and in descending order; "0" needs no unit. -EINVAL for
 * anything else, -ERANGE beyond 292 years. */
_must_check_ int duration_parse(const char *s, usec_t *ret);
/* Moves a time by as much as the clock that it is of was set; 0 and USEC_INFINITY are no times. */
static inline void time_jump(usec_t *t, int64_t by)
{
        if (*t != 0 && *t != USEC_INFINITY)
                *t += (usec_t)by;
}
/* The shortest form that duration_parse() reads back, truncated to milliseconds: "1h30m", "0s". */
#define DURATION_TEXT_MAX 64
char *duration_format(char *buffer, size_t size, usec_t duration);
/* "2026-11-23T02:00:00Z", with milliseconds ("…00.250Z") unless they are zero. */
#define TIME_TEXT_MAX 40
char *time_format(char *buffer, size_t size, usec_t realtime);
/* RFC 3339 with any offset and fraction (truncated to microseconds), or a decimal number of seconds
 * since 1970. -EINVAL for anything else, -ERANGE before 1970 or beyond 64 bits of microseconds. */
_must_check_ int time_parse(const char *s, usec_t *ret);
