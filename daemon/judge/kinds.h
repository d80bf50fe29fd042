/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When each kind of finding holds: the questions that judge/finding.h asks of a view, one row a
 * kind. It knows the last view and nothing of time; when people are told is not its business. */

#include "judge/finding.h"
#include "model/topic.h"

/* What is looked at. */
struct subject {
        const struct collection_view *c;
        const struct finding_policy *policy;
        const struct findings *before;
        size_t query; /* FINDING_COLLECTION */
        const struct query_view *state; /* NULL for the collection */
        double limit; /* of the rule, in the unit of the collection; NaN: it has none */
        struct topic_list lost; /* topics that lost places */
};

/* Functions of one kind. Those of a query are given its state, those of a collection none. */
struct kind {
        bool (*known)(const struct subject *s); /* whether it can be judged now; NULL: always */
        bool (*holds)(const struct subject *s, struct finding *f); /* fills in its numbers */
        /* Of what holds because several replays confirmed it, or a probe of some time ago: whether
         * the last replay, or a probe since `then`, shows it. NULL: what holds shows. */
        bool (*shows)(const struct subject *s, usec_t then);
};

extern const struct kind kinds[FINDING_COUNT];

/* The limit of a rule in the unit of the collection's distances; NaN for RULE_COUNT, which has
 * none. */
double kinds_limit(
        const struct collection_view *c, const struct finding_policy *policy, enum rule_id rule);

/* Whether a probe has looked again since then. */
bool kinds_probed_since(const struct subject *s, usec_t then);
