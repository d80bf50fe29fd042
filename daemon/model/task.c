/* SPDX-License-Identifier: Apache-2.0 */
#include "model/task.h"

const char *task_name(enum task task)
{
        static const char *const names[TASK_COUNT] = {
                [TASK_REPLAY] = "replay",
                [TASK_LOOKUP] = "lookup",
                [TASK_PROBE] = "probe",
                [TASK_SURVEY] = "survey",
                [TASK_LISTING] = "listing",
        };

        return names[task];
}
