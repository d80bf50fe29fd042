/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is wanted of answers before they are approved: the documents and metadata of the records
 * that were found, and answers to the same queries that reach deeper. For commands, never for the
 * daemon. It keeps nothing and judges nothing. */

#include "ask/chroma.h"
#include "ask/exchange.h"

/* Records of one request: at 150 kB a document, 15 MB. */
#define CLOSEUP_PAGE 100
/* How deep a query is looked into: more than a person pages through. */
#define CLOSEUP_RESULTS 100
/* Questions of one request, at most. */
#define CLOSEUP_BATCH 32

/* Those of the same depth and filters that stand side by side are asked together. */
struct closeup_question {
        const float *vector;
        const char *where, *where_document; /* NULL: none */
        unsigned results; /* how deep */
};

/* Borrowed until the end. */
struct closeup_target {
        const char *label, *tenant, *database, *collection_id;
        const struct http_peer *peer;
        const char *const *ids; /* of records, each once */
        size_t id_count;
        const struct closeup_question *questions;
        size_t question_count;
        unsigned dimension;
        bool metadata; /* wanted of what answers the questions */
};

struct closeup_handler {
        /* A record that there is; `metadata` NULL or null for none, `document` NULL for none. */
        int (*record)(const char *id, const json_t *metadata, const char *document, size_t size,
                void *userdata);
        /* The answer to a question; borrowed. One that cannot be used is passed over. */
        int (*answer)(size_t question, const struct answer *answer, void *userdata);
        /* `error` NULL: everything was seen. Valid during the call. */
        void (*done)(const char *error, void *userdata);
        void *userdata;
};

struct closeup;
/* Calls back from the loop only; a negative errno of a handler ends it. -ENODATA when nothing is to
 * be asked, -ENOMEM, or as http_client_submit(). */
_must_check_ int closeup_start(struct http_client *client, const struct closeup_target *target,
        const struct closeup_handler *handler, struct closeup **ret);
/* Cancels without calling back; also from within done(). */
struct closeup *closeup_free(struct closeup *c);
DEFINE_CLEANUP(struct closeup *, closeup_free)
