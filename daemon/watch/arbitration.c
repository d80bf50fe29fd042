/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "judge/arbiter.h"
#include "judge/judge.h"
#include "log.h"
#include "watch/state.h"

/* Whether the query was answered in the last replay. */
static bool is_measured(const struct query_state *s)
{
        return s->answer && s->judgement.expected != OUTCOME_UNMEASURED;
}

static int judge_again(struct dossier *d, size_t i)
{
        struct query_state *s = &d->queries[i];
        const struct query *q = &d->config->queries->queries[i];
        const struct judge_case c = {q, dossier_known(d, q), s->answer, s->rank, s->exact};
        struct band_state band = s->band_before;
        struct judgement v;
        int r = judge_exact(&c, &d->bands, &band, &v);

        if (r < 0)
                return r;
        if (v.outcome == OUTCOME_FAIL && v.expected_record == EXPECTED_UNKNOWN)
                v.expected_record = s->judgement.expected_record;
        judgement_done(&s->judgement);
        s->judgement = v;
        s->band = band;
        dossier_hold_band(d, s);
        return 0;
}

int dossier_arbitrate(struct dossier *d, size_t query)
{
        struct query_state *s = &d->queries[query];
        const struct baseline_query *known = dossier_known(d, &d->config->queries->queries[query]);
        struct answer *exact;

        if (!is_measured(s))
                return 0;
        exact = arbiter_merge(
                s->answer, known ? known->answer : NULL, s->missed, d->config->replay.results);
        if (!exact)
                return -ENOMEM;
        answer_unref(s->exact);
        s->exact = exact;
        return exact == s->answer ? 0 : judge_again(d, query);
}

/* 1 when what is missed is something else than it was. -ENOMEM. */
static int take_missed(struct dossier *d, const struct attribution_input *input, size_t i)
{
        struct query_state *s = &d->queries[i];
        struct answer *missed = NULL;
        bool same;
        int r = arbiter_missed(input, &d->investigation.suspects, i, &missed);

        if (r < 0)
                return r;
        same = answer_equal(missed, s->missed);
        answer_unref(s->missed);
        s->missed = missed;
        return !same;
}

static int revise_drift(struct dossier *d)
{
        _cleanup_free_ struct query_drift *queries = calloc(query_count(d) + 1, sizeof(*queries));
        _cleanup_free_ struct answer **answers = dossier_exact_answers(d);

        if (!queries || !answers)
                return -ENOMEM;
        drift_revise(d->drift, answers, d->view->epoch.records, &d->view->drift, queries);
        for (size_t i = 0; i < query_count(d); i++)
                d->queries[i].drift = queries[i];
        return 0;
}

void dossier_take_missed(struct dossier *d, const struct attribution_input *input)
{
        bool other = false;
        int r = 0;

        for (size_t i = 0; i < query_count(d) && r >= 0; i++) {
                struct query_state *s = &d->queries[i];

                r = take_missed(d, input, i);
                if (r <= 0 || !is_measured(s))
                        continue;
                other = true;
                r = dossier_arbitrate(d, i);
                /* Nothing is missed any more: as it came. */
                if (r >= 0 && s->exact == s->answer)
                        r = judge_again(d, i);
        }
        if (r >= 0 && other)
                r = revise_drift(d);
        if (r < 0)
                log_error("%s: out of memory: what search misses is judged as missing",
                        d->config->label);
}

struct answer **dossier_exact_answers(const struct dossier *d)
{
        struct answer **answers = calloc(query_count(d) + 1, sizeof(struct answer *));

        for (size_t i = 0; answers && i < query_count(d); i++)
                if (is_measured(&d->queries[i]))
                        answers[i] = d->queries[i].exact;
        return answers;
}

void dossier_forget_missed(struct dossier *d)
{
        for (size_t i = 0; i < query_count(d); i++)
                d->queries[i].missed = answer_unref(d->queries[i].missed);
}
