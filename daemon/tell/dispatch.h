/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From alerts and notices to the outbox: an Alertmanager gets the alerts that are due, in batches,
 * every other channel a payload a notice. When and how often something is due is alert.h's and
 * notice.h's decision, delivering it outbox.h's. */

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
};

/* Queues the alerts that are due at `now`, and `news`. What could not be built or queued is told
 * again at the next resend to an Alertmanager, at the next repetition to a receiver. Returns the
 * first error, after trying the rest. */
_must_check_ int dispatch(struct alerts *alerts, const struct news *news, struct outbox *outbox,
        const struct route *routes, size_t count, const struct dispatch_policy *policy, usec_t now);
