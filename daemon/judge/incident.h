/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The open findings of one collection as the one thing that a person is told: how bad, since when,
 * from which causes, which queries are worst, and what to do. It is read off the view and keeps
 * nothing; who was told of it and when is tell/notice.h's business. */

#include "model/view.h"

struct text;

struct incident {
        const char *id; /* one collection has one incident at a time, so that it is its label */
        usec_t since;
        enum severity severity; /* of its worst finding */
        size_t findings; /* open ones, consequences included */
        size_t queries; /* that have one */
        enum cause causes[CAUSE_COUNT]; /* the main one first */
        size_t cause_count;
        size_t worst[INCIDENT_WORST]; /* indices in the set */
        size_t worst_count;
};

/* Whether there is one. `*ret` borrows from `c`. */
bool incident_of(const struct collection_view *c, struct incident *ret);
/* The same with its words, on its own; `ret` is zeroed where there is none. -ENOMEM. */
_must_check_ int incident_show(const struct collection_view *c, struct incident_view *ret);
/* The causes of what differs from the baseline, the main one first; NONE and GROWTH only when there
 * is no other, nothing when it is unknown. Returns how many. */
size_t incident_causes(const struct collection_view *c, enum cause ret[CAUSE_COUNT]);
/* The worst findings of queries, one a query, worst first: those that are told by `rule`, or with
 * RULE_COUNT all that are open. Returns how many. */
size_t incident_worst(const struct collection_view *c, enum rule_id rule,
        const struct finding *ret[INCIDENT_WORST]);
/* Opens the incident, lets it go on, or ends it: sets `incident_since` after findings_judge(). */
void incident_update(struct collection_view *c, usec_t before, usec_t now);

/* Appends: what is wrong, in a few words: "7 of 44 queries fail, 2 drifted". */
void incident_summarise(const struct collection_view *c, struct text *t);
/* attribution_reason() and attribution_first_step() of its causes. */
void incident_reason(const struct collection_view *c, const char *separator, struct text *t);
const char *incident_first_step(const struct collection_view *c);
/* Appends attribution_explain() of its causes; nothing when no cause is known, or nothing changed.
 */
void incident_explain(const struct collection_view *c, const char *separator, struct text *t);
