/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What people were told and have to be told, as rows of a state: the notifications that are not
 * delivered yet, the alerts, and who knows of which incident. Routing keys and passwords are in
 * none of them; what a notification says is. */

#include "keep/state.h"
#include "tell/alert.h"
#include "tell/notice.h"
#include "tell/outbox.h"

/* As struct outbox_store has them, with the state as userdata: in memory, until the state is
 * committed. */
int telling_put_entry(void *state, const struct outbox_entry *entry);
void telling_remove_entry(void *state, uint64_t id);
/* All of them, in place of those before. -ENOMEM. */
_must_check_ int telling_put_alerts(struct state *s, const struct alerts *alerts);
_must_check_ int telling_put_groups(struct state *s, const struct notices *notices);

/* Gives what a state holds to those who had it in an earlier life, at `now`: a time that lies ahead
 * of it was of a clock that is set right since. What is no such thing is removed, counted in
 * `*refused`, and the first of it told; so is a notification for a destination that is configured
 * no more, which is not counted. -ENOMEM. */
_must_check_ int telling_restore(struct state *s, struct alerts *alerts, struct notices *notices,
        struct outbox *outbox, usec_t now, size_t *refused, struct error *e);
