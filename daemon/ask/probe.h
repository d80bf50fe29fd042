/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The index probes: which live records search cannot reach, how much of a larger answer a normal
 * one finds, whether expected records find themselves. They cost more than a replay and are
 * scheduled apart from it. */

#include "ask/http_client.h"
#include "model/answer.h"
#include "model/health.h"
#include "model/query_set.h"
#include "model/vector_set.h"

#define PROBE_SELF_MAX 20 /* expected records asked for with their own vector */
#define PROBE_EXPECTED_MAX 1000 /* expected ids looked up */

/* Borrowed until the probe ended. */
struct probe_target {
        const char *label, *collection, *tenant, *database;
        const struct http_peer *peer;
        const struct query_set *queries;
        const struct vector_set *vectors; /* pinned */
        struct answer *const *answers; /* the last answers of the queries, NULL: none; not borrowed
                                          beyond probe_start() */
        unsigned results; /* k of recall@k */
        unsigned recall_results; /* the larger k that it is compared with */
        unsigned recall_queries; /* asked for it, at most */
        uint64_t records_max; /* of more live records only spots are asked for; 0: not even those */
};

struct probe_result {
        const char *failure; /* metric reason, static; NULL when successful */
        struct error error;
        struct index_health health; /* as far as it was found out; may be moved out */
};

struct probe;
typedef void (*probe_done_t)(struct probe_result *result, void *userdata);
typedef void (*probe_exchange_t)(const struct http_response *response, void *userdata);

/* Counts before and after: an ingest meanwhile makes reachability and recall unknown, not bad. */
_must_check_ int probe_start(struct http_client *client, const struct probe_target *target,
        probe_done_t done, probe_exchange_t exchange, void *userdata, struct probe **ret);
/* As survey_free(). */
struct probe *probe_free(struct probe *p);
DEFINE_CLEANUP(struct probe *, probe_free)
