/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the configuration file says, key by key: the structures its table of keys fills. Strings and
 * nodes belong to the parsed file. What it means - files, secrets, references, defaults that depend
 * on other keys - is made of it by config.c and config_peer.c. */

#include "schema.h"

struct auth_keys {
        struct schema_place place;
        const char *scheme, *name, *credential, *secret_file;
};

struct tls_keys {
        struct schema_place place;
        const char *ca_file, *cert_file, *key_file, *server_name;
        bool insecure_skip_verify;
};

/* A server, an embedder, an Alertmanager or a webhook; each has some of the keys. */
struct peer_keys {
        struct schema_place place;
        const char *name; /* of a server or an embedder */
        const char *tenant, *database; /* of a server */
        const char *api, *model, *query_prefix; /* of an embedder, as the next three */
        unsigned batch;
        double limit;
        const struct yaml_node *body;
        const char *url, *url_file;
        const struct yaml_node *headers;
        struct auth_keys auth;
        const char *proxy;
        struct auth_keys proxy_auth; /* without scheme and name */
        struct tls_keys tls;
        usec_t timeout;
        bool send_resolved; /* of a webhook, as what follows */
        unsigned max_alerts;
};

struct replay_keys {
        struct schema_place place;
        usec_t interval, timeout, history, survey_interval, embed_interval;
        unsigned results, batch;
};

struct band_keys {
        struct schema_place place;
        const char *name;
        double below;
};

struct collection_keys {
        struct schema_place place;
        const char *name, *label, *server, *queries, *vectors, *embedder;
        struct schema_list bands; /* struct band_keys */
        struct replay_keys replay; /* of the collection itself; absent where it has none */
        bool embedder_gates;
};

struct receiver_keys {
        struct schema_place place;
        const char *name;
        struct schema_list webhooks; /* struct peer_keys */
};

struct rule_keys {
        struct schema_place place; /* name is the rule's */
        bool enabled;
        const char *severity;
        usec_t for_usec, keep_firing_for_usec;
        double limit; /* NaN: the rule's */
};

struct alerting_keys {
        struct schema_place place;
        struct schema_list alertmanagers; /* struct peer_keys */
        struct schema_list receivers; /* struct receiver_keys */
        struct schema_list rules; /* struct rule_keys */
        usec_t resend_delay, repeat_interval, group_wait, group_interval;
        unsigned query_alerts_max;
        const char *runbook_url;
};

struct ingest_keys {
        struct schema_place place;
        usec_t grace;
};

struct web_keys {
        struct schema_place place;
        bool trust_loopback;
};

struct metrics_keys {
        struct schema_place place;
        unsigned per_query_limit;
};

struct probe_keys {
        struct schema_place place;
        usec_t interval;
        unsigned records_max, recall_results, recall_queries;
};

struct config_keys {
        struct schema_place place;
        struct replay_keys replay;
        struct probe_keys probes;
        struct schema_list servers; /* struct peer_keys, as the next */
        struct schema_list embedders;
        struct schema_list collections; /* struct collection_keys */
        struct alerting_keys alerting;
        struct metrics_keys metrics;
        struct ingest_keys ingest;
        struct web_keys web;
};

extern const struct schema config_schema;
