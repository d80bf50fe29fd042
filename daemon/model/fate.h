/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What happened to the records by which answers differ from the baseline's: each of them once,
 * however many queries it concerns. Immutable once made and counted by references. Ids and texts
 * are a server's bytes: whoever shows them escapes them, and no metric has them as a label. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/attribution.h"

enum fate {
        FATE_GONE, /* left the answers: no such record exists any more */
        FATE_REKEYED, /* its id exists no more or holds something else, but a record at the same
                         distance stands in its place */
        FATE_EDITED, /* has other contents under its id: another vector, or left the filter */
        FATE_UNREACHABLE, /* exists unchanged, and search does not find it */
        FATE_CROWDED_OUT, /* exists unchanged, but enough others are nearer now */
        FATE_NEAR_COPY, /* new in the answers, with a near-duplicate beside it */
        FATE_NEW, /* new in the answers */
        FATE_FOUND, /* was there before, and search finds it only now */
        FATE_UNKNOWN, /* left the answers and could not be looked up; or came nearer and is not new
                       */
        FATE_COUNT,
};

struct touched_record {
        char *id;
        char *excerpt; /* first words of its document; NULL: it has none, or exists no more */
        enum fate fate;
        size_t query; /* index of the first query that it concerns */
        size_t queries; /* how many it concerns */
        bool expected; /* by one of them */
};

/* Records kept with their ids, of each fate an equal share at most; of further ones only the totals
 * count. */
#define FATES_RECORDS_MAX 1000
/* Ids of one fate that people are shown. */
#define FATES_SHOWN 10

struct fates {
        atomic_uint references;
        struct touched_record *records; /* by fate, then by `queries` descending, then by id */
        size_t count;
        size_t totals[FATE_COUNT]; /* distinct records, those not kept included */
        size_t cause_queries[CAUSE_COUNT]; /* in which it holds: several may in one query */
        bool expected_lost; /* a query expects a record that is gone or unreachable */
};

/* Zeroed, one reference. NULL when memory is short. */
struct fates *fates_new(void);
struct fates *fates_ref(struct fates *f);
struct fates *fates_unref(struct fates *f);
DEFINE_CLEANUP(struct fates *, fates_unref)
/* "gone", "rekeyed", "edited", "unreachable", "crowded out", "near-copy", "new", "found",
 * "unknown". */
const char *fate_name(enum fate fate);
/* Distinct records of the fate that this cause is told by; 0 for one that is told by none. Near
 * copies are new records where no flood is among the causes. */
size_t fates_records(const struct fates *f, enum cause cause);
/* Counts, ids and first words of those that are gone, edited, unreachable, near copies or new, e.g.
 * `gone: "r12", "r13"; edited: "r7" ("How do I ask")`, at most FATES_SHOWN of each; appends nothing
 * when there are none or `f` is NULL. What happened to them is told apart by ";" and `separator`, a
 * blank or a line break. Safe to print: no other control characters, valid UTF-8. */
struct text;
void fates_describe(const struct fates *f, const char *separator, struct text *text);
