/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From alerts to the outbox: which destination has to hear of which alert now, grouped and cut into
 * payloads as its channel wants. When and how often an alert is due is alert.h's decision,
 * delivering it outbox.h's. */

#include "tell/alert.h"
#include "tell/outbox.h"

/* A destination and what it wants to hear. */
struct route {
        struct outbox_destination destination;
        bool send_resolved;
        size_t max_alerts; /* in one payload; 0: the channel's own limit */
};

struct dispatch_policy {
        struct alert_policy alert;
        usec_t repeat_interval;
        const char *external_url; /* "" when unknown */
};

/* Queues everything that is due at `now`. What could not be built or queued is told again at the
 * next resend to an Alertmanager, at the next repetition to a receiver. Returns the first error,
 * after trying the rest. */
_must_check_ int dispatch(struct alerts *alerts, struct outbox *outbox, const struct route *routes,
        size_t count, const struct dispatch_policy *policy, usec_t now);
