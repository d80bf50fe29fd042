/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which values of one metadata key some canonical query expects, and how many records carry each.
 * It reads records one by one and asks nobody; whether the answers are right is not its business.
 */

#include <jansson.h>
#include <stdint.h>

#include "model/query_set.h"
#include "text.h"

/* More values than this and the key is no category; every one of them is kept in memory. */
#define COVERAGE_VALUES_MAX 100000
/* Lines of the text format; the JSON has all. */
#define COVERAGE_LINES_MAX 100

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
        size_t count;
        uint64_t records, without_key;
};

/* `key` without "metadata.". Takes what the queries' expectations name. -ENOMEM, -E2BIG. */
_must_check_ int coverage_init(struct coverage *c, const char *collection, const char *key,
        const struct query_set *queries);
void coverage_done(struct coverage *c);
/* One record; `metadata` may be JSON null. -E2BIG beyond COVERAGE_VALUES_MAX values. */
_must_check_ int coverage_add(struct coverage *c, const char *id, const json_t *metadata);
/* Worst first: unwatched before watched, most records first. */
void coverage_sort(struct coverage *c);
/* Watched share of the values that records carry, and of the records that carry one; NaN without
 * any. */
double coverage_values_share(const struct coverage *c);
double coverage_records_share(const struct coverage *c);

/* Both want coverage_sort() first. New reference; NULL when memory is short. */
json_t *coverage_json(const struct coverage *c);
void coverage_text(const struct coverage *c, struct text *text);
