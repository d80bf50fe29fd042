/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The record of one of the outbox's destinations: what was taken, delivered and lost, the last
 * error, and what the log was told of it - each change for the worse and the recovery, not every
 * failure. */

#include "http.h"
#include "model/view.h"

/* Who it is, for people. An address is what of a URL may be shown. */
struct identity {
        char *receiver, *address, *peer; /* owned by the destination */
        const char *channel;
};

enum health { HEALTHY, RETRYING, LOSING };

/* Zeroed: nothing happened yet. */
struct record {
        enum health health; /* as the log has it */
        uint64_t notifications, failed, dropped;
        uint64_t lost; /* since all was well */
        struct reason_count reasons[REASONS_MAX];
        char *last_error; /* a sentence; NULL after a success; owned */
};

void record_done(struct record *r);
/* Why the last attempt failed: an answer, or the errno with which the sender refused to start. */
void record_response(struct record *r, const struct http_response *response);
void record_refusal(struct record *r, int code);
/* A notification has to be repeated. */
void record_retry(struct record *r, const struct identity *who);
/* A notification will not be delivered, for a metric's reason and with a sentence's rest. */
void record_loss(
        struct record *r, const struct identity *who, const char *reason, const char *consequence);
void record_success(struct record *r, const struct identity *who);
/* The destination is configured no more and takes so many undelivered notifications with it. */
void record_end(const struct identity *who, size_t undelivered);
/* Everything but the queue's length, into a new channel_view. */
_must_check_ int record_view(
        const struct record *r, const struct identity *who, struct channel_view *ret);
