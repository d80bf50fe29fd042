/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who has to hear of an incident that nobody takes: the chain of the first policy for its severity,
 * step after step, until it is acknowledged, silenced or over. Pure: what happened and the time
 * come in, who is told and why comes out. What is said, and through which channel, is not decided
 * here, nor are group_wait and repetitions of what a receiver knows, which are notice.h's.
 *
 * `after` counts from when the step before was told. At the end the chain begins again as often as
 * `repeat` says. An incident that becomes worse, whose acknowledgement is taken back or is older
 * than ack_timeout, begins at the first step again. While it is silenced its times stand still. An
 * incident without a policy is told to the receivers that come with it, each once. What became due
 * while nobody looked, as over a restart, is told once and together, and the next step counts from
 * then; that ends with the chain, so that a new round is never told with the one before. The end is
 * told to everyone who was told anything, also while it is silenced. */

#include "model/escalation.h"

enum escalation_kind {
        ESCALATION_OPENED, /* the first step */
        ESCALATION_ESCALATED, /* a further one, another round, or because it became worse */
        ESCALATION_REOPENED, /* the first step again, after an acknowledgement */
        ESCALATION_CHANGED, /* a further alert; for those who were told */
        ESCALATION_RESOLVED, /* for those who were told */
        ESCALATION_ACKNOWLEDGED, /* somebody took it; for those of them that keep account of it */
        ESCALATION_KIND_COUNT,
};

struct escalation_action {
        enum escalation_kind kind;
        char *incident, *receiver; /* owned, as the next */
        char *reason; /* "nobody acknowledged within 15m: step 2 of 3" */
        size_t step, steps; /* from 1; step 0: of none in particular */
};

struct escalation_actions {
        struct escalation_action *actions;
        size_t count;
};
void escalation_actions_done(struct escalation_actions *a);
/* Adds what `what` says - kind, reason, step, steps - of the incident for each receiver but those
 * in `except` (NULL: none). -ENOMEM: some may be there. */
_must_check_ int escalation_actions_add(struct escalation_actions *a,
        const struct escalation_action *what, const char *incident, const struct roster *receivers,
        const struct roster *except);

/* An incident's state, as it is kept over a restart. */
struct escalation {
        char *incident; /* owned, as all that is here */
        char *severity; /* the worst since it opened, which decides on the policy */
        usec_t opened_at; /* wall clock, as all times here */
        unsigned round; /* from 0 */
        size_t step; /* that is due next, from 0; as many as there are: the last one was told */
        usec_t step_at; /* when the one before was told, or the chain began */
        usec_t next_at; /* derived: when there is more to do; 0 for at once, USEC_INFINITY: never */
        enum escalation_kind began; /* what its first step is told as … */
        char *because; /* … and why; NULL: it opened */
        struct ack ack;
        usec_t last_ack_at; /* also of one that is over; 0: nobody has ever taken it */
        char *silence; /* why it is silenced; NULL: it is not */
        usec_t silenced_at;
        struct roster fallback; /* who is told when no policy is for it */
        struct roster told;
        bool changed, closed, taken; /* and not told yet */
        bool early; /* somebody took it before people were to be told: it has not begun */
};
void escalation_done(struct escalation *s);

struct escalations;

struct escalations *escalations_new(void);
struct escalations *escalations_free(struct escalations *e);
DEFINE_CLEANUP(struct escalations *, escalations_free)

/* Other policies, borrowed until the next call of this. An incident goes on at the step it is at,
 * or after the last one where there are fewer now; a wait that became shorter may be over. */
void escalations_configure(
        struct escalations *e, const struct escalation_policy *policies, size_t count);
/* The incident is open. Again, it may be of another severity or have other receivers: a worse
 * severity than any before begins the chain again and ends an acknowledgement, a lesser one changes
 * nothing. One that was closed, which is not told yet, goes on. -ENOMEM: as before the call. */
_must_check_ int escalations_open(struct escalations *e, const char *incident, const char *severity,
        const struct roster *fallback, usec_t now);
/* People will be told of the incident unless somebody takes it before that: it is there to be
 * taken, and begins when it is opened; no-op when it is there. It has to be closed when it is over
 * before. -ENOMEM. */
_must_check_ int escalations_expect(
        struct escalations *e, const char *incident, const char *severity, usec_t now);
/* Its receivers are others; no-op for one that is expected. -ENOMEM: as before the call. */
_must_check_ int escalations_route(
        struct escalations *e, const char *incident, const struct roster *fallback);
/* A further alert fires, which those who were told have to know, unless it is silenced. */
void escalations_change(struct escalations *e, const char *incident);
void escalations_close(struct escalations *e, const char *incident);
/* Replaces an acknowledgement that there is; those who were told have to know. -ENOENT: no such
 * incident is open; -EINVAL: as ack_set(). */
_must_check_ int escalations_acknowledge(struct escalations *e, const char *incident,
        const char *by, const char *comment, usec_t now);
/* Whether a link that was made then may still acknowledge it. -ENOENT: it is not open, or has
 * opened since; -EALREADY: it was acknowledged since. */
_must_check_ int escalations_check_link(
        const struct escalations *e, const char *incident, usec_t made);
/* -ENOENT: no such incident is open, or nobody has acknowledged it; -EINVAL, -ENOMEM. */
_must_check_ int escalations_unacknowledge(
        struct escalations *e, const char *incident, const char *by, usec_t now);
/* NULL: it is silenced no longer. Unknown incidents are none. -ENOMEM: as before the call. */
_must_check_ int escalations_silence(
        struct escalations *e, const char *incident, const char *reason, usec_t now);
/* What is due at `now` for this incident alone was told already: its receivers count as told.
 * -ENOMEM: it is due at once. */
_must_check_ int escalations_assume(struct escalations *e, const char *incident, usec_t now);
/* Yields who has to be told at `now`, each receiver once an incident; it counts as told. -ENOMEM:
 * what could be built is in `*ret`, the rest is due at once. */
_must_check_ int escalations_update(
        struct escalations *e, usec_t now, struct escalation_actions *ret);
/* When escalations_update() has something to do; 0 for at once, USEC_INFINITY for never. */
usec_t escalations_next(const struct escalations *e);
/* The clock was set: moves all times by as much. */
void escalations_jump(struct escalations *e, int64_t by);
/* How far it has come. -ENOENT, -ENOMEM. */
_must_check_ int escalations_show(
        const struct escalations *e, const char *incident, struct escalation_status *ret);
/* NULL: there is none. Valid as the list. */
const struct escalation *escalations_find(const struct escalations *e, const char *incident);
/* All of them, by incident; valid until the next call that changes `e`. */
const struct escalation *const *escalations_list(const struct escalations *e, size_t *ret_count);
/* Takes what is in one that was listed in an earlier life; after escalations_configure(), because a
 * step that no policy has is forgotten. Times that are not reached yet, because the clock was set
 * back meanwhile, are now. -EINVAL: it has no incident or severity, or there is one of this
 * incident; -ENOMEM; nothing was taken then. */
_must_check_ int escalations_restore(struct escalations *e, struct escalation *kept, usec_t now);
