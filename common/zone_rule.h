/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The last line of a TZif file, in which a zone says how it goes on: "CET-1CEST,M3.5.0,M10.5.0/3"
 * (POSIX 1003.1, 8.3, with the hours of RFC 8536). The inner half of zone.c; nobody else needs
 * this. */

#include <stdbool.h>
#include <stdint.h>

#include "macro.h"

/* When in a year: the n-th day, counted without February 29th or with it, or a weekday. */
struct zone_day {
        char kind; /* 'J': 1 to 365; 'n': 0 to 365; 'M' */
        int month, week, day; /* `day` alone but for 'M': there the weekday, 0 is Sunday */
        long time; /* of local time, in seconds; negative: the day before */
};

struct zone_rule {
        long standard, summer; /* seconds ahead of UTC; the same where nothing changes */
        struct zone_day begin, end; /* of summer time; not of zones in which nothing changes */
        bool changes;
};

/* False when it is no rule. */
_must_check_ bool zone_rule_parse(const char *text, struct zone_rule *ret);
/* When summer time begins and ends in that year, seconds since 1970. */
int64_t zone_rule_begin(const struct zone_rule *rule, int year);
int64_t zone_rule_end(const struct zone_rule *rule, int year);
