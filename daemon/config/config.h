/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The configuration: one table of keys - type, default, bounds, whether a reload applies it, one
 * line of documentation - from which the file is read and against which the reference is checked.
 * Loading also reads query sets, vectors and secrets, so that a configuration either is usable as a
 * whole or is refused with every reason. */

#include <stdbool.h>
#include <stddef.h>

#include "ask/embedding.h"
#include "digest.h"
#include "duration.h"
#include "error.h"
#include "http.h"
#include "judge/finding.h"
#include "model/bands.h"
#include "model/escalation.h"
#include "model/query_set.h"
#include "model/rule.h"
#include "model/shard.h"
#include "model/vector_set.h"
#include "tell/channel.h"
#include "tell/flap.h"
#include "tell/routing.h"

struct replay_config {
        usec_t interval, timeout, history;
        usec_t survey_interval; /* 0: never between replays */
        usec_t embed_interval; /* from one fresh embedding of the texts to the next */
        double server_share; /* of the server's time, for surveys and probes */
        unsigned results, batch;
};

/* The index probes, of every collection. */
struct probe_config {
        usec_t interval; /* 0: never */
        unsigned records_max, recall_results, recall_queries;
};

/* Counted by references, as embedders and collections: what a reload did not change goes on as it
 * is, whatever configuration it came with. */
struct server_config {
        unsigned references;
        char *name;
        struct http_peer peer; /* timeout: the default; each collection's own replaces it */
        char *tenant, *database;
};

struct embedder_config {
        unsigned references;
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
        unsigned references;
        char *name; /* Chroma's */
        char *label; /* in metrics and alerts; the name unless given */
        struct server_config *server; /* a reference, as the embedder */
        struct embedder_config *embedder; /* NULL: only pinned vectors are replayed */
        struct http_peer peer; /* the server's, with this collection's timeout; strings shared with
                                  it, not owned */
        struct replay_config replay;
        struct probe_config probes;
        struct finding_policy policy; /* how the daemon judges it */
        enum bands_source bands_source;
        struct bands bands; /* configured, or else the default while the space is unknown */
        struct query_set *queries;
        struct vector_set *vectors; /* NULL: those of the baseline, or of an embedder */
};
struct collection_config *collection_config_ref(struct collection_config *c);
struct collection_config *collection_config_unref(struct collection_config *c);

/* One that another daemon watches: what is left of it here. */
struct elsewhere_config {
        char *label, *name;
        struct server_config *server; /* a reference */
};

/* One way to tell a receiver. */
struct channel_config {
        const struct channel *channel;
        struct http_peer peer; /* its URL may have a query or a final slash: no path is appended */
        bool send_resolved;
        unsigned max_alerts;
        struct channel_settings settings;
};

struct receiver_config {
        char *name;
        struct channel_config *channels; /* by kind, then as in the file */
        size_t channel_count;
};

/* Which of several daemons tells receivers. */
struct lease_config {
        char *file; /* NULL: each tells them */
        usec_t ttl;
};

struct alerting_config {
        struct lease_config lease;
        struct channel_config *alertmanagers;
        size_t alertmanager_count;
        struct receiver_config *receivers;
        size_t receiver_count;
        struct escalation_policy *escalation; /* the first for a severity counts */
        size_t escalation_count;
        struct routing *routing; /* owned; NULL: every receiver hears of everything */
        struct rule rules[RULE_COUNT];
        struct flap_policy flapping;
        usec_t ack_expire; /* how long links are good; 0: there are none */
        usec_t resend_delay, repeat_interval;
        usec_t group_wait, group_interval; /* of an incident's first notification, of a change */
        unsigned query_alerts_max; /* alerts of single queries of one rule and collection */
        char *runbook_url; /* base of runbook_url annotations; NULL: our own, "": none */
};

struct config {
        char *path;
        char digest[DIGEST_TEXT_MAX]; /* SHA-256 of the file; "": not known */
        struct replay_config replay;
        struct server_config **servers;
        size_t server_count;
        struct embedder_config **embedders;
        size_t embedder_count;
        struct collection_config **collections;
        size_t collection_count;
        struct shard shard; /* as the file has it; 0 of 1 where it says nothing */
        struct elsewhere_config *elsewhere; /* by label; none without config_load_shard() */
        size_t elsewhere_count;
        struct alerting_config alerting;
        unsigned per_query_limit;
        usec_t ingest_grace; /* findings wait so long while an ingest is under way; 0: not at all */
        bool trust_loopback; /* local clients may change something */
        char **hosts; /* by which browsers may come */
        size_t host_count;
        struct errors warnings; /* files that root can read and the unit cannot, a sentence each */
};

/* Reads the file and everything it names. Every error found is added as "file:line:column:
 * path.of.key: sentence"; -EBADMSG then. Query sets and vectors that are as in `before`, an earlier
 * configuration or NULL, are the same objects in both; nothing else of it is looked at, so that
 * another thread may do this while `before` is in use. */
_must_check_ int config_load(
        const char *path, const struct config *before, struct config **ret, struct errors *errors);
/* The same with the file's content given; what it names is still read, relative to `path`. */
_must_check_ int config_parse(const char *path, const char *data, size_t size,
        const struct config *before, struct config **ret, struct errors *errors);
/* For a daemon: the same, but it keeps only the collections of `shard`, or when that is not given
 * of the file's; the others are checked and leave their names. */
_must_check_ int config_load_shard(const char *path, const struct shard *shard,
        const struct config *before, struct config **ret, struct errors *errors);
/* Whether another daemon watches the collection with this label. */
bool config_elsewhere(const struct config *c, const char *label);
/* Whether a configuration that was loaded after `before`, and shares with it what objects.h says,
 * says nothing else: the content that was read is the same, file, query sets, vectors and secrets.
 */
bool config_equal(const struct config *c, const struct config *before);
/* The `i`-th of all that a configuration talks to: servers, embedders, Alertmanagers, channels;
 * NULL beyond the end. */
const struct http_peer *config_peer(const struct config *c, size_t i);
/* The `i`-th channel of all receivers; NULL beyond the end. */
const struct channel_config *config_channel(const struct config *c, size_t i);
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
