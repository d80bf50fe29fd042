/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a query set cannot see, whatever the collection answers: by its queries alone, before any is
 * asked. A weak set is a valid one, so each is a warning. Whether expectations hold is not known
 * here, and whether the questions are those of users nowhere. */

#include "error.h"
#include "model/query_set.h"

/* Adds a sentence for each weakness, with file and line. `results`: records that are asked for. */
void weakness_find(const struct query_set *set, unsigned results, struct errors *warnings);
