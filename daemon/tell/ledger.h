/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a lease's file says: the beat of who holds it, and of which alerts that one has told people
 * as firing, so that who takes over can go on from there. Text, with a check sum, because it may be
 * read while another machine writes it. */

#include "error.h"
#include "tell/lease.h"
#include "text.h"

/* Alerts; of more, the first by fingerprint are remembered, the rest are told once more. */
#define LEDGER_MAX 100000
/* Bytes of such a file. */
#define LEDGER_SIZE_MAX (LEDGER_MAX * 22 + 1024)

struct ledger {
        struct beat beat;
        uint64_t *told; /* fingerprints, ascending */
        size_t count;
};
void ledger_done(struct ledger *l);
bool ledger_has(const struct ledger *l, uint64_t fingerprint);
/* Puts fingerprints that were collected in any order into theirs, each once. */
void ledger_sort(struct ledger *l);
/* Adds the fingerprints of another one. -ENOMEM. */
_must_check_ int ledger_add(struct ledger *l, const struct ledger *more);
void ledger_build(const struct ledger *l, struct text *t);
/* Nothing at all is a beat of nobody. -EBADMSG with a sentence, -ENOMEM. */
_must_check_ int ledger_parse(
        const char *data, size_t size, struct ledger *ret, struct error *error);
