/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who has taken single alerts: an acknowledged alert is no news to anybody until it is over or the
 * acknowledgement is too old. Plain data, ascending by fingerprint, to be kept as it is. Pure. What
 * an acknowledged incident means is tell/escalation.h's business. */

#include "model/alert.h"
#include "model/escalation.h"

/* At a thousand alerts of single queries nobody acknowledges them one by one. */
#define ACKS_MAX 10000

struct alert_ack {
        uint64_t fingerprint;
        struct ack ack;
        usec_t until; /* USEC_INFINITY: to the alert's end */
};

struct acks {
        struct alert_ack *acks;
        size_t count;
};
void acks_done(struct acks *a);

/* NULL when nobody has acknowledged it. */
const struct alert_ack *acks_find(const struct acks *a, uint64_t fingerprint);
/* Adds or replaces one. -EINVAL: as ack_set(); -ENOSPC: there are too many; -ENOMEM; all is as
 * before then. */
_must_check_ int acks_add(struct acks *a, uint64_t fingerprint, const char *by, const char *comment,
        usec_t timeout, usec_t now);
/* -ENOENT when there is none. */
_must_check_ int acks_remove(struct acks *a, uint64_t fingerprint);
/* Drops those of alerts that neither fire nor wait, and those that are too old at `now`. Returns
 * how many. */
size_t acks_update(struct acks *a, const struct alert *const *alerts, size_t count, usec_t now);
/* When one is too old; USEC_INFINITY for never. */
usec_t acks_next(const struct acks *a);
/* The clock was set: moves all times by as much. */
void acks_jump(struct acks *a, int64_t by);
/* Adds one that was kept in an earlier life, copied. Times that are not reached yet, because the
 * clock was set back meanwhile, are now. The errors of acks_add(). */
_must_check_ int acks_restore(struct acks *a, const struct alert_ack *kept, usec_t now);
