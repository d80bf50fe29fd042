/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a server is used for by its monitor, and when it may be used again: surveys and probes keep
 * a distance that depends on what they cost, so that together they take no more than a share of the
 * server's time. Each is given its place in advance, in the order of asking, so that those of many
 * collections do not fall together; what it cost beyond expectation the next ones wait for. Replays
 * are the operator's and only counted. Pure arithmetic on a monotonic clock. */

#include <stdbool.h>
#include <stddef.h>

#include "duration.h"
#include "macro.h"
#include "model/task.h"

/* The use of one server. */
struct allowance {
        char *server; /* its name; owned */
        usec_t paid[TASK_COUNT]; /* all of this kind so far have had their distance before it */
        usec_t busy[TASK_COUNT]; /* duration of requests, summed */
};

/* One for each name that was ever asked for: a reload loses no count. Zeroed, there are none. */
struct allowances {
        struct allowance **all;
        size_t count;
};

/* The one of the server with this name, made where there is none, and kept until the end. NULL when
 * memory is short. */
struct allowance *allowances_get(struct allowances *a, const char *server);
const struct allowance *allowances_find(const struct allowances *a, const char *server);
/* A request to it for this took so long; not counted where memory is short. */
void allowances_add(struct allowances *a, const char *server, enum task task, usec_t busy);
void allowances_done(struct allowances *a);

/* One kind of task of one collection. */
struct spending {
        struct allowance *allowance; /* borrowed; NULL: nothing is spaced */
        enum task task; /* only those of the same kind wait for each other */
        double share; /* of the server's time, for all of the kind, > 0 … 1 */
        usec_t cost; /* of the last one; 0: none yet */
        usec_t busy; /* of the one under way, so far */
        bool booked;
        usec_t slot, reserved; /* while booked: its time, and what it is expected to cost */
        bool told; /* that it waits: for the caller */
};

/* From when on it may run: books a place at `now` unless it has one. */
usec_t spending_slot(struct spending *s, usec_t now);
/* It took so much of the server. */
void spending_add(struct spending *s, usec_t busy);
/* It is over, and the next one is expected to cost as much; gives back what it did not need. */
void spending_end(struct spending *s);
/* It is not to be, or was cancelled. A no-op where nothing is booked. */
void spending_cancel(struct spending *s);
/* Goes on with what `old` knows of the same task of the same collection, whose place is free then.
 */
void spending_adopt(struct spending *s, struct spending *old);
