/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "text.h"
#include "yaml.h"

#define _cleanup_node_ _cleanup_(yaml_node_freep)

static struct yaml_node *parse(const char *s)
{
        _cleanup_errors_ struct errors errors = {0};
        struct yaml_node *node = NULL;
        int r = yaml_parse("test", s, strlen(s), &node, &errors);

        if (r < 0)
                fail_msg("%s: %s", s, errors.count > 0 ? errors.messages[0] : "no message");
        assert_int_equal(errors_total(&errors), 0);
        return node;
}

/* One line for a whole tree: {key: value, …}, […], quoted scalars in quotes. */
static void describe(struct text *t, const struct yaml_node *node)
{
        if (node->kind == YAML_SCALAR) {
                text_appendf(t, node->plain ? "%s" : "'%s'", node->scalar);
                return;
        }
        text_append(t, node->kind == YAML_MAPPING ? "{" : "[");
        for (size_t i = 0; i < node->count; i++) {
                text_append(t, i > 0 ? "," : "");
                if (node->kind == YAML_MAPPING) {
                        describe(t, node->keys[i]);
                        text_append(t, ":");
                }
                describe(t, node->values[i]);
        }
        text_append(t, node->kind == YAML_MAPPING ? "}" : "]");
}

static void sees_what_follows_a_value(void **state)
{
        static const struct {
                const char *yaml;
                enum yaml_comment comment;
                unsigned line, column;
        } cases[] = {
                {"a: b", YAML_COMMENT_NONE, 1, 0},
                {"a: b ", YAML_COMMENT_NONE, 1, 0},
                {"a: b#42", YAML_COMMENT_NONE, 1, 0},
                {"a: 'b' #42", YAML_COMMENT_NONE, 1, 0},
                {"a: b\n#42", YAML_COMMENT_NONE, 1, 0},
                {"a: b  # c", YAML_COMMENT_APART, 1, 7},
                {"a: b  ## c", YAML_COMMENT_APART, 1, 7},
                {"a: b  #", YAML_COMMENT_APART, 1, 7},
                {"a: b\t# c", YAML_COMMENT_NEAR, 1, 6},
                {"a: b # c", YAML_COMMENT_NEAR, 1, 6},
                {"a: b #", YAML_COMMENT_NEAR, 1, 6},
                {"a: b #42?", YAML_COMMENT_GLUED, 1, 6},
                {"a: b   #42?", YAML_COMMENT_GLUED, 1, 8},
                {"\xc3\xa4: \xc3\xa4\r\n \xe2\x82\xac #42", YAML_COMMENT_GLUED, 2, 4},
                {"\xef\xbb\xbf"
                 "a: b #42",
                        YAML_COMMENT_GLUED, 1, 6},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_node_ struct yaml_node *root = parse(cases[i].yaml);
                const struct yaml_node *value = root->values[0];

                assert_int_equal(value->comment, cases[i].comment);
                if (value->comment == YAML_COMMENT_NONE)
                        continue;
                assert_int_equal(value->end_line, cases[i].line);
                assert_int_equal(value->comment_column, cases[i].column);
        }
}

static void builds_trees(void **state)
{
        static const struct {
                const char *yaml, *tree;
        } cases[] = {
                {"", "{}"},
                {"# only a comment\n", "{}"},
                {"---\n", "{}"},
                {"---\n...\n", "{}"},
                {"''", "''"},
                {"null", "null"},
                {"{}", "{}"},
                {"[]", "[]"},
                {"a: 1\nb:\n", "{a:1,b:}"},
                {"a:\n- x\n- 'y'\n- \"z\"\n- - q\n", "{a:[x,'y','z',[q]]}"},
                {"a: {b: {c: []}}\nd: e", "{a:{b:{c:[]}},d:e}"},
                {"text: |\n  line\n  line\n", "{text:'line\nline\n'}"},
                {"'null': \"true\"\n", "{'null':'true'}"},
                {"%YAML 1.1\n---\na: b\n", "{a:b}"},
                {"\xef\xbb\xbf"
                 "a: b\n",
                        "{a:b}"},
                {"a: b\r\nc: d\r\n", "{a:b,c:d}"},
                {"<<: {a: b}\n", "{<<:{a:b}}"},
                {"[0,1,2,3,4,5,6,7,8,9]", "[0,1,2,3,4,5,6,7,8,9]"},
                {"{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}", "{a:1,b:2,c:3,d:4,e:5,f:6}"},
                {"{\"id\":\"q1\",\"k\":[1,-2.5e3],\"t\":true,\"n\":null}",
                        "{'id':'q1','k':[1,-2.5e3],'t':true,'n':null}"},
                {"{\n\t\"a\":\t\"b\\/c\\n\\u00e9\",\n\t\"d\" : {}\n}\n",
                        "{'a':'b/c\n\xc3\xa9','d':{}}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_node_ struct yaml_node *node = parse(cases[i].yaml);
                _cleanup_text_ struct text t = {0};

                describe(&t, node);
                assert_string_equal(text_string(&t), cases[i].tree);
        }
}

static void understands_surrogate_pairs_of_json(void **state)
{
        static const struct {
                const char *json, *tree;
        } cases[] = {
                {"[\"\\ud83d\\ude00\"]", "['\xf0\x9f\x98\x80']"},
                {" {\"a\": \"x\\uD83D\\uDE00y\\ud800\\udc00\\udbff\\udfff\"}",
                        "{'a':'x\xf0\x9f\x98\x80y\xf0\x90\x80\x80\xf4\x8f\xbf\xbf'}"},
                {"[\"\\\\ud83d\\\\ude00\"]", "['\\ud83d\\ude00']"},
                {"[\"\\\\\\ud83d\\ude00\"]", "['\\\xf0\x9f\x98\x80']"},
                {"a: '\\ud83d\\ude00'", "{a:'\\ud83d\\ude00'}"},
        };
        static const char *const lone[] = {"[\"\\ud83d\"]", "[\"\\ude00\"]", "[\"\\ud83d\\u0041\"]",
                "[\"\\ude00\\ud83d\"]", "[\"\\ud83d\\", "[\"\\ud83d\\ud83d\"]"};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_node_ struct yaml_node *node = parse(cases[i].json);
                _cleanup_text_ struct text t = {0};

                describe(&t, node);
                assert_string_equal(text_string(&t), cases[i].tree);
        }
        for (size_t i = 0; i < ARRAY_SIZE(lone); i++) {
                struct yaml_node *node = NULL;

                assert_int_equal(yaml_parse("x", lone[i], strlen(lone[i]), &node, NULL), -EBADMSG);
        }
}

static void knows_places(void **state)
{
        _cleanup_node_ struct yaml_node *node =
                parse("# comment\nreplay:\n  interval: soon\n  \xc3\xa4: [a,\n    b]\n");
        const struct yaml_node *replay = yaml_get(node, "replay");
        const struct yaml_node *interval = yaml_get(replay, "interval");
        const struct yaml_node *list = yaml_get(replay, "\xc3\xa4");

        assert_int_equal(node->line, 2);
        assert_int_equal(node->column, 1);
        assert_int_equal(node->keys[0]->line, 2);
        assert_int_equal(replay->line, 3);
        assert_int_equal(replay->column, 3);
        assert_int_equal(interval->line, 3);
        assert_int_equal(interval->column, 13);
        assert_int_equal(list->line, 4);
        assert_int_equal(list->column, 6); /* characters, not bytes */
        assert_int_equal(list->values[1]->line, 5);
        assert_int_equal(list->values[1]->column, 5);
}

static void reports_every_error(void **state)
{
        static const struct {
                const char *yaml;
                const char *messages[4];
        } cases[] = {
                {"a: 1\nb: 2\na: 3\n",
                        {"x.yaml:3:1: duplicate key \"a\", already used in line 1, column 1"}},
                {"a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n",
                        {"x.yaml:3:11: duplicate key \"c\", already used in line 3, column 5",
                                "x.yaml:2:1: duplicate key \"a\", already used in line 1, column 1",
                                "x.yaml:4:1: duplicate key \"a\", already used in line 1, column 1"}},
                {"a: 1\n'a': 2\n",
                        {"x.yaml:2:1: duplicate key \"a\", already used in line 1, column 1"}},
                {"a: &one 1\nb: *one\nc: !!str 5\n",
                        {"x.yaml:1:4: anchors (&one) are not supported; write the value out",
                                "x.yaml:2:4: aliases (*one) are not supported; write the value out",
                                "x.yaml:3:4: tags (!…) are not supported; put a value in quotes to make it a string"}},
                {"a: &x [1]\nb: !t {c: d}\n",
                        {"x.yaml:1:4: anchors (&x) are not supported; write the value out",
                                "x.yaml:2:4: tags (!…) are not supported; put a value in quotes to make it a string"}},
                {"a: ! b\n",
                        {"x.yaml:1:4: tags (!…) are not supported; put a value in quotes to make it a string"}},
                {"%TAG !e! tag:example.com,2000:\n---\na: b\n",
                        {"x.yaml:1:1: %TAG directives are not supported"}},
                {"a: b\n---\nc: d\n", {"x.yaml:2:1: only one document is expected in a file"}},
                {"[a]: b\n", {"x.yaml:1:1: a key must be a single word or string, not a list"}},
                {"{{a: b}: c}\n",
                        {"x.yaml:1:2: a key must be a single word or string, not a mapping"}},
                {"a:\n\tb: c\n", {"x.yaml:2:1: a tab cannot indent; use spaces"}},
                {"a: @b\n", {"x.yaml:1:4: a value cannot begin with @; put it in quotes"}},
                {"a: 1\na: 2\nb: \"x\n",
                        {"x.yaml:4:1: found unexpected end of stream (while scanning a quoted scalar that begins in line 3)",
                                "x.yaml:2:1: duplicate key \"a\", already used in line 1, column 1"}},
                {"a: b: c\n",
                        {"x.yaml:1:5: \": \" stands in a value that has no quotes around it; put the text in quotes"}},
                {"- \xc3\xa4: 1\n  b: \xc3\xa4rgs: how?\n",
                        {"x.yaml:2:10: \": \" stands in a value that has no quotes around it; put the text in quotes"}},
                {"queries: [{id: a, text: Error: how do I fix it?}]\n",
                        {"x.yaml:1:30: \": \" stands in a value that has no quotes around it; put the text in quotes, or a comma between two values"}},
                {"- {text: \xc3\xa4rgs: how?,\n   tags: {a: b}}\n",
                        {"x.yaml:1:14: \": \" stands in a value that has no quotes around it; put the text in quotes, or a comma between two values"}},
                {"ids: [a, b: c: d]\n",
                        {"x.yaml:1:14: \": \" stands in a value that has no quotes around it; put the text in quotes, or a comma between two values"}},
                {"{id: a\n text: b}\n",
                        {"x.yaml:2:6: \": \" stands in a value that has no quotes around it; put the text in quotes, or a comma between two values"}},
                {"[{text: is it [a]?}]\n",
                        {"x.yaml:1:15: \"[\" stands in a value that has no quotes around it; put the text in quotes, or a comma between two values"}},
                {"{text: use {a}}\n",
                        {"x.yaml:1:12: \"{\" stands in a value that has no quotes around it; put the text in quotes, or a comma between two values"}},
                {"{a: 'b': c}\n",
                        {"x.yaml:1:8: did not find expected ',' or '}' (while parsing a flow mapping that begins in line 1)"}},
                {"[[a] [b]]\n",
                        {"x.yaml:1:6: did not find expected ',' or ']' (while parsing a flow sequence that begins in line 1)"}},
                {"a: 1\n b: 2\n", {"x.yaml:2:3: mapping values are not allowed in this context"}},
                {"a: [1\n",
                        {"x.yaml:2:1: did not find expected ',' or ']' (while parsing a flow sequence that begins in line 1)"}},
                {"a: \xff\n", {"x.yaml:1:4: byte 0xFF is not valid UTF-8; save the file as UTF-8"}},
                {"\xc3\xa4: 1\nb: \xed\xa0\x80\n",
                        {"x.yaml:2:4: byte 0xED is not valid UTF-8; save the file as UTF-8"}},
                {"\xff\xfe"
                 "a",
                        {"x.yaml:1:1: byte 0xFF is not valid UTF-8; save the file as UTF-8"}},
                {"a: b\n\xc3\xa4: \x01\n",
                        {"x.yaml:2:4: the character U+0001 is not allowed; in a quoted string write it as \"\\u0001\""}},
                {"\xef\xbb\xbf"
                 "a: \x7f\n",
                        {"x.yaml:1:4: the character U+007F is not allowed; in a quoted string write it as \"\\u007f\""}},
                {"a: \"b\\0c\"\n", {"x.yaml:1:4: a string cannot contain the character U+0000"}},
                {"\"a\\e[1m\": 1\n\"a\\e[1m\": 1\n",
                        {"x.yaml:2:1: duplicate key \"a [1m\", already used in line 1, column 1"}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_errors_ struct errors errors = {0};
                struct yaml_node *node = NULL;
                size_t n = 0;

                assert_int_equal(
                        yaml_parse("x.yaml", cases[i].yaml, strlen(cases[i].yaml), &node, &errors),
                        -EBADMSG);
                assert_null(node);
                for (; n < 4 && cases[i].messages[n] && n < errors.count; n++)
                        assert_string_equal(errors.messages[n], cases[i].messages[n]);
                if (n < errors.count || (n < 4 && cases[i].messages[n]))
                        fail_msg("%s: %zu errors: %s", cases[i].yaml, errors.count,
                                errors.count ? errors.messages[errors.count - 1] : "");
        }
}

static void a_nul_byte_is_refused(void **state)
{
        _cleanup_errors_ struct errors errors = {0};
        struct yaml_node *node = NULL;

        assert_int_equal(yaml_parse("x", "a: b\0c", 6, &node, &errors), -EBADMSG);
        assert_int_equal(strncmp(errors.messages[0], "x:1:5: ", 7), 0);
}

static void depth_is_limited(void **state)
{
        char yaml[2 * YAML_DEPTH_MAX + 4];

        for (size_t depth = YAML_DEPTH_MAX; depth <= YAML_DEPTH_MAX + 1; depth++) {
                _cleanup_node_ struct yaml_node *node = NULL;
                _cleanup_errors_ struct errors errors = {0};
                bool fits = depth <= YAML_DEPTH_MAX;
                int r;

                memset(yaml, '[', depth);
                memset(yaml + depth, ']', depth);
                r = yaml_parse("x", yaml, 2 * depth, &node, &errors);
                assert_int_equal(r, fits ? 0 : -EBADMSG);
                if (!fits)
                        assert_string_equal(
                                errors.messages[0], "x:1:33: nested more than 32 levels deep");
        }
}

static void endless_nesting_ends(void **state)
{
        _cleanup_free_ char *yaml = malloc(1000000);
        struct yaml_node *node = NULL;

        memset(yaml, '[', 1000000);
        assert_int_equal(yaml_parse("x", yaml, 1000000, &node, NULL), -EBADMSG);
        memset(yaml, '{', 1000000);
        assert_int_equal(yaml_parse("x", yaml, 1000000, &node, NULL), -EBADMSG);
        for (size_t i = 0; i < 1000000; i++)
                yaml[i] = "- "[i % 2];
        assert_int_equal(yaml_parse("x", yaml, 1000000, &node, NULL), -EBADMSG);
}

/* A query set as Python's json module writes it: one line, vectors of floats. */
static void reads_big_query_sets(void **state)
{
        _cleanup_node_ struct yaml_node *node = NULL;
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text t = {0};
        const struct yaml_node *embedding;
        double number;

        text_append(&t, "{\"queries\": [");
        for (int i = 0; i < 100; i++) {
                text_appendf(&t, "%s{\"id\": \"q%d\", \"embedding\": [", i ? ", " : "", i);
                for (int j = 0; j < 1024; j++)
                        text_appendf(&t, "%s-0.0%d%d", j ? ", " : "", j + 1, i);
                text_append(&t, "]}");
        }
        text_append(&t, "]}");
        assert_int_equal(yaml_parse("x", text_string(&t), t.size, &node, &errors), 0);
        assert_int_equal(yaml_get(node, "queries")->count, 100);
        embedding = yaml_get(yaml_get(node, "queries")->values[99], "embedding");
        assert_int_equal(embedding->count, 1024);
        assert_int_equal(yaml_to_double(embedding->values[1023], &number), 0);
        assert_true(number == -0.0102499);
}

static void many_keys_are_checked_quickly(void **state)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text t = {0};
        struct yaml_node *node = NULL;

        for (int i = 0; i < 50000; i++)
                text_appendf(&t, "k%d:\n", i);
        text_append(&t, "k25000:\n");
        assert_int_equal(yaml_parse("x", text_string(&t), t.size, &node, &errors), -EBADMSG);
        assert_int_equal(errors_total(&errors), 1);
        assert_string_equal(errors.messages[0],
                "x:50001:1: duplicate key \"k25000\", already used in line 25001, column 1");
}

/* The input has no NUL behind it: a sanitizer sees every byte read too far. */
static void parse_exactly(const char *yaml, size_t size)
{
        _cleanup_node_ struct yaml_node *node = NULL;
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_free_ char *copy = malloc(size);

        memcpy(copy, yaml, size);
        if (yaml_parse("x", copy, size, &node, &errors) < 0) {
                assert_null(node);
                assert_true(errors_total(&errors) > 0);
        } else {
                assert_non_null(node);
                assert_int_equal(errors_total(&errors), 0);
        }
}

/* Every prefix and every damaged byte: no crash, no leak, and a message whenever it fails. */
static void damaged_input_is_survived(void **state)
{
        static const char *const seeds[] = {
                "a: {b: [1, 'x', \"\\u00e9\"], ? c : &d e}\nf:\n  - g: |\n"
                "     text\n  - *h\ni: !!j k\n# \xc3\xa9\n",
                " {\"a\": [\"\\ud83d\\ude00\", {}, 5], \"b\": null}",
        };
        static const char bytes[] = "\0\t\n \"'#&*!|{}[],:?-%\\\x7f\xc3\xff";

        for (size_t s = 0; s < ARRAY_SIZE(seeds); s++)
                for (size_t i = 0; i < strlen(seeds[s]); i++)
                        for (size_t j = 0; j < sizeof(bytes); j++) {
                                _cleanup_free_ char *copy = strdup(seeds[s]);

                                copy[i] = bytes[j];
                                parse_exactly(copy, strlen(seeds[s]));
                                parse_exactly(copy, i + 1);
                        }
}

static void gets_values(void **state)
{
        _cleanup_node_ struct yaml_node *node = parse("a: {b: c}\nd: [e]\n");

        assert_string_equal(yaml_get(yaml_get(node, "a"), "b")->scalar, "c");
        assert_null(yaml_get(node, "x"));
        assert_null(yaml_get(NULL, "a"));
        assert_null(yaml_get(yaml_get(node, "d"), "e"));
        assert_null(yaml_get(yaml_get(yaml_get(node, "a"), "b"), "c"));
}

/* As UTF-8, surrogates too; the length. */
static size_t encode(uint32_t code, char ret[5])
{
        const size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};

        for (size_t i = more; i > 0; i--, code >>= 6)
                ret[i] = (char)(0x80 | (code & 0x3f));
        ret[0] = (char)(first[more] | code);
        ret[more + 1] = '\0';
        return more + 1;
}

/* Every character of the first plane, and some beyond it. */
static void strings_read_back(void **state)
{
        char s[5];

        for (uint32_t code = 1; code < 0x10100; code++) {
                size_t size = encode(code, s);
                _cleanup_node_ struct yaml_node *node = NULL;
                _cleanup_text_ struct text t = {0};

                yaml_append_string(&t, s);
                assert_int_equal(text_failed(&t), !utf8_valid(s, size));
                if (text_failed(&t))
                        continue;
                node = parse(text_string(&t));
                if (!streq(node->scalar, s) || node->plain)
                        fail_msg("U+%04X: %s", code, text_string(&t));
        }
}

static void reads_scalars(void **state)
{
        enum { NO = -EINVAL, RANGE = -ERANGE };
        static const struct {
                const char *yaml;
                bool null;
                int to_bool, to_double, to_uint;
                double number;
        } cases[] = {
                {"~", true, NO, NO, NO, 0},
                {"null", true, NO, NO, NO, 0},
                {"'null'", false, NO, NO, NO, 0},
                {"''", false, NO, NO, NO, 0},
                {"true", false, 0, NO, NO, 0},
                {"false", false, 0, NO, NO, 0},
                {"'true'", false, NO, NO, NO, 0},
                {"yes", false, NO, NO, NO, 0},
                {"True", false, NO, NO, NO, 0},
                {"0", false, NO, 0, 0, 0},
                {"42", false, NO, 0, 0, 42},
                {"'42'", false, NO, NO, NO, 0},
                {"007", false, NO, 0, NO, 7},
                {"+5", false, NO, 0, NO, 5},
                {"-5", false, NO, 0, NO, -5},
                {"1.5", false, NO, 0, NO, 1.5},
                {".5", false, NO, 0, NO, 0.5},
                {"1e3", false, NO, 0, NO, 1000},
                {"1_000", false, NO, NO, NO, 0},
                {"0x10", false, NO, NO, NO, 0},
                {"1.2.3", false, NO, NO, NO, 0},
                {"1e", false, NO, NO, NO, 0},
                {"+", false, NO, NO, NO, 0},
                {"inf", false, NO, NO, NO, 0},
                {"nan", false, NO, NO, NO, 0},
                {".inf", false, NO, RANGE, NO, 0},
                {"-.Inf", false, NO, RANGE, NO, 0},
                {".NaN", false, NO, RANGE, NO, 0},
                {"1e999", false, NO, RANGE, NO, 0},
                {"1e-999", false, NO, 0, NO, 0},
                {"18446744073709551615", false, NO, 0, 0, 18446744073709551616.0},
                {"18446744073709551616", false, NO, 0, RANGE, 18446744073709551616.0},
                {"5m", false, NO, NO, NO, 0},
                {"[1]", false, NO, NO, NO, 0},
                {"{a: 1}", false, NO, NO, NO, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_node_ struct yaml_node *node = parse(cases[i].yaml);
                unsigned long integer = 99;
                double number = 99;
                bool truth = false;

                if (yaml_is_null(node) != cases[i].null ||
                        yaml_to_bool(node, &truth) != cases[i].to_bool ||
                        yaml_to_double(node, &number) != cases[i].to_double ||
                        yaml_to_uint(node, &integer) != cases[i].to_uint)
                        fail_msg("%s", cases[i].yaml);
                assert_true(truth == (cases[i].to_bool == 0 && *node->scalar == 't'));
                assert_true(number == (cases[i].to_double == 0 ? cases[i].number : 99));
                assert_true((double)integer == (cases[i].to_uint == 0 ? cases[i].number : 99));
        }
        assert_true(yaml_is_null(NULL));
        assert_int_equal(yaml_to_bool(NULL, NULL), -EINVAL);
        assert_int_equal(yaml_to_double(NULL, NULL), -EINVAL);
        assert_int_equal(yaml_to_uint(NULL, NULL), -EINVAL);
}

static void describes_nodes(void **state)
{
        static const struct {
                const char *yaml, *description;
        } cases[] = {
                {"{}", "a mapping"},
                {"[]", "a list"},
                {"null", "nothing"},
                {"soon", "\"soon\""},
                {"''", "\"\""},
                {"\"a\\nb\"", "\"a\nb\""},
                {"0123456789012345678901234567890123456789012345678901234567890",
                        "\"012345678901234567890123456789012345678901234567890123456789…\""},
        };
        _cleanup_node_ struct yaml_node *node = parse("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
        char buffer[80], small[12];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_node_ struct yaml_node *other = parse(cases[i].yaml);

                assert_string_equal(
                        yaml_describe(other, buffer, sizeof(buffer)), cases[i].description);
        }
        assert_string_equal(yaml_describe(NULL, buffer, sizeof(buffer)), "nothing");
        assert_string_equal(
                yaml_describe(node, small, sizeof(small)), "\"\xc3\xa9\xc3\xa9\xc3\xa9…\"");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(builds_trees),
                cmocka_unit_test(sees_what_follows_a_value),
                cmocka_unit_test(understands_surrogate_pairs_of_json),
                cmocka_unit_test(knows_places),
                cmocka_unit_test(reports_every_error),
                cmocka_unit_test(a_nul_byte_is_refused),
                cmocka_unit_test(depth_is_limited),
                cmocka_unit_test(endless_nesting_ends),
                cmocka_unit_test(reads_big_query_sets),
                cmocka_unit_test(many_keys_are_checked_quickly),
                cmocka_unit_test(damaged_input_is_survived),
                cmocka_unit_test(gets_values),
                cmocka_unit_test(strings_read_back),
                cmocka_unit_test(reads_scalars),
                cmocka_unit_test(describes_nodes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
