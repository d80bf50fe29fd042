/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/quality.h"

#include <math.h>

void quality_init(struct quality *q)
{
        *q = (struct quality){0};
}

static double gain(unsigned grade, unsigned rank)
{
        return (exp2(grade) - 1) / log2(rank + 1.0);
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

/* A server that repeats an id does not gain by it twice. */
static double gain_of(const struct grade *grade, const struct answer *answer, unsigned k)
{
        for (unsigned i = 0; i < answer->count && i < k; i++)
                if (streq(answer->ids[i], grade->id))
                        return gain(grade->grade, i + 1);
        return 0;
}

double quality_ndcg(const struct expectation *expect, const struct answer *answer, unsigned k)
{
        double ideal = ideal_gain(expect, k), sum = 0;

        if (ideal <= 0)
                return NAN;
        for (size_t i = 0; i < expect->grade_count; i++)
                sum += gain_of(&expect->grades[i], answer, k);
        return sum / ideal;
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
}
