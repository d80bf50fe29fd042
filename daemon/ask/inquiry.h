/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Carries out an inquest: looks up the records that judge/attribution.h wants to know about -
 * whether they exist, whether their stored vectors moved, whether they find themselves, whether
 * they have twins - and fills in the findings. */

#include "ask/http_client.h"
#include "judge/attribution.h"

/* Records are twins from this cosine on. */
#define INQUIRY_TWIN_COSINE 0.97
/* A stored vector has moved when its distance from the query differs by more than this. */
#define INQUIRY_MOVED 1e-4

/* Borrowed until the inquiry ended. */
struct inquiry_target {
        const char *label, *tenant, *database;
        const char *collection_id; /* Chroma's UUID */
        const char *space; /* "l2", "cosine", "ip" */
        const struct http_peer *peer;
        const struct query_set *set;
};

struct inquiry;
/* `error` NULL: everything was looked up. Otherwise a sentence; what was found until then is in the
 * inquest. */
typedef void (*inquiry_done_t)(struct inquest *inquest, const char *error, void *userdata);
typedef void (*inquiry_exchange_t)(const struct http_response *response, void *userdata);

/* At most 2 + INQUEST_SELF + INQUEST_EXPECTED small requests, one after the other; an inquest
 * without questions ends from the loop, too. `inquest` is borrowed and filled in. */
_must_check_ int inquiry_start(struct http_client *client, const struct inquiry_target *target,
        struct inquest *inquest, inquiry_done_t done, inquiry_exchange_t exchange, void *userdata,
        struct inquiry **ret);
/* As survey_free(). */
struct inquiry *inquiry_free(struct inquiry *i);
DEFINE_CLEANUP(struct inquiry *, inquiry_free)
