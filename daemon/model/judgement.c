/* SPDX-License-Identifier: Apache-2.0 */
#include "model/judgement.h"

#include <math.h>

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
