/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Regular expressions that somebody else may have written: the part of RE2's syntax that people use
 * for label values, matched against the whole of a text. The time of a match is at most its length
 * times the pattern's, and it takes no memory: the C library's regexec() takes seconds for
 * (a|b)*a(a|b){20}, keeps what it built, and reads \d as the letter d. No captures, no replacing.
 */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Bytes of a pattern, and steps that it is compiled to: a repetition counts as often as it is
 * written out. RE2 refuses counts above as much. */
#define PATTERN_SIZE_MAX 1024
#define PATTERN_STEPS_MAX 1000
/* Groups within groups. */
#define PATTERN_DEPTH_MAX 32

struct pattern;

/* Understands literals, `.` (not a line end), classes with ranges, [[:alpha:]], \d \w \s and their
 * opposites, `|`, groups with or without ?:, `* + ?` and {n}, {n,}, {n,m} with or without a lazy ?,
 * ^ and $, escaped punctuation, \t \n \r \f \v, and (?i), (?s) or both in the beginning. Other than
 * in RE2, (?i) knows the case of ASCII letters only; what is missing - \b, \pL, \x41, \Q, named
 * groups, other flags - is refused. -EINVAL with a sentence, -ENOMEM. */
_must_check_ int pattern_new(const char *text, struct pattern **ret, struct error *e);
/* Whether it matches all of `s`; what is no UTF-8 in it is U+FFFD. */
bool pattern_matches(const struct pattern *p, const char *s);
/* Comparisons that a character of a text takes at most. */
size_t pattern_cost(const struct pattern *p);
struct pattern *pattern_free(struct pattern *p);
DEFINE_CLEANUP(struct pattern *, pattern_free)
