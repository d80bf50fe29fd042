/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A growing byte buffer for output: exposition, pages, payloads. Appending after a failed
 * allocation is a no-op that keeps the failure, so a renderer checks once, at the end, with
 * text_failed(). Always NUL-terminated, may contain NULs. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"
#include "utf8.h"

struct text {
        char *data; /* NULL while empty */
        size_t size;
        size_t allocated;
        bool failed;
};

void text_done(struct text *t);
#define _cleanup_text_ _cleanup_(text_done)
void text_clear(struct text *t); /* empties it, keeps the memory */
/* Makes room for so many more bytes, for what is known to become large. False when it failed. */
bool text_reserve(struct text *t, size_t size);
void text_append(struct text *t, const char *s);
void text_append_bytes(struct text *t, const void *data, size_t size);
void text_appendf(struct text *t, const char *format, ...) _printf_(2, 3);
/* `&<>"'` as entities: safe in HTML and XML element text and quoted attributes. Characters that XML
 * forbids, those that steer (utf8.h) but tab and line ends, and invalid UTF-8 become U+FFFD. */
void text_append_html(struct text *t, const char *s);
/* utf8_line(s), for what people read. */
void text_append_line(struct text *t, const char *s);
/* The shortest decimal that reads back as the same float (at most 9 digits); NaN, +Inf, -Inf. */
void text_append_float(struct text *t, float value);
/* As above for double, at most 17 digits. */
void text_append_double(struct text *t, double value);
/* The same into a buffer of NUMBER_TEXT_MAX bytes; the length without the NUL is returned. Plain
 * decimals from 0.00001 to below 1e15, "1.5e+20" beyond; the decimal point is always a dot. */
#define NUMBER_TEXT_MAX 48
size_t float_format(char *buffer, float value);
size_t double_format(char *buffer, double value);
/* The bytes, NUL-terminated, never NULL; the buffer is empty afterwards. NULL when it failed. */
char *text_take(struct text *t, size_t *ret_size);
/* What vasprintf() makes, NULL when memory is short; the caller frees it. */
char *text_vformat(const char *format, va_list arguments) _printf_(1, 0);
/* The word that goes with a number: "1 query", "2 queries". */
static inline const char *plural(uint64_t n, const char *one, const char *many)
{
        return n == 1 ? one : many;
}
static inline bool text_failed(const struct text *t)
{
        return t->failed;
}
/* The content as a string, "" while empty. Valid until the buffer changes. */
const char *text_string(const struct text *t);

/* Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; for "did you mean". Optimal
 * string alignment on bytes; words of more than 63 bytes count as entirely different. */
unsigned edit_distance(const char *a, const char *b);
/* The candidate nearest to `word` (the first of several), NULL when none is near enough to be a
 * typing mistake: at most one edit for every three bytes, one for short words. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);
