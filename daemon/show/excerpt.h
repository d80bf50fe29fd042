/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was found, for people: "1. leave.md#3 (file: leave.md) How to ask for a day off …" and the
 * rank of an expected record. Rendered from data that was read before; asks nobody. */

#include <jansson.h>

#include "model/baseline.h"
#include "text.h"

/* One record on one line, without the line's end; `excerpt` NULL or empty: only rank and id. What
 * comes from people and servers is one clean line. */
void excerpt_append(struct text *t, unsigned rank, const char *id, const struct excerpt *excerpt);
/* The first answers of a query, a line each behind `indent`; nothing without an answer. */
void excerpt_append_answers(struct text *t, const char *indent, const struct baseline_query *q);
/* The same of what is found now, behind `indent`; and of what was found before where that differs:
 * "was 1. …", "now 1. …". `before` NULL: nothing is known of it. */
void excerpt_append_change(struct text *t, const char *indent, const struct baseline_query *before,
        const struct baseline_query *after);
/* "rank 37" and "not among the first 100" of the expected record of a query that fails; "" of
 * another, and where nothing is known. */
const char *excerpt_rank(const struct baseline_query *q, char *buffer, size_t size);
/* [{"id", "distance", "metadata", "words"}, ...]; NULL when memory is short. */
json_t *excerpt_json(const struct baseline_query *q);
