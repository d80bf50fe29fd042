/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How small a loss of records would be seen. Records are taken at random out of what the approved
 * baseline knows, each query is given the answer that exact search would give without them, and the
 * judge that judges a replay judges it: how often the gate fails is counted, not derived. Apart
 * from that stands how likely a loss changes an answer at all, which nobody need be told of. It
 * knows of no loss but a random one, and of no index: what search misses is not simulated. */

#include <stdint.h>

#include "judge/proportion.h"
#include "model/view.h"

/* Simulated losses of each size: an interval of +-5 % at most. */
#define SENSITIVITY_TRIALS 400
/* So many of a size suffice when each of them failed the gate. */
#define SENSITIVITY_CERTAIN 100
/* With many queries there are fewer, so that a report takes no seconds: so many answers of all
 * queries together, but at least so many losses. */
#define SENSITIVITY_ANSWERS 100000
#define SENSITIVITY_TRIALS_MIN 25
/* Queries that are followed at most, the first ones. */
#define SENSITIVITY_QUERIES_MAX 10000
#define SENSITIVITY_CONFIDENCE 0.95
#define SENSITIVITY_SEED UINT64_C(42)

/* Why it is not known how often the gate fails. */
enum sensitivity_gap {
        SENSITIVITY_KNOWN,
        SENSITIVITY_NO_BASELINE,
        SENSITIVITY_NOT_KEPT, /* the baseline does not know what follows its answers */
        SENSITIVITY_FAILS_ALREADY, /* with nothing lost */
};

struct sensitivity_loss {
        double share; /* of the records */
        int64_t records; /* lost: that share, rounded; 0: less than half a record; -1: unknown, each
                            is lost with that probability */
        double changes; /* probability that any answer changes; NaN: unknown */
        struct proportion red; /* simulated losses at which the gate fails; `of` 0: unknown */
};

/* From 0.1 to 20 %. */
#define SENSITIVITY_LOSSES 7

struct sensitivity {
        enum sensitivity_gap gap;
        size_t queries; /* of the set */
        size_t followed; /* of which it is known what follows their answers; the others are taken
                            for such that no loss touches, so that the gate fails more often */
        size_t watched; /* distinct records in the answers */
        int64_t records; /* of the collection then; -1: unknown */
        struct sensitivity_loss losses[SENSITIVITY_LOSSES]; /* ascending */
};

/* Of the collection of `c`, by its baseline, and without one by its last answers; judged as
 * `driftwatch check` does without flags. The same input gives the same output. Cost is
 * O(losses x trials x queries x results). -ENOMEM. */
_must_check_ int sensitivity_compute(const struct collection_view *c, struct sensitivity *ret);
