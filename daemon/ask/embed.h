/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Asks an embedder for the vectors of texts, in batches, waiting as long as it asks (429 and 503
 * with Retry-After). What it refuses is halved down to the one text, which then has no vector while
 * the others have theirs. It compares nothing. */

#include "ask/embedding.h"
#include "ask/http_client.h"
#include "model/vector_set.h"

/* Tries of one batch, and the longest wait between them that is worth it; then it is unmeasured. */
#define EMBED_TRIES 4
#define EMBED_WAIT_MAX (60 * USEC_PER_SEC)

/* So many texts without a vector, when they are more than those with one, are not the texts' fault.
 */
#define EMBED_REFUSED_MAX 8

/* What an embedder was found to want, from one time to the next. Zeroed at first. */
struct embed_memory {
        bool plain; /* it refuses the dialect's option */
        size_t batch; /* the most texts in one request that it takes; 0: as configured */
};

/* Borrowed until it ended. */
struct embed_target {
        const char *name; /* the embedder's, for messages */
        const struct embedding_dialect *dialect;
        const struct http_peer *peer; /* with the whole URL: see embedding_url() */
        struct embedding_options options; /* `plain` aside, which is remembered */
        struct embed_memory *memory; /* not NULL */
        unsigned batch; /* texts in one request */
        const char *const *ids, *const *texts; /* count, e.g. of all canonical queries */
        size_t count;
};

/* A text that has no vector. */
struct embed_refusal {
        size_t text; /* its number in the target */
        char *reason; /* in the server's words: "HTTP 500: ..." */
};

struct embed_result {
        const char *failure; /* metric reason, static; NULL when there are vectors */
        struct error error;
        struct vector_set *vectors; /* by id; NULL on failure; may be moved out */
        struct embed_refusal *refusals; /* ascending by text */
        size_t refused;
};

struct embed;
typedef void (*embed_done_t)(struct embed_result *result, void *userdata);
typedef void (*embed_exchange_t)(const struct http_response *response, void *userdata);
_must_check_ int embed_start(sd_event *event, struct http_client *client,
        const struct embed_target *target, embed_done_t done, embed_exchange_t exchange,
        void *userdata, struct embed **ret);
/* As survey_free(). */
struct embed *embed_free(struct embed *e);
DEFINE_CLEANUP(struct embed *, embed_free)
