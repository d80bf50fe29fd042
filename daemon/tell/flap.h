/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which alerts come and go so often that telling each time would tell nobody anything: how often
 * each fired and ended lately. One that fires and has changed more often than the policy allows is
 * told as flapping; from then on it goes on firing until its condition was calm - gone, without
 * coming back - for as long as the policy looks back, or held for so long. So its first firing, and
 * each one before it flaps, is told as ever, and its end is told once. Pure; that an alert flaps is
 * its own to say, and outlives the process with it, what came and went before does not. */

#include "model/alert.h"

/* More would only delay it. */
#define FLAP_CHANGES_MAX 20

struct flap_policy {
        unsigned changes; /* more than that many are too many; 0: no alert ever flaps */
        usec_t window; /* within so long */
};

struct flap_history;

/* Zeroed: nothing has changed yet, and nothing flaps. */
struct flaps {
        struct flap_policy policy;
        struct flap_history *buckets[1024]; /* by fingerprint */
        usec_t pruned_at;
};
void flaps_done(struct flaps *f);
/* The alert fires, which sets whether it flaps, or has ended. One of which nobody is told never
 * does, nor any when memory is short. */
void flaps_fired(struct flaps *f, struct alert *a, usec_t now);
void flaps_ended(struct flaps *f, struct alert *a, usec_t now);
/* The condition of an alert that fires holds: before this call keep_firing_since says whether it
 * had gone. True when the alert is shown otherwise than before. */
bool flaps_held(struct flaps *f, struct alert *a, usec_t now);
/* How long an alert that fires goes on without its condition, where its rule says `keep`. */
usec_t flaps_keep(const struct flaps *f, const struct alert *a, usec_t keep);
/* Forgets what is too long ago to count. */
void flaps_prune(struct flaps *f, usec_t now);
/* The clock was set: moves all times by as much. */
void flaps_jump(struct flaps *f, int64_t by);
