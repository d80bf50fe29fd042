/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Quality figures of one replay over a set of queries, as information retrieval defines them. */

#include "model/answer.h"
#include "model/judgement.h"
#include "model/query_set.h"

struct quality {
        size_t queries, measured, passed;
        size_t ranked; /* measured queries that expect records: of these are the next two */
        double hit_rate; /* hit@k: share whose expected record is among the answers; NaN */
        double mrr; /* mean of 1/rank of the first expected record, 0 when not found; NaN */
        size_t graded; /* measured queries with graded expectations */
        double ndcg; /* mean nDCG@k over them; NaN */
        double recall; /* mean recall@k: share of their relevant records that was found; NaN */
};

/* One query's place in it. `answer` NULL: unmeasured. Sums are kept in `q`; quality_finish() turns
 * them into means. */
void quality_init(struct quality *q);
void quality_add(struct quality *q, const struct query *query, const struct judgement *verdict,
        const struct answer *answer, unsigned k);
void quality_finish(struct quality *q);
/* nDCG@k of one answer as trec_eval's ndcg_cut has it: a grade is the gain, discounts log2(rank +
 * 1), ideal over all grades given (Järvelin and Kekäläinen 2002). Records at one distance stand as
 * they were answered, where trec_eval orders them by id. NaN when no grade is above 0. */
double quality_ndcg(const struct expectation *expect, const struct answer *answer, unsigned k);
/* Of the records graded above 0, the share among the first k. NaN when there is none. */
double quality_recall(const struct expectation *expect, const struct answer *answer, unsigned k);
