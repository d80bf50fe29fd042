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
        union {
                struct {
                        const char *collection, *query, *start, *end, *state, *format;
                };
                const char *parameters[6]; /* the same */
        };
        usec_t now; /* wall clock, of the request */
};

/* One endpoint: returns the HTTP status and appends the whole body, error bodies included. */
struct api_route {
        const char *path; /* "/api/v1/status" */
        unsigned (*get)(const struct view *view, const struct api_query *query, struct text *body);
        const char *doc;
        /* Content type of a successful answer in this format; NULL, or returning NULL: JSON. */
        const char *(*type)(const char *format);
        /* How many things it has to say, NULL: few. More than API_LIGHT make others wait. */
        size_t (*weigh)(const struct view *view, const struct api_query *query);
        bool current; /* says how long ago things were: what was made before is no answer now */
};
extern const struct api_route api_routes[];
extern const size_t api_route_count;
/* Some milliseconds' worth. */
#define API_LIGHT 500

/* What who waited for a replay is told, at no path: the verdict of the collections of the view, of
 * which there are no others, as `check` prints it. */
extern const struct api_route api_verdict;

/* More runs than this in one answer of /api/v1/history are refused, as Prometheus refuses more
 * points. */
#define API_RUNS_MAX 11000
