/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/filter.h"

/* What is complained of, NULL: nothing. tests/system/test_filter.py asks a real Chroma. */
static void complains_at_the_place(void **state)
{
        static const struct {
                enum filter_kind kind;
                const char *filter, *complaint;
        } rows[] = {
                {FILTER_METADATA, "{k: v}", NULL},
                {FILTER_METADATA, "{k: {$eq: true}}", NULL},
                {FILTER_METADATA, "{k: {$in: [a, b]}}", NULL},
                {FILTER_METADATA, "{k: {$nin: [true, false]}}", NULL},
                {FILTER_METADATA, "{k: {$gte: 1.5}}", NULL},
                {FILTER_METADATA, "{k: {$contains: a}}", NULL},
                {FILTER_METADATA, "{k: {$contains: []}}", NULL},
                {FILTER_METADATA, "{'#document': {$regex: a}}", NULL},
                {FILTER_METADATA, "{$and: [{k: v}, {$or: [{n: 1}, {n: {$lt: 0}}]}]}", NULL},
                {FILTER_METADATA, "{$or: []}", NULL},
                {FILTER_METADATA, "{k: v, n: 1}",
                        "f:1:8: q.where: is a second condition beside \"k\"; Chroma takes one: write "
                        "{$and: [{...}, {...}]}"},
                {FILTER_METADATA, "{$and: [{k: v}], k: v}", "f:1:18: q.where: is a second"},
                {FILTER_METADATA, "{$and: [{k: v, n: 1}]}", "f:1:16: q.where: is a second"},
                {FILTER_METADATA, "{$and: {k: v}}", "f:1:8: q.where: $and takes a list"},
                {FILTER_METADATA, "{$or: [{}]}",
                        "f:1:8: q.where: is empty; Chroma refuses an empty condition"},
                {FILTER_METADATA, "{$or: [1]}", "f:1:8: q.where: must be a mapping"},
                {FILTER_METADATA, "{$foo: v}",
                        "f:1:2: q.where: \"$foo\" is no operator here; $and and $or are"},
                {FILTER_METADATA, "{k: null}", "f:1:5: q.where: a key takes a text"},
                {FILTER_METADATA, "{k: [v]}", "f:1:5: q.where: is a list; {$in: [...]} means"},
                {FILTER_METADATA, "{k: {}}", "f:1:5: q.where: is empty"},
                {FILTER_METADATA, "{k: {$gt: 1, $lt: 2}}", "f:1:14: q.where: is a second"},
                {FILTER_METADATA, "{k: {$ex: 1}}",
                        "f:1:6: q.where: \"$ex\" is no operator here; did you mean \"$eq\"?"},
                {FILTER_METADATA, "{k: {$regex: v}}",
                        "f:1:6: q.where: \"$regex\" is no operator here"},
                {FILTER_METADATA, "{k: {$eq: [v]}}", "f:1:11: q.where: $eq takes a text"},
                {FILTER_METADATA, "{k: {$lt: '1'}}", "f:1:11: q.where: $lt takes a number"},
                {FILTER_METADATA, "{k: {$in: []}}",
                        "f:1:11: q.where: $in takes a list that is not empty"},
                {FILTER_METADATA, "{k: {$in: v}}", "f:1:11: q.where: $in takes a list"},
                {FILTER_METADATA, "{k: {$in: [v, 1]}}",
                        "f:1:15: q.where: $in takes values of one type"},
                {FILTER_METADATA, "{k: {$nin: [1, 1.5]}}", "f:1:16: q.where: $nin takes values"},
                {FILTER_METADATA, "{k: {$in: [null]}}", "f:1:12: q.where: $in takes a list of"},
                {FILTER_DOCUMENT, "{$contains: a}", NULL},
                {FILTER_DOCUMENT, "{$and: [{$regex: a}, {$not_contains: b}]}", NULL},
                {FILTER_DOCUMENT, "{$contains: 5}",
                        "f:1:13: q.where_document: $contains takes a text: put it in quotes"},
                {FILTER_DOCUMENT, "{$contains: a, $regex: b}",
                        "f:1:16: q.where_document: is a second"},
                {FILTER_DOCUMENT, "{text: a}",
                        "f:1:2: q.where_document: \"text\" is no operator here"},
                {FILTER_DOCUMENT, "{$not_regexp: a}",
                        "f:1:2: q.where_document: \"$not_regexp\" is no operator here; did you mean "
                        "\"$not_regex\"?"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_errors_ struct errors errors = {0};
                _cleanup_(yaml_node_freep) struct yaml_node *node = NULL;
                const struct schema_reader reader = {"f", &errors};
                const struct schema_place whole = {.index = SIZE_MAX};
                const struct schema_place place = {.parent = &whole, .key = "q", .index = SIZE_MAX};

                assert_int_equal(
                        yaml_parse("f", rows[i].filter, strlen(rows[i].filter), &node, &errors), 0);
                filter_check(&reader, &place, rows[i].kind, node);
                if (errors.count != (rows[i].complaint != NULL))
                        fail_msg("%s: %zu complaints", rows[i].filter, errors.count);
                if (rows[i].complaint &&
                        strstr(errors.messages[0], rows[i].complaint) != errors.messages[0])
                        fail_msg("%s: %s", rows[i].filter, errors.messages[0]);
        }
}

static void finds_every_mistake(void **state)
{
        static const char filter[] = "{$and: [{k: {$in: []}}, {n: {$gt: x}}, {}]}";
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(yaml_node_freep) struct yaml_node *node = NULL;
        const struct schema_reader reader = {"f", &errors};
        const struct schema_place place = {.index = SIZE_MAX};

        assert_int_equal(yaml_parse("f", filter, strlen(filter), &node, &errors), 0);
        filter_check(&reader, &place, FILTER_METADATA, node);
        assert_int_equal(errors.count, 3);
        filter_check(&reader, &place, FILTER_METADATA, NULL);
        assert_int_equal(errors.count, 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(complains_at_the_place),
                cmocka_unit_test(finds_every_mistake),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
