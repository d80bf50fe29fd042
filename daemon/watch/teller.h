/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From what collections' findings say to what people hear: the alerts, the notices, the outbox and
 * the log, wired together by the configuration. What an alert says is signal.h's business, when it
 * is told alert.h's and notice.h's; when the teller is called again is its owner's. */

#include "ask/http_client.h"
#include "config/config.h"
#include "config/routes.h"
#include "tell/alert.h"
#include "tell/desk.h"
#include "tell/notice.h"
#include "tell/outbox.h"
#include "tell/relay.h"
#include "watch/storage.h"
#include "watch/tenure.h"
#include "watch/watch.h"

struct watches;

struct teller {
        const struct config *config; /* borrowed; NULL before teller_configure() */
        const char *external_url; /* borrowed; NULL: unknown */
        char *runbook_url; /* as of signal_policy; owned */
        bool linked; /* links by which incidents are acknowledged can be proven, by the key */
        unsigned char ack_key[ACK_KEY_SIZE];
        struct alerts *alerts;
        struct notices *notices;
        struct outbox *outbox;
        struct storage *storage; /* borrowed; NULL: nothing outlives it */
        struct routes routes;
        struct desk_policy policy; /* who hears of what; of the configuration */
        struct desk *desk;
        struct tenure_owner tenure_owner;
        struct tenure *tenure; /* NULL: nobody else tells */
        struct relay relay;
        struct ledger told; /* what people had been told of when all was delivered last */
        usec_t longest_interval; /* of all collections */
        uint64_t moves; /* of the alerts, as of the last time that people were told */
        usec_t next; /* when there is more without another move; 0: at once */
        uint64_t outbox_seen; /* its generation, when it was looked at whether telling works */
        bool storage_failing; /* likewise */
        usec_t look_due; /* when it is looked at again in any case */
        bool resumed; /* the desk goes on with what an earlier life had told */
        uint64_t generation; /* moves when what the desk knows may have changed */
};

/* Zeroed but for `storage`. `client` sends the notifications. `turned`, with
 * `userdata`, is called when another daemon tells receivers from now on, or this one: then
 * teller_tell() has something to do. -ENOMEM. */
_must_check_ int teller_init(struct teller *t, sd_event *event, struct http_client *client,
        void (*turned)(void *userdata), void *userdata);
void teller_done(struct teller *t);
/* Where links in messages lead, NULL: nowhere, and the directory in which what proves those that
 * acknowledge is kept. What goes wrong with that is logged. */
void teller_link(struct teller *t, const char *external_url, const char *directory);
/* Goes on under another configuration, which is borrowed until the next one or teller_done(). On
 * failure everything is as before. */
_must_check_ int teller_configure(struct teller *t, const struct config *config, usec_t now);
/* The clock was set: moves all times by as much. */
void teller_jump(struct teller *t, int64_t by);
/* Takes the findings of a collection. Failures are logged: alerts stay as they are. */
void teller_evaluate(struct teller *t, const struct collection_view *c, usec_t now);
/* Goes on where an earlier life ended, under a configuration and before anything else is told: with
 * its alerts, what people know, and what they have not got yet. */
void teller_restore(struct teller *t, struct publisher *p, const struct watches *watches);
/* As storage_save(). */
usec_t teller_save(
        struct teller *t, const struct publisher *p, const struct watches *watches, usec_t now);
/* Ends what is told of a collection that is watched no more, or by another daemon. */
void teller_forget(struct teller *t, const char *label, usec_t now);
/* Says that replays succeed again after some that failed, unless an alert's end does. */
void teller_log_recovery(const struct teller *t, const struct watch *w);
/* Queues and logs what is due at `now`; the log also says how the collection is. Returns when there
 * is more: wall clock, USEC_INFINITY for never. */
usec_t teller_tell(struct teller *t, struct watch *const *watches, size_t count, usec_t now);
