/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include <float.h>

#include "config/audience.h"
#include "config/config.h"
#include "config/mail.h"
#include "config/peer.h"
#include "config/table.h"
#include "mime.h"
#include "model/bands.h"
#include "model/rule.h"
#include "model/shard.h"
#include "tell/flap.h"
#include "tell/routing.h"

#define RESULTS_MAX 1000
#define BATCH_MAX 1000
/* A server that is asked more at a time answers none of it sooner. */
#define CONCURRENCY_MAX 256
/* Nobody looks further back in memory; the run-length history stays small for that long. */
#define HISTORY_MAX (60.0 * (double)USEC_PER_DAY)
/* Lists of severities that differ are fewer than that. */
#define POLICIES_MAX 20
#define ALERTS_SHOWN_MAX 10000
#define HOSTS_MAX 64
#define PER_QUERY_LIMIT_MAX 100000
/* Distances and shares; beyond this a rule could as well be switched off. */
#define LIMIT_MAX 1000
/* Alerts of single queries that anybody reads one by one. */
#define QUERY_ALERTS_MAX 1000
/* A probe asks for that many records in one answer; at 60 bytes an id it is half the largest
 * answer that is read. */
#define PROBE_RECORDS_MAX 2000000

/* The same keys, once with defaults and once as a collection's own. */
#define INTERVAL_BOUNDS BETWEEN(100 * USEC_PER_MSEC, USEC_PER_DAY)
#define TIMEOUT_BOUNDS BETWEEN(10 * USEC_PER_MSEC, 10 * USEC_PER_MINUTE)
#define HISTORY_BOUNDS BETWEEN(USEC_PER_MINUTE, HISTORY_MAX)
#define SURVEY_BOUNDS BETWEEN(0, USEC_PER_DAY)
#define SHARE_BOUNDS BETWEEN(0.0001, 1)
#define EMBED_BOUNDS BETWEEN(0, 30 * USEC_PER_DAY)

static const struct schema_key shard_table[] = {
        KEY(shard_keys, index, "index", SCHEMA_INTEGER, .fallback = "0", BETWEEN(0, SHARDS_MAX - 1),
                .doc = "Which of them this daemon is, from 0."),
        KEY(shard_keys, of, "of", SCHEMA_INTEGER, .fallback = "1", BETWEEN(1, SHARDS_MAX),
                .doc = "How many daemons divide the collections."),
};
static const struct schema shard_schema = SCHEMA(shard_table, shard_keys);

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
        KEY(replay_keys, server_share, "server_share", SCHEMA_NUMBER, .fallback = "0.01",
                SHARE_BOUNDS,
                .doc = "Share of a server's time that surveys and probes may take; they are "
                       "farther apart than configured where they would take more. 1 for any."),
        KEY(replay_keys, shard, "shard", SCHEMA_OBJECT, .object = &shard_schema,
                .doc = "Which of the collections `driftwatch run` watches, where several do."),
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

#define TLS_KEY \
        KEY(peer_keys, tls, "tls", SCHEMA_OBJECT, .object = &tls_schema, \
                .doc = "Certificates, where TLS is spoken.")

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
                TLS_KEY

static const struct schema_key server_table[] = {
        KEY(peer_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "What collections call it; a label of metrics."),
        KEY(peer_keys, url, "url", SCHEMA_STRING, .required = true, .kind = "URL",
                .check = url_check_base, .doc = "Where Chroma listens, without `/api/v2`."),
        KEY(peer_keys, tenant, "tenant", SCHEMA_STRING, .fallback = "default_tenant", NAME_CHECKED,
                .doc = "Chroma's tenant."),
        KEY(peer_keys, database, "database", SCHEMA_STRING, .fallback = "default_database",
                NAME_CHECKED, .doc = "Chroma's database."),
        KEY(peer_keys, concurrency, "concurrency", SCHEMA_INTEGER, .fallback = "8",
                BETWEEN(1, CONCURRENCY_MAX),
                .doc = "Requests that it gets at a time; others wait for their turn."),
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
                .check = schema_check_value,
                .doc = "The pinned vectors of the queries: JSON, or a NumPy matrix."),
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
        KEY(collection_keys, replay.server_share, "server_share", SCHEMA_NUMBER, SHARE_BOUNDS,
                .inherits = "replay.server_share", .doc = "As in `replay`, for this collection."),
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

#define SEND_RESOLVED \
        KEY(peer_keys, send_resolved, "send_resolved", SCHEMA_BOOLEAN, .fallback = "true", \
                .doc = "Whether the end of an alert is told too.")

static const char *const signature_schemes[] = {"github", "standard", NULL};

static const struct schema_key signature_table[] = {
        KEY(auth_keys, scheme, "scheme", SCHEMA_WORD, .required = true, .words = signature_schemes,
                .doc = "GitHub's `X-Hub-Signature-256`, or Standard Webhooks 1.0."),
        SECRET_KEYS,
};
static const struct schema signature_schema = SCHEMA(signature_table, auth_keys);

static const struct schema_key webhook_table[] = {
        KEY(peer_keys, url, "url", SCHEMA_STRING, .kind = "URL", .check = url_check_target,
                .doc = "Where notifications are posted. Either this or `url_file`."),
        KEY(peer_keys, url_file, "url_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value,
                .doc = "File whose first line is the URL, when the URL is a secret."),
        SEND_RESOLVED,
        KEY(peer_keys, max_alerts, "max_alerts", SCHEMA_INTEGER, .fallback = "0",
                BETWEEN(0, ALERTS_SHOWN_MAX), .doc = "Alerts in one notification; 0 for all."),
        KEY(peer_keys, body, "body", SCHEMA_MAPPING, .check = schema_check_text,
                .doc = "What is posted instead of Alertmanager's payload, with placeholders: see "
                       "docs/channels.md."),
        KEY(peer_keys, signature, "signature", SCHEMA_OBJECT, .object = &signature_schema,
                .doc = "How each notification is signed; without it none is."),
        PEER_TIMEOUT,
        PEER_KEYS(http_auth_schema),
};
static const struct schema webhook_schema = SCHEMA(webhook_table, peer_keys);

static const struct schema_key ntfy_table[] = {
        KEY(peer_keys, url, "url", SCHEMA_STRING, .required = true, .kind = "URL",
                .check = url_check_base, .doc = "The server, without the topic."),
        KEY(peer_keys, topic, "topic", SCHEMA_STRING, .required = true, .check = schema_check_value,
                .doc = "The topic that is published to."),
        SEND_RESOLVED,
        PEER_TIMEOUT,
        PEER_KEYS(http_auth_schema),
};
static const struct schema ntfy_schema = SCHEMA(ntfy_table, peer_keys);

/* The URL itself is a secret, and so is mostly in a file. */
#define HOOK_KEYS(name) \
        KEY(peer_keys, url, name, SCHEMA_STRING, .kind = "URL", .check = url_check_target, \
                .doc = "The webhook's URL. Either this or `" name "_file`."), \
                KEY(peer_keys, url_file, name "_file", SCHEMA_STRING, .kind = "path", \
                        .check = schema_check_value, \
                        .doc = "File whose first line is the URL, which is a secret.")
#define CHANNEL_KEYS SEND_RESOLVED, PEER_TIMEOUT, PEER_KEYS(http_auth_schema)
#define CREDENTIAL(what) \
        KEY(peer_keys, credential, "credential", SCHEMA_STRING, .check = schema_check_value, \
                .doc = "Name of the " what "'s file in `$CREDENTIALS_DIRECTORY`.")

static const struct schema_key slack_table[] = {
        HOOK_KEYS("api_url"),
        KEY(peer_keys, channel, "channel", SCHEMA_STRING, NAME_CHECKED,
                .doc = "The channel, where it is not the webhook's own."),
        KEY(peer_keys, username, "username", SCHEMA_STRING, NAME_CHECKED,
                .doc = "Who is shown as the sender, where it is not the webhook's own."),
        CHANNEL_KEYS,
};
static const struct schema slack_schema = SCHEMA(slack_table, peer_keys);

static const struct schema_key pagerduty_table[] = {
        KEY(peer_keys, key_file, "routing_key_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value,
                .doc = "File whose first line is the integration's key. Either this or "
                       "`credential`."),
        CREDENTIAL("key"),
        KEY(peer_keys, url, "url", SCHEMA_STRING, .kind = "URL", .check = url_check_target,
                .fallback = "https://events.pagerduty.com/v2/enqueue",
                .doc = "Where events are posted: another one in the EU."),
        CHANNEL_KEYS,
};
static const struct schema pagerduty_schema = SCHEMA(pagerduty_table, peer_keys);

static const struct schema_key teams_table[] = {HOOK_KEYS("webhook_url"), CHANNEL_KEYS};
static const struct schema teams_schema = SCHEMA(teams_table, peer_keys);

static const struct schema_key discord_table[] = {HOOK_KEYS("webhook_url"), CHANNEL_KEYS};
static const struct schema discord_schema = SCHEMA(discord_table, peer_keys);

/* What 64 bits hold, with room to spare. */
#define DIGITS_MAX 18

static const char *check_digits(const char *s)
{
        size_t digits = strspn(s, "0123456789");

        return digits == 0 || digits > DIGITS_MAX || s[digits] ? "must be a number" : NULL;
}

static const char *check_chat(const char *s)
{
        static const char wrong[] = "must be the number of a chat, or a channel's @name";
        static const char name[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

        if (*s == '@')
                return s[1] && !s[1 + strspn(s + 1, name)] ? NULL : wrong;
        return check_digits(s + (*s == '-')) ? wrong : NULL;
}

static const struct schema_key telegram_table[] = {
        KEY(peer_keys, key_file, "bot_token_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value,
                .doc = "File whose first line is the bot's token. Either this or `credential`."),
        CREDENTIAL("token"),
        KEY(peer_keys, chat_id, "chat_id", SCHEMA_STRING, .required = true, .check = check_chat,
                .doc = "The chat: its number, or the @name of a public channel."),
        KEY(peer_keys, message_thread_id, "message_thread_id", SCHEMA_STRING, .kind = "integer",
                .check = check_digits, .doc = "The topic, in a chat that has some."),
        KEY(peer_keys, url, "api_url", SCHEMA_STRING, .kind = "URL", .check = url_check_base,
                .fallback = "https://api.telegram.org", .doc = "Where the Bot API is."),
        CHANNEL_KEYS,
};
static const struct schema telegram_schema = SCHEMA(telegram_table, peer_keys);

static const struct schema_key email_table[] = {
        KEY(peer_keys, to, "to", SCHEMA_STRING, .required = true, .check = mail_check_recipients,
                .doc = "Who gets it: an address, or several with commas between them."),
        KEY(peer_keys, from, "from", SCHEMA_STRING, .required = true, .check = mime_check_address,
                .doc = "Who it is from: an address, or `Name <address>`."),
        KEY(peer_keys, smarthost, "smarthost", SCHEMA_STRING, .required = true,
                .check = mail_check_smarthost, .doc = "The mail server, as `host:port`."),
        KEY(peer_keys, hello, "hello", SCHEMA_STRING, NAME_BYTES, .check = mail_check_hello,
                .doc = "The name in `EHLO`; without it this host's."),
        KEY(peer_keys, auth_username, "auth_username", SCHEMA_STRING, NAME_CHECKED,
                .doc = "Who logs in; without it nobody does."),
        KEY(peer_keys, key_file, "auth_password_file", SCHEMA_STRING, .kind = "path",
                .check = schema_check_value,
                .doc = "File whose first line is the password. Either this or `credential`."),
        CREDENTIAL("password"),
        KEY(peer_keys, require_tls, "require_tls", SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Whether nothing is sent to a server that offers no `STARTTLS`."),
        KEY(peer_keys, force_implicit_tls, "force_implicit_tls", SCHEMA_BOOLEAN,
                .fallback = "false",
                .doc = "Whether TLS begins at once, as it does on port 465 in any case."),
        SEND_RESOLVED,
        PEER_TIMEOUT,
        TLS_KEY,
};
static const struct schema email_schema = SCHEMA(email_table, peer_keys);

static const struct schema_key receiver_table[] = {
        KEY(receiver_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "Its name in payloads, metrics and `notify-test`."),
        KEY(receiver_keys, channels[CHANNEL_WEBHOOK], "webhook_configs", SCHEMA_OBJECTS,
                .object = &webhook_schema,
                .doc = "Webhooks that take Alertmanager's version-4 payload."),
        KEY(receiver_keys, channels[CHANNEL_NTFY], "ntfy_configs", SCHEMA_OBJECTS,
                .object = &ntfy_schema, .doc = "Topics of an ntfy server."),
        KEY(receiver_keys, channels[CHANNEL_SLACK], "slack_configs", SCHEMA_OBJECTS,
                .object = &slack_schema,
                .doc = "Incoming webhooks of Slack, or of what takes its messages."),
        KEY(receiver_keys, channels[CHANNEL_PAGERDUTY], "pagerduty_configs", SCHEMA_OBJECTS,
                .object = &pagerduty_schema, .doc = "Services of PagerDuty, by Events API v2."),
        KEY(receiver_keys, channels[CHANNEL_TEAMS], "msteamsv2_configs", SCHEMA_OBJECTS,
                .object = &teams_schema, .doc = "Workflows of Microsoft Teams."),
        KEY(receiver_keys, channels[CHANNEL_DISCORD], "discord_configs", SCHEMA_OBJECTS,
                .object = &discord_schema, .doc = "Webhooks of Discord."),
        KEY(receiver_keys, channels[CHANNEL_TELEGRAM], "telegram_configs", SCHEMA_OBJECTS,
                .object = &telegram_schema, .doc = "Chats that a Telegram bot writes to."),
        KEY(receiver_keys, channels[CHANNEL_EMAIL], "email_configs", SCHEMA_OBJECTS,
                .object = &email_schema, .doc = "Addresses that get e-mail, over SMTP."),
};
static const struct schema receiver_schema = SCHEMA(receiver_table, receiver_keys);

static const struct schema_key rule_table[] = {
        KEY(rule_keys, enabled, "enabled", SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Whether the rule is evaluated."),
        KEY(rule_keys, severity, "severity", SCHEMA_WORD, .words = rule_severities,
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

static const struct schema_key lease_table[] = {
        KEY(lease_keys, file, "file", SCHEMA_STRING, .kind = "path", .check = schema_check_value,
                .doc = "A file that all of them can write; who holds it tells receivers."),
        KEY(lease_keys, ttl, "ttl", SCHEMA_DURATION, .fallback = "30s",
                BETWEEN(USEC_PER_SEC, 10 * USEC_PER_MINUTE),
                .doc = "How long the holder may be silent before another one takes over."),
};
static const struct schema lease_schema = SCHEMA(lease_table, lease_keys);

static const struct schema_key ack_links_table[] = {
        KEY(ack_links_keys, expire, "expire", SCHEMA_DURATION, .fallback = "24h",
                BETWEEN(0, 30 * USEC_PER_DAY),
                .doc = "How long a link in a message acknowledges its incident; 0s for no links. "
                       "There are none without `--web.external-url`."),
};
static const struct schema ack_links_schema = SCHEMA(ack_links_table, ack_links_keys);

static const struct schema_key flapping_table[] = {
        KEY(flapping_keys, changes, "changes", SCHEMA_INTEGER, .fallback = "5",
                BETWEEN(0, FLAP_CHANGES_MAX),
                .doc = "An alert that fires and ends more often than that within `window` flaps; "
                       "0: none ever does."),
        KEY(flapping_keys, window, "window", SCHEMA_DURATION, .fallback = "1h",
                BETWEEN(USEC_PER_MINUTE, USEC_PER_DAY),
                .doc = "How far back changes count, and how long one that flaps has to be calm."),
};
static const struct schema flapping_schema = SCHEMA(flapping_table, flapping_keys);

static const struct schema_key alerting_table[] = {
        KEY(alerting_keys, alertmanagers, "alertmanagers", SCHEMA_OBJECTS,
                .object = &alertmanager_schema,
                .doc = "Alertmanagers; every one gets every alert."),
        KEY(alerting_keys, receivers, "receivers", SCHEMA_OBJECTS, .object = &receiver_schema,
                .doc = "Who is told directly, without an Alertmanager."),
        KEY(alerting_keys, escalation, "escalation", SCHEMA_OBJECTS, .object = &policy_schema,
                BETWEEN(0, POLICIES_MAX),
                .doc = "Who is told when nobody acknowledges an incident."),
        KEY(alerting_keys, route, "route", SCHEMA_OBJECT, .object = &route_schema,
                .doc = "Which receivers hear of what; without it every one hears of everything."),
        KEY(alerting_keys, calendars, "time_intervals", SCHEMA_OBJECTS, .object = &calendar_schema,
                BETWEEN(0, ROUTING_CALENDARS_MAX), .doc = "Times that routes name."),
        KEY(alerting_keys, lease, "lease", SCHEMA_OBJECT, .object = &lease_schema,
                .doc = "Which of several daemons tells the receivers; without it each does."),
        KEY(alerting_keys, ack_links, "ack_links", SCHEMA_OBJECT, .object = &ack_links_schema,
                .doc = "Links in messages by which an incident is acknowledged."),
        KEY(alerting_keys, flapping, "flapping", SCHEMA_OBJECT, .object = &flapping_schema,
                .doc = "When an alert comes and goes too often to be told each time."),
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
                .check = url_check_link, .may_be_empty = true,
                .doc = "What the alert's name is appended to in the `runbook_url` annotation."),
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
        KEY(web_keys, hosts, "hosts", SCHEMA_STRINGS, BETWEEN(0, HOSTS_MAX),
                .doc = "Names by which browsers may come, beside that of `--web.external-url`."),
};
static const struct schema web_schema = SCHEMA(web_table, web_keys);

static const struct schema_key probes_table[] = {
        KEY(probe_keys, interval, "interval", SCHEMA_DURATION, .fallback = "1h",
                BETWEEN(0, USEC_PER_DAY),
                .doc = "Time from one probe of a collection's index to the next; 0s for none."),
        KEY(probe_keys, records_max, "records_max", SCHEMA_INTEGER, .fallback = "200000",
                BETWEEN(0, PROBE_RECORDS_MAX),
                .doc = "Larger collections are not asked for all their records at once, but for "
                       "a sample; 0 for neither."),
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
