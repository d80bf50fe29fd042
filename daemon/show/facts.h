/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What judging found, as JSON: the cause and its evidence, the shift from the baseline, the state
 * of the index, the embedder, the quality figures. The API, the gate and the report put these
 * objects into theirs. New references, NULL when memory is short; unknown numbers are null, never
 * 0. */

#include <jansson.h>

#include "model/view.h"

/* {"cause": "REMOVED", "meaning", "action", "evidence": "sentence", "counts": {...}}, and of
 * `fates`, unless it is NULL, "causes": [{"cause", "queries", "records"}] and by fate "records":
 * {"gone": {"count", "ids": [...], "excerpts": [...]}}; null when the cause is unknown. */
json_t *facts_cause(const struct attribution *a, const struct fates *fates);
/* The findings: {"kind", "query" (null: of the collection), "severity", "effect", "cause", "since",
 * "seen", "state", "sentence"}. */
json_t *facts_findings(const struct collection_view *c);
/* Why nobody is told of some of them yet, and until when; null when none waits. */
json_t *facts_waiting(const struct collection_view *c);
/* Names, in their order. */
json_t *facts_cause_names(const enum cause *causes, size_t count);
/* Those of a collection, the main one first. */
json_t *facts_causes(const struct collection_view *c);
/* What people are told about together; null when nothing is wrong. */
json_t *facts_incident(const struct collection_view *c);
json_t *facts_incident_view(const struct incident_view *i);
/* Set-level shift, moved queries, overlap; null without a baseline. */
json_t *facts_drift(const struct collection_view *c);
json_t *facts_index(const struct index_health *h);
/* null without an embedder. */
json_t *facts_embedder(const struct embedder_view *e);
/* hit@k, MRR, nDCG@k, recall@k and pass share: of the whole set, and in "tags" of every value of
 * every tag; of the first 200 values, with the number of other queries' tags in "unlisted_tags". */
json_t *facts_quality(const struct collection_view *c);
/* {"reason", "until": "2027-01-31"}, the last day; null for a query that is not known to fail. */
json_t *facts_known_failing(const struct query *q);
/* Who approved which baseline when and why, and what it holds in numbers; null without one. */
json_t *facts_baseline(const struct baseline *b);
/* {"index", "of", "elsewhere"}: which of the collections that are configured are these. */
json_t *facts_shard(const struct view *v);
/* {"held", "holder", "error"}; null without a lease. */
json_t *facts_lease(const struct view *v);
/* [{"server", "url", "unwatched": {"count", "names", "listed"}, "error"}]: what is known of the
 * collections that nobody watches; null while it is not, then with the reason, if there is one. */
json_t *facts_servers(const struct view *v);
/* Of one query: baseline distances, shifts, whether it moved, overlap; null when not compared. */
json_t *facts_query(const struct query_drift *q);
