/* SPDX-License-Identifier: Apache-2.0 */

/* Query sets of any content: ids are unique, ranges are ranges, filters are JSON. */

#include "fuzz.h"
#include "json.h"
#include "model/query_set.h"

static void check_filter(const char *filter)
{
        _cleanup_json_ json_t *value = NULL;

        if (!filter)
                return;
        REQUIRE(json_parse("filter", filter, strlen(filter), &value, NULL) == 0);
        REQUIRE(json_is_object(value) && json_object_size(value) > 0);
}

static void check(const struct query_set *set)
{
        REQUIRE(set->count > 0);
        for (size_t i = 0; i < set->count; i++) {
                const struct query *q = &set->queries[i];

                REQUIRE(q->id && *q->id && q->text && *q->text);
                /* O(n²), so only for the first. */
                REQUIRE(i >= 100 || query_set_find(set, q->id) == q);
                REQUIRE(q->expect.distance_min <= q->expect.distance_max);
                REQUIRE(!q->expect.metadata || set->wants_metadata);
                check_filter(q->where);
                check_filter(q->where_document);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(query_set_unrefp) struct query_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int r = query_set_parse("queries.yaml", (const char *)data, size, &set, &errors);

        REQUIRE((r == 0) == (errors_total(&errors) == 0));
        REQUIRE((r == 0) == (set != NULL));
        if (set)
                check(set);
        for (size_t i = 0; i < errors.count; i++)
                REQUIRE(!strchr(errors.messages[i], '\n'));
        return 0;
}
