/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How commands speak to whoever started them. Names, ids and servers' words are among what they
 * say, so nothing of it steers the terminal: utf8_lines(). Nor does it end a line, which would let
 * it write the next one, that a CI's log may obey: an operator's arguments are often somebody
 * else's words. Whole documents - a report, JSON - are written by their commands: their renderers
 * know what their readers obey. */

#include <stdbool.h>

#include "macro.h"
#include "text.h"

/* Whether GitHub's runner reads it: then it is defused, too. */
bool on_github(void);
/* To standard output, buffered. */
_printf_(1, 2) void say(const char *format, ...);
/* As above, to a text that becomes a document. */
_printf_(2, 3) void say_to(struct text *t, const char *format, ...);
/* Writes a document whose parts are harmless, in lines that fit the terminal, and flushes it.
 * Negative errno; the text's own failure is -ENOMEM. */
_must_check_ int say_document(const struct text *t);
/* The same of several lines, whose parts are on one line each. */
void say_lines(const char *lines);
/* To standard error: what is wrong, and what may help. */
_printf_(1, 2) void complain(const char *format, ...);
/* To standard error where that is a terminal: instead of the line that this wrote last. Nothing
 * anywhere else. */
_printf_(1, 2) void complain_over(const char *format, ...);
