/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/record.h"

#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "text.h"

#define ERROR_EXCERPT_MAX 200

const struct loss loss_queue_full = {.reason = "queue_full",
        .consequence = "the queue is full, the oldest of what is missed least are dropped"};
const struct loss loss_expired = {
        .reason = "expired", .consequence = "given up because it is too late"};
const struct loss loss_not_sendable = {
        .reason = "not_sent", .consequence = "no request can be made of it"};
const struct loss loss_refused = {
        .reason = "unexpected", .consequence = "refused for good, not repeated"};
const struct loss loss_gone = {
        .reason = "gone", .consequence = "given up because nobody is at the address any more"};
const struct loss loss_hushed = {.reason = "not_sent",
        .consequence = "given up because another daemon tells people now",
        .hushed = true};

int identity_init(struct identity *ret, const char *receiver, const char *channel, const char *url)
{
        *ret = (struct identity){
                .channel = channel, .address = http_url_address(url), .peer = http_url_peer(url)};
        return ret->address && ret->peer ? strdup_to(&ret->receiver, receiver) : -ENOMEM;
}

void identity_done(struct identity *who)
{
        free(who->receiver);
        free(who->address);
        free(who->peer);
        *who = (struct identity){0};
}

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

void record_response(struct record *r, const struct http_response *response, bool betrayed)
{
        _cleanup_text_ struct text t = {0};
        _cleanup_free_ char *excerpt = NULL;

        if (response->result < 0) {
                text_append(&t, response->error ? response->error : strerror(-response->result));
        } else {
                excerpt = http_body_excerpt(response->body, response->body_size, ERROR_EXCERPT_MAX);
                text_appendf(&t, "the answer was status %u", response->status);
                if (betrayed)
                        text_append(&t, ", with a text that repeats a secret");
                else if (excerpt && *excerpt)
                        text_appendf(&t, ": %s", excerpt);
        }
        set_error(r, &t);
}

void record_key(const struct identity *who, struct secret *key, usec_t now)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_text_ struct text t = {0};
        int r = secret_refresh(key, now, &e);

        if (r > 0)
                text_appendf(&t, "%s has changed: its secret was read again", secret_path(key));
        else if (r < 0)
                text_appendf(
                        &t, "%s; the secret that was read before is still sent", error_text(&e, r));
        if (r != 0)
                say(who, r > 0 ? LOG_INFO : LOG_WARNING, NULL, text_string(&t));
}

void record_refusal(struct record *r, int code)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "the request could not be started: %s", strerror(-code));
        set_error(r, &t);
}

void record_append(const struct record *r, const char *consequence, struct text *t)
{
        if (r->last_error)
                text_appendf(t, "%s; ", r->last_error);
        text_append(t, consequence);
}

static void worsen(struct record *r, const struct identity *who, enum health health,
        const char *consequence, usec_t now)
{
        _cleanup_text_ struct text sentence = {0};

        if (r->failing_since == 0)
                r->failing_since = now;
        if (health <= r->health)
                return;
        r->health = health;
        record_append(r, consequence, &sentence);
        say(who, health == LOSING ? LOG_ERR : LOG_WARNING, LOG_ID_DELIVERY_FAILED,
                text_string(&sentence));
}

static void calm(struct record *r)
{
        r->health = HEALTHY;
        r->failing_since = 0;
        record_done(r);
}

void record_retry(struct record *r, const struct identity *who, usec_t now)
{
        worsen(r, who, RETRYING, "it will be tried again", now);
}

void record_loss(struct record *r, const struct identity *who, const struct loss *loss, usec_t now)
{
        r->failed++;
        reason_count_add(r->reasons, loss->reason);
        if (loss->hushed) {
                if (!r->disabled)
                        calm(r); /* whether it works is another one's to find out */
                return;
        }
        r->lost++;
        if (!loss->told_again)
                r->lost_at = now;
        worsen(r, who, LOSING, loss->consequence, now);
}

void record_disable(struct record *r, const struct identity *who, usec_t now)
{
        _cleanup_text_ struct text sentence = {0};

        if (r->failing_since == 0)
                r->failing_since = now;
        r->health = LOSING;
        r->disabled = true;
        record_append(r,
                "the address is gone for good: nothing is sent there until it has another address "
                "or other settings, or driftwatch is restarted",
                &sentence);
        say(who, LOG_ERR, LOG_ID_DESTINATION_DISABLED, text_string(&sentence));
}

void record_begin_again(struct record *r)
{
        if (!r->disabled)
                return;
        r->disabled = false;
        calm(r);
}

void record_hush(struct record *r, const struct identity *who, size_t undelivered)
{
        char sentence[100];

        if (!r->disabled)
                calm(r);
        if (undelivered == 0)
                return;
        (void)snprintf(sentence, sizeof(sentence),
                "another daemon tells people now; %zu undelivered are left to it", undelivered);
        say(who, LOG_NOTICE, LOG_ID_DELIVERY_FAILED, sentence);
}

void record_success(
        struct record *r, const struct identity *who, const struct http_response *response)
{
        char sentence[80] = "delivered again";

        if (r->lost > 0)
                (void)snprintf(sentence, sizeof(sentence), "delivered again; %llu were lost",
                        (unsigned long long)r->lost);
        if (r->health != HEALTHY)
                say(who, LOG_NOTICE, LOG_ID_DELIVERY_RECOVERED, sentence);
        if (response && response->mail && response->body_size > 0)
                say(who, LOG_WARNING, LOG_ID_DELIVERY_FAILED, response->body);
        r->lost = 0;
        calm(r);
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

static bool lost_lately(const struct record *r, usec_t now)
{
        return r->lost_at > 0 && now - r->lost_at < RECORD_LOSS_MATTERS;
}

int record_view(const struct record *r, const struct identity *who, const struct moment *now,
        struct channel_view *ret)
{
        bool lately = lost_lately(r, now->boot);

        *ret = (struct channel_view){
                .channel = who->channel,
                .notifications = r->notifications,
                .failed = r->failed,
                .dropped = r->dropped,
                .disabled = r->disabled,
                .failing = r->failing_since > 0 || lately,
                .failing_since = moment_wall(
                        now, r->failing_since > 0 ? r->failing_since : (lately ? r->lost_at : 0)),
                .lost_at = moment_wall(now, r->lost_at),
        };
        memcpy(ret->failures, r->reasons, sizeof(ret->failures));
        if (strdup_to(&ret->receiver, who->receiver) < 0 ||
                strdup_to(&ret->address, who->address) < 0 ||
                strdup_to(&ret->peer, who->peer) < 0 ||
                strdup_to(&ret->last_error, r->last_error) < 0)
                return -ENOMEM;
        return 0;
}
