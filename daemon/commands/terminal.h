/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Text as a terminal shows it best: lines no wider than it is, broken at blanks, and the outcomes
 * that lines begin with in their colours. What goes to a file or a pipe is left as it is. */

#include "text.h"

/* How standard output wants it; all zero where that is no terminal. */
struct terminal {
        size_t columns; /* 0: any */
        bool colour;
};
struct terminal terminal_of_stdout(void);
/* Appends the text; counting each character as one column. */
void terminal_fit(const struct terminal *terminal, const char *s, struct text *t);
