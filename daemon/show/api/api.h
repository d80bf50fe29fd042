/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The JSON of /api/v1/…: pure functions from a view to bytes, in Prometheus's envelope. Unknown
 * numbers are null, never 0; times are RFC 3339 strings. What changes something is not here. */

#include <jansson.h>

#include "model/view.h"
#include "text.h"

/* The parameters of a request that the API knows, percent-decoded, NULL when absent; and when it
 * came. */
struct api_query {
        const char *collection, *query, *start, *end, *state, *format;
        usec_t now; /* wall clock, of the request */
};

/* One endpoint: returns the HTTP status and appends the whole body, error bodies included. */
struct api_route {
        const char *path; /* "/api/v1/status" */
        unsigned (*get)(const struct view *view, const struct api_query *query, struct text *body);
        const char *doc;
        /* Content type of a successful answer in this format; NULL, or returning NULL: JSON. */
        const char *(*type)(const char *format);
        bool slow; /* makes one wait, and is the same for all who ask about the same collection in
                    * the same format, whenever they do */
};
extern const struct api_route api_routes[];
extern const size_t api_route_count;

/* What who waited for a replay is told: the verdict of the collections of `replayed`, a view of
 * nothing but them, as `check` prints it. Returns the HTTP status. */
unsigned api_verdict(const struct view *replayed, struct text *body);

/* More runs than this in one answer of /api/v1/history are refused, as Prometheus refuses more
 * points. */
#define API_RUNS_MAX 11000
