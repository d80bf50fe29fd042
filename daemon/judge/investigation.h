/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When the cause is to be judged anew, and when the collection has to be asked for it: a lookup
 * costs requests, so that it is carried out when something new went wrong, and otherwise now and
 * then at most. What the cause is, is attribution.h's business. */

#include "duration.h"
#include "judge/attribution.h"
#include "model/shift.h"

/* Where what is decided goes: kept by the caller from one decision to the next. */
struct conclusion {
        struct attribution *attribution;
        enum cause *causes; /* of each query */
        struct fates **fates; /* a reference, replaced */
};

/* Between two lookups, unless something new went wrong. */
#define INVESTIGATION_INTERVAL (15 * USEC_PER_MINUTE)

struct investigation {
        struct suspects suspects; /* under way, or the last one */
        struct evidence compared; /* that goes with it */
        bool considered; /* a replay was, since the start or the last reset */
        bool asking; /* the lookup is under way: nobody else may touch it */
        bool news; /* the embedder said something meanwhile */
        bool owed; /* a lookup would be worth it, but came too soon after another */
        bool unfinished; /* the last one could not look up everything */
        bool provisional; /* records were written since it was decided, or meanwhile */
        usec_t asked; /* wall clock of the last lookup; 0: none */
        size_t failing; /* queries, in the last replay */
        uint8_t *known; /* of each query, owned: what is wrong with it since it was looked into */
        bool shifted;
};

void investigation_done(struct investigation *r);
/* Another baseline: whatever was known is to be judged anew. */
void investigation_reset(struct investigation *r);
/* The clock was set: moves its time by as much. */
void investigation_jump(struct investigation *r, int64_t by);
/* A replay ended, or (`news`) the embedder said something about the answers of the last one, which
 * asks nothing. When `*ret_ask` is set, look up
 * `r->suspects` and call investigation_decide(); else what `ret` names is up to date. -ENOMEM. */
_must_check_ int investigation_consider(struct investigation *r,
        const struct attribution_input *input, const struct drift_view *drift, bool news,
        usec_t now, const struct conclusion *ret, bool *ret_ask);
/* The lookup ended, with all findings or (not `finished`) some; then it is carried out again after
 * INVESTIGATION_INTERVAL, and as soon as an ingest that came after it, or in whose middle it was,
 * is over or no query fails any more. -ENOMEM. */
_must_check_ int investigation_decide(struct investigation *r,
        const struct attribution_input *input, bool finished, const struct conclusion *ret);
/* What is wrong no more, now that what was found is taken in, is news when it is wrong again. What
 * a query had that was not measured is kept. */
void investigation_settled(struct investigation *r, const struct attribution_input *input);
