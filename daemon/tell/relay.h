/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What of the news a daemon tells that shares people with another one: nothing while the other
 * tells them, and from when it does itself, all that the other had not told. It is never less: what
 * cannot be known is told twice. Pure. */

#include "tell/notice.h"

/* So long after it took over, a daemon does not open an incident that the other had told: it may
 * see it later. */
#define RELAY_PATIENCE (15 * USEC_PER_MINUTE)

struct relay {
        bool silent; /* another one tells; false in the beginning */
        struct ledger told; /* by the other, as it said last, of which we did not open anything */
        usec_t patient_until; /* wall clock, as all times of notices */
        struct news kept; /* ends of incidents that the other may not have told */
};
void relay_done(struct relay *r);
/* The other tells from now on. */
void relay_hush(struct relay *r);
/* What the other says that it told; takes it. */
void relay_learn(struct relay *r, struct ledger *told);
/* This one tells from now on: aligns the notices with what the other told, and yields the ends of
 * what it told and cannot end. -ENOMEM: some are told twice. */
_must_check_ int relay_take_over(struct relay *r, struct notices *notices,
        const struct alert *const *alerts, size_t count, usec_t now, struct news *ret);
/* Leaves in `news`, which were logged, those that this one tells. -ENOMEM: all of them. */
_must_check_ int relay_pass(struct relay *r, struct news *news, usec_t now);
/* Adds what the other told and this one has not seen yet. -ENOMEM. */
_must_check_ int relay_told(const struct relay *r, usec_t now, struct ledger *l);
/* The clock was set: moves all times by as much. */
void relay_jump(struct relay *r, int64_t by);
