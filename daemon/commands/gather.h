/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Completes a candidate with what a person wants to see before approving it: excerpts of the first
 * answers of each query, and where an expected record stands that is not among the answers; and
 * with what follows each answer, by which the report tells how small a loss would be seen. */

#include "config/config.h"
#include "model/baseline.h"

/* Asks the server of `c` on a loop of its own, and fills `b`. With `beyond`, every query that does
 * not know what follows its answer is asked once more for about twice as many records, many queries
 * a request; without, only those that fail are looked into. A server that refuses leaves `b`
 * without what it did not give: then a sentence, as a warning, is all there is in `e`. -ENOMEM. */
_must_check_ int gather(
        const struct collection_config *c, struct baseline *b, bool beyond, struct error *e);
