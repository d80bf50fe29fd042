/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From alerts and notices to the outbox: an Alertmanager gets the alerts that are due, in batches,
 * every channel of a receiver a payload a notice. When something is due and who hears of it is
 * alert.h's, notice.h's and desk.h's decision, delivering it outbox.h's. */

#include "tell/alert.h"
#include "tell/notice.h"
#include "tell/outbox.h"

/* A destination and what it wants to hear. */
struct route {
        struct outbox_destination destination;
        bool send_resolved;
        size_t max_alerts; /* in one payload; 0: the channel's own limit */
};

struct dispatch_policy {
        struct alert_policy alert;
        const char *external_url; /* "" when unknown */
        const unsigned char *ack_key; /* of links that acknowledge; NULL: there are none */
        usec_t ack_expire; /* how long they are good */
};

/* What a receiver hears; all borrowed. */
struct hearsay {
        const struct notice *notice;
        const char *receiver, *note; /* why it hears of it now; "" for nothing */
};

/* Queues the alerts that are due at `now` for the Alertmanagers. What could not be built or queued
 * is told again at the next resend. Returns the first error, after trying the rest. */
_must_check_ int dispatch_alerts(struct alerts *alerts, struct outbox *outbox,
        const struct route *routes, size_t count, const struct dispatch_policy *policy, usec_t now);
/* Queues what a receiver hears for each of its channels. What could not be built or queued is told
 * again at the next repetition. Errors likewise. */
_must_check_ int dispatch_hearsay(const struct hearsay *what, struct outbox *outbox,
        const struct route *routes, size_t count, const struct dispatch_policy *policy, usec_t now);
/* Queues for those of a receiver's channels that keep account of it that somebody has taken the
 * incident. What could not be built or queued is not told: the incident goes on there. Errors
 * likewise. */
_must_check_ int dispatch_acknowledgement(const char *incident, const char *receiver,
        struct outbox *outbox, const struct route *routes, size_t count);
