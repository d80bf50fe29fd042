/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Picks records of a collection, one at random from each of as many equal stretches of it, with
 * their vectors and the first words of their documents, and asks search for each with its own
 * vector. For commands, never for the daemon. What the answers mean is judge/canary.h's business.
 */

#include "ask/http_client.h"
#include "error.h"
#include "model/answer.h"
#include "model/epoch.h"

/* Vectors in one query, fewer where the server refuses so many. */
#define PICK_BATCH 32

/* Borrowed until it ended. */
struct pick_target {
        const char *label, *tenant, *database;
        const struct http_peer *peer;
        const struct epoch
                *epoch; /* of the collection, with its records, of which there are some */
        size_t sample; /* records; a smaller collection gives all it has */
        uint64_t seed; /* the same one picks the same places */
        unsigned results; /* records in each answer */
        void (*progress)(uint64_t picked, uint64_t sample, void *userdata); /* NULL: nobody asks */
};

struct picked {
        char *id;
        char *words; /* NULL: it has no document, or an empty one */
        float *vector; /* the epoch's dimension */
        struct answer *answer; /* to its own vector */
};

struct pick_result {
        struct error error; /* with a message: nothing was picked, for this reason */
        struct picked *records; /* owned, as what they hold */
        size_t count;
        size_t lost; /* the server knows them but cannot read their vectors: the index lost them */
};
void pick_result_done(struct pick_result *r);

struct pick;
/* The result is the callback's to keep. */
typedef void (*pick_done_t)(struct pick_result *result, void *userdata);
/* Calls back from the loop only. -ENOMEM, or as http_client_submit(). */
_must_check_ int pick_start(struct http_client *client, const struct pick_target *target,
        pick_done_t done, void *userdata, struct pick **ret);
/* Cancels without calling back; also from within the callback. */
struct pick *pick_free(struct pick *p);
DEFINE_CLEANUP(struct pick *, pick_free)
