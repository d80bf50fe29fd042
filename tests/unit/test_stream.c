/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fewer.h"
#include "growing.h"
#include "json.h"
#include "random.h"
#include "short.h"
#include "text.h"

static int ignore(const struct stream_event *event, void *userdata)
{
        return 0;
}

/* Events as text: `{`, `k:` and so on, with their depths. */
static int note(const struct stream_event *event, void *userdata)
{
        static const char *const marks[] = {[STREAM_NULL] = "n",
                [STREAM_FALSE] = "f",
                [STREAM_TRUE] = "t",
                [STREAM_NUMBER] = "#",
                [STREAM_STRING] = "$",
                [STREAM_KEY] = ":",
                [STREAM_OBJECT] = "{",
                [STREAM_OBJECT_END] = "}",
                [STREAM_LIST] = "[",
                [STREAM_LIST_END] = "]"};

        text_appendf(userdata, "%u%s", event->depth, marks[event->kind]);
        text_append_bytes(userdata, event->text ? event->text : "", event->size);
        text_append(userdata, " ");
        return 0;
}

static void tells_values_as_they_arrive(void **state)
{
        static const char json[] =
                "\xef\xbb\xbf {\"ids\": [[\"a\\u0041\\n\", null], []],\n\"x\":-1.5e3,\"\":true, "
                "\"z\":{\"f\":false}}";
        static const char events[] =
                "0{ 1:ids 1[ 2[ 3$aA\n 3n 2] 2[ 2] 1] 1:x 1#-1.5e3 1: 1t 1:z 1{ 2:f 2f 1} 0} ";

        for (size_t piece = 1; piece <= sizeof(json); piece++) {
                _cleanup_text_ struct text told = {0};
                _cleanup_(stream_freep) struct stream *s = stream_new(note, &told);

                assert_return_code(feed(s, json, strlen(json), piece, NULL), 0);
                assert_string_equal(text_string(&told), events);
        }
}

static void says_where_it_is_broken(void **state)
{
        static const struct {
                const char *s, *begins;
        } cases[] = {
                {"", "line 1, column 1: "},
                {"{", "line 1, column 1: "},
                {"[1,\n 2,\n oops]", "line 3, column 2: "},
                {"[1] 2", "line 1, column 5: "},
                {"[\"\xff\"]", "line 1, column "},
                {"[NaN]", "line 1, column 2: lexical error"},
                {"[1.]", "line 1, column "},
                {"[01]", "line 1, column "},
                {"{\"a\" 1}", "line 1, column "},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (size_t piece = 1; piece < 20; piece += 6) {
                        _cleanup_text_ struct text told = {0};
                        _cleanup_(stream_freep) struct stream *s = stream_new(note, &told);
                        _cleanup_error_ struct error e = {0};

                        assert_int_equal(
                                feed(s, cases[i].s, strlen(cases[i].s), piece, &e), -EBADMSG);
                        if (strncmp(e.message, cases[i].begins, strlen(cases[i].begins)) != 0)
                                fail_msg("%s: %s", cases[i].s, e.message);
                        assert_null(strchr(e.message, '\n'));
                        /* It stays so. */
                        assert_int_equal(stream_feed(s, "1", 1, NULL), -EBADMSG);
                        assert_int_equal(stream_end(s, NULL), -EBADMSG);
                }
}

static void limits_depth_and_tokens(void **state)
{
        static char filling[1 << 16];
        _cleanup_text_ struct text told = {0}, deep = {0};
        _cleanup_(stream_freep) struct stream *a = stream_new(note, &told),
                                              *b = stream_new(note, &told);
        _cleanup_error_ struct error e = {0}, of_length = {0};
        size_t given = 0;
        int r = stream_feed(b, "\"", 1, NULL);

        for (unsigned i = 0; i <= STREAM_DEPTH_MAX; i++)
                text_append(&deep, "[");
        assert_int_equal(feed(a, deep.data, deep.size, deep.size, &e), -EMSGSIZE);
        assert_string_equal(
                e.message, "line 1, column 65: more than 64 objects and lists within each other");
        memset(filling, 'x', sizeof(filling));
        for (; r >= 0 && given < 2 * STREAM_TOKEN_MAX; given += sizeof(filling))
                r = stream_feed(b, filling, sizeof(filling), &of_length);
        assert_int_equal(r, -EMSGSIZE);
        assert_true(given <= STREAM_TOKEN_MAX + sizeof(filling));
        assert_non_null(strstr(of_length.message, "nothing ends within 4194304 bytes"));
}

/* However the values arrive, each ends what lies between: large answers were refused. */
static void limits_no_list_of_short_values(void **state)
{
        static const size_t pieces[] = {1, 4096, 16383, 16384, 16385, 50000, 300000};
        _cleanup_text_ struct text list = {0};

        text_append(&list, "[0");
        while (list.size < 300000)
                text_append(&list, ",0");
        text_append(&list, "]");
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
                _cleanup_(stream_freep) struct stream *s = stream_new(ignore, NULL);
                _cleanup_error_ struct error e = {0};
                int r = stream_feed(s, list.data, 10000, &e); /* the rest does not begin with it */

                for (size_t at = 10000; r >= 0 && at < list.size; at += pieces[i])
                        r = stream_feed(s, list.data + at, MIN(pieces[i], list.size - at), &e);
                if (r < 0)
                        fail_msg("%zu bytes at once: %s", pieces[i], error_text(&e, r));
        }
}

/* What is no string ends sooner, wherever it begins within what arrives. */
static void limits_what_lies_between_strings(void **state)
{
        static const struct {
                const char *before;
                char filling;
                bool string;
        } cases[] = {
                {"", ' ', false},
                {"[", '1', false},
                {"[\"a\", -", '1', false},
                {"{\"a\" : ", '9', false},
                {"{\"a\":[1 ,\n", '\t', false},
                {"[1, \"", '1', true},
                {"{\"a\":1,\"", '-', true},
                {"[[],\"a\"\n,\t\"", ' ', true},
        };
        static char filling[4096];

        for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text told = {0};
                _cleanup_(stream_freep) struct stream *s = stream_new(note, &told);
                _cleanup_error_ struct error e = {0};
                const char *before = cases[i / 2].before;
                size_t most = cases[i / 2].string ? STREAM_TOKEN_MAX : STREAM_GAP_MAX, given = 0;
                int r = 0;

                for (size_t n = 0; n < strlen(before) && i % 2; n++)
                        r = stream_feed(s, before + n, 1, &e);
                if (i % 2 == 0)
                        r = stream_feed(s, before, strlen(before), &e);
                memset(filling, cases[i / 2].filling, sizeof(filling));
                for (; r >= 0 && given < 2 * most; given += sizeof(filling))
                        r = stream_feed(s, filling, sizeof(filling), &e);
                if (r != -EMSGSIZE || given < most || given > most + sizeof(filling) ||
                        !strstr(e.message, "nothing ends within"))
                        fail_msg("%s: %d after %zu: %s", before, r, given, error_text(&e, r));
        }
}

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* As short.h: the parser's buffers grow. */
void *__wrap_realloc(void *block, size_t size)
{
        return short_after-- == 0 ? NULL : __real_realloc(block, size);
}

/* yajl would write to where NULL points. The token is in several chunks, and has escapes. */
static void short_memory_ends_it(void **state)
{
        _cleanup_text_ struct text json = {0};
        size_t failures = 0, seen = 0;
        int r;

        text_append(&json, "[\"");
        for (size_t i = 0; i < 5000; i++)
                text_append(&json, "words \\n");
        text_append(&json, "\"]");
        do {
                struct stream *s;

                short_after = failures++;
                s = stream_new(ignore, NULL);
                r = s ? feed(s, json.data, json.size, 1000, NULL) : -ENOMEM;
                short_after = SIZE_MAX;
                stream_free(s);
                assert_true(r == 0 || r == -ENOMEM);
                seen += r == -ENOMEM;
        } while (r < 0);
        assert_in_range(seen, 10, 1000);
}

static int refuse(const struct stream_event *event, void *userdata)
{
        unsigned *left = userdata;

        return (*left)-- > 0 ? 0 : -ECANCELED;
}

static void ends_when_no_more_is_wanted(void **state)
{
        unsigned left = 2;
        _cleanup_(stream_freep) struct stream *s = stream_new(refuse, &left);

        assert_return_code(stream_feed(s, "[1", 2, NULL), 0);
        assert_int_equal(stream_feed(s, ",2,3]", 5, NULL), -ECANCELED);
        assert_int_equal(stream_end(s, NULL), -ECANCELED);
}

static void assert_float(const char *text)
{
        const struct stream_event event = {STREAM_NUMBER, 0, text, strlen(text)};
        float value = 0, wanted = strtof(text, NULL);
        const char *wrong = stream_to_float(&event, &value);

        if (isfinite(wanted) ? wrong || value != wanted || signbit(value) != signbit(wanted)
                             : !streq(wrong, "is too large for a 32-bit float"))
                fail_msg("%s: %s, %.9g, not %.9g", text, wrong ? wrong : "", (double)value,
                        (double)wanted);
}

/* Numbers of 18 and 19 digits at the middle between two floats, above 1 as those have it exactly,
 * and a few units in their last place beside it, where rounding to a double first goes wrong. */
static void assert_middle(uint32_t chance, int steps, uint64_t sign)
{
        uint64_t middle = ((uint64_t)(chance >> 9 | 1U << 23) << 1 | 1) << 34; /* of 59 bits */
        char text[64];

        for (int i = -2; i <= 2; i++) {
                uint64_t digits = middle + (uint64_t)(int64_t)(i * steps * steps * steps);

                (void)snprintf(text, sizeof(text), "%s%" PRIu64 "%s", sign & 1 ? "-" : "", digits,
                        sign & 2 ? "" : "e0");
                assert_float(text);
                (void)snprintf(text, sizeof(text), "%" PRIu64 "e-%d", digits, steps + 7);
                assert_float(text);
        }
}

static void reads_the_nearest_float(void **state)
{
        static const char *const numbers[] = {"0", "-0", "-0.0e5", "1e400", "-1e400", "1e-400",
                "3.4028235e38", "3.4028234663852886e38", "-3.4028234663852887e+38",
                "3.40282356779733661637539395458142568448e38", "1e38", "1.17549435e-38", "1e-45",
                "7e-46", "18446744073709551616", "0.1", "16777217",
                "16777217.0000000000000000000000001", "9007199254740993", "1e22", "1e23",
                "1.00000005960464477539062", "1.000000059604644775390626", "8.5899345920000001e9",
                "000000000000000000000000000000000000.5"};
        uint64_t chance = 7;

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                assert_float(numbers[i]);
        for (size_t i = 0; i < fewer(300000); i++) {
                uint64_t bits = bootstrap_next(&chance);
                uint32_t half = (uint32_t)bits;
                char text[64];
                float f;

                memcpy(&f, &half, sizeof(f));
                (void)snprintf(text, sizeof(text), "%.*g", (int)(bits >> 32 & 15) + 1,
                        isfinite(f) ? (double)f : 1);
                assert_float(text);
                /* Half-way between two floats, and beside. */
                (void)snprintf(text, sizeof(text), "%.17g",
                        (1 + 0x1p-24 + (double)(half >> 9) * 0x1p-23) *
                                        ldexp(1, (int)(bits >> 40 & 31) - 16) +
                                (double)((int)(bits >> 36 & 3) - 1) * 1e-20);
                assert_float(text);
                assert_middle(half, (int)(bits >> 40 & 15), bits);
        }
}

static int read_tree(const char *text, size_t size, size_t piece, size_t budget, json_t **ret)
{
        _cleanup_error_ struct error e = {0};
        int r = build(grow, text, size, piece, budget, ret, &e);

        assert_true((r < 0) == (e.message != NULL));
        assert_true((r < 0) == (*ret == NULL));
        return r;
}

static json_t *random_value(uint64_t *chance, unsigned depth)
{
        static const char *const texts[] = {
                "", "a", "\xc3\xa9\n\"\\/", "\xf0\x9f\x98\x80", "\x7f", "x y z"};
        uint64_t bits = bootstrap_next(chance);
        json_t *value;

        switch (bits % (depth < 4 ? 8 : 5)) {
        case 0:
                return json_null();
        case 1:
                return json_boolean((int)(bits >> 8 & 1));
        case 2:
                return json_integer((json_int_t)(bits >> (bits >> 58)));
        case 3:
                return json_real(random_normal(chance) * pow(10, (double)(bits >> 8 & 31) - 16));
        case 4:
                return json_string(texts[(bits >> 8) % ARRAY_SIZE(texts)]);
        case 5:
                value = json_object();
                for (uint64_t i = 0; i < (bits >> 8) % 4; i++) {
                        char key[] = {(char)('a' + i), '\0'};

                        assert_return_code(
                                json_object_set_new(value, key, random_value(chance, depth + 1)),
                                0);
                }
                return value;
        default:
                value = json_array();
                for (uint64_t i = 0; i < (bits >> 8) % 5; i++)
                        assert_return_code(
                                json_array_append_new(value, random_value(chance, depth + 1)), 0);
                return value;
        }
}

/* Whether jansson refuses what does no harm: surrogates without their other half, which yajl reads
 * as question marks, and white space that JSON does not know. */
static bool is_exception(const json_error_t *error, const char *text, size_t size)
{
        return strstr(error->text, "Unicode") || memchr(text, '\v', size) ||
                memchr(text, '\f', size);
}

static void assert_alike(const char *text, size_t size, size_t piece)
{
        json_error_t error;
        _cleanup_json_ json_t *wanted = json_loadb(
                text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        _cleanup_json_ json_t *got = NULL;
        int r = read_tree(text, size, piece, 1U << 30, &got);

        if (!wanted && r == 0 && is_exception(&error, text, size))
                return;
        if ((wanted != NULL) != (r == 0) || (wanted && !json_equal(wanted, got)))
                fail_msg("%.*s: %d, jansson: %s", (int)size, text, r, wanted ? "" : error.text);
}

static void reads_what_jansson_reads(void **state)
{
        uint64_t chance = 1;

        for (size_t i = 0; i < fewer(100000); i++) {
                _cleanup_json_ json_t *value = random_value(&chance, 0);
                _cleanup_free_ char *text = json_dumps(value,
                        JSON_ENCODE_ANY | ((i & 1) ? JSON_ENSURE_ASCII : 0) |
                                ((i & 2) ? JSON_INDENT(1) : 0));
                size_t size = strlen(text);
                uint64_t bits = bootstrap_next(&chance);

                assert_alike(text, size, 1 + bits % 64);
                text[(bits >> 8) % size] = (char)(1 + (bits >> 40) % 255);
                assert_alike(text, size, 1 + bits % 64);
        }
}

static void limits_what_a_tree_costs(void **state)
{
        static const char *const large[] = {"[{},{},{}]", "{\"a\":{\"b\":[1,2,3]}}",
                "\"a text of some length and more\"", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"};
        json_t *value;

        for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
                assert_int_equal(read_tree(large[i], strlen(large[i]), 3, 100, &value), -EMSGSIZE);
                assert_null(value);
        }
        assert_int_equal(read_tree(large[3], strlen(large[3]), 3, 1U << 20, &value), -EMSGSIZE);
        assert_int_equal(read_tree("{\"a\":1,\"a\":2}", 13, 3, 1U << 20, &value), -EBADMSG);
        assert_int_equal(read_tree("{\"\\u0000\":1}", 12, 3, 1U << 20, &value), -EBADMSG);
        assert_int_equal(read_tree("1e400", 5, 3, 1U << 20, &value), -EBADMSG);
        assert_int_equal(read_tree("[\"\\u0000\"]", 10, 3, 1U << 20, &value), 0);
        assert_int_equal(json_string_length(json_array_get(value, 0)), 1);
        json_decref(value);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_values_as_they_arrive),
                cmocka_unit_test(says_where_it_is_broken),
                cmocka_unit_test(limits_depth_and_tokens),
                cmocka_unit_test(limits_no_list_of_short_values),
                cmocka_unit_test(limits_what_lies_between_strings),
                cmocka_unit_test(short_memory_ends_it),
                cmocka_unit_test(ends_when_no_more_is_wanted),
                cmocka_unit_test(reads_the_nearest_float),
                cmocka_unit_test(reads_what_jansson_reads),
                cmocka_unit_test(limits_what_a_tree_costs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
