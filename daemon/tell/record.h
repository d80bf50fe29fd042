/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The record of one of the outbox's destinations: what was taken, delivered and lost, the last
 * error, and what the log was told of it - each change for the worse and the recovery, not every
 * failure. */

#include "http.h"
#include "model/view.h"
#include "tell/moment.h"

struct text;

/* Who it is, for people. An address is what of a URL may be shown. */
struct identity {
        char *receiver, *address, *peer; /* owned by the destination */
        const char *channel;
};
/* -ENOMEM: what could be filled in is. */
_must_check_ int identity_init(
        struct identity *ret, const char *receiver, const char *channel, const char *url);
void identity_done(struct identity *who);

enum health { HEALTHY, RETRYING, LOSING };

/* A loss matters to people for so long: then who looks has seen it, or will not. */
#define RECORD_LOSS_MATTERS USEC_PER_HOUR

/* Why a notification will not be delivered. */
struct loss {
        const char *reason; /* a metric's; static string */
        const char *consequence; /* a sentence's rest */
        bool hushed; /* another daemon tells it: that is no failure */
        bool told_again; /* whatever becomes of this one */
};
extern const struct loss loss_queue_full, loss_expired, loss_not_sendable, loss_refused, loss_gone,
        loss_hushed;

/* Zeroed: nothing happened yet. */
struct record {
        enum health health; /* as the log has it */
        bool disabled;
        usec_t failing_since, lost_at; /* CLOCK_BOOTTIME; 0: it is not, nothing was */
        uint64_t notifications, failed, dropped;
        uint64_t lost; /* since all was well */
        struct reason_count reasons[REASONS_MAX];
        char *last_error; /* a sentence; NULL after a success; owned */
};

void record_done(struct record *r);
/* Why the last attempt failed: an answer, or the errno with which the sender refused to start. Of
 * an answer that repeats a secret only the status is kept. */
void record_response(struct record *r, const struct http_response *response, bool betrayed);
void record_refusal(struct record *r, int code);
/* Reads the key anew where its file has changed, and says so; `now` is monotonic. */
void record_key(const struct identity *who, struct secret *key, usec_t now);
/* `now` is CLOCK_BOOTTIME. A notification has to be repeated. */
void record_retry(struct record *r, const struct identity *who, usec_t now);
/* A notification will not be delivered. */
void record_loss(struct record *r, const struct identity *who, const struct loss *loss, usec_t now);
/* The last error, if there is one, and what follows from it. */
void record_append(const struct record *r, const char *consequence, struct text *t);
/* The peer said that it is gone: nothing is sent there any more. */
void record_disable(struct record *r, const struct identity *who, usec_t now);
/* The destination has another address or other settings. */
void record_begin_again(struct record *r);
/* So many are left to another daemon, which tells people from now on. */
void record_hush(struct record *r, const struct identity *who, size_t undelivered);
/* The answer may say who of several was not reached all the same; NULL: it is not to be quoted. */
void record_success(
        struct record *r, const struct identity *who, const struct http_response *response);
/* The destination is configured no more and takes so many undelivered notifications with it. */
void record_end(const struct identity *who, size_t undelivered);
/* Everything but what the queue says, into a new channel_view. */
_must_check_ int record_view(const struct record *r, const struct identity *who,
        const struct moment *now, struct channel_view *ret);
