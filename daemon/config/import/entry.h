/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One object of somebody else's test data - a row of a table under its headings, a line of JSON, a
 * test of a YAML file - and which of its fields is the question, its id, its records, their grades.
 * Names are known in whatever case and with whatever between their words: "Doc ID" is "doc_id". */

#include "config/import/draft.h"

/* Whether the table knows a field of this name. */
bool entry_knows(const char *name);
/* Takes what the object says of one query, or of several. Without a text it is about the query of
 * its id, which came before. `nested`: members of `vars` and `metadata` count as its own, and what
 * else is in `metadata` tags the query. 0, also after losses; -ENOMEM, -E2BIG. */
_must_check_ int entry_take(struct draft *d, unsigned line, const json_t *object, bool nested);
