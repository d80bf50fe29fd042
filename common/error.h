/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Failures a person must act on. A function that can fail for such a reason takes a last
 * `struct error *` and puts one whole sentence into it: what, where, what was expected. `struct
 * errors` collects many of them, for readers of files that report everything at once. Neither
 * prints anything: who called decides. A sentence is one line in which nothing steers a terminal
 * (utf8_line()), whatever it quotes. */

#include <stddef.h>

#include "macro.h"

struct error {
        char *message; /* NULL while nothing went wrong; owned */
};

/* Sets the message, unless one is set already (the first cause is the one worth reading) or `e` is
 * NULL. Returns `code` (a negative errno), so that `return error_set(e, -EINVAL, ...)` reads well.
 * When memory is short the message is a constant text and still non-NULL. */
int error_set(struct error *e, int code, const char *format, ...) _printf_(3, 4);
/* Puts "PREFIX: " before a message that is set; no-op otherwise. */
void error_prefix(struct error *e, const char *format, ...) _printf_(2, 3);
/* The message, or the text of errno `-code` when none is set. Valid until the error changes. */
const char *error_text(const struct error *e, int code);
void error_done(struct error *e);
#define _cleanup_error_ _cleanup_(error_done)

struct errors {
        char **messages; /* owned, in the order of discovery */
        size_t count;
        size_t dropped; /* beyond ERRORS_MAX: counted, not kept */
};

/* A file with more errors than this is not the file it claims to be; the rest is only counted. */
#define ERRORS_MAX 200

/* Adds one sentence; never fails (when memory is short the sentence is counted as dropped). */
void errors_add(struct errors *e, const char *format, ...) _printf_(2, 3);
/* Total number of errors reported, kept or dropped. */
size_t errors_total(const struct errors *e);
void errors_done(struct errors *e);
#define _cleanup_errors_ _cleanup_(errors_done)
