/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A look at a collection without asking it a query: identity, configuration, count, newest record
 * and the stored vectors of a few known ones. A replay begins with one; between replays it notices
 * an ingest. */

#include "ask/chroma.h"
#include "ask/http_client.h"
#include "model/epoch.h"

/* More sentinels than this say nothing more. */
#define SURVEY_SENTINELS_MAX 8
/* Stored vectors are hashed after rounding to this: cosine collections return them one ulp off. */
#define SURVEY_ROUND 1e-6

/* Borrowed until the survey ended. */
struct survey_target {
        const char *label, *collection, *tenant, *database;
        const struct http_peer *peer;
        const char *const *sentinels; /* record ids, each of them once */
        size_t sentinel_count;
        const struct epoch *known; /* by an earlier look: where nothing else has changed since, the
                                      newest record is taken to be the same, and not asked for;
                                      NULL: ask for it */
        uint64_t turn; /* http_client_turn(), of what the survey is part of; 0: its own */
};

struct survey_result {
        const char *failure; /* metric reason, static; NULL when successful */
        struct error error; /* the sentence for it */
        bool reached; /* Chroma answered, not only a proxy before it */
        struct epoch epoch; /* as far as it was read; id NULL when the collection was not found */
};

struct survey;
/* The result is the survey's and lives until the callback returns; its epoch may be moved out. */
typedef void (*survey_done_t)(struct survey_result *result, void *userdata);
typedef void (*survey_exchange_t)(const struct http_response *response, void *userdata);

_must_check_ int survey_start(struct http_client *client, const struct survey_target *target,
        survey_done_t done, survey_exchange_t exchange, void *userdata, struct survey **ret);
/* Cancels: the callback is not called any more. An ended survey is freed by this too, also from
 * within its callback, whose result is gone then. */
struct survey *survey_free(struct survey *s);
DEFINE_CLEANUP(struct survey *, survey_free)
