/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which values of one metadata key some canonical query expects, how many records carry each, and
 * which ones of an earlier count no record carries any more. It counts what it is given, one record
 * at a time; whether the answers are right is not its business. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/query_set.h"

/* With more values than this a key is no category; every one of them is kept in memory. */
#define COVERAGE_VALUES_MAX 100000
#define COVERAGE_BYTES_MAX (64U << 20) /* of all values as JSON */

struct coverage_value {
        char *text; /* a string as it is, anything else as JSON */
        uint64_t records;
        uint64_t before; /* records in the earlier count, of a value that is lost; else 0 */
        bool watched;
};

struct coverage {
        const char *collection, *key; /* borrowed */
        const struct query_set *queries; /* borrowed */
        json_t *index; /* JSON text of a value: its index in `values` */
        json_t *expected; /* ids that queries expect, as keys */
        json_t *earlier; /* values that records carried, by text; NULL: not compared */
        struct coverage_value *values; /* count */
        size_t count, bytes;
        uint64_t records, without_key;
};

/* `key` without "metadata.". Takes the values that the queries' expectations name. -ENOMEM; -E2BIG
 * with a sentence. */
_must_check_ int coverage_init(struct coverage *c, const char *collection, const char *key,
        const struct query_set *queries, struct error *e);
void coverage_done(struct coverage *c);
/* One record; `metadata` may be JSON null. Of a list each element counts as one of its values. Its
 * value is watched when a query expects the value, the id, or other metadata that the record has.
 * -E2BIG with a sentence beyond the bounds. */
_must_check_ int coverage_add(
        struct coverage *c, const char *id, const json_t *metadata, struct error *e);
/* Compares with what an earlier run printed as JSON for the same collection and key, before the
 * records are added. `path` names it in the sentence of -EBADMSG. -ENOMEM. */
_must_check_ int coverage_compare(
        struct coverage *c, const char *path, const json_t *earlier, struct error *e);
/* After the last record: values that had records and have none are among the values, once each by
 * their text. -ENOMEM. */
_must_check_ int coverage_find_lost(struct coverage *c);
size_t coverage_lost(const struct coverage *c);
bool coverage_value_lost(const struct coverage_value *v);
/* Worst first: lost, then unwatched, then watched, each with most records first. */
void coverage_sort(struct coverage *c);
/* Watched share of the values that records carry, and of the records that carry one; NaN without
 * any. */
double coverage_values_share(const struct coverage *c);
double coverage_records_share(const struct coverage *c);
