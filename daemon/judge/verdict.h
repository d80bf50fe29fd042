/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the findings and outcomes of a collection to its verdict. Every door shows this one; a gate
 * may be asked to let more through, and says so. */

#include "model/verdict.h"
#include "model/view.h"

/* What a gate lets through. */
struct verdict_policy {
        bool drift_passes;
        double pass_share; /* of the judged queries that suffices; 1: all of them */
};

/* `policy` NULL: nothing is let through. Fail when a query that is not excused failed (or drifted),
 * or a finding says so; unmeasured when the replay failed, nothing was asked, a query got no valid
 * answer, or a finding says that something could not be looked at; unjudged when nothing says of a
 * query what is good, or every query is excused: then nothing was judged that may fail. */
enum verdict verdict_judge(const struct collection_view *c, const struct verdict_policy *policy);
/* Why no verdict of this set is ever green: nothing in it may fail. NULL: something may. */
const char *verdict_void(const struct collection_view *c);
/* Whether a finding makes this verdict a fail. */
bool verdict_fails_by(const struct finding *f, const struct verdict_policy *policy);
