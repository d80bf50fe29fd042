/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A way to tell people: a row in a table with pure functions that turn alerts into a request and
 * judge the answer. Delivery, retry and queues are outbox.h's business; one file a channel. */

#include <jansson.h>

#include "http.h"
#include "model/alert.h"
#include "tell/message.h"

/* Answers to a notification are read up to this: more than any error text, and a peer that sends
 * more is not what it is taken for. */
#define CHANNEL_RESPONSE_LIMIT (256U << 10)

/* The body of a notification to people at most: some ten whole alerts, and less than what chat
 * services and the gateways before them take. */
#define NOTICE_BODY_MAX (32U << 10)

/* What a receiver says of a channel beside where it is: names as in the configuration. */
struct channel_settings {
        struct labels values; /* "chat_id", "topic", … */
        struct secret *key; /* what signs or routes a message; a reference, NULL: none. Never part
                               of a request that is kept, see `prepare` */
};
/* The value, "" where there is none, or there are no settings. */
const char *channel_setting(const struct channel_settings *s, const char *name);
_must_check_ int channel_settings_copy(
        const struct channel_settings *from, struct channel_settings *ret);
void channel_settings_done(struct channel_settings *s);
bool channel_settings_equal(const struct channel_settings *a, const struct channel_settings *b);

/* What a payload says beside the alerts. */
struct channel_context {
        const char *receiver;
        const char *external_url; /* never NULL: "" when unknown */
        const struct message *message; /* for people; NULL for an Alertmanager */
        const struct channel_settings *settings; /* NULL: none */
        usec_t now;
        size_t max_alerts; /* 0: all that fit into NOTICE_BODY_MAX; more are truncated and counted,
                              where the channel has a place for it */
};

/* How an attempt ended. */
enum delivery {
        DELIVERY_DONE,
        DELIVERY_RETRY, /* transport failure, 408, 425, 429, 5xx */
        DELIVERY_FAILED, /* will not become better by repeating */
        DELIVERY_GONE, /* nor by sending others: nobody is there any more, 410 */
};

struct channel {
        const char *name; /* "webhook": with "_configs" its key in the configuration */
        size_t batch; /* alerts in one payload at most; 0: those of one incident are one payload */
        /* Fills `ret`: method, path, body and limit. The path is "" where the peer's URL is the
         * whole URL. -EINVAL for no alerts, -ENOMEM. */
        int (*build)(const struct channel_context *context, const struct alert *const *alerts,
                size_t count, struct http_request *ret);
        /* That somebody has taken the incident whose messages have this key; otherwise as
         * `build`. NULL: who is behind this channel keeps no account of it. */
        int (*acknowledge)(const char *key, struct http_request *ret);
        /* What is sent in one attempt, made of what is kept: with the key, a signature, the time.
         * `id` is the same for each attempt, whatever restarts lie between. NULL: as it is kept.
         * -ENOMEM, -EINVAL. */
        int (*prepare)(const struct channel_settings *settings, const struct http_request *kept,
                const char *id, usec_t now, struct http_request *ret);
        /* Of a payload with several alerts how many there are, and a request with some of them:
         * one that the peer will not have must not cost the others. NULL: it is one message.
         * -ENOMEM. */
        size_t (*size)(const struct http_request *kept);
        int (*cut)(const struct http_request *kept, size_t first, size_t count,
                struct http_request *ret);
        enum delivery (*judge)(const struct http_response *response);
        /* How long a throttled peer asks to wait, where it says so in the body; NULL: the header
         * alone. 0 for nothing. */
        usec_t (*wait)(const struct http_response *response);
        usec_t pace; /* between two notifications at least; 0: none */
};
extern const struct channel channel_alertmanager; /* POST /api/v2/alerts */
extern const struct channel channel_webhook; /* Alertmanager's version-4 payload */
extern const struct channel channel_ntfy;
extern const struct channel channel_slack;
extern const struct channel channel_pagerduty;
extern const struct channel channel_teams;
extern const struct channel channel_discord;
extern const struct channel channel_telegram;
extern const struct channel channel_email; /* over SMTP */

/* Those that a receiver may have. */
enum channel_kind {
        CHANNEL_WEBHOOK,
        CHANNEL_NTFY,
        CHANNEL_SLACK,
        CHANNEL_PAGERDUTY,
        CHANNEL_TEAMS,
        CHANNEL_DISCORD,
        CHANNEL_TELEGRAM,
        CHANNEL_EMAIL,
        CHANNEL_COUNT,
};
extern const struct channel *const channel_kinds[CHANNEL_COUNT];

/* The rule that fits most: 2xx done; 408, 425, 429, 5xx and transport failures retry; 410 gone; the
 * rest failed. So does an answer that is too long to read (-EMSGSIZE): it was an answer, and
 * repeating would tell people the same thing again and again. */
enum delivery channel_judge_status(const struct http_response *response);
/* Whether it was refused for what it says - 400, 413, 422 - and not for who asks or where. */
bool channel_refuses_content(const struct http_response *response);
/* How long the peer asks to wait before the next attempt, in the header or in the body; 0. */
usec_t channel_wait(const struct channel *channel, const struct http_response *response);
/* Labels or annotations as a JSON object, in their order. New reference; NULL when memory is short.
 */
json_t *channel_labels_json(const struct labels *labels);
/* An alert's annotations likewise, and what is known of it beside: that it flaps. */
json_t *channel_annotations_json(const struct alert *alert);
/* A string, whatever its bytes: invalid UTF-8 becomes U+FFFD. New reference or NULL likewise. */
json_t *channel_text_json(const char *s);
/* The same in at most `max` bytes, with "…" where it was longer. New reference or NULL likewise. */
json_t *channel_cut_json(const char *s, size_t max);
/* A JSON answer, whatever its media type; NULL when it is none. New reference. */
json_t *channel_answer(const struct http_response *response);
/* Seconds that a peer asks to wait, of an answer's member; 0 when it is no such number, at most a
 * day. */
usec_t channel_seconds(const json_t *value);
/* A request that posts `payload`, borrowed; -ENOMEM, also for NULL. */
_must_check_ int channel_request(const json_t *payload, const char *path, struct http_request *ret);
/* An RFC 3339 time. New reference or NULL likewise. */
json_t *channel_time_json(usec_t realtime);
