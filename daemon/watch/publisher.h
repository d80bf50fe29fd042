/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Builds the view that is published: collects what the rooms know, and keeps the few facts that
 * belong to none of them - when the daemon started, how the last reload went, how long the servers
 * take to answer. What did not change is shared with the view before. */

#include "config/config.h"
#include "model/view.h"
#include "tell/alert.h"
#include "tell/desk.h"
#include "tell/outbox.h"
#include "watch/allowance.h"
#include "watch/surroundings.h"
#include "watch/tenure.h"
#include "watch/watch.h"

struct storage;

struct publisher {
        usec_t started;
        bool configured; /* a configuration is in use */
        bool reload_successful;
        usec_t reload_success_at;
        uint64_t reloads[RELOAD_COUNT];
        char *reload_error; /* every reason, one a line; NULL when the last (re)load succeeded */
        struct server_latency *latencies; /* by server name; servers that vanished keep theirs */
        size_t latency_count;
        /* Open ones as they were when they were worst, and lately resolved ones. */
        struct incident_view *incidents;
        size_t incident_count;
        struct view *last; /* what of it still holds is shown again; NULL: none yet */
        bool jumped; /* since then the clock was set */
        uint64_t alerts_shown; /* alerts_generation() */
        uint64_t desk_shown; /* desk_generation */
        size_t firing;
        /* Of all its collections. */
        size_t queries, outcomes[OUTCOME_COUNT], verdicts[VERDICT_COUNT];
        uint64_t homes; /* homes_signature(), summed */
        char status[256];
};

void publisher_init(struct publisher *p, usec_t now);
void publisher_done(struct publisher *p);
/* An exchange with a server took so long. */
void publisher_observe(struct publisher *p, const char *server, usec_t duration);
/* The clock was set: moves all times by as much. */
void publisher_jump(struct publisher *p, int64_t by);
/* A configuration was (re)loaded with result `r`: 1 when it is another one, 0 when it is what was
 * in use before. */
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
        const struct tenure *tenure; /* NULL: there is no lease */
        const struct desk *desk; /* NULL: nothing is known of it */
        uint64_t desk_generation; /* moves when it may have changed */
        const struct surroundings *surroundings; /* NULL: nothing is known of them */
        const struct allowances *allowances; /* NULL: nothing is counted */
        const char *external_url, *runbook_url;
        const unsigned char *ack_key; /* NULL: there are no links that acknowledge */
        const struct storage *storage; /* NULL: nothing is kept */
};
/* It costs what has changed since the last one, and next to nothing for what has not. -ENOMEM: the
 * last one still holds. */
_must_check_ int publisher_view(
        struct publisher *p, const struct publication *source, usec_t now, struct view **ret);
/* One line for the service manager: what is watched and how it is in `view`, the last one. Valid
 * until the next call. */
const char *publisher_status(struct publisher *p, const struct view *view);
/* Tells it, where the line is another than before. */
void publisher_announce(struct publisher *p, const struct view *view);
