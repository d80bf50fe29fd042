/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One replay: a survey of the collection, every canonical query that has a vector in batches of
 * those that share their filters, and a last count that tells whether records were written
 * meanwhile. A batch that the server refuses is halved until the queries are found that it refuses;
 * those stay unmeasured and the others are asked. It judges nothing and remembers nothing. */

#include "ask/bodies.h"
#include "ask/results.h"
#include "ask/survey.h"
#include "model/query_set.h"
#include "model/vector_set.h"

/* What to replay. Borrowed until the replay ended. */
struct replay_target {
        struct survey_target where;
        struct query_set *queries;
        struct vector_set *vectors; /* pinned; NULL: none yet */
        unsigned results, batch;
        struct bodies bodies; /* of the last replay; bodies_done() when there are no more */
};

/* A replay counts as successful when the server answered or refused every request and at least this
 * share of the queries that have a vector got a valid answer. */
#define REPLAY_VALID_SHARE 0.8

struct replay_result {
        const char *failure; /* metric reason, static; NULL when successful */
        struct error error; /* the sentence for it */
        bool reached; /* Chroma answered, not only a proxy before it */
        struct epoch epoch; /* before the queries; id NULL when the collection was not found */
        bool ingesting; /* records were written, or the collection was replaced, meanwhile */
        int64_t records_after; /* counted after the queries; -1: unknown, and so is whether records
                                  were written meanwhile */
        char *note; /* why it is unknown; NULL; owned */
        bool complete; /* the server answered or refused every query: asking again sooner or later
                          makes no difference */
        size_t refused; /* queries that the server refused */
        size_t batch; /* the largest request that the server took, where larger ones were refused
                         because of their size; 0: none was */
        size_t count; /* of queries */
        struct results_row *answers; /* count, in the order of the set. `unmeasured` of a refused
                                          one names it, its filters and the server's words; it lives
                                          as long as the result */
        usec_t started; /* wall clock */
        usec_t duration;
};

struct replay;
/* The result is the replay's and lives as long; take_ptr() answers out of it,
 * its epoch may be moved out. */
typedef void (*replay_done_t)(struct replay_result *result, void *userdata);
/* Called for each exchange with the server, for the latency histogram. */
typedef void (*replay_exchange_t)(const struct http_response *response, void *userdata);

_must_check_ int replay_start(struct http_client *client, struct replay_target *target,
        replay_done_t done, replay_exchange_t exchange, void *userdata, struct replay **ret);
/* Frees those answers that nobody took out of it, where that takes long for a loop. */
void replay_drop_answers(struct replay_result *result);
/* Cancels: the callback is not called any more. An ended replay is freed by this too, also from
 * within its callback, whose result is gone then. */
struct replay *replay_free(struct replay *replay);
DEFINE_CLEANUP(struct replay *, replay_free)
