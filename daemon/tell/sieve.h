/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The bad ones among the alerts of a payload that a peer refused as a whole: which are sent in the
 * next attempt - fewer and fewer, until those that it will not have are alone and the others have
 * arrived. Of N alerts one is found with some 3 log2 N attempts. Pure; who sends is outbox.h's
 * business. */

#include <stdbool.h>
#include <stddef.h>

/* Attempts in a row that are refused before all that is left is given up: seven find one of 64
 * alerts, and a peer that takes nothing at all is not asked for each of them. */
#define SIEVE_REFUSALS_MAX 16

/* Zeroed: all of it. */
struct sieve {
        size_t total; /* alerts in the payload; 0: it was never refused */
        size_t first, count; /* those of the next attempt */
        unsigned refusals; /* in a row */
        const char *reason; /* why something was refused for good, static; NULL: nothing was */
};

/* The attempt was refused, for `reason`, of a payload of `total` alerts. Whether another one, with
 * others, is worth it; else what is left is lost. */
bool sieve_refused(struct sieve *p, size_t total, const char *reason);
/* The attempt arrived. Whether there is more to send. */
bool sieve_delivered(struct sieve *p);
