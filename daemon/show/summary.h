/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What several renderers say about one collection: how many queries have which outcome and band,
 * which are worst, and why. Pure; formatting is the renderers' business. */

#include "judge/quality.h"
#include "model/view.h"

struct text;

struct summary {
        size_t outcomes[OUTCOME_COUNT];
        size_t excused[OUTCOME_COUNT]; /* of these, those that are known to fail */
        size_t known; /* that are known to fail, and do not pass */
        size_t bands[BANDS_MAX]; /* index of the collection's bands; queries without a distance are
                                    in none */
};

void summary_count(const struct collection_view *c, struct summary *ret);
/* The band a query is in after its last replay: the confirmed one, before that the measured one; -1
 * when that replay measured no distance. */
int summary_band(const struct judgement *v);
/* Quality figures of the last replay over the whole set. */
struct quality summary_quality(const struct collection_view *c);
/* Indices of the collection's queries: fail, drift, unmeasured, unjudged, pass, each in the order
 * of the set. The array is the caller's; NULL when memory is short. */
size_t *summary_worst_first(const struct collection_view *c);
/* Appends how many findings nobody is told of before an ingest is over, and when they are told at
 * the latest: a sentence without a full stop; nothing when none waits. */
void summary_waiting(const struct collection_view *c, struct text *t);
/* Why the query did not pass: a sentence, never NULL; "" when it passed. Valid as long as the view.
 */
const char *summary_reason(const struct collection_view *c, const struct judgement *v);
/* The last day on which it is known to fail: "2027-01-31". */
void summary_last_day(const struct query *q, char ret[TIME_TEXT_MAX]);
/* Appends why the query did not pass, that it is known to fail, and its own cause, as far as these
 * are known; nothing for a query that passes and should. */
void summary_remark(const struct collection_view *c, size_t query, struct text *t);
