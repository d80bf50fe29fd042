/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How the open incidents stand with people, and what is silenced, as data for views: who was told,
 * who comes next, who took it. Who that is, is decided in tell/. Counted by references, and not
 * changed once it is shared. */

#include <stdatomic.h>

#include "model/escalation.h"
#include "model/matcher.h"

struct standing_incident {
        char *incident; /* its id */
        struct escalation_status status;
};

/* An alert that somebody has taken. */
struct standing_alert {
        uint64_t fingerprint;
        struct ack ack;
        usec_t until; /* USEC_INFINITY: to its end */
};

struct standing_silence {
        char *id;
        const char *state; /* "pending", "active" or "expired" */
        struct matchers matchers; /* to be shown: they match nothing */
        char *created_by, *comment;
        usec_t created_at, starts_at, ends_at; /* wall clock */
};

struct standing {
        atomic_uint references;
        struct standing_incident *incidents; /* people were told of, or would be; ascending by id */
        size_t incident_count;
        struct standing_alert *alerts; /* ascending by fingerprint */
        size_t alert_count;
        struct standing_silence *silences; /* in the order in which they were made */
        size_t silence_count;
};

/* With room for so many, empty and with one reference. NULL when memory is short. */
struct standing *standing_new(size_t incidents, size_t alerts, size_t silences);
struct standing *standing_ref(struct standing *s);
struct standing *standing_unref(struct standing *s);
DEFINE_CLEANUP(struct standing *, standing_unref)
/* NULL when nobody was to be told of it yet, and for `s` NULL. */
const struct escalation_status *standing_find(const struct standing *s, const char *incident);
/* NULL when nobody has taken that alert, and for `s` NULL. */
const struct standing_alert *standing_find_alert(const struct standing *s, uint64_t fingerprint);
