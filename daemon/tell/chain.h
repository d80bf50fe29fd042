/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What one incident runs through: the steps of its policy, or where there is none the one step of
 * its own. Which step is due when, who is told then and why; pure. Which incidents there are and
 * what happens to them is escalation.h's business. */

#include "tell/escalation.h"

/* Borrows the policies and the incident. */
struct chain {
        const struct escalation_policy *policy; /* NULL: none is for it */
        const struct roster *fallback;
        size_t steps;
        unsigned repeat;
        usec_t ack_timeout;
};

struct chain chain_of(
        const struct escalation_policy *policies, size_t count, const struct escalation *s);
/* After anything has changed: the nearest step that there is, and when it is due. */
void chain_settle(const struct chain *c, struct escalation *s);
/* From the first step on, without an acknowledgement. Takes `because`. */
void chain_begin(struct escalation *s, enum escalation_kind began, char *because, usec_t now);
/* The same after an acknowledgement: `before` and `after` stand around who acknowledged, and are
 * why. -ENOMEM: nothing has changed. */
_must_check_ int chain_reopen(
        struct escalation *s, const char *before, const char *after, usec_t now);
/* Adds who has to be told at `now`; it counts as told. -ENOMEM: nobody was, and it is due at once.
 */
_must_check_ int chain_tell(
        const struct chain *c, struct escalation *s, usec_t now, struct escalation_actions *out);
/* How far it has come. -ENOMEM. */
_must_check_ int chain_show(
        const struct chain *c, const struct escalation *s, struct escalation_status *ret);
