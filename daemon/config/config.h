/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The configuration: one table of keys - type, default, bounds, whether a reload applies it, one
 * line of documentation - from which the file is read and against which the reference is checked.
 * Loading also reads query sets, vectors and secrets, so that a configuration either is usable as a
 * whole or is refused with every reason. */

#include <stdbool.h>
#include <stddef.h>

#include "ask/embedding.h"
#include "duration.h"
#include "error.h"
#include "http.h"
#include "judge/finding.h"
#include "model/bands.h"
#include "model/query_set.h"
#include "model/rule.h"
#include "model/vector_set.h"

struct replay_config {
        usec_t interval, timeout, history;
        usec_t survey_interval; /* 0: never between replays */
        usec_t embed_interval; /* from one fresh embedding of the texts to the next */
        unsigned results, batch;
};

/* The index probes, of every collection. */
struct probe_config {
        usec_t interval; /* 0: never */
        unsigned records_max, recall_results, recall_queries;
};

struct server_config {
        char *name;
        struct http_peer peer; /* timeout: the default; each collection's own replaces it */
        char *tenant, *database;
};

struct embedder_config {
        char *name;
        const struct embedding_dialect *dialect;
        struct http_peer peer; /* its URL is that of a request */
        char *model;
        char *query_prefix; /* NULL: none */
        json_t *body; /* further members of a request; NULL: none */
        double limit; /* 1 - cos above which a vector is another one */
        unsigned batch; /* texts in one request */
};

struct collection_config {
        char *name; /* Chroma's */
        char *label; /* in metrics and alerts; the name unless given */
        const struct server_config *server;
        const struct embedder_config *embedder; /* NULL: only pinned vectors are replayed */
        struct http_peer peer; /* the server's, with this collection's timeout; strings shared with
                                  it, not owned */
        struct replay_config replay;
        struct probe_config probes;
        struct finding_policy policy; /* how the daemon judges it */
        enum bands_source bands_source;
        struct bands bands; /* configured, or else the default while the space is unknown */
        struct query_set *queries;
        struct vector_set *vectors; /* NULL: those of the baseline, or of an embedder */
        bool embedder_gates; /* an embedder that cannot be asked leaves the gate unmeasured */
};

struct webhook_config {
        struct http_peer peer; /* its URL may have a query or a final slash: no path is appended */
        bool send_resolved;
        unsigned max_alerts;
};

struct receiver_config {
        char *name;
        struct webhook_config *webhooks;
        size_t webhook_count;
};

struct alerting_config {
        struct http_peer *alertmanagers;
        size_t alertmanager_count;
        struct receiver_config *receivers;
        size_t receiver_count;
        struct rule rules[RULE_COUNT];
        usec_t resend_delay, repeat_interval;
        usec_t group_wait, group_interval; /* of an incident's first notification, of a change */
        unsigned query_alerts_max; /* alerts of single queries of one rule and collection */
        char *runbook_url; /* base of runbook_url annotations; NULL: no such annotation */
};

struct config {
        char *path;
        struct replay_config replay;
        struct server_config *servers;
        size_t server_count;
        struct embedder_config *embedders;
        size_t embedder_count;
        struct collection_config *collections;
        size_t collection_count;
        struct alerting_config alerting;
        unsigned per_query_limit;
        usec_t ingest_grace; /* findings wait so long while an ingest is under way; 0: not at all */
        bool trust_loopback; /* local clients may change something */
        struct errors warnings; /* files that root can read and the unit cannot, a sentence each */
};

/* Reads the file and everything it names. Every error found is added as "file:line:column:
 * path.of.key: sentence"; -EBADMSG then. */
_must_check_ int config_load(const char *path, struct config **ret, struct errors *errors);
/* The same with the file's content given; what it names is still read, relative to `path`. */
_must_check_ int config_parse(const char *path, const char *data, size_t size, struct config **ret,
        struct errors *errors);
struct config *config_free(struct config *c);
DEFINE_CLEANUP(struct config *, config_free)

/* One row of the table, for the documentation's test. */
struct config_key_info {
        const char *path; /* "collections[].bands[].below", "alerting.rules.<rule>.for" */
        const char *type; /* "duration", "integer", … */
        const char *fallback; /* as written in YAML; NULL: required or none */
        const char *inherits; /* what counts when it is absent: another key's path or "the rule" */
        bool required, reloadable;
        const char *bounds; /* "1ms … 1d"; NULL for none */
        const char *doc;
};
/* Enough for path and bounds. */
#define CONFIG_KEY_TEXT_MAX 256
/* The `i`-th row; false beyond the end. `buffer` holds the texts of path and bounds. */
bool config_key_info(size_t i, struct config_key_info *ret, char *buffer, size_t size);
