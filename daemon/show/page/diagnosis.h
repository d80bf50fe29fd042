/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the status page says about a collection beyond its last replay: its baseline, its index, its
 * embedder, and why its answers changed. */

#include "model/view.h"
#include "text.h"

/* Entries of the list of facts. */
void diagnosis_append_facts(struct text *text, const struct collection_view *c, usec_t now);
/* One block: what is wrong in a few words, how it stands with people (NULL: nobody was to
 * be told yet), the findings, those not seen this time with their age, the causes with their
 * evidence and what to do, the worst queries, the consequences; nothing where nothing is wrong.
 * Then what is not told yet, or unjudged, and what could not be looked at. */
void diagnosis_append_incident(struct text *text, const struct collection_view *c,
        const struct escalation_status *status, usec_t now);
/* "People: acknowledged by anna 5m ago", as a paragraph; nothing for NULL. */
void diagnosis_append_standing(
        struct text *text, const struct escalation_status *status, usec_t now);
/* How far the query's best answer lies from its baseline: "+0.1557", or a dash. */
void diagnosis_append_shift(struct text *text, const struct query_view *q);
