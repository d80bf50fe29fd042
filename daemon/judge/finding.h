/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The only place where a collection is judged: from everything that is known of it to its findings,
 * by one table. Whoever reads them - gate, alerts, page, report, API, metrics - decides nothing any
 * more. It keeps no state: what lasts is in the findings before. */

#include "model/finding.h"
#include "model/view.h"

/* Of the places in the baseline's answers: when more of their records are gone or hold something
 * else, the answers are others, however near they are. */
#define FINDING_LOST 0.3

/* How strictly is judged. */
struct finding_policy {
        double limits[RULE_COUNT]; /* of each rule; NaN: its default, in the unit of the collection
                                    */
        bool at_once; /* one replay counts; else what the rules confirmed in 4 of 5 */
        bool demands_baseline; /* that there is none is a finding */
        bool embedder_counts; /* an embedder that cannot be asked leaves the collection unmeasured
                               */
        usec_t grace; /* so long findings wait while an ingest is under way; 0: not at all */
};
/* Defaults everywhere, confirmed as a daemon does. */
void finding_policy_init(struct finding_policy *p);

/* The findings of `c` at `now` (wall clock). Where something could not be looked at this time, what
 * `before` (NULL: nothing) found stays, with the time it was seen. Afterwards `c` has them, and the
 * outcomes and reasons of its queries are those that the findings give. -ENOMEM: its findings, or
 * the reasons of some queries, are as they were. */
_must_check_ int findings_judge(struct collection_view *c, const struct finding_policy *policy,
        const struct findings *before, usec_t now);
/* Gives the queries of `c`, which are judged by their expectations alone, the outcomes and reasons
 * of its findings. -ENOMEM. */
_must_check_ int findings_apply(struct collection_view *c);
/* Told to people: neither waiting nor excused, nor somebody else's consequence, nor what is left of
 * one. */
bool finding_told(const struct finding *f);
