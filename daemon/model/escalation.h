/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who is told of an incident when nobody takes it: policies as configured, acknowledgements, and
 * how far an incident has come, as data for views. Which step is due is tell/escalation.h's
 * business. */

#include "duration.h"
#include "roster.h"

/* Longer chains reach nobody who was not reached before; more receivers are a list of their own. */
#define ESCALATION_STEPS_MAX 20
#define ESCALATION_RECEIVERS_MAX 10
#define ESCALATION_REPEAT_MAX 20
/* From one round to the next at least, so that no two are told at once. */
#define ESCALATION_ROUND_MIN USEC_PER_SEC

struct escalation_step {
        usec_t after; /* the step before was told; of the first, the incident opened */
        struct roster receivers;
};

struct escalation_policy {
        struct roster severities; /* of the incidents that it is for */
        struct escalation_step *steps; /* at least one */
        size_t step_count;
        unsigned repeat; /* how often all of it is run through again after its end */
        usec_t ack_timeout; /* how long an acknowledgement holds; USEC_INFINITY: to the end */
};
void escalation_policy_done(struct escalation_policy *p);
/* The first one for incidents of that severity; NULL when there is none. */
const struct escalation_policy *escalation_match(
        const struct escalation_policy *policies, size_t count, const char *severity);
/* How long a step, from 0, waits after the one before it. A round, from 0, that is not the first
 * begins as long after the last step as the first or the last one waits, whichever is longer: the
 * first may be told at once, and would otherwise come with the last. */
usec_t escalation_wait(const struct escalation_policy *p, size_t step, unsigned round);

/* Of a person's name and of what they say; what is longer is refused. */
#define ACK_BY_MAX 200
#define ACK_COMMENT_MAX 1000

/* Of the key that makes and proves links by which an incident is acknowledged. */
#define ACK_KEY_SIZE 32

/* An acknowledgement. */
struct ack {
        char *by; /* owned, as the comment; NULL: there is none */
        char *comment; /* "" for none */
        usec_t at;
};
/* Replaces it. -EINVAL: nobody, or too long. -ENOMEM: it is as before. */
_must_check_ int ack_set(struct ack *a, const char *by, const char *comment, usec_t now);
_must_check_ int ack_copy(const struct ack *from, struct ack *ret);
void ack_done(struct ack *a);

/* Whether a link that was made then may take an incident that opened then, and was acknowledged
 * last then, or never: 0. -ENOENT: it is of an earlier one; -EALREADY: it was taken since the link
 * was made, so that each link is good for one acknowledgement, whoever makes it. */
_must_check_ int ack_link_check(usec_t made, usec_t opened_at, usec_t last_ack_at);

/* How far an incident has come, for pages and the API. */
struct escalation_status {
        usec_t opened_at, last_ack_at; /* the latter 0: nobody has ever taken it */
        char *policy; /* its severities, "critical, high"; "" when there is none for it */
        size_t told, steps; /* told of the steps in this round */
        unsigned round, rounds; /* from 1 */
        usec_t next_at; /* when more is told unless something happens; USEC_INFINITY: never */
        struct roster next; /* who is, then */
        struct ack ack; /* by NULL: not acknowledged */
        usec_t ack_until; /* USEC_INFINITY: to the incident's end */
        char *why; /* why nobody is told now, as a sentence without a full stop; "" when somebody
                    * will be */
        struct roster receivers; /* those who were told, and will hear of its end */
};
void escalation_status_done(struct escalation_status *s);
