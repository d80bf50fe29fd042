/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What came from people and servers, for the gate's readers: one line of at most `max` bytes, in
 * which nothing steers a terminal or is markup. What else a format forbids is its renderer's
 * business. */

#include "text.h"

/* Ten records of one kind, with their first words, are one line of an explanation. */
#define ESCAPE_EXPLANATION_MAX 4000

/* Without control characters, C1's included: some terminals obey these, too. */
void escape_plain(struct text *text, const char *s, size_t max);
/* In which nothing is markup, a mention or the end of a cell. */
void escape_markdown(struct text *text, const char *s, size_t max);
/* Every line of `s`, one that `escape` wrote, behind `bullet`. */
void escape_lines(struct text *text, const char *s, const char *bullet,
        void (*escape)(struct text *text, const char *s, size_t max));
