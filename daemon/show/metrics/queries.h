/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Samples of the families with one series a query; rows of the table in metrics.c. Collections with
 * more queries than the view's limit have none. */

#include "model/view.h"
#include "show/metrics/exposition.h"

void per_query_distance(struct exposition *x, const struct view *view);
void per_query_expected_distance(struct exposition *x, const struct view *view);
void per_query_expected_rank(struct exposition *x, const struct view *view);
void per_query_baseline_distance(struct exposition *x, const struct view *view);
void per_query_band(struct exposition *x, const struct view *view);
