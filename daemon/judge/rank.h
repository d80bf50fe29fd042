/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the expected record stands in an answer. What its place means for the outcome is judge.h's
 * business. */

#include "model/answer.h"
#include "model/query_set.h"

/* Rank, from 1, of the first record that the expectation names by id or whose metadata contains (as
 * equal JSON values; integers equal reals of the same value) every member of one listed object; 0
 * when there is none. Where a record has a list, each of its elements is a value that it has; a
 * listed object's list means all of its elements. */
unsigned rank_expected(const struct expectation *expect, const struct answer *answer);
/* Whether the record at index `i` of the answer is one of those. */
bool rank_is_expected(const struct expectation *expect, const struct answer *answer, unsigned i);
/* Whether a record with this metadata (NULL or JSON null: none) contains one listed object. */
bool rank_metadata_expected(const struct expectation *expect, const json_t *record);
