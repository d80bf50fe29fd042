/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Builds the view that is published: collects what the rooms know, and keeps the few facts that
 * belong to none of them - when the daemon started, how the last reload went, how long the servers
 * take to answer. */

#include "config/config.h"
#include "model/view.h"
#include "tell/alert.h"
#include "tell/outbox.h"
#include "watch/surroundings.h"
#include "watch/watch.h"

struct publisher {
        usec_t started;
        bool configured; /* a configuration is in use */
        bool reload_successful;
        usec_t reload_success_at;
        char *reload_error; /* every reason, one a line; NULL when the last (re)load succeeded */
        struct server_latency *latencies; /* by server name; servers that vanished keep theirs */
        size_t latency_count;
        /* Open ones as they were when they were worst, and lately resolved ones. */
        struct incident_view *incidents;
        size_t incident_count;
        char status[256];
};

void publisher_init(struct publisher *p, usec_t now);
void publisher_done(struct publisher *p);
/* An exchange with a server took so long. */
void publisher_observe(struct publisher *p, const char *server, usec_t duration);
/* A configuration was (re)loaded with result `r`. */
void publisher_configured(struct publisher *p, int r, const struct errors *errors, usec_t now);
/* Why the last reload failed; never NULL. */
const char *publisher_reload_error(const struct publisher *p);

/* What a view is made from; all borrowed. */
struct publication {
        const struct config *config;
        struct watch *const *watches;
        size_t watch_count;
        const struct alerts *alerts;
        const struct outbox *outbox;
        const struct surroundings *surroundings; /* NULL: nothing is known of them */
        const char *external_url;
};
_must_check_ int publisher_view(
        struct publisher *p, const struct publication *source, usec_t now, struct view **ret);
/* One line for the service manager: what is watched and how it is. Valid until the next call. */
const char *publisher_status(struct publisher *p, const struct view *view);
