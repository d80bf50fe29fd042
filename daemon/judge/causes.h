/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The cause of each query's own difference, by what happened to its own records: what the label of
 * the collection (attribution.h) is on the whole, these are in particular, so that faults that
 * coincide are told apart. */

#include "judge/attribution.h"

/* What holds of the collection as a whole, and so decides what the fates of records mean. */
struct causes_setting {
        enum cause label;
        enum cause gone; /* of gone records: REMOVED, REMOVED_TOPIC or UNFINISHED */
        enum cause edited; /* of edited ones: EDIT, or what happened throughout */
        enum cause index; /* of unreachable ones; NONE: an index changes as much by itself */
        bool crowded; /* new ones with a near copy are a flood's … */
        bool overrun; /* … and all others */
        bool embedder; /* the embedder has changed */
        bool added; /* new ones are a growth's, and not what an index does by itself */
};

/* `ret[i]` (NULL: not wanted) is the first cause of query i: that of the record which it expects
 * and does not find, else by the order of attribution.h's rules. `counts` are the queries in which
 * each cause holds; several may in one. After suspects_settle(). */
void causes_of_queries(const struct attribution_input *input, const struct suspects *suspects,
        const struct causes_setting *setting, enum cause *ret, size_t counts[CAUSE_COUNT]);
