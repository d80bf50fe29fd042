/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who hears of which incident, and why: news are routed to receivers, escalated while nobody takes
 * them, and kept quiet while they are silenced or their receivers are muted. What is news is
 * notice.h's decision, how it is said message.h's. An incident is silenced when each of its alerts
 * is, or is acknowledged by itself. Its receivers are those of all its alerts. Pure. */

#include "model/standing.h"
#include "tell/acks.h"
#include "tell/escalation.h"
#include "tell/notice.h"
#include "tell/routing.h"
#include "tell/silence.h"

/* All borrowed until the next desk_configure(). */
struct desk_policy {
        const struct routing *routing; /* NULL: all receivers hear of everything */
        struct roster receivers; /* all there are */
        const struct escalation_policy *escalation;
        size_t escalation_count;
};

struct desk;
/* NULL when memory is short. */
struct desk *desk_new(void);
struct desk *desk_free(struct desk *d);
DEFINE_CLEANUP(struct desk *, desk_free)
void desk_configure(struct desk *d, const struct desk_policy *policy);

/* Takes the news, and all alerts as they are, and yields who has to hear of which incident now; it
 * counts as told. Has to be called with all news, and at desk_next(). -ENOMEM: what could be built
 * is in `*ret`. */
_must_check_ int desk_update(struct desk *d, const struct news *news,
        const struct alert *const *alerts, size_t count, usec_t now,
        struct escalation_actions *ret);
/* Goes on with the incidents that were told in an earlier life, of which the notices know and
 * nothing else is left: as if their first step had been told when they were told last. Once,
 * between the first update of the notices and that of the desk; `news` says what opened just now.
 * -ENOMEM: some are told again. */
_must_check_ int desk_resume(struct desk *d, const struct notices *n, const struct news *news,
        const struct alert *const *alerts, size_t count);
/* Somebody wants to take the incident: where people will be told of it, it is there to be taken,
 * before they are. -ENOENT: no alert of it is pending or firing; -ENOMEM. */
_must_check_ int desk_expect(struct desk *d, const char *incident,
        const struct alert *const *alerts, size_t count, usec_t now);
/* When there may be more without news; USEC_INFINITY for never. */
usec_t desk_next(const struct desk *d, usec_t now);
void desk_jump(struct desk *d, int64_t by);
/* Moves when what it knows may be another, at desk_update() for what people do. */
uint64_t desk_generation(const struct desk *d);
/* How all open incidents and silences stand, to be shown; a new reference. -ENOMEM. */
_must_check_ int desk_show(const struct desk *d, usec_t now, struct standing **ret);
/* What people do; the errors are those of escalation.h. */
struct escalations *desk_escalations(struct desk *d);
/* … of silence.h … */
struct silences *desk_silences(struct desk *d);
/* … and of acks.h. desk_update() has to be called after a change of any. What an earlier life knew
 * is restored through them, too, after desk_configure() and before desk_resume(). */
struct acks *desk_acks(struct desk *d);
/* How long an acknowledgement of an alert of this severity holds; USEC_INFINITY: to its end. */
usec_t desk_ack_timeout(const struct desk *d, const char *severity);
