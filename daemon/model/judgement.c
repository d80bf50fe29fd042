/* SPDX-License-Identifier: Apache-2.0 */
#include "model/judgement.h"

#include <errno.h>
#include <math.h>

#include "text.h"

void judgement_init(struct judgement *v)
{
        *v = (struct judgement){
                .outcome = OUTCOME_UNMEASURED,
                .expected = OUTCOME_UNMEASURED,
                .distance = NAN,
                .expected_distance = NAN,
                .band = -1,
                .confirmed_band = -1,
                .home_band = -1,
                .home_distance = NAN,
        };
}

void judgement_done(struct judgement *v)
{
        free(v->reason);
        v->reason = NULL;
}

int judgement_copy(const struct judgement *from, struct judgement *ret)
{
        char *reason;
        int r = strdup_to(&reason, from->reason);

        if (r < 0)
                return r;
        *ret = *from;
        ret->reason = reason;
        return 0;
}

int judgement_explain(struct judgement *v)
{
        static const char *const findings[EXPECTED_COUNT] = {
                [EXPECTED_GONE] = "; no such record exists any more: it was deleted, or the "
                                  "expectation is stale",
                [EXPECTED_UNFOUND] = "; the collection holds such a record: others are nearer, or "
                                     "search does not reach it",
                [EXPECTED_FILTERED] =
                        "; the collection holds such a record, but the filter excludes it",
                [EXPECTED_UNREACHED] = "; but the collection holds such a record that passes it: "
                                       "search does not reach it",
                [EXPECTED_MISSED] = "",
                [EXPECTED_REFUSED] = "; whether such a record exists could not be looked up",
        };
        _cleanup_text_ struct text t = {0};

        if (v->outcome != OUTCOME_FAIL || v->expected_record == EXPECTED_UNKNOWN)
                return 0;
        text_appendf(&t, "%s%s", v->reason ? v->reason : "not found", findings[v->expected_record]);
        if (text_failed(&t))
                return -ENOMEM;
        free(v->reason);
        v->reason = text_take(&t, NULL);
        return 0;
}

const char *outcome_name(enum outcome o)
{
        static const char *const names[OUTCOME_COUNT] = {
                [OUTCOME_PASS] = "pass",
                [OUTCOME_DRIFT] = "drift",
                [OUTCOME_FAIL] = "fail",
                [OUTCOME_UNMEASURED] = "unmeasured",
                [OUTCOME_UNJUDGED] = "unjudged",
        };

        return names[o];
}
