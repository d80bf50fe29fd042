/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an ingest leaves that stopped half-way. One that had deleted everything and was adding it
 * again: what was added last is missing. One that was cutting the texts otherwise: records are gone
 * whose words stand in new ones, beside others that are as they were. */

#include "judge/circumstances.h"

/* Gone records whose words are looked for, and new ones that they are looked for in. */
#define UNFINISHED_SOUGHT 30
#define UNFINISHED_TEXTS 60

/* The new records in which the first words of gone ones may stand, as indices: those that came into
 * the answers that these left. Returns how many. After suspects_settle(). */
size_t unfinished_texts(const struct suspects *s, size_t ret[UNFINISHED_TEXTS]);
/* Looks for them in the texts that were read (NULL: none). After suspects_settle(). */
void unfinished_seek(struct suspects *s, const char *const *texts, size_t count);
/* The counts. After suspects_settle(). */
void unfinished_count(const struct suspects *s, struct evidence *e);
/* Whether that is what happened to the gone records. */
bool unfinished_applies(const struct circumstances *c);
