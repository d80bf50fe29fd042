/* SPDX-License-Identifier: Apache-2.0 */
#include "model/verdict.h"

static const struct {
        const char *name;
        int exit_status;
} verdicts[VERDICT_COUNT] = {
        [VERDICT_PASS] = {"pass", 0},
        [VERDICT_UNJUDGED] = {"unjudged", 3},
        [VERDICT_UNMEASURED] = {"unmeasured", 3},
        [VERDICT_FAIL] = {"fail", 1},
};

const char *verdict_name(enum verdict v)
{
        return verdicts[v].name;
}

int verdict_exit_status(enum verdict v)
{
        return verdicts[v].exit_status;
}
