/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which of several daemons tells people: the one that holds the lease, a file that all of them see.
 * Its holder writes a beat into it every third of `ttl`. Whoever sees the same beat for `ttl`
 * claims it, and holds it once a beat of its own has followed the claim. A holder that could not
 * write for `ttl`, counted from before its last beat, holds it no more.
 *
 * No two clocks are compared: each daemon measures with its own how long it saw nothing new. So
 * nobody holds what another one does, provided that clocks run equally fast and that a write which
 * was begun is done within a third of `ttl`; where a machine stalls in just that moment for longer,
 * two may tell the same thing once. Pure: `now` is CLOCK_BOOTTIME, and the file is another's. */

#include <stdbool.h>
#include <stdint.h>

#include "duration.h"
#include "macro.h"

/* In one `ttl`. */
#define LEASE_BEATS 3
#define LEASE_HOLDER_MAX 128

struct beat {
        char holder[LEASE_HOLDER_MAX]; /* "": nobody, because it was given up or never taken */
        uint64_t number;
};

struct lease {
        char self[LEASE_HOLDER_MAX]; /* unlike that of any other daemon's life */
        usec_t ttl;
        enum { LEASE_WAITED_FOR, LEASE_CLAIMED, LEASE_HELD } state;
        bool known; /* the file was seen */
        struct beat seen; /* what it said last */
        usec_t seen_at; /* when that was seen first, or begun to be written */
        usec_t asked_at; /* the last lease_ask() */
        usec_t until; /* when a claim or a lease that is not renewed is over */
        usec_t next; /* when to ask again */
};

void lease_init(struct lease *l, const char *self, usec_t ttl);
/* What is to be done with the file now: it is looked at, and where this yields true, `*ret`
 * replaces what lease_found() took last, if that still is what it says. */
_must_check_ bool lease_ask(struct lease *l, usec_t now, struct beat *ret);
/* What the file said, and whether `*ret` of lease_ask() stands there now. */
void lease_found(struct lease *l, usec_t now, const struct beat *found, const struct beat *written);
/* It could not be looked at, or what it says is nothing. */
void lease_missed(struct lease *l, usec_t now);
bool lease_held(const struct lease *l, usec_t now);
/* When there is something to ask for, or the lease is over. */
usec_t lease_next(const struct lease *l);
