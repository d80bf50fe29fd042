/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* UTF-8 that came from elsewhere: whether it is any, where it may be cut, and what of it would
 * steer whoever shows it. Ids, documents, metadata and a server's words are anybody's: every door
 * that a person reads - log, text, markdown, annotations, page, notices - goes through utf8_line()
 * or utf8_lines(). What a machine reads keeps every character, escaped as its format wants. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes of the character that begins at `s`, 0 when it is not valid; `size` is not 0. */
size_t utf8_sequence(const char *s, size_t size);
/* The code point of a valid sequence of `length` bytes. */
uint32_t utf8_code(const char *s, size_t length);
/* Whether that character is obeyed instead of shown: it moves a cursor, colours, ends a line, or
 * turns the direction, so that "exe.gpj" reads "jpg.exe". Joiners do not: scripts and emoji are
 * written with them. */
bool utf8_steers(const char *s, size_t length);
/* Length of the longest prefix of `s` with at most `max` bytes that does not cut a UTF-8 sequence.
 */
size_t utf8_prefix(const char *s, size_t max);
/* Whether the whole string is valid UTF-8 (no surrogates, no overlong forms). */
bool utf8_valid(const char *s, size_t size);
/* Offset of the first byte that is not part of a valid sequence; `size` when all are. */
size_t utf8_invalid_at(const char *s, size_t size);
/* Copy of `s` as a string in which every invalid byte and every NUL became U+FFFD; owned by the
 * caller, NULL when memory is short. For machines: whatever else it holds stays. */
char *utf8_clean(const char *s, size_t size);
/* For people: a copy on one line, with a blank for each character that steers, U+FFFD for each
 * invalid byte. Owned by the caller, NULL when memory is short. */
char *utf8_line(const char *s, size_t size);
/* The same where lines are meant: line ends and tabs stay. */
char *utf8_lines(const char *s, size_t size);
