/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A way to tell people: a row in a table with pure functions that turn alerts into a request and
 * judge the answer. Delivery, retry and queues are outbox.h's business; one file a channel. */

#include <jansson.h>

#include "http.h"
#include "model/alert.h"

/* Answers to a notification are read up to this: more than any error text, and a peer that sends
 * more is not what it is taken for. */
#define CHANNEL_RESPONSE_LIMIT (256U << 10)

/* The body of a notification to people at most: some ten whole alerts, and less than what chat
 * services and the gateways before them take. */
#define NOTICE_BODY_MAX (32U << 10)

/* What a payload says beside the alerts. */
struct channel_context {
        const char *receiver;
        const char *external_url; /* never NULL: "" when unknown */
        usec_t now;
        size_t max_alerts; /* 0: all that fit into NOTICE_BODY_MAX; more are truncated and counted,
                              where the channel has a place for it */
};

/* How an attempt ended. */
enum delivery {
        DELIVERY_DONE,
        DELIVERY_RETRY, /* transport failure, 408, 425, 429, 5xx */
        DELIVERY_FAILED, /* will not become better by repeating */
};

struct channel {
        const char *name; /* "webhook" */
        size_t batch; /* alerts in one payload at most; 0: those of one incident are one payload */
        /* Fills `ret`: method, path, body and limit. The path is "" where the peer's URL is the
         * whole URL. -EINVAL for no alerts, -ENOMEM. */
        int (*build)(const struct channel_context *context, const struct alert *const *alerts,
                size_t count, struct http_request *ret);
        enum delivery (*judge)(const struct http_response *response);
};
extern const struct channel channel_alertmanager; /* POST /api/v2/alerts */
extern const struct channel channel_webhook; /* Alertmanager's version-4 payload */
/* The rule that fits most: 2xx done; 408, 425, 429, 5xx and transport failures retry; the rest
 * failed. So does an answer that is too long to read (-EMSGSIZE): it was an answer, and repeating
 * would tell people the same thing again and again. */
enum delivery channel_judge_status(const struct http_response *response);
/* Labels or annotations as a JSON object, in their order. New reference; NULL when memory is short.
 */
json_t *channel_labels_json(const struct labels *labels);
/* A string, whatever its bytes: invalid UTF-8 becomes U+FFFD. New reference or NULL likewise. */
json_t *channel_text_json(const char *s);
/* An RFC 3339 time. New reference or NULL likewise. */
json_t *channel_time_json(usec_t realtime);
