/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Looks up the suspects, the records that judge/suspects.h wants to know about: whether they exist,
 * whether their stored vectors moved, whether they find themselves, whether they have twins, what
 * their documents say - and fills in the findings. It decides nothing. Distances are computed from
 * the stored vectors. Chroma's filter by `ids` is never used in a query, because a record that is
 * gone makes it an error of the server. */

#include "ask/http_client.h"
#include "judge/attribution.h"

/* Of long expectations only the first ids are looked up: what else is wrong in the rest, these show
 * it. */
#define LOOKUP_EXPECTED_IDS 100
/* Expected records that are looked up by their metadata: three requests each at most. */
#define LOOKUP_BY_METADATA 5
/* Filters of queries, behind which records that left their answers are looked up. */
#define LOOKUP_FILTERS 4
/* Answers whose records are looked up with one request. */
#define LOOKUP_LISTS 16
/* By inner product a record need not be its own nearest: it is looked for among so many. */
#define LOOKUP_SELF_DEPTH 10

/* Borrowed until the lookup ended. */
struct lookup_target {
        const char *label, *tenant, *database;
        const char *collection_id; /* Chroma's UUID */
        const char *space; /* "l2", "cosine", "ip"; NULL: unknown, any of them may fit */
        const struct http_peer *peer;
        const struct query_set *set;
};

struct lookup;
/* `error` NULL: everything was looked up. Otherwise a sentence; what was found until then is in the
 * suspects. */
typedef void (*lookup_done_t)(struct suspects *suspects, const char *error, void *userdata);
typedef void (*lookup_exchange_t)(const struct http_response *response, void *userdata);

/* About 30 small requests at most, one after the other: the records that left, two pages of them
 * with vectors (twice when those cannot be read) and one without; those asked for with their own
 * vectors; the answers' records; expected ids, and expected metadata one by one; documents. Without
 * suspects it ends from the loop, too. `suspects` is borrowed and filled in. -ENOMEM,
 * http_client_submit()'s errors, and those of sd_event_add_defer(). */
_must_check_ int lookup_start(struct http_client *client, const struct lookup_target *target,
        struct suspects *suspects, lookup_done_t done, lookup_exchange_t exchange, void *userdata,
        struct lookup **ret);
/* Cancels: the callback is not called any more. An ended lookup is freed by this too, also from
 * within its callback. */
struct lookup *lookup_free(struct lookup *i);
DEFINE_CLEANUP(struct lookup *, lookup_free)
