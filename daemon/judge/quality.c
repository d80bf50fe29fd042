/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/quality.h"

#include <math.h>

void quality_init(struct quality *q)
{
        *q = (struct quality){0};
}

static double gain(unsigned grade, unsigned rank)
{
        return grade / log2(rank + 1.0);
}

/* The best order there is: grades descending. */
static double ideal_gain(const struct expectation *expect, unsigned k)
{
        size_t counts[GRADE_MAX + 1] = {0};
        unsigned rank = 1;
        double sum = 0;

        for (size_t i = 0; i < expect->grade_count; i++)
                counts[expect->grades[i].grade]++;
        for (unsigned grade = GRADE_MAX; grade > 0; grade--)
                for (size_t i = 0; i < counts[grade] && rank <= k; i++)
                        sum += gain(grade, rank++);
        return sum;
}

/* From 1; 0: not among the first k. A server that repeats an id does not gain by it twice. */
static unsigned rank_of(const char *id, const struct answer *answer, unsigned k)
{
        for (unsigned i = 0; i < answer->count && i < k; i++)
                if (streq(answer->ids[i], id))
                        return i + 1;
        return 0;
}

double quality_ndcg(const struct expectation *expect, const struct answer *answer, unsigned k)
{
        double ideal = ideal_gain(expect, k), sum = 0;

        if (ideal <= 0)
                return NAN;
        for (size_t i = 0; i < expect->grade_count; i++) {
                unsigned rank = rank_of(expect->grades[i].id, answer, k);

                if (rank > 0)
                        sum += gain(expect->grades[i].grade, rank);
        }
        return sum / ideal;
}

double quality_recall(const struct expectation *expect, const struct answer *answer, unsigned k)
{
        size_t relevant = 0, found = 0;

        for (size_t i = 0; i < expect->grade_count; i++)
                if (expect->grades[i].grade > 0) {
                        relevant++;
                        found += rank_of(expect->grades[i].id, answer, k) > 0;
                }
        return relevant > 0 ? (double)found / (double)relevant : NAN;
}

void quality_add(struct quality *q, const struct query *query, const struct judgement *verdict,
        const struct answer *answer, unsigned k)
{
        double ndcg;

        q->queries++;
        if (verdict->outcome == OUTCOME_UNMEASURED || !answer)
                return;
        q->measured++;
        q->passed += verdict->outcome == OUTCOME_PASS;
        if (expectation_names_records(&query->expect)) {
                q->ranked++;
                if (verdict->expected_rank > 0 && verdict->expected_rank <= k) {
                        q->hit_rate++;
                        q->mrr += 1.0 / verdict->expected_rank;
                }
        }
        ndcg = query->expect.grade_count > 0 ? quality_ndcg(&query->expect, answer, k) : NAN;
        if (!isnan(ndcg)) {
                q->graded++;
                q->ndcg += ndcg;
                q->recall += quality_recall(&query->expect, answer, k);
        }
}

static double mean(double sum, size_t n)
{
        return n > 0 ? sum / (double)n : NAN;
}

void quality_finish(struct quality *q)
{
        q->hit_rate = mean(q->hit_rate, q->ranked);
        q->mrr = mean(q->mrr, q->ranked);
        q->ndcg = mean(q->ndcg, q->graded);
        q->recall = mean(q->recall, q->graded);
}
