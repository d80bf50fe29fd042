/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"
#include "short.h"
#include "text.h"

static json_t *parse(const char *s)
{
        json_t *value = NULL;

        assert_int_equal(json_parse("test", s, strlen(s), &value, NULL), 0);
        return value;
}

static void parses_any_value(void **state)
{
        static const char *const values[] = {"{\"a\": [1, 2.5, null]}", "[]", "5", "\"x\"", "null",
                " true ", "-0.0", "\xef\xbb\xbf{\"a\": 1}"};

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                _cleanup_json_ json_t *value = parse(values[i]);

                assert_non_null(value);
        }
}

static void says_where_it_is_broken(void **state)
{
        static const struct {
                const char *s, *begins;
        } cases[] = {
                {"", "x.json:1:1: "},
                {"{", "x.json:1:1: "},
                {"\xef\xbb\xbf", "x.json:1:1: "},
                {"\xef\xbb\xbf[oops]", "x.json:1:5: invalid token"},
                {"[1,\n 2,\n oops]", "x.json:3:5: "},
                {"[1] 2", "x.json:1:5: end of file expected"},
                {"{\"a\": 1,\n \"a\": 2}", "x.json:2:4: duplicate object key"},
                {"[\"\xff\"]", "x.json:1:2: unable to decode byte 0xff"},
                {"[1e999]", "x.json:1:6: real number overflow"},
                {"[99999999999999999999]", "x.json:1:21: too big integer"},
                {"[NaN]", "x.json:1:4: invalid token"},
                {"[\"\\u0000\"]", "x.json:1:9: "},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                json_t *value = NULL;

                assert_int_equal(
                        json_parse("x.json", cases[i].s, strlen(cases[i].s), &value, &e), -EBADMSG);
                assert_null(value);
                if (strncmp(e.message, cases[i].begins, strlen(cases[i].begins)) != 0)
                        fail_msg("%s: %s", cases[i].s, e.message);
        }
}

/* Each allocation in turn, until there are no more. */
static void short_memory_is_no_mistake_in_the_text(void **state)
{
        static const char text[] = "{\"a\": [1, 2.5, \"a text\", {\"b\": {}}], \"c\": \"\\u20ac\"}";
        size_t failures = 0;

        json_init();
        for (int r = -ENOMEM; r < 0; failures += r < 0) {
                _cleanup_error_ struct error e = {0};
                _cleanup_json_ json_t *value = NULL;

                short_after = failures;
                r = json_parse("x.json", text, strlen(text), &value, &e);
                short_after = SIZE_MAX;
                if (r < 0 && (r != -ENOMEM || (e.message && strstr(e.message, ":1:"))))
                        fail_msg("allocation %zu: %d, %s", failures, r, e.message);
        }
        assert_true(failures > 10);
}

static void messages_are_clean_text(void **state)
{
        static const char escape[] = "[oops\x1b]";
        _cleanup_error_ struct error e = {0}, cut = {0};
        char data[600] = "[";
        json_t *value = NULL;

        assert_int_equal(json_parse("x", escape, strlen(escape), &value, &e), -EBADMSG);
        for (const char *p = e.message; *p; p++)
                assert_true((unsigned char)*p >= 0x20);
        for (size_t i = 1; i + 2 < sizeof(data); i += 2)
                memcpy(data + i, "\xc3\xa9", 2);
        assert_int_equal(json_parse("x", data, sizeof(data) - 2, &value, &cut), -EBADMSG);
        assert_true(utf8_valid(cut.message, strlen(cut.message)));
}

static void deep_input_is_refused(void **state)
{
        char data[5000];
        json_t *value = NULL;

        memset(data, '[', sizeof(data));
        assert_int_equal(json_parse("x", data, sizeof(data), &value, NULL), -EBADMSG);
}

static void reads_numbers_only(void **state)
{
        static const struct {
                const char *s;
                int r;
                double number;
        } cases[] = {
                {"0", 0, 0},
                {"-7", 0, -7},
                {"0.25", 0, 0.25},
                {"null", -ENODATA, 0},
                {"\"5\"", -EINVAL, 0},
                {"true", -EINVAL, 0},
                {"[]", -EINVAL, 0},
                {"{}", -EINVAL, 0},
        };
        double number = 99;

        assert_int_equal(json_to_double(NULL, &number), -ENODATA);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_json_ json_t *value = parse(cases[i].s);

                number = 99;
                assert_int_equal(json_to_double(value, &number), cases[i].r);
                assert_true(number == (cases[i].r == 0 ? cases[i].number : 99));
        }
}

static void assert_dumps(json_t *taken, const char *expected)
{
        _cleanup_json_ json_t *value = taken;
        _cleanup_free_ char *text = NULL;
        size_t size = 0;

        assert_non_null(value);
        text = json_text(value, JSON_COMPACT, &size);
        assert_string_equal(text, expected);
        assert_int_equal(size, strlen(expected));
}

static void writes_numbers(void **state)
{
        assert_dumps(json_from_double(0.1), "0.1");
        assert_dumps(json_from_double(1764000000.123), "1764000000.123");
        assert_dumps(json_from_double((double)NAN), "null");
        assert_dumps(json_from_double((double)INFINITY), "null");
        assert_dumps(json_from_float(0.91968507F), "0.91968507");
        assert_dumps(json_from_float(0.1F), "0.1");
        assert_dumps(json_from_float(2.0F), "2.0");
        assert_dumps(json_from_float(-1e-30F), "-1e-30");
        assert_dumps(json_from_float(-INFINITY), "null");
        assert_dumps(json_from_float(NAN), "null");
}

static void floats_survive_the_way_back(void **state)
{
        for (uint32_t bits = 1; bits < 0x7f800000; bits += 77773) {
                _cleanup_json_ json_t *value = NULL, *again = NULL;
                _cleanup_free_ char *text = NULL;
                double number = 0;
                float f;

                memcpy(&f, &bits, sizeof(f));
                value = json_from_float(f);
                text = json_text(value, 0, NULL);
                again = parse(text);
                assert_int_equal(json_to_double(again, &number), 0);
                if (strtof(text, NULL) != f || (float)number != f)
                        fail_msg("%a: %s", (double)f, text);
        }
}

static void puts_into_objects(void **state)
{
        _cleanup_json_ json_t *object = json_object();

        assert_int_equal(json_put(object, "a", json_integer(1)), 0);
        assert_int_equal(json_put(object, "b", NULL), -ENOMEM);
        assert_int_equal(json_put(object, "c\xff", json_integer(1)), -ENOMEM);
        assert_int_equal(json_object_size(object), 1);
}

static void converts_yaml(void **state)
{
        static const struct {
                const char *yaml, *json;
        } cases[] = {
                {"", "{}"},
                {"a: 1\nb: [x, null, ~, '']\n", "{\"a\":1,\"b\":[\"x\",null,null,\"\"]}"},
                {"[true, false, 'true', True, yes]", "[true,false,\"true\",\"True\",\"yes\"]"},
                {"[0, -5, 007, +5, 0x10, 1_000, '12']",
                        "[0,-5,\"007\",\"+5\",\"0x10\",\"1_000\",\"12\"]"},
                {"[1.5, -0.25, 1e3, 2.5E-2]", "[1.5,-0.25,1000.0,0.025]"},
                {"[.5, 1., 1e, .inf, .nan, 1e999, 1.2.3, -]x", NULL},
                {"[.5, 1., 1e, .inf, .nan, 1e999, 1.2.3, 5m, --1]",
                        "[\".5\",\"1.\",\"1e\",\".inf\",\".nan\",\"1e999\",\"1.2.3\",\"5m\","
                        "\"--1\"]"},
                {"[9223372036854775807, 9223372036854775808]",
                        "[9223372036854775807,9.22337203685478e18]"},
                {"a: {$and: [{lang: en}, {year: {$gte: 2020}}]}",
                        "{\"a\":{\"$and\":[{\"lang\":\"en\"},{\"year\":{\"$gte\":2020}}]}}"},
                {"{\"k\": \"\\u00e9\\n\", \"n\": {\"d\": []}}",
                        "{\"k\":\"\xc3\xa9\\n\",\"n\":{\"d\":[]}}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(yaml_node_freep) struct yaml_node *node = NULL;
                int r = yaml_parse("test", cases[i].yaml, strlen(cases[i].yaml), &node, NULL);

                assert_int_equal(r, cases[i].json ? 0 : -EBADMSG);
                if (cases[i].json)
                        assert_dumps(json_from_yaml(node), cases[i].json);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parses_any_value),
                cmocka_unit_test(says_where_it_is_broken),
                cmocka_unit_test(short_memory_is_no_mistake_in_the_text),
                cmocka_unit_test(messages_are_clean_text),
                cmocka_unit_test(deep_input_is_refused),
                cmocka_unit_test(reads_numbers_only),
                cmocka_unit_test(writes_numbers),
                cmocka_unit_test(floats_survive_the_way_back),
                cmocka_unit_test(puts_into_objects),
                cmocka_unit_test(converts_yaml),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
