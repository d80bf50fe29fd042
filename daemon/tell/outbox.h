/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The way out: for each destination a bounded queue of ready-made requests, delivered one at a time
 * and in order, retried with back-off until they succeed, become pointless or too old. It sends
 * through a function given to it, and tells a store of each entry so that a later life can go on
 * where this one ended. */

#include <systemd/sd-event.h>

#include "http.h"
#include "model/view.h"
#include "tell/channel.h"
#include "tell/draw.h"
#include "tell/queue.h"

/* Entries per destination; when full what is missed least goes: queue_take_least(). */
#define OUTBOX_QUEUE_MAX 1000
#define OUTBOX_QUEUE_BYTES_MAX (16U << 20)
/* Waits between attempts: a random time up to a ceiling that doubles from the one to the other
 * (full jitter), at least what Retry-After asks for. */
#define OUTBOX_BACKOFF_MIN USEC_PER_SEC
#define OUTBOX_BACKOFF_MAX (5 * USEC_PER_MINUTE)
/* More than that is a mistake of the peer's clock or configuration: ask again. */
#define OUTBOX_RETRY_AFTER_MAX USEC_PER_HOUR

#define OUTBOX_KEY_MAX DRAW_KEY_MAX

/* Sends one request; must call `done` exactly once and later, unless it returns an error. */
typedef int (*outbox_send_t)(void *sender, const struct http_peer *peer,
        const struct http_request *request,
        void (*done)(const struct http_response *response, void *userdata), void *userdata);

/* One notification, complete: enough to deliver it in another process. */
struct outbox_entry {
        uint64_t id; /* ascending */
        char key[OUTBOX_KEY_MAX]; /* by which a peer that was told twice knows it, at any time */
        const char *destination; /* key of the destination it is for */
        enum entry_kind kind;
        const char *incident; /* NULL: of none */
        struct http_request request;
        usec_t created; /* wall clock */
        usec_t expires; /* wall clock; pointless afterwards, USEC_INFINITY for never */
        unsigned attempts;
};

/* Where entries outlive the process. Both are called from the loop; `put` before the first attempt,
 * `remove` when the entry was delivered or given up. When `put` fails the entry is delivered all
 * the same, and a log line says what a crash would cost. */
struct outbox_store {
        int (*put)(void *userdata, const struct outbox_entry *entry);
        void (*remove)(void *userdata, uint64_t id);
        void *userdata;
};

struct outbox_destination {
        const char *key; /* unique and stable over restarts: receiver/channel/index */
        const char *receiver;
        const struct channel *channel;
        const struct http_peer *peer; /* copied, as the settings: an attempt under way keeps its
                                         own over a reload */
        const struct channel_settings *settings; /* NULL: none */
};

struct outbox;
/* `store` may be NULL. Borrowed: event (referenced), sender, store. */
_must_check_ int outbox_new(sd_event *event, outbox_send_t send, void *sender,
        const struct outbox_store *store, struct outbox **ret);
/* What is in flight must have been cancelled by the sender before. */
struct outbox *outbox_free(struct outbox *o);
DEFINE_CLEANUP(struct outbox *, outbox_free)
/* Replaces the destinations; all or none. Queues, counters and back-off carry over by key - the
 * back-off only while the URL stays the same -; entries of vanished destinations are dropped with a
 * log line. Attempts under way go on; they count where the destination still exists. -EINVAL: a key
 * occurs twice. Must not run inside a callback of `send`. */
_must_check_ int outbox_configure(
        struct outbox *o, const struct outbox_destination *destinations, size_t count);
/* What a request is about. */
struct outbox_subject {
        enum entry_kind kind;
        const char *incident; /* NULL: of none; copied */
        usec_t patience; /* after which it is pointless; USEC_INFINITY: never */
};
/* Queues a request for a destination; takes the content of `request` on success. -ENOENT: no such
 * destination, -EMSGSIZE: larger than the whole queue may be. What happens to it later is logged
 * and counted here. */
_must_check_ int outbox_put(struct outbox *o, const char *destination,
        const struct outbox_subject *subject, struct http_request *request);
/* While it is held no attempt begins: what was put is not safe yet, or not complete. */
void outbox_hold(struct outbox *o, bool held);
/* Queues an entry of an earlier life without telling the store. Takes the content of entry->request
 * on success. Errors as outbox_put(); the store still holds the entry then. New ids continue after
 * the highest. */
_must_check_ int outbox_restore(struct outbox *o, struct outbox_entry *entry);
/* The waits between attempts, for tests that cannot wait a second. */
void outbox_set_backoff(struct outbox *o, usec_t min, usec_t max);
/* Copies what is known of each destination into `ret`, a new array, in the order configured.
 * `notifications` counts entries taken, each once however many attempts it needs; `failed` those of
 * them that were given up, by http_failure_reason() of the last attempt or "expired" (too old),
 * "queue_full" (also `dropped`), "gone" (410: the destination is disabled until its address or
 * settings change) and "not_sent" (no request could be made of it, or another daemon tells people).
 * `queue_length` includes the one in flight. */
_must_check_ int outbox_view(const struct outbox *o, struct channel_view **ret, size_t *ret_count);
/* Copies the last ones that were given up, the newest first, into `ret`, a new array. */
_must_check_ int outbox_losses(const struct outbox *o, struct loss_view **ret, size_t *ret_count);
/* Grows with every change that a view should show. */
uint64_t outbox_generation(const struct outbox *o);
/* Nothing is queued or in flight but for destinations of the channel `other`. */
bool outbox_delivered(const struct outbox *o, const struct channel *other);
/* Another daemon tells people from now on: what is queued, but for destinations of the channel
 * `other`, is given up, and what is in flight is not repeated. */
void outbox_hush(struct outbox *o, const struct channel *other);
/* Nothing queued and nothing in flight. */
bool outbox_idle(const struct outbox *o);
