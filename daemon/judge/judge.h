/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One answer against its query: the outcome and the sentence that explains it. */

#include "judge/band.h"
#include "model/answer.h"
#include "model/judgement.h"
#include "model/query_set.h"

/* Judges `answer`, advancing `state`. A query that expects nothing itself has to find the best
 * record of `baseline`, the approved answer (NULL: it has none), among the first `within`; without
 * either it is unjudged. With a NULL answer the query is unmeasured for the `unmeasured` reason and
 * the state stays as it is. An answer without records fails: whatever was asked, nothing came back.
 * `*ret` is initialised by this call; -ENOMEM leaves it untouched. */
_must_check_ int judge_answer(const struct query *query, const struct answer *baseline,
        const struct answer *answer, const char *unmeasured, const struct bands *bands,
        struct band_state *state, struct judgement *ret);
