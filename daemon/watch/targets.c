/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/targets.h"

struct targets targets_of(const struct collection_config *c)
{
        const struct server_config *s = c->server;

        return (struct targets){
                .replay = {.queries = c->queries,
                        .results = c->replay.results,
                        .batch = c->replay.batch},
                .survey = {.label = c->label,
                        .collection = c->name,
                        .tenant = s->tenant,
                        .database = s->database,
                        .peer = &c->peer},
                .probe = {.label = c->label,
                        .collection = c->name,
                        .tenant = s->tenant,
                        .database = s->database,
                        .peer = &c->peer,
                        .queries = c->queries,
                        .results = c->replay.results,
                        .recall_results = c->probes.recall_results,
                        .recall_queries = c->probes.recall_queries,
                        .records_max = c->probes.records_max},
                .lookup = {.label = c->label,
                        .tenant = s->tenant,
                        .database = s->database,
                        .peer = &c->peer,
                        .set = c->queries},
        };
}
