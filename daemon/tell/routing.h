/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which receivers hear of a label set: Alertmanager's routing tree. The first branch that matches
 * is followed, and the next ones too where it says `continue`; where none matches, the branch
 * itself is meant. A branch may be muted in some calendars, or outside of others; branches do not
 * inherit that. A receiver that several branches lead to is meant once, and muted when all of them
 * are. Who sends is dispatch.h's business. Pure. */

#include "model/matcher.h"
#include "tell/calendar.h"

/* Deeper or larger trees nobody can predict. */
#define ROUTING_DEPTH_MAX 8
#define ROUTING_BRANCHES_MAX 500
#define ROUTING_CALENDARS_MAX 100 /* in all, and those of a branch */

/* Calendars by their places among those of the routing. */
struct branch_calendars {
        size_t *places;
        size_t count;
};

struct branch {
        struct matchers matchers; /* of the root none */
        char *receiver; /* of the branch around it where it says none; never NULL */
        bool goes_on; /* `continue` */
        struct branch_calendars mute; /* muted in any of them */
        struct branch_calendars active; /* muted outside of all of them, where there are some */
        struct branch *branches;
        size_t count;
};

struct routing {
        struct branch root;
        struct calendar *calendars;
        size_t calendar_count;
};
void routing_done(struct routing *r);

struct routed {
        const char *receiver; /* borrowed of the routing */
        char *reason; /* owned, a sentence; NULL: it is not muted */
};

/* In the order in which they are found; one at least. */
struct recipients {
        struct routed *routed;
        size_t count;
};
void recipients_done(struct recipients *r);

/* Who hears of the label set at `now`. -ENOMEM. */
_must_check_ int routing_find(
        const struct routing *r, const struct labels *l, usec_t now, struct recipients *ret);
/* The first time after `now` at which somebody begins or ceases to be muted, within
 * CALENDAR_AHEAD_MAX, or a time before that; USEC_INFINITY: nobody does. */
usec_t routing_next(const struct routing *r, usec_t now);
