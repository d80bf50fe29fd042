/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The records of today's answers side by side, as lookup.h got them: which of those that entered
 * have a near copy in the same answer, and which were there before the baseline's own records were
 * all added. Sends nothing. */

#include "ask/records.h"
#include "judge/suspects.h"

/* Records are twins from this cosine on. */
#define TWINS_COSINE 0.97
/* Of long answers only the first records are compared: what else is wrong in the rest, these show
 * it. */
#define TWINS_DEPTH 20

/* How many of the list's records are compared. */
unsigned twins_depth(const struct twin_list *l);
/* Fills in the findings of the lists from `first` to before `end`. `records` are theirs, with
 * vectors, in the order in which they were added, and the baseline's newest one, as far as they
 * exist. */
void twins_compare(struct suspects *s, size_t first, size_t end, const struct records *records);
