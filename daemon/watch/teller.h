/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From what collections' findings say to what people hear: the alerts, the notices, the outbox and
 * the log, wired together by the configuration. What an alert says is signal.h's business, when it
 * is told alert.h's and notice.h's; when the teller is called again is its owner's. */

#include "config/config.h"
#include "config/routes.h"
#include "tell/alert.h"
#include "tell/notice.h"
#include "tell/outbox.h"
#include "watch/watch.h"

struct teller {
        const struct config *config; /* borrowed; NULL before teller_configure() */
        const char *external_url; /* borrowed; NULL: unknown */
        struct alerts *alerts;
        struct notices *notices;
        struct outbox *outbox;
        struct routes routes;
};

/* Zeroed but for `external_url` and `outbox`, which it owns from then on. -ENOMEM. */
_must_check_ int teller_init(struct teller *t);
void teller_done(struct teller *t);
/* Goes on under another configuration, which is borrowed until the next one or teller_done(). On
 * failure everything is as before. */
_must_check_ int teller_configure(struct teller *t, const struct config *config, usec_t now);
/* Takes the findings of a collection. Failures are logged: alerts stay as they are. */
void teller_evaluate(struct teller *t, const struct collection_view *c, usec_t now);
/* Ends what is told of a collection that is watched no more. */
void teller_forget(struct teller *t, const char *label, usec_t now);
/* Whether the alert of failing replays of this collection fires: then its end is told. */
bool teller_tells_of_failure(const struct teller *t, const char *label);
/* Queues and logs what is due at `now`; the log also says how the collection is. Returns when there
 * is more: wall clock, USEC_INFINITY for never. */
usec_t teller_tell(struct teller *t, struct watch *const *watches, size_t count, usec_t now);
