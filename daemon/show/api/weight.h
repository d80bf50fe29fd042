/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How many things an answer of the API has to say, as api_route's weigh(): known before it is made,
 * and counted in some microseconds. What is asked in vain weighs nothing. */

#include "show/api/api.h"

size_t weight_of_collections(const struct view *view, const struct api_query *query);
size_t weight_of_queries(const struct view *view, const struct api_query *query);
size_t weight_of_history(const struct view *view, const struct api_query *query);
/* Statistics are heavy, however few queries there are. */
size_t weight_of_report(const struct view *view, const struct api_query *query);
size_t weight_of_verdict(const struct view *replayed, const struct api_query *query);
