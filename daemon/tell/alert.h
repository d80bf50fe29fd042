/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The alert state machine, as Prometheus runs it (rules/alerting.go): inactive → pending → firing →
 * resolved, with `for`, `keep_firing_for`, resending and a rolling endsAt. Pure: time comes in,
 * alerts to be sent come out. An evaluation that did not happen (unmeasured) changes nothing.
 * Identity is the fingerprint of the labels, severity included: a rule whose severity changes has
 * new alerts, and the old ones end.
 *
 * It differs from Prometheus where people are told directly: an alert that is back to pending (a
 * longer `for`) and ends there is resolved instead of forgotten, because it may have been told,
 * and an alert of a rule with inhibits_server that fires because the server is not reached inhibits
 * the alerts of other rules about that server. An inhibited alert is not told; one that was sent
 * already is sent on, because an Alertmanager would take silence for its end. */

#include "model/alert.h"
#include "tell/flap.h"
#include "tell/signal.h"

/* A resolved alert is kept, and its resolution re-sent, for so long (Prometheus:
 * resolvedRetention). */
#define ALERT_RESOLVED_RETENTION (15 * USEC_PER_MINUTE)

struct alerts;

/* Grow with every change that people may be shown, and with those that may concern who is told: an
 * alert came, went, has another state or is inhibited or no longer. */
uint64_t alerts_generation(const struct alerts *a);
uint64_t alerts_moves(const struct alerts *a);

struct alerts *alerts_new(void);
struct alerts *alerts_free(struct alerts *a);
DEFINE_CLEANUP(struct alerts *, alerts_free)

/* When an alert flaps, from now on; in the beginning none ever does. */
void alerts_damp(struct alerts *a, const struct flap_policy *policy);
/* Takes what an evaluation of one collection found at `now`; where nothing moves it costs what the
 * collection's own alerts do. Alerts of that collection that no
 * signal mentions end. `rules` gives `for` and `keep_firing_for`. -ENOMEM:
 * nothing has ended, and the next update makes it good. */
_must_check_ int alerts_update(struct alerts *a, const struct rule rules[RULE_COUNT],
        const struct signals *signals, usec_t now);
/* The collection is no longer watched: its firing alerts resolve, pending ones go. */
void alerts_forget_collection(struct alerts *a, const char *collection, usec_t now);
/* The collection is watched by another daemon from now on: as alerts_forget_collection(), but the
 * Alertmanagers are not told, because it may go on. What nobody renews there ends by itself. */
void alerts_yield_collection(struct alerts *a, const char *collection, usec_t now);
/* A rule that was switched off ends its alerts; a longer `for` returns a firing alert to pending.
 * Other changes show with the next update. */
void alerts_reconfigure(struct alerts *a, const struct rule rules[RULE_COUNT], usec_t now);
/* The clock was set: moves all times by as much. What was sent is due at once: who has it takes its
 * end from those times. */
void alerts_jump(struct alerts *a, int64_t by);
/* Drops resolved alerts whose retention is over. */
void alerts_expire(struct alerts *a, usec_t now);

/* How an alert is to be sent. */
struct alert_policy {
        usec_t resend_delay; /* between two sendings of a firing alert */
        usec_t interval; /* the longest interval between two evaluations of any collection */
};
/* Alerts that have to go to the Alertmanagers now: resolved since they were last sent, or last sent
 * more than resend_delay ago, resolved ones until they expire. Marks them as sent and sets
 * valid_until = now + 4 × max(interval, resend_delay). An alert that is inhibited and was never
 * sent stays back, and so does the resolution of one that never was sent. `*ret` is an array of
 * borrowed pointers, valid until the next call that changes `a`; the array is the caller's. */
_must_check_ int alerts_due(struct alerts *a, const struct alert_policy *policy, usec_t now,
        const struct alert ***ret, size_t *ret_count);
/* Transitions since the last call, for the log: fired and resolved alerts, each once. */
_must_check_ int alerts_transitions(struct alerts *a, const struct alert ***ret, size_t *ret_count);
/* When alerts_due() or alerts_expire() next has something to do; 0 for at once, USEC_INFINITY for
 * never. Both have to be called then, also where nobody listens, because they mark what they hand
 * out. */
usec_t alerts_next(const struct alerts *a, const struct alert_policy *policy);
/* All alerts: firing, pending, resolved; each group by fingerprint. The pointers as in
 * alerts_due(). */
_must_check_ int alerts_list(const struct alerts *a, const struct alert ***ret, size_t *ret_count);
/* Takes an alert of an earlier life, as alerts_list() had it. It goes on until its collection was
 * looked at again: a replay that fails ends nothing that it does not know of. -EINVAL: it is none
 * that could be, or is there already; -ENOMEM. */
_must_check_ int alerts_restore(struct alerts *a, struct alert *alert);
