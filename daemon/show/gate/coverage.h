/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `driftwatch coverage` prints: a counted coverage, sorted by coverage_sort(), as text or
 * JSON. It counts nothing and writes no file. */

#include <jansson.h>

#include "judge/coverage.h"
#include "text.h"

/* Lines of the text format; the JSON has all. */
#define COVERAGE_LINES_MAX 100

/* New reference; NULL when memory is short. */
json_t *coverage_json(const struct coverage *c);
/* For people: what servers sent has no control characters. */
void coverage_text(const struct coverage *c, struct text *text);
