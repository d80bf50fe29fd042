/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/verdict.h"

static const struct verdict_policy strict = {.pass_share = 1};

static bool fails(enum effect effect, const struct verdict_policy *policy)
{
        return effect == EFFECT_FAIL || (effect == EFFECT_DRIFT && !policy->drift_passes);
}

bool verdict_fails_by(const struct finding *f, const struct verdict_policy *policy)
{
        return !f->excused && fails(f->effect, policy ? policy : &strict);
}

/* What the outcome of a query does to the verdict. */
static enum effect effect_of(enum outcome o)
{
        static const enum effect effects[OUTCOME_COUNT] = {
                [OUTCOME_PASS] = EFFECT_NONE,
                [OUTCOME_DRIFT] = EFFECT_DRIFT,
                [OUTCOME_FAIL] = EFFECT_FAIL,
                [OUTCOME_UNMEASURED] = EFFECT_UNMEASURED,
                [OUTCOME_UNJUDGED] = EFFECT_NONE,
        };

        return effects[o];
}

const char *verdict_void(const struct collection_view *c)
{
        if (c->query_set->count == 0)
                return "the query set is empty";
        for (size_t i = 0; i < c->query_set->count; i++)
                if (!c->queries[i].excused)
                        return NULL;
        return "every query is known to fail: nothing here could fail the gate";
}

enum verdict verdict_judge(const struct collection_view *c, const struct verdict_policy *policy)
{
        const struct verdict_policy *p = policy ? policy : &strict;
        size_t judged = 0, failing = 0, unmeasured = 0, unjudged = 0;
        bool failed = false;

        if (!c->replayed || c->last_error || c->query_set->count == 0)
                return VERDICT_UNMEASURED;
        for (size_t i = 0; i < c->query_set->count; i++) {
                enum outcome o = c->queries[i].judgement.outcome;

                if (c->queries[i].excused)
                        continue;
                unmeasured += o == OUTCOME_UNMEASURED;
                unjudged += o == OUTCOME_UNJUDGED;
                judged += o != OUTCOME_UNMEASURED && o != OUTCOME_UNJUDGED;
                failing += fails(effect_of(o), p);
        }
        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];

                if (f->query != FINDING_COLLECTION)
                        continue;
                failed = failed || verdict_fails_by(f, p);
                unmeasured += f->effect == EFFECT_UNMEASURED;
        }
        if (failed || (failing > 0 && (double)(judged - failing) < p->pass_share * (double)judged))
                return VERDICT_FAIL;
        if (unmeasured > 0)
                return VERDICT_UNMEASURED;
        return unjudged > 0 || judged == 0 ? VERDICT_UNJUDGED : VERDICT_PASS;
}
