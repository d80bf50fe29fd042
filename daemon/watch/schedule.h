/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When a collection is replayed next: spread over the interval by a hash of its name, later and
 * later while it fails. Pure arithmetic on a monotonic clock. */

#include <stdbool.h>

#include "duration.h"

/* Back-off doubles the wait up to this factor, and to no more than SCHEDULE_BACKOFF_MAX unless the
 * interval itself is longer: a server that recovers should be noticed within minutes. */
#define SCHEDULE_BACKOFF_FACTOR 8
#define SCHEDULE_BACKOFF_MAX (5 * USEC_PER_MINUTE)

struct schedule {
        usec_t interval;
        uint64_t hash; /* of the collection's label: its place in the interval, and its jitter */
        unsigned failures; /* in a row */
};

void schedule_init(struct schedule *s, const char *label, usec_t interval);
/* The time of the next replay after one that ended at `now`. Success: the next place of this
 * collection on the grid of the interval, at least half an interval away. Failure: interval ×
 * 2^(failures-1), bounded as above, ± 20 % jitter. */
usec_t schedule_next(struct schedule *s, usec_t now, bool success);

/* What is done again and again, and when it is next. */
struct timer {
        struct schedule schedule; /* interval 0: it never is by itself */
        usec_t due; /* USEC_INFINITY: not by itself */
};

/* First at `due`; with an interval of 0 never. */
void timer_set(struct timer *t, const char *label, usec_t interval, usec_t due);
/* As schedule_next(). */
void timer_next(struct timer *t, usec_t now, bool success);
/* No later than at `due`, once. */
void timer_hasten(struct timer *t, usec_t due);
