/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Prometheus's envelope around the JSON of an answer over HTTP. What is in it is its caller's. */

#include <jansson.h>

#include "text.h"

/* {"status":"error","errorType":...,"error":...}; the type follows from the status: bad_data (400
 * and other 4xx), unauthorized (401), forbidden (403), not_found (404), method_not_allowed (405),
 * timeout (408, 504), unavailable (503), internal. */
void envelope_error(struct text *body, unsigned status, const char *format, ...) _printf_(3, 4);
/* {"status":"success","data":DATA}. Takes the reference. Returns 200, or 500 and its body when
 * `data` is NULL: memory was short. */
unsigned envelope_success(struct text *body, json_t *data);
/* The same with "warnings":[...], of one sentence: done, but something is to be known. Returns 202.
 */
unsigned envelope_warning(struct text *body, json_t *data, const char *format, ...) _printf_(3, 4);
