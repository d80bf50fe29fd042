/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "schema.h"
#include "text.h"

struct inner {
        struct schema_place place;
        const char *word;
        usec_t wait;
};

struct outer {
        struct schema_place place;
        const char *name, *plain;
        usec_t every, limit;
        unsigned count;
        double share;
        bool loud;
        const struct yaml_node *list, *map, *tree, *any;
        struct inner inner;
        struct schema_list items, named;
};

static const char *const words[] = {"red", "green", NULL};

static const struct schema_key inner_table[] = {
        {.name = "word",
                .type = SCHEMA_WORD,
                .offset = offsetof(struct inner, word),
                .words = words,
                .required = true},
        {.name = "wait",
                .type = SCHEMA_DURATION,
                .offset = offsetof(struct inner, wait),
                .fallback = "3s"},
};
static const struct schema inner_schema = {
        inner_table, ARRAY_SIZE(inner_table), sizeof(struct inner)};

static const char *name_at(size_t i)
{
        static const char *const names[] = {"Apple", "Pear"};

        return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

#define KEY(key, member, what, ...) \
        { \
                .name = key, .type = what, .offset = offsetof(struct outer, member), __VA_ARGS__ \
        }

static const struct schema_key outer_table[] = {
        KEY("name", name, SCHEMA_STRING, .max = 5, .check = schema_check_line),
        KEY("plain", plain, SCHEMA_STRING, .fallback = "simple", .kind = "path"),
        KEY("every", every, SCHEMA_DURATION, .fallback = "5m", .min = 1000000, .max = 3600e6),
        KEY("limit", limit, SCHEMA_DURATION, .inherits = "every"),
        KEY("count", count, SCHEMA_INTEGER, .min = 1, .max = 1000),
        KEY("share", share, SCHEMA_NUMBER, .min = -1, .max = 1),
        KEY("loud", loud, SCHEMA_BOOLEAN, .fallback = "true"),
        KEY("list", list, SCHEMA_STRINGS),
        KEY("map", map, SCHEMA_STRING_MAP),
        KEY("tree", tree, SCHEMA_MAPPING),
        KEY("any", any, SCHEMA_ANY),
        KEY("inner", inner, SCHEMA_OBJECT, .object = &inner_schema),
        KEY("items", items, SCHEMA_OBJECTS, .object = &inner_schema, .max = 2),
        KEY("named", named, SCHEMA_NAMED, .object = &inner_schema, .name_at = name_at,
                .item = "<fruit>"),
};
static const struct schema schema = {outer_table, ARRAY_SIZE(outer_table), sizeof(struct outer)};

static struct yaml_node *tree(const char *yaml)
{
        _cleanup_errors_ struct errors errors = {0};
        struct yaml_node *root = NULL;

        assert_int_equal(yaml_parse("t", yaml, strlen(yaml), &root, &errors), 0);
        return root;
}

static void reads_every_type(void **state)
{
        _cleanup_(yaml_node_freep) struct yaml_node *root = tree(
                "name: abc\nevery: \"1m30s\"\nlimit: 0\ncount: 7\nshare: -0.5\nloud: false\n"
                "list: [a, 1]\nmap: {k: v}\ntree: {x: [1]}\nany: 5\ninner: {word: green}\n"
                "items:\n - word: red\n - {word: green, wait: 1s}\nnamed: {Pear: {word: red}}\n");
        _cleanup_errors_ struct errors errors = {0};
        const struct schema_reader reader = {"t", &errors};
        const struct inner *items, *named;
        struct outer o = {0};

        assert_int_equal(schema_read(&reader, &schema, root, &o), 0);
        items = o.items.items;
        named = o.named.items;
        assert_string_equal(o.name, "abc");
        assert_string_equal(o.plain, "simple");
        assert_int_equal(o.every, 90 * USEC_PER_SEC);
        assert_int_equal(o.limit, 0);
        assert_int_equal(o.count, 7);
        assert_true(o.share == -0.5);
        assert_false(o.loud);
        assert_int_equal(o.list->count, 2);
        assert_string_equal(o.map->values[0]->scalar, "v");
        assert_int_equal(o.tree->count, 1);
        assert_string_equal(o.any->scalar, "5");
        assert_string_equal(o.inner.word, "green");
        assert_int_equal(o.inner.wait, 3 * USEC_PER_SEC);
        assert_int_equal(o.items.count, 2);
        assert_string_equal(items[0].word, "red");
        assert_int_equal(items[1].wait, USEC_PER_SEC);
        assert_int_equal(items[1].place.index, 1);
        assert_int_equal(o.named.count, 1);
        assert_string_equal(named[0].place.name, "Pear");
        schema_done(&schema, &o);
        assert_null(o.items.items);
}

static void absent_is_absent(void **state)
{
        _cleanup_(yaml_node_freep) struct yaml_node *root = tree("items:\nnamed:\nmap:\ninner:\n");
        _cleanup_errors_ struct errors errors = {0};
        const struct schema_reader reader = {"t", &errors};
        struct outer o = {0};

        /* An object that is there has to be complete, even when all its lines are commented out. */
        assert_int_equal(schema_read(&reader, &schema, root, &o), -EBADMSG);
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.messages[0], "t:4:7: inner.word: is required");
        assert_null(o.name);
        assert_int_equal(o.limit, USEC_INFINITY);
        assert_int_equal(o.every, 5 * USEC_PER_MINUTE);
        assert_int_equal(o.count, 0);
        assert_true(isnan(o.share));
        assert_true(o.loud);
        assert_null(o.list);
        assert_null(o.map);
        assert_null(o.inner.word);
        assert_int_equal(o.inner.wait, 3 * USEC_PER_SEC);
        assert_int_equal(o.items.count + o.named.count, 0);
        schema_done(&schema, &o);
}

static void complains_at_the_place(void **state)
{
        static const struct {
                const char *yaml, *error;
        } cases[] = {
                {"naem: x", "t:1:1: naem: unknown key; did you mean \"name\"?"},
                {"zebra: x",
                        "t:1:1: zebra: unknown key; known here: name, plain, every, limit, "
                        "count, share, loud, list, map, tree, any, inner, items, named"},
                {"\"a\\nb\": x",
                        "t:1:1: a b: unknown key; known here: name, plain, every, limit, "
                        "count, share, loud, list, map, tree, any, inner, items, named"},
                {"name: [x]", "t:1:7: name: a list is not a string"},
                {"name:", "t:1:6: name: has no value, expected a string"},
                {"name: ''", "t:1:7: name: must not be empty"},
                {"name: abcdef", "t:1:7: name: is longer than the 5 bytes that are allowed"},
                {"name: \"a\\tb\"", "t:1:7: name: must not contain control characters"},
                {"every: soon", "t:1:8: every: \"soon\" is not a duration such as 30s"},
                {"every: 30", "t:1:8: every: \"30\" is not a duration such as 30s"},
                {"every: {a: b}", "t:1:8: every: a mapping is not a duration such as 30s"},
                {"every: 1ms", "t:1:8: every: \"1ms\" is out of range (1s … 1h)"},
                {"limit: 300y", "t:1:8: limit: \"300y\" is out of range (too large)"},
                {"count: ten", "t:1:8: count: \"ten\" is not a whole number"},
                {"count: 1.5", "t:1:8: count: \"1.5\" is not a whole number"},
                {"count: '5'", "t:1:8: count: \"5\" is not a whole number"},
                {"count: -1", "t:1:8: count: \"-1\" is out of range (1 … 1000)"},
                {"count: 0", "t:1:8: count: \"0\" is out of range (1 … 1000)"},
                {"count: 99999999999999999999",
                        "t:1:8: count: \"99999999999999999999\" is out of range (1 … 1000)"},
                {"share: .nan", "t:1:8: share: \".nan\" is out of range (-1 … 1)"},
                {"share: half", "t:1:8: share: \"half\" is not a number"},
                {"share: 1.01", "t:1:8: share: \"1.01\" is out of range (-1 … 1)"},
                {"loud: yes", "t:1:7: loud: \"yes\" is not true or false"},
                {"list: a", "t:1:7: list: \"a\" is not a list"},
                {"list: []", "t:1:7: list: is empty: leave it out"},
                {"list: [a, {}]", "t:1:11: list[1]: a mapping is not a non-empty string"},
                {"map: [a]", "t:1:6: map: a list is not a mapping of names to strings"},
                {"map: {k: [a]}", "t:1:10: map.k: a list is not a non-empty string"},
                {"map: {k: }", "t:1:10: map.k: has no value, expected a non-empty string"},
                {"tree: 1", "t:1:7: tree: \"1\" is not a mapping"},
                {"tree: {}", "t:1:7: tree: is an empty mapping"},
                {"any: null", "t:1:6: any: has no value"},
                {"inner: [a]", "t:1:8: inner: a list is not a mapping"},
                {"inner: {wait: 1s}", "t:1:8: inner.word: is required"},
                {"inner: {word: gren}",
                        "t:1:15: inner.word: \"gren\" is not one of red, green; did you mean "
                        "\"green\"?"},
                {"inner: {word: red, wait: }",
                        "t:1:26: inner.wait: has no value, expected a duration such as 30s"},
                {"items: {word: red}", "t:1:8: items: a mapping is not a list"},
                {"items:\n- word: red\n- wait: 1s", "t:3:3: items[1].word: is required"},
                {"items:\n-", "t:2:2: items[0].word: is required"},
                {"items: [{word: red}, {word: red}, {word: red}]",
                        "t:1:8: items: has 3 entries, at most 2 are allowed"},
                {"named: {Aple: {word: red}}",
                        "t:1:9: named.Aple: unknown name; did you mean \"Apple\"?"},
                {"named: {Apple: {wrod: red, word: red}}",
                        "t:1:17: named.Apple.wrod: unknown key; did you mean \"word\"?"},
                {"[a]", "t:1:1: a list is not a mapping"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(yaml_node_freep) struct yaml_node *root = tree(cases[i].yaml);
                _cleanup_errors_ struct errors errors = {0};
                const struct schema_reader reader = {"t", &errors};
                struct outer o = {0};

                assert_int_equal(schema_read(&reader, &schema, root, &o), -EBADMSG);
                if (errors.count != 1 || !streq(errors.messages[0], cases[i].error))
                        fail_msg("%s:\n%zu errors\n%s\nexpected\n%s", cases[i].yaml, errors.count,
                                errors.messages[0], cases[i].error);
                assert_int_equal(o.every, 5 * USEC_PER_MINUTE);
                schema_done(&schema, &o);
        }
}

static void finds_what_is_twice(void **state)
{
        static const char yaml[] = "items:\n- word: red\n- word: red\n";
        _cleanup_(yaml_node_freep) struct yaml_node *root = tree(yaml);
        _cleanup_errors_ struct errors errors = {0};
        const struct schema_reader reader = {"t", &errors};
        struct outer o = {0};

        assert_int_equal(schema_read(&reader, &schema, root, &o), 0);
        assert_int_equal(schema_unique(&reader, &o.items, sizeof(struct inner), "word",
                                 offsetof(struct inner, word)),
                0);
        assert_int_equal(errors.count, 1);
        assert_string_equal(
                errors.messages[0], "t:3:9: items[1].word: \"red\" is used by items[0] already");
        schema_done(&schema, &o);
}

static void an_error_is_at_what_exists(void **state)
{
        _cleanup_(yaml_node_freep) struct yaml_node *root = tree("\n  loud: true\n");
        _cleanup_errors_ struct errors errors = {0};
        const struct schema_reader reader = {"t", &errors};
        struct outer o = {0};

        assert_int_equal(schema_read(&reader, &schema, root, &o), 0);
        schema_error(&reader, &o.place, "loud", NULL, "is %s", "loud");
        schema_error(&reader, &o.inner.place, "word", NULL, "is missing");
        schema_error(&reader, NULL, NULL, NULL, "nowhere");
        assert_string_equal(errors.messages[0], "t:2:9: loud: is loud");
        assert_string_equal(errors.messages[1], "t:2:3: inner.word: is missing");
        assert_string_equal(errors.messages[2], "t:1:1: nowhere");
        schema_done(&schema, &o);
}

static void describes_itself(void **state)
{
        static const struct {
                const char *path, *type, *bounds;
        } rows[] = {
                {"name", "string", "at most 5 bytes"},
                {"plain", "path", NULL},
                {"every", "duration", "1s … 1h"},
                {"limit", "duration", NULL},
                {"count", "integer", "1 … 1000"},
                {"share", "number", "-1 … 1"},
                {"loud", "boolean", NULL},
                {"list", "list of strings", NULL},
                {"map", "string map", NULL},
                {"tree", "mapping", NULL},
                {"any", "any", NULL},
                {"inner", "object", NULL},
                {"inner.word", "word", "red, green"},
                {"inner.wait", "duration", NULL},
                {"items", "list of objects", "at most 2"},
                {"items[].word", "word", "red, green"},
                {"items[].wait", "duration", NULL},
                {"named", "objects by name", NULL},
                {"named.<fruit>.word", "word", "red, green"},
                {"named.<fruit>.wait", "duration", NULL},
        };
        const struct schema_key *key;
        char path[64], bounds[64];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_true(schema_key_at(&schema, i, &key, path, sizeof(path)));
                assert_string_equal(path, rows[i].path);
                assert_string_equal(schema_type_name(key), rows[i].type);
                assert_true(streq(schema_bounds(key, bounds, sizeof(bounds)), rows[i].bounds));
        }
        assert_false(schema_key_at(&schema, ARRAY_SIZE(rows), &key, path, sizeof(path)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_every_type),
                cmocka_unit_test(absent_is_absent),
                cmocka_unit_test(complains_at_the_place),
                cmocka_unit_test(finds_what_is_twice),
                cmocka_unit_test(an_error_is_at_what_exists),
                cmocka_unit_test(describes_itself),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
