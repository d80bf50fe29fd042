/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One answer against its query: the outcome and the sentence that explains it. */

#include "judge/band.h"
#include "model/answer.h"
#include "model/baseline.h"
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

/* Shows `state` in the judgement. */
void judge_note_band(const struct band_state *state, struct judgement *v);

/* A query and what is known of its answer. */
struct judge_case {
        const struct query *query;
        const struct baseline_query *known; /* NULL: the baseline does not know it */
        const struct answer *answer; /* as it came */
        unsigned rank; /* of the expected record in it; 0: not found */
        const struct answer *exact; /* the same with what search missed, judge/arbiter.h */
};
/* Judges the exact answer in place of the one that came, whose state must not have been advanced
 * by it: what search misses by itself is the index's fault. It fails all the same where a query
 * names its record and that record, nearest of all, is what search does not find. -ENOMEM. */
_must_check_ int judge_exact(const struct judge_case *c, const struct bands *bands,
        struct band_state *state, struct judgement *ret);
/* Whether a record is one that the query expects: by id, or because it met the expectation when
 * the baseline was recorded. */
bool judge_expects(const struct query *query, const struct baseline_query *known, const char *id);
/* Whether all that is expected is that nothing comes too near: no question, but a control. */
bool judge_is_control(const struct query *query);
