/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is installed beside the program and says the same as its tables: completion for shells, and
 * manual pages. Run by the build, never installed itself. */

#include "text.h"

/* A script for the shell; false when it is none of bash, zsh and fish. */
bool describe_completion(const char *shell, struct text *t);
/* What stands for a line such as "@OPTIONS@" of a manual page's source, as roff; false when there
 * is no such line. */
bool describe_part(const char *line, struct text *t);
