/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The endpoints of what people are told about: incidents with how they stand, and silences. What
 * they do about them is not here. */

#include "show/api/api.h"

/* Of api_routes[]. */
unsigned incidents_get(const struct view *view, const struct api_query *query, struct text *body);
unsigned incidents_get_silences(
        const struct view *view, const struct api_query *query, struct text *body);
/* standing_json() of an open incident. */
json_t *incidents_standing(const struct view *view, const char *incident, usec_t now);
/* What "5m ago" is said at: the request's time, never before what is shown. */
usec_t api_now(const struct view *view, const struct api_query *query);
