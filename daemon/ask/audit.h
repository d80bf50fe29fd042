/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The exact audit: pages every embedding of a collection, finds the true neighbours by brute force
 * and compares. For commands, never for the daemon: reading a large collection takes the processor
 * for seconds. */

#include "ask/http_client.h"
#include "judge/knn.h"
#include "model/answer.h"
#include "model/query_set.h"
#include "model/vector_set.h"

/* Bytes of embeddings in one page, as floats; the server answers with about four times as much. */
#define AUDIT_PAGE_BYTES (4U << 20)

/* Borrowed until the audit ended. */
struct audit_target {
        const char *label, *tenant, *database, *collection_id, *space;
        const struct http_peer *peer;
        const struct query_set *queries; /* those with filters are left out */
        const struct vector_set *vectors;
        struct answer *const *answers; /* what search returned for query i, NULL: none */
        unsigned results;
        void (*progress)(uint64_t read, uint64_t records, void *userdata); /* NULL: nobody asks */
};

struct audit_result {
        const char *failure; /* metric reason, static; NULL when successful */
        struct error error;
        uint64_t records; /* read */
        size_t queries; /* audited */
        double recall; /* mean recall@k by id; NaN */
        double recall_by_distance; /* a returned record as near as the true k-th counts; NaN */
        size_t worst; /* index of the query with the lowest recall; SIZE_MAX */
        double worst_recall;
};

struct audit;
typedef void (*audit_done_t)(struct audit_result *result, void *userdata);
_must_check_ int audit_start(struct http_client *client, const struct audit_target *target,
        audit_done_t done, void *userdata, struct audit **ret);
/* As survey_free(). */
struct audit *audit_free(struct audit *a);
DEFINE_CLEANUP(struct audit *, audit_free)
