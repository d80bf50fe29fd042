/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How an incident stands with people, and what is silenced: the one sentence and the JSON that
 * page, API and commands have of it. What is wrong is facts.h's. */

#include <jansson.h>

#include "model/standing.h"
#include "text.h"

/* "acknowledged by anna 5m ago: looking into it", "silenced by …", "told: search-team", and, where
 * somebody is to be told, "next: platform in 10m"; without a full stop. */
void standing_describe(const struct escalation_status *s, usec_t now, struct text *t);
/* {"policy", "step", "steps", "round", "rounds", "next_at", "next": [...], "acknowledged": {"by",
 * "comment", "at", "until"}, "quiet", "told": [...], "sentence"}; null for NULL: nobody was to be
 * told of it yet. A new reference, NULL when memory is short. */
json_t *standing_json(const struct escalation_status *s, usec_t now);
/* {"by", "comment", "at", "until"} of an alert; null when nobody has taken it. */
json_t *standing_alert(const struct standing *s, uint64_t fingerprint);
/* All of them, as Alertmanager has them: [{"id", "status": {"state"}, "matchers": [{"name",
 * "value", "isRegex", "isEqual"}], "createdBy", "comment", "startsAt", "endsAt", "createdAt",
 * "text"}], where the last is matchers_build()'s. NULL when memory is short. */
json_t *standing_silences(const struct standing *s);
