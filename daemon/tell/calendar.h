/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Named spans of a week and a year, Alertmanager's time_intervals: whether a moment lies in one,
 * and when that changes next. A calendar is a list of intervals, of which one is enough; an
 * interval holds when each of its fields that says anything does, by local time of its zone. It
 * reads no file and no clock: zones are given, and whoever asks says when. Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "duration.h"
#include "error.h"
#include "zone.h"

/* More of them nobody reads, and the next change is looked for among all. */
#define CALENDAR_SPANS_MAX 16 /* of a field */
#define CALENDAR_TIMES_MAX 32 /* of all intervals of a calendar, which the caller sees to */
#define CALENDAR_INTERVALS_MAX 64 /* each holiday is one */
/* So far ahead a change is looked for. */
#define CALENDAR_AHEAD_MAX (366 * USEC_PER_DAY)

enum calendar_field {
        CALENDAR_TIMES, /* minutes of the day */
        CALENDAR_WEEKDAYS, /* 0 is Sunday */
        CALENDAR_DAYS, /* of the month, -1 is the last */
        CALENDAR_MONTHS,
        CALENDAR_YEARS,
        CALENDAR_FIELD_COUNT,
};

struct calendar_span {
        int first, last; /* both are in it */
};

struct calendar_spans {
        struct calendar_span spans[CALENDAR_SPANS_MAX];
        size_t count; /* none: any */
};

struct calendar_interval {
        struct calendar_spans fields[CALENDAR_FIELD_COUNT];
        struct zone *zone; /* owned; NULL is UTC */
};

struct calendar {
        char *name;
        struct calendar_interval *intervals;
        size_t count;
};
void calendar_done(struct calendar *c);

/* Adds "monday:friday", "1:5", "-3:-1", "may:august", "12" or "2026:2028"; not to CALENDAR_TIMES.
 * -EINVAL with a sentence. */
_must_check_ int calendar_add_span(
        struct calendar_interval *i, enum calendar_field field, const char *text, struct error *e);
/* From "09:00" up to "17:00"; "24:00" is the end of the day. Not over midnight: that is two of
 * them. -EINVAL with a sentence. */
_must_check_ int calendar_add_times(
        struct calendar_interval *i, const char *start, const char *end, struct error *e);
/* Whether it holds at `now`; one without intervals never does. */
bool calendar_holds(const struct calendar *c, usec_t now);
/* The first time after `now` at which that changes; USEC_INFINITY when it does not within
 * CALENDAR_AHEAD_MAX. */
usec_t calendar_next(const struct calendar *c, usec_t now);
