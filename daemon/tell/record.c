/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/record.h"

#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "text.h"

#define ERROR_EXCERPT_MAX 200

void record_done(struct record *r)
{
        free(r->last_error);
        r->last_error = NULL;
}

static void say(const struct identity *who, int priority, const char *id, const char *sentence)
{
        log_event(priority, id,
                log_fields({"DRIFTWATCH_RECEIVER", who->receiver},
                        {"DRIFTWATCH_CHANNEL", who->channel}, {"DRIFTWATCH_ADDRESS", who->address}),
                "notifications to %s (%s, %s): %s", who->receiver, who->channel, who->address,
                sentence);
}

/* Keeps the sentence, unless memory was too short for it. */
static void set_error(struct record *r, struct text *sentence)
{
        char *error = text_take(sentence, NULL);

        if (!error)
                return;
        free(r->last_error);
        r->last_error = error;
}

void record_response(struct record *r, const struct http_response *response)
{
        _cleanup_text_ struct text t = {0};
        _cleanup_free_ char *excerpt = NULL;

        if (response->result < 0) {
                text_append(&t, response->error ? response->error : strerror(-response->result));
        } else {
                excerpt = http_body_excerpt(response->body, response->body_size, ERROR_EXCERPT_MAX);
                text_appendf(&t, "the answer was status %u", response->status);
                if (excerpt && *excerpt)
                        text_appendf(&t, ": %s", excerpt);
        }
        set_error(r, &t);
}

void record_refusal(struct record *r, int code)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "the request could not be started: %s", strerror(-code));
        set_error(r, &t);
}

static void worsen(
        struct record *r, const struct identity *who, enum health health, const char *consequence)
{
        _cleanup_text_ struct text sentence = {0};

        if (health <= r->health)
                return;
        r->health = health;
        if (r->last_error)
                text_appendf(&sentence, "%s; ", r->last_error);
        text_append(&sentence, consequence);
        say(who, health == LOSING ? LOG_ERR : LOG_WARNING, LOG_ID_DELIVERY_FAILED,
                text_string(&sentence));
}

void record_retry(struct record *r, const struct identity *who)
{
        worsen(r, who, RETRYING, "it will be tried again");
}

void record_loss(
        struct record *r, const struct identity *who, const char *reason, const char *consequence)
{
        r->failed++;
        r->lost++;
        reason_count_add(r->reasons, reason);
        worsen(r, who, LOSING, consequence);
}

void record_success(struct record *r, const struct identity *who)
{
        char sentence[80] = "delivered again";

        if (r->lost > 0)
                (void)snprintf(sentence, sizeof(sentence), "delivered again; %llu were lost",
                        (unsigned long long)r->lost);
        if (r->health != HEALTHY)
                say(who, LOG_NOTICE, LOG_ID_DELIVERY_RECOVERED, sentence);
        r->health = HEALTHY;
        r->lost = 0;
        record_done(r);
}

void record_end(const struct identity *who, size_t undelivered)
{
        char sentence[100];

        if (undelivered == 0)
                return;
        (void)snprintf(sentence, sizeof(sentence),
                "no longer configured; %zu undelivered are dropped", undelivered);
        say(who, LOG_WARNING, LOG_ID_DELIVERY_FAILED, sentence);
}

int record_view(const struct record *r, const struct identity *who, struct channel_view *ret)
{
        *ret = (struct channel_view){
                .channel = who->channel,
                .notifications = r->notifications,
                .failed = r->failed,
                .dropped = r->dropped,
        };
        memcpy(ret->failures, r->reasons, sizeof(ret->failures));
        if (strdup_to(&ret->receiver, who->receiver) < 0 ||
                strdup_to(&ret->address, who->address) < 0 ||
                strdup_to(&ret->peer, who->peer) < 0 ||
                strdup_to(&ret->last_error, r->last_error) < 0)
                return -ENOMEM;
        return 0;
}
