/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The query set that `init` makes of one collection: records of its own, asked for with their own
 * vectors. Asks the server, and waits for it; writes nothing. */

#include <systemd/sd-event.h>

#include "ask/http_client.h"
#include "commands/progress.h"
#include "error.h"
#include "judge/canary.h"
#include "model/bands.h"
#include "model/epoch.h"
#include "model/vector_set.h"
#include "text.h"

/* Records asked for per query, as the configuration has it where it says nothing. */
#define CANARIES_RESULTS 10

/* Where it is asked. Questions come one after the other. */
struct inquiry {
        sd_event *event;
        struct http_client *client;
        struct http_peer peer;
        const char *tenant, *database;
        bool answered; /* what was asked last */
        struct progress progress;
};
/* Runs the loop until that is answered. Negative errno. */
_must_check_ int inquiry_wait(struct inquiry *i);

struct canaries {
        char *name; /* the collection's */
        struct error left_out; /* with a message: why it has no canaries */
        bool failed; /* the server did not say what was asked */
        bool unreachable; /* nor does it anything */
        struct epoch epoch;
        size_t count; /* of queries */
        size_t kinds[CANARY_COUNT]; /* of records */
        size_t lost; /* records whose vectors could not be read */
        struct text set; /* the query set */
        struct vector_set *vectors;
        struct bands bands; /* where its vectors are not of length 1, which the default ones are
                               for; else of a count of 0 */
};
void canaries_done(struct canaries *c);

/* Fills the zeroed `ret`, whose name is set. Whatever the server says is no error, but may leave
 * the collection out. -ENOMEM, or as http_client_submit(). */
_must_check_ int canaries_make(
        struct inquiry *i, size_t sample, uint64_t seed, struct canaries *ret);
