/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers as people read them in the report: distances with four decimals, shares in percent,
 * intervals as "a to b", what is not known as such. The results are values, so that several fit
 * into one call of printf: words_share(x).s. */

#include "duration.h"
#include "judge/interval.h"
#include "judge/proportion.h"

struct words {
        char s[64];
};

/* "0.9120"; "unknown" for NaN. */
struct words words_distance(double distance);
/* "+0.0120"; "0.0000" for less than it shows, of either sign. */
struct words words_shift(double shift);
/* 0.066 as "6.6 %"; a share that is neither none nor all is never rounded to
 * "0.0 %" or "100.0 %". */
struct words words_share(double share);
/* "0.9000 to 1.0000"; an end that is NaN is "not estimable". */
struct words words_interval(struct interval i);
struct words words_shift_interval(struct interval i);
struct words words_share_interval(struct interval i);
/* What follows "p": "= 0.031", "< 0.001". */
struct words words_probability(double p);
/* "2026-11-23T02:00:00Z", whole seconds; "never" for 0. */
struct words words_time(usec_t t);
/* The time from `then` to `now` in its largest unit: "3 days"; "0 seconds" when it is not past. */
struct words words_age(usec_t then, usec_t now);
/* "unknown" for -1. */
struct words words_count(int64_t n);
