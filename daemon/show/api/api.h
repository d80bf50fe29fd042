/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The JSON of /api/v1/…: pure functions from a view to bytes, in Prometheus's envelope. Unknown
 * numbers are null, never 0; times are RFC 3339 strings. What changes something is not here. */

#include <jansson.h>

#include "model/view.h"
#include "text.h"

/* The parameters of a request that the API knows, percent-decoded; NULL when absent. */
struct api_query {
        const char *collection, *query, *start, *end, *state, *format;
};

/* One endpoint: returns the HTTP status and appends the whole body, error bodies included. */
struct api_route {
        const char *path; /* "/api/v1/status" */
        unsigned (*get)(const struct view *view, const struct api_query *query, struct text *body);
        const char *doc;
        /* Content type of a successful answer in this format; NULL, or returning NULL: JSON. */
        const char *(*type)(const char *format);
};
extern const struct api_route api_routes[];
extern const size_t api_route_count;

/* More runs than this in one answer of /api/v1/history are refused, as Prometheus refuses more
 * points. */
#define API_RUNS_MAX 11000

/* {"status":"error","errorType":...,"error":...}; the type follows from the status: bad_data (400
 * and other 4xx), unauthorized (401), forbidden (403), not_found (404), method_not_allowed (405),
 * timeout (408, 504), unavailable (503), internal. */
void api_error(struct text *body, unsigned status, const char *format, ...) _printf_(3, 4);
/* {"status":"success","data":DATA}. Takes the reference. Returns 200, or 500 and its body when
 * `data` is NULL: memory was short. */
unsigned api_success(struct text *body, json_t *data);
/* A collection's last replay in the shape of `check --format json`'s "collections" entries: "band"
 * is where this replay's distance lies, "error" why the replay as a whole failed. New reference;
 * NULL when memory is short. */
json_t *api_replay(const struct collection_view *c);
struct check;
/* The same as that gate judges it. */
json_t *api_gated(const struct check *check, const struct collection_view *c);
