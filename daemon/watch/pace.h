/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How one watch keeps to its server's allowance: counts what it asks for, holds back surveys and
 * probes until their place has come, says once when that stretches what was configured, and lets
 * most surveys between replays do without the one request that costs more the larger a collection
 * is. Nothing is done here. */

#include "config/config.h"
#include "watch/allowance.h"
#include "watch/schedule.h"

/* Surveys of an unchanged collection for each one that asks for its newest record. */
#define PACE_WALK_EVERY 10
/* Surveys one after another that ask for a replay because they saw a change. */
#define PACE_CHANGES_MAX 5

struct pace {
        const struct collection_config *config; /* borrowed */
        struct allowance *allowance; /* NULL: nothing is counted or held back */
        struct spending spendings[TASK_COUNT]; /* of what is held back; others have no allowance */
        unsigned unwalked; /* surveys since the newest record was asked for; 0: it is to be */
        unsigned changing; /* surveys one after another that saw a change */
};

/* `allowances` may be NULL. -ENOMEM. */
_must_check_ int pace_init(
        struct pace *p, const struct collection_config *config, struct allowances *allowances);
/* A request for this took so long. */
void pace_add(struct pace *p, enum task task, usec_t duration);
/* Whether what is due by `t` may begin; else `t` is due when it may. */
bool pace_lets(struct pace *p, enum task task, struct timer *t, usec_t now);
/* It is over. */
void pace_end(struct pace *p, enum task task);
/* It is not to be, or was cancelled. */
void pace_cancel(struct pace *p, enum task task);
/* The same for all. */
void pace_done(struct pace *p);
/* Goes on where `old`, of an earlier configuration, has come to. Its places are free then. */
void pace_adopt(struct pace *p, struct pace *old);

/* Whether a survey that begins now may take the newest record for what it was at the last look. */
bool pace_skips_walk(const struct pace *p);
/* A survey ended: one that failed or saw a change is followed by one that asks for everything. True
 * when the change is to be replayed at once: of a collection that is written to all the time, and
 * so changes at every look, only the first few are, until it was once seen unchanged. */
bool pace_looked(struct pace *p, bool changed, bool success);
