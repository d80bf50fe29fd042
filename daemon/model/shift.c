/* SPDX-License-Identifier: Apache-2.0 */
#include "model/shift.h"

#include <math.h>

void query_drift_init(struct query_drift *q)
{
        *q = (struct query_drift){.overlap = NAN, .rbo = NAN};
        for (size_t i = 0; i < LEVEL_COUNT; i++)
                q->baseline[i] = q->tau[i] = q->shift[i] = q->judged[i] = NAN;
}

void drift_view_init(struct drift_view *d)
{
        *d = (struct drift_view){.set_shift = NAN, .overlap = NAN};
}
