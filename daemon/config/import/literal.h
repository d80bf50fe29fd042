/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A list in a single cell of a table, as Python prints one: ['a', "it's", 3], or numpy without
 * commas. JSON's lists are read by the same rules. It knows strings and bare words in one list, and
 * nothing that is nested. */

#include <jansson.h>

#include "macro.h"

/* A new array of strings; -EINVAL when the text is no such list, -ENOMEM. */
_must_check_ int literal_strings(const char *text, json_t **ret);
