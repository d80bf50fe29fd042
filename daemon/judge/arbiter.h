/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Exact distances arbitrate between an index and what it holds. An index is written anew by every
 * restart and every upsert, and each time search misses some records that nobody touched: their
 * stored vectors lie where they lay, so that exact search would still answer with them. They are
 * put back at their places before anything is judged. How many there are is recall, one figure of
 * the index; it is no query's failure and no drift. */

#include "judge/suspects.h"

/* The records of the baseline's answer to a query that are there as they were, but not where search
 * finds them: missed by it, or under another id. With the distances that they had, ascending. A new
 * reference, NULL when there are none. After suspects_settle(). -ENOMEM. */
_must_check_ int arbiter_missed(const struct attribution_input *input, const struct suspects *s,
        size_t query, struct answer **ret);
/* `answer` with `missed` at their places (NULL: none), no longer than `results`, or than it is.
 * What stands at the very distance of one of them, and did not in the baseline's answer `before`,
 * is that record under another id. A new reference: to `answer` itself when that changes nothing.
 * NULL when memory is short. */
struct answer *arbiter_merge(struct answer *answer, const struct answer *before,
        const struct answer *missed, unsigned results);
