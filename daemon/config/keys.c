/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include <float.h>

#include "config/config.h"
#include "config/peer.h"
#include "model/bands.h"

/* Names in metrics and alerts; longer ones make series nobody can read. */
#define NAME_MAX_BYTES 200
#define RESULTS_MAX 1000
#define BATCH_MAX 1000
/* Nobody looks further back in memory; the run-length history stays small for that long. */
#define HISTORY_MAX (60.0 * (double)USEC_PER_DAY)
#define ALERTS_SHOWN_MAX 10000
#define PER_QUERY_LIMIT_MAX 100000
/* Distances and shares; beyond this a rule could as well be switched off. */
#define LIMIT_MAX 1000
/* Alerts of single queries that anybody reads one by one. */
#define QUERY_ALERTS_MAX 1000
/* A probe asks for that many records in one answer; at 60 bytes an id it is half the largest
 * answer that is read. */
#define PROBE_RECORDS_MAX 2000000

#define KEY(structure, field, key_name, key_type, ...) \
        { \
                .name = key_name, .type = key_type, .offset = offsetof(struct structure, field), \
                __VA_ARGS__ \
        }
#define SCHEMA(table, structure) \
        { \
                table, ARRAY_SIZE(table), sizeof(struct structure) \
        }
#define BETWEEN(low, high) .min = (double)(low), .max = (double)(high)
#define NAME_CHECKED BETWEEN(1, NAME_MAX_BYTES), .check = schema_check_value

/* The same keys, once with defaults and once as a collection's own. */
#define INTERVAL_BOUNDS BETWEEN(100 * USEC_PER_MSEC, USEC_PER_DAY)
#define TIMEOUT_BOUNDS BETWEEN(10 * USEC_PER_MSEC, 10 * USEC_PER_MINUTE)
#define HISTORY_BOUNDS BETWEEN(USEC_PER_MINUTE, HISTORY_MAX)
#define SURVEY_BOUNDS BETWEEN(0, USEC_PER_DAY)
#define EMBED_BOUNDS BETWEEN(0, 30 * USEC_PER_DAY)

static const struct schema_key replay_table[] = {
        KEY(replay_keys, interval, "interval", SCHEMA_DURATION, .fallback = "5m", INTERVAL_BOUNDS,
                .doc = "Time from one replay of a collection to the next."),
        KEY(replay_keys, timeout, "timeout", SCHEMA_DURATION, .fallback = "10s", TIMEOUT_BOUNDS,
                .doc = "Time one request may take in total."),
        KEY(replay_keys, results, "results", SCHEMA_INTEGER, .fallback = "10",
                BETWEEN(1, RESULTS_MAX), .doc = "Records asked for per query."),
        KEY(replay_keys, batch, "batch", SCHEMA_INTEGER, .fallback = "32", BETWEEN(1, BATCH_MAX),
                .doc = "Query vectors in one request."),
        KEY(replay_keys, history, "history", SCHEMA_DURATION, .fallback = "7d", HISTORY_BOUNDS,
                .doc = "How far back the answers are remembered."),
        KEY(replay_keys, survey_interval, "survey_interval", SCHEMA_DURATION, .fallback = "30s",
                SURVEY_BOUNDS,
                .doc = "How often a collection is looked at for an ingest between replays; one "
                       "that is seen is replayed at once, unless the last five looks each "
                       "saw one, and so is its end. 0s for never."),
        KEY(replay_keys, embed_interval, "embed_interval", SCHEMA_DURATION, .fallback = "1h",
                EMBED_BOUNDS,
                .doc = "How often an embedder is asked for fresh vectors; never more often than "
                       "the queries are replayed."),
};
static const struct schema replay_schema = SCHEMA(replay_table, replay_keys);

static const char *const chroma_schemes[] = {"token", "bearer", "basic", "header", NULL};
static const char *const http_schemes[] = {"bearer", "basic", "header", NULL};

#define SECRET_KEYS \
        KEY(auth_keys, credential, "credential", SCHEMA_STRING, .check = schema_check_value, \
                .doc = "Name of the secret's file in `$CREDENTIALS_DIRECTORY`."), \
                KEY(auth_keys, secret_file, "secret_file", SCHEMA_STRING, .kind = "path", \
                        .check = schema_check_value, \
                        .doc = "File whose first line is the secret.")
#define AUTH_KEYS(schemes, explanation) \
        KEY(auth_keys, scheme, "scheme", SCHEMA_WORD, .required = true, .words = schemes, \
                .doc = explanation), \
                KEY(auth_keys, name, "name", SCHEMA_STRING, .check = schema_check_value, \
                        .doc = "Name of the header with `scheme: header`, such as `api-key`."), \
                SECRET_KEYS

static const struct schema_key proxy_auth_table[] = {SECRET_KEYS};
static const struct schema proxy_auth_schema = SCHEMA(proxy_auth_table, auth_keys);

static const struct schema_key chroma_auth_table[] = {
        AUTH_KEYS(chroma_schemes,
                "How the secret is sent: `X-Chroma-Token`, `Authorization: "
                "Bearer`, user and password, or a header of another name."),
};
static const struct schema chroma_auth_schema = SCHEMA(chroma_auth_table, auth_keys);

static const struct schema_key http_auth_table[] = {
        AUTH_KEYS(http_schemes,
                "How the secret is sent: `Authorization: Bearer`, user and "
                "password, or a header of another name."),
};
static const struct schema http_auth_schema = SCHEMA(http_auth_table, auth_keys);

static const struct schema_key tls_table[] = {
        KEY(tls_keys, ca_file, "ca_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value,
                .doc = "Certificates to trust instead of the system's, PEM."),
        KEY(tls_keys, cert_file, "cert_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value, .doc = "Client certificate, PEM; needs `key_file`."),
        KEY(tls_keys, key_file, "key_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value, .doc = "Key of the client certificate, PEM."),
        KEY(tls_keys, server_name, "server_name", SCHEMA_STRING, .check = schema_check_value,
                .doc = "Name expected in the certificate, if it is not the URL's host."),
        KEY(tls_keys, insecure_skip_verify, "insecure_skip_verify", SCHEMA_BOOLEAN,
                .fallback = "false",
                .doc = "Accept any certificate. Anybody on the way can then read the secret."),
};
static const struct schema tls_schema = SCHEMA(tls_table, tls_keys);

#define PEER_KEYS(auth_schema) \
        KEY(peer_keys, headers, "headers", SCHEMA_STRING_MAP, \
                .doc = "Headers sent with each request. Not for secrets."), \
                KEY(peer_keys, auth, "auth", SCHEMA_OBJECT, .object = &(auth_schema), \
                        .doc = "How to authenticate."), \
                KEY(peer_keys, proxy, "proxy", SCHEMA_STRING, .kind = "URL", \
                        .check = url_check_proxy, .doc = "HTTP proxy that requests go through."), \
                KEY(peer_keys, proxy_auth, "proxy_auth", SCHEMA_OBJECT, \
                        .object = &proxy_auth_schema, \
                        .doc = "Where `user:password` for the proxy is, if it wants one."), \
                KEY(peer_keys, tls, "tls", SCHEMA_OBJECT, .object = &tls_schema, \
                        .doc = "For `https://` only.")

static const struct schema_key server_table[] = {
        KEY(peer_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "What collections call it; a label of metrics."),
        KEY(peer_keys, url, "url", SCHEMA_STRING, .required = true, .kind = "URL",
                .check = url_check_base, .doc = "Where Chroma listens, without `/api/v2`."),
        KEY(peer_keys, tenant, "tenant", SCHEMA_STRING, .fallback = "default_tenant", NAME_CHECKED,
                .doc = "Chroma's tenant."),
        KEY(peer_keys, database, "database", SCHEMA_STRING, .fallback = "default_database",
                NAME_CHECKED, .doc = "Chroma's database."),
        PEER_KEYS(chroma_auth_schema),
};
static const struct schema server_schema = SCHEMA(server_table, peer_keys);

static const char *const embedding_apis[] = {"openai", "ollama", "tei", NULL};

static const struct schema_key embedder_table[] = {
        KEY(peer_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "What collections call it."),
        KEY(peer_keys, api, "api", SCHEMA_WORD, .required = true, .words = embedding_apis,
                .doc = "What it speaks: `/v1/embeddings`, Ollama's `/api/embed`, or `/embed` of "
                       "text-embeddings-inference."),
        KEY(peer_keys, url, "url", SCHEMA_STRING, .required = true, .kind = "URL",
                .check = url_check_target,
                .doc = "Where it listens; with a query it is the whole URL of a request."),
        KEY(peer_keys, model, "model", SCHEMA_STRING, NAME_CHECKED,
                .doc = "The model's name there; needed unless `api` is `tei`."),
        KEY(peer_keys, query_prefix, "query_prefix", SCHEMA_STRING, .check = schema_check_text,
                .doc = "Put before each text, such as `query: `."),
        KEY(peer_keys, body, "body", SCHEMA_MAPPING, .check = schema_check_text,
                .doc = "Further members of the request, such as `dimensions`."),
        KEY(peer_keys, limit, "limit", SCHEMA_NUMBER, .fallback = "0.0002", BETWEEN(0, 2),
                .doc = "1 - cos of the pinned and the fresh vector above which it is another one."),
        KEY(peer_keys, timeout, "timeout", SCHEMA_DURATION, .fallback = "30s", TIMEOUT_BOUNDS,
                .doc = "Time one request may take in total."),
        KEY(peer_keys, batch, "batch", SCHEMA_INTEGER, .fallback = "32", BETWEEN(1, BATCH_MAX),
                .doc = "Texts in one request; halved when the embedder refuses that many."),
        PEER_KEYS(http_auth_schema),
};
static const struct schema embedder_schema = SCHEMA(embedder_table, peer_keys);

static const struct schema_key band_table[] = {
        KEY(band_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "Its name in metrics and alerts."),
        KEY(band_keys, below, "below", SCHEMA_NUMBER, BETWEEN(-(double)FLT_MAX, FLT_MAX),
                .doc = "Distances from the band before up to this one; the last band has none."),
};
static const struct schema band_schema = SCHEMA(band_table, band_keys);

static const char *const band_words[] = {"auto", NULL};

static const struct schema_key collection_table[] = {
        KEY(collection_keys, name, "name", SCHEMA_STRING, .required = true,
                .check = schema_check_value, .doc = "Chroma's name of the collection."),
        KEY(collection_keys, server, "server", SCHEMA_STRING, .check = schema_check_value,
                .doc = "Name of its server; needed when there are several."),
        KEY(collection_keys, queries, "queries", SCHEMA_STRING, .required = true, .kind = "path",
                .check = schema_check_value, .doc = "The canonical query set, YAML or JSON."),
        KEY(collection_keys, vectors, "vectors", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value, .doc = "The pinned vectors of the queries, JSON."),
        KEY(collection_keys, embedder, "embedder", SCHEMA_STRING, .check = schema_check_value,
                .doc = "Name of the embedder that is watched with it."),
        KEY(collection_keys, label, "label", SCHEMA_STRING, NAME_CHECKED,
                .inherits = "collections[].name",
                .doc = "Its name in metrics and alerts; unique in the file."),
        KEY(collection_keys, bands, "bands", SCHEMA_OBJECTS, .object = &band_schema,
                BETWEEN(0, BANDS_MAX),
                .fallback = "[{name: excellent, below: 0.8}, {name: good, below: 1.0}, "
                            "{name: okay, below: 1.2}, {name: poor}]",
                .words = band_words,
                .doc = "Named ranges of distance, best first; or `auto` for those that were approved "
                       "with the baseline. The default is half of that on `cosine` and `ip`."),
        KEY(collection_keys, replay.interval, "interval", SCHEMA_DURATION, INTERVAL_BOUNDS,
                .inherits = "replay.interval", .doc = "As in `replay`, for this collection."),
        KEY(collection_keys, replay.timeout, "timeout", SCHEMA_DURATION, TIMEOUT_BOUNDS,
                .inherits = "replay.timeout", .doc = "As in `replay`, for this collection."),
        KEY(collection_keys, replay.results, "results", SCHEMA_INTEGER, BETWEEN(1, RESULTS_MAX),
                .inherits = "replay.results", .doc = "As in `replay`, for this collection."),
        KEY(collection_keys, replay.batch, "batch", SCHEMA_INTEGER, BETWEEN(1, BATCH_MAX),
                .inherits = "replay.batch", .doc = "As in `replay`, for this collection."),
        KEY(collection_keys, replay.history, "history", SCHEMA_DURATION, HISTORY_BOUNDS,
                .inherits = "replay.history", .doc = "As in `replay`, for this collection."),
        KEY(collection_keys, replay.survey_interval, "survey_interval", SCHEMA_DURATION,
                SURVEY_BOUNDS, .inherits = "replay.survey_interval",
                .doc = "As in `replay`, for this collection."),
        KEY(collection_keys, replay.embed_interval, "embed_interval", SCHEMA_DURATION, EMBED_BOUNDS,
                .inherits = "replay.embed_interval", .doc = "As in `replay`, for this collection."),
        KEY(collection_keys, embedder_gates, "embedder_gates", SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Whether `check` calls the collection unmeasured when its embedder cannot "
                       "be asked."),
};
static const struct schema collection_schema = SCHEMA(collection_table, collection_keys);

#define PEER_TIMEOUT \
        KEY(peer_keys, timeout, "timeout", SCHEMA_DURATION, .fallback = "10s", TIMEOUT_BOUNDS, \
                .doc = "Time one request may take in total.")

static const struct schema_key alertmanager_table[] = {
        KEY(peer_keys, url, "url", SCHEMA_STRING, .required = true, .kind = "URL",
                .check = url_check_base, .doc = "Where it listens, without `/api/v2`."),
        PEER_TIMEOUT,
        PEER_KEYS(http_auth_schema),
};
static const struct schema alertmanager_schema = SCHEMA(alertmanager_table, peer_keys);

static const struct schema_key webhook_table[] = {
        KEY(peer_keys, url, "url", SCHEMA_STRING, .kind = "URL", .check = url_check_target,
                .doc = "Where notifications are posted. Either this or `url_file`."),
        KEY(peer_keys, url_file, "url_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value,
                .doc = "File whose first line is the URL, when the URL is a secret."),
        KEY(peer_keys, send_resolved, "send_resolved", SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Whether the end of an alert is told too."),
        KEY(peer_keys, max_alerts, "max_alerts", SCHEMA_INTEGER, .fallback = "0",
                BETWEEN(0, ALERTS_SHOWN_MAX), .doc = "Alerts in one notification; 0 for all."),
        PEER_TIMEOUT,
        PEER_KEYS(http_auth_schema),
};
static const struct schema webhook_schema = SCHEMA(webhook_table, peer_keys);

static const struct schema_key receiver_table[] = {
        KEY(receiver_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "Its name in payloads, metrics and `notify-test`."),
        KEY(receiver_keys, webhooks, "webhook_configs", SCHEMA_OBJECTS, .object = &webhook_schema,
                .doc = "Webhooks that take Alertmanager's version-4 payload."),
};
static const struct schema receiver_schema = SCHEMA(receiver_table, receiver_keys);

static const char *const severities[] = {"critical", "warning", "info", NULL};

static const struct schema_key rule_table[] = {
        KEY(rule_keys, enabled, "enabled", SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Whether the rule is evaluated."),
        KEY(rule_keys, severity, "severity", SCHEMA_WORD, .words = severities,
                .inherits = "the rule", .doc = "Label of its alerts."),
        KEY(rule_keys, for_usec, "for", SCHEMA_DURATION, BETWEEN(0, 30 * USEC_PER_DAY),
                .inherits = "the rule", .doc = "How long the condition must last before it fires."),
        KEY(rule_keys, keep_firing_for_usec, "keep_firing_for", SCHEMA_DURATION,
                BETWEEN(0, 30 * USEC_PER_DAY), .inherits = "the rule",
                .doc = "How long it goes on firing after the condition ended."),
        KEY(rule_keys, limit, "limit", SCHEMA_NUMBER, BETWEEN(0, LIMIT_MAX), .inherits = "the rule",
                .doc = "The rule's own limit, where it has one: see docs/alerts.md."),
};
static const struct schema rule_schema = SCHEMA(rule_table, rule_keys);

static const char *rule_name_at(size_t i)
{
        return i < RULE_COUNT ? rule_defaults[i].name : NULL;
}

static const struct schema_key alerting_table[] = {
        KEY(alerting_keys, alertmanagers, "alertmanagers", SCHEMA_OBJECTS,
                .object = &alertmanager_schema,
                .doc = "Alertmanagers; every one gets every alert."),
        KEY(alerting_keys, receivers, "receivers", SCHEMA_OBJECTS, .object = &receiver_schema,
                .doc = "Who is told directly, without an Alertmanager."),
        KEY(alerting_keys, rules, "rules", SCHEMA_NAMED, .object = &rule_schema,
                .name_at = rule_name_at, .item = "<rule>", .doc = "Changes to built-in rules."),
        KEY(alerting_keys, resend_delay, "resend_delay", SCHEMA_DURATION, .fallback = "1m",
                BETWEEN(USEC_PER_SEC, USEC_PER_HOUR),
                .doc = "How often Alertmanagers hear of an alert that goes on."),
        KEY(alerting_keys, repeat_interval, "repeat_interval", SCHEMA_DURATION, .fallback = "4h",
                BETWEEN(USEC_PER_MINUTE, 30 * USEC_PER_DAY),
                .doc = "How often receivers hear of an alert that goes on."),
        KEY(alerting_keys, group_wait, "group_wait", SCHEMA_DURATION, .fallback = "30s",
                BETWEEN(0, USEC_PER_HOUR),
                .doc = "How long a new incident waits for what belongs to it before receivers "
                       "hear of it."),
        KEY(alerting_keys, group_interval, "group_interval", SCHEMA_DURATION, .fallback = "5m",
                BETWEEN(USEC_PER_SEC, USEC_PER_DAY),
                .doc = "How long a change of an incident that receivers know waits for more."),
        KEY(alerting_keys, query_alerts_max, "query_alerts_max", SCHEMA_INTEGER, .fallback = "5",
                BETWEEN(1, QUERY_ALERTS_MAX),
                .doc = "Alerts of single queries that a rule has at once; beyond that they are "
                       "one alert of the collection."),
        KEY(alerting_keys, runbook_url, "runbook_url", SCHEMA_STRING, .kind = "URL",
                .check = url_check_link,
                .doc = "Base of the `runbook_url` annotation; the alert's name is appended."),
};
static const struct schema alerting_schema = SCHEMA(alerting_table, alerting_keys);

static const struct schema_key metrics_table[] = {
        KEY(metrics_keys, per_query_limit, "per_query_limit", SCHEMA_INTEGER, .fallback = "200",
                BETWEEN(0, PER_QUERY_LIMIT_MAX),
                .doc = "Queries of a collection up to which each has series of its own."),
};
static const struct schema metrics_schema = SCHEMA(metrics_table, metrics_keys);

static const struct schema_key ingest_table[] = {
        KEY(ingest_keys, grace, "grace", SCHEMA_DURATION, .fallback = "5m",
                BETWEEN(0, USEC_PER_DAY),
                .doc = "How long findings wait while an ingest is visibly under way, and a "
                       "collection with fewer records than before it for the rest of them; 0s "
                       "for not at all."),
};
static const struct schema ingest_schema = SCHEMA(ingest_table, ingest_keys);

static const struct schema_key web_table[] = {
        KEY(web_keys, trust_loopback, "trust_loopback", SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Whether clients on the same machine may change something."),
};
static const struct schema web_schema = SCHEMA(web_table, web_keys);

static const struct schema_key probes_table[] = {
        KEY(probe_keys, interval, "interval", SCHEMA_DURATION, .fallback = "1h",
                BETWEEN(0, USEC_PER_DAY),
                .doc = "Time from one probe of a collection's index to the next; 0s for none."),
        KEY(probe_keys, records_max, "records_max", SCHEMA_INTEGER, .fallback = "200000",
                BETWEEN(0, PROBE_RECORDS_MAX),
                .doc = "Larger collections are not asked for all their records at once."),
        KEY(probe_keys, recall_results, "recall_results", SCHEMA_INTEGER, .fallback = "200",
                BETWEEN(1, RESULTS_MAX),
                .doc = "Records asked for, where recall is measured against a deeper search."),
        KEY(probe_keys, recall_queries, "recall_queries", SCHEMA_INTEGER, .fallback = "32",
                BETWEEN(1, BATCH_MAX), .doc = "Queries that recall is measured with, at most."),
};
static const struct schema probes_schema = SCHEMA(probes_table, probe_keys);

static const struct schema_key config_table[] = {
        KEY(config_keys, replay, "replay", SCHEMA_OBJECT, .object = &replay_schema,
                .doc = "Defaults of every collection."),
        KEY(config_keys, probes, "probes", SCHEMA_OBJECT, .object = &probes_schema,
                .doc = "Whether the index finds what the collection holds."),
        KEY(config_keys, servers, "servers", SCHEMA_OBJECTS, .object = &server_schema,
                .doc = "The Chroma servers."),
        KEY(config_keys, embedders, "embedders", SCHEMA_OBJECTS, .object = &embedder_schema,
                .doc = "What turns texts into vectors."),
        KEY(config_keys, collections, "collections", SCHEMA_OBJECTS, .object = &collection_schema,
                .doc = "What is watched; at least one."),
        KEY(config_keys, alerting, "alerting", SCHEMA_OBJECT, .object = &alerting_schema,
                .doc = "Who is told, and when."),
        KEY(config_keys, metrics, "metrics", SCHEMA_OBJECT, .object = &metrics_schema,
                .doc = "What `/metrics` exposes."),
        KEY(config_keys, ingest, "ingest", SCHEMA_OBJECT, .object = &ingest_schema,
                .doc = "What an ingest changes in the judgement."),
        KEY(config_keys, web, "web", SCHEMA_OBJECT, .object = &web_schema,
                .doc = "Who may change something over HTTP."),
};
const struct schema config_schema = SCHEMA(config_table, config_keys);

bool config_key_info(size_t i, struct config_key_info *ret, char *buffer, size_t size)
{
        const struct schema_key *key;
        size_t used;

        if (!schema_key_at(&config_schema, i, &key, buffer, size))
                return false;
        used = strlen(buffer) + 1;
        *ret = (struct config_key_info){
                .path = buffer,
                .type = schema_type_name(key),
                .fallback = key->fallback,
                .inherits = key->inherits,
                .required = key->required,
                .reloadable = true,
                .bounds = schema_bounds(key, buffer + used, size - used),
                .doc = key->doc,
        };
        return true;
}
