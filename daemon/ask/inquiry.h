/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Carries out an inquest: looks up the records that judge/attribution.h wants to know about -
 * whether they exist, whether their stored vectors moved, whether they find themselves, whether
 * they have twins - and fills in the findings. It decides nothing. Distances are computed here, in
 * double, from the stored vectors. Chroma's filter by `ids` is never used in a query, because a
 * record that is gone makes it an error of the server. */

#include "ask/http_client.h"
#include "judge/attribution.h"

/* Records are twins from this cosine on. */
#define INQUIRY_TWIN_COSINE 0.97
/* Of long answers only the first records are compared for twins, and of long expectations only the
 * first ids are looked up: what else is wrong in the rest, these show it. */
#define INQUIRY_TWIN_DEPTH 20
#define INQUIRY_EXPECTED_IDS 100
/* By inner product a record need not be its own nearest: it is looked for among so many. */
#define INQUIRY_SELF_DEPTH 10

/* Borrowed until the inquiry ended. */
struct inquiry_target {
        const char *label, *tenant, *database;
        const char *collection_id; /* Chroma's UUID */
        const char *space; /* "l2", "cosine", "ip"; NULL: unknown, any of them may fit */
        const struct http_peer *peer;
        const struct query_set *set;
};

struct inquiry;
/* `error` NULL: everything was looked up. Otherwise a sentence; what was found until then is in the
 * inquest. */
typedef void (*inquiry_done_t)(struct inquest *inquest, const char *error, void *userdata);
typedef void (*inquiry_exchange_t)(const struct http_response *response, void *userdata);

/* At most 5 + 3 * INQUEST_EXPECTED small requests, one after the other: the holes' records (twice
 * when their vectors cannot be read), those asked for with their own vector, the lists' records,
 * expected ids, and one by one expected metadata - equal values, then elements of lists - and what
 * exists behind its query's filter. What the server refuses of these leaves one record open. An
 * inquest without questions ends from the loop, too. `inquest` is borrowed and filled in. -ENOMEM,
 * http_client_submit()'s errors, and those of sd_event_add_defer(). */
_must_check_ int inquiry_start(struct http_client *client, const struct inquiry_target *target,
        struct inquest *inquest, inquiry_done_t done, inquiry_exchange_t exchange, void *userdata,
        struct inquiry **ret);
/* Cancels: the callback is not called any more. An ended inquiry is freed by this too, also from
 * within its callback. */
struct inquiry *inquiry_free(struct inquiry *i);
DEFINE_CLEANUP(struct inquiry *, inquiry_free)
