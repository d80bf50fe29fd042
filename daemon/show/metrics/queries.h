/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Samples of the families with one series a query; rows of the table in metrics.c. NaN: unknown, no
 * sample. */

#include "model/view.h"
#include "show/metrics/exposition.h"

float per_query_distance(const struct query_view *q);
float per_query_expected_distance(const struct query_view *q);
float per_query_expected_rank(const struct query_view *q);
float per_query_baseline_distance(const struct query_view *q);
/* Its index; -1: none. */
float per_query_band(const struct query_view *q);
/* The same of every query, whatever it answers: what its tags are is in the set. */
float per_query_constant(const struct query_view *q);
void per_query_tags(struct exposition *x, const struct collection_view *c);
void per_query_bands(struct exposition *x, const struct collection_view *c);
