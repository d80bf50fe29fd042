/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the configuration file says, key by key: the structures its table of keys fills. Strings and
 * nodes belong to the parsed file. What it means - files, secrets, references, defaults that depend
 * on other keys - is made of it by config.c and config_peer.c. */

#include "schema.h"
#include "tell/channel.h"

struct auth_keys {
        struct schema_place place;
        const char *scheme, *name, *credential, *secret_file;
};

struct tls_keys {
        struct schema_place place;
        const char *ca_file, *cert_file, *key_file, *server_name;
        bool insecure_skip_verify;
};

/* A server, an embedder, an Alertmanager or a receiver's channel; each has some of the keys. */
struct peer_keys {
        struct schema_place place;
        const char *name; /* of a server or an embedder */
        const char *tenant, *database; /* of a server, as the next */
        unsigned concurrency;
        const char *api, *model, *query_prefix; /* of an embedder, as the next three */
        unsigned batch;
        double limit;
        const struct yaml_node *body; /* of a webhook, too */
        const char *url, *url_file;
        const struct yaml_node *headers;
        struct auth_keys auth;
        const char *proxy;
        struct auth_keys proxy_auth; /* without scheme and name */
        struct tls_keys tls;
        usec_t timeout;
        const char *topic; /* of ntfy */
        const char *key_file, *credential; /* of a channel that has a key */
        const char *channel, *username; /* of Slack */
        const char *chat_id, *message_thread_id; /* of Telegram */
        struct auth_keys signature; /* of a webhook, without a name */
        const char *to, *from, *smarthost, *hello, *auth_username; /* of e-mail, as the next */
        bool require_tls, force_implicit_tls;
        bool send_resolved; /* of a channel, as what follows */
        unsigned max_alerts;
};

struct shard_keys {
        struct schema_place place;
        unsigned index, of;
};

struct replay_keys {
        struct schema_place place;
        struct shard_keys shard; /* not of a collection */
        usec_t interval, timeout, history, survey_interval, embed_interval;
        double server_share;
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
        struct schema_list channels[CHANNEL_COUNT]; /* struct peer_keys */
};

struct step_keys {
        struct schema_place place;
        usec_t after;
        const struct yaml_node *notify;
};

struct policy_keys {
        struct schema_place place;
        const struct yaml_node *severities;
        struct schema_list steps; /* struct step_keys */
        unsigned repeat;
        usec_t ack_timeout;
};

struct rule_keys {
        struct schema_place place; /* name is the rule's */
        bool enabled;
        const char *severity;
        usec_t for_usec, keep_firing_for_usec;
        double limit; /* NaN: the rule's */
};

struct lease_keys {
        struct schema_place place;
        const char *file;
        usec_t ttl;
};

struct ack_links_keys {
        struct schema_place place;
        usec_t expire;
};

struct flapping_keys {
        struct schema_place place;
        unsigned changes;
        usec_t window;
};

struct times_keys {
        struct schema_place place;
        const char *start, *end;
};

struct interval_keys {
        struct schema_place place;
        struct schema_list times; /* struct times_keys */
        const struct yaml_node *weekdays, *days, *months, *years; /* lists of strings */
        const char *location;
};

struct calendar_keys {
        struct schema_place place;
        const char *name;
        struct schema_list intervals; /* struct interval_keys */
};

/* A route; the first has only a receiver and further ones. */
struct branch_keys {
        struct schema_place place;
        const struct yaml_node *matchers, *mute, *active; /* lists of strings */
        const char *receiver;
        bool goes_on;
        struct schema_list branches; /* struct branch_keys */
};

struct alerting_keys {
        struct schema_place place;
        struct branch_keys route;
        struct schema_list calendars; /* struct calendar_keys */
        struct lease_keys lease;
        struct ack_links_keys ack_links;
        struct flapping_keys flapping;
        struct schema_list alertmanagers; /* struct peer_keys */
        struct schema_list receivers; /* struct receiver_keys */
        struct schema_list escalation; /* struct policy_keys */
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
        const struct yaml_node *hosts; /* strings */
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
