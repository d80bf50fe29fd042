/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Spot checks of an index that is too large to be asked for everything: records from evenly spread
 * places of the collection, the same ones as long as it has as many, are each asked for with their
 * own vector - first for the nearest record, and those that are not found so once more for many.
 * It decides nothing; what a sample says of all is judge/reachability.h's business. */

#include "ask/http_client.h"
#include "model/health.h"

/* Records in a row at one place: what was written together is lost together, so places count for
 * more than records. */
#define SPOTS_AT_ONE_PLACE 20

/* Borrowed until it ended. */
struct spots_target {
        const char *tenant, *database;
        const char *collection_id; /* Chroma's UUID */
        const char *space; /* as in strays_target */
        const struct http_peer *peer;
        uint64_t records; /* the collection holds */
        unsigned results; /* asked for the second time */
};

struct spots;
/* The sample, of what could be looked at; its `looked` is 0 when nothing could. */
typedef void (*spots_done_t)(const struct index_sample *sample, void *userdata);
typedef void (*spots_exchange_t)(const struct http_response *response, void *userdata);

/* Small requests, one after the other. -ENOMEM and http_client_submit()'s errors. */
_must_check_ int spots_start(struct http_client *client, const struct spots_target *target,
        spots_done_t done, spots_exchange_t exchange, void *userdata, struct spots **ret);
/* Cancels; also from within the callback. */
struct spots *spots_free(struct spots *s);
DEFINE_CLEANUP(struct spots *, spots_free)
