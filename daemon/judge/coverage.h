/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which values of one metadata key some canonical query expects, and how many records carry each.
 * It counts what it is given, one record at a time; whether the answers are right is not its
 * business. */

#include <jansson.h>
#include <stdint.h>

#include "model/query_set.h"

/* With more values than this a key is no category; every one of them is kept in memory. */
#define COVERAGE_VALUES_MAX 100000
#define COVERAGE_BYTES_MAX (64U << 20) /* of all values as JSON */

struct coverage_value {
        char *text; /* a string as it is, anything else as JSON */
        uint64_t records;
        bool watched;
};

struct coverage {
        const char *collection, *key; /* borrowed */
        const struct query_set *queries; /* borrowed */
        json_t *index; /* JSON text of a value: its index in `values` */
        json_t *expected; /* ids that queries expect, as keys */
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
/* Worst first: unwatched before watched, most records first. */
void coverage_sort(struct coverage *c);
/* Watched share of the values that records carry, and of the records that carry one; NaN without
 * any. */
double coverage_values_share(const struct coverage *c);
double coverage_records_share(const struct coverage *c);
