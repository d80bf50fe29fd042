/* SPDX-License-Identifier: Apache-2.0 */
#include "model/verdict.h"

#include <math.h>

void verdict_init(struct verdict *v)
{
        *v = (struct verdict){
                .outcome = OUTCOME_UNMEASURED,
                .distance = NAN,
                .expected_distance = NAN,
                .band = -1,
                .confirmed_band = -1,
                .home_band = -1,
                .home_distance = NAN,
        };
}

void verdict_done(struct verdict *v)
{
        free(v->reason);
        v->reason = NULL;
}

int verdict_copy(const struct verdict *from, struct verdict *ret)
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
        };

        return names[o];
}
