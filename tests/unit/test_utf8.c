/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "utf8.h"

static void recognises_utf8(void **state)
{
        static const struct {
                const char *s;
                bool valid;
        } cases[] = {
                {"", true},
                {"abc\x7f", true},
                {"\xc2\x80\xdf\xbf", true},
                {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", true},
                {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true},
                {"\x80", false},
                {"\xc0\x80", false}, /* overlong */
                {"\xc1\xbf", false},
                {"\xe0\x9f\xbf", false},
                {"\xf0\x8f\xbf\xbf", false},
                {"\xed\xa0\x80", false}, /* surrogate */
                {"\xed\xbf\xbf", false},
                {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
                {"\xf5\x80\x80\x80", false},
                {"\xff", false},
                {"a\xc3", false}, /* cut */
                {"\xe2\x82", false},
                {"\xf0\x9f\x98", false},
                {"\xe2\x28\xa1", false},
                {"\xf0\x9f\x98\x28", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (utf8_valid(cases[i].s, strlen(cases[i].s)) != cases[i].valid)
                        fail_msg("case %zu", i);
        assert_true(utf8_valid("a\0b", 3));
        assert_int_equal(utf8_invalid_at("ab\xc3\xa9\xff", 5), 4);
        assert_int_equal(utf8_invalid_at("ab", 2), 2);
}

static void cleans_utf8(void **state)
{
        static const struct {
                const char *s;
                size_t size;
                const char *out;
        } cases[] = {
                {"", 0, ""},
                {"abc", 3, "abc"},
                {"a\0b", 3,
                        "a\xef\xbf\xbd"
                        "b"},
                {"\xff\xc3\xa9", 3, "\xef\xbf\xbd\xc3\xa9"},
                {"\xe2\x82\xac\xe2\x82", 5, "\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *clean = utf8_clean(cases[i].s, cases[i].size);

                assert_string_equal(clean, cases[i].out);
        }
}

static void cuts_between_characters(void **state)
{
        static const struct {
                const char *s;
                size_t max, prefix;
        } cases[] = {
                {"", 5, 0},
                {"abc", 0, 0},
                {"abc", 2, 2},
                {"abc", 3, 3},
                {"abc", 9, 3},
                {"a\xc3\xa9", 2, 1},
                {"a\xc3\xa9", 3, 3},
                {"\xf0\x9f\x98\x80", 1, 0},
                {"\xf0\x9f\x98\x80", 2, 0},
                {"\xf0\x9f\x98\x80", 3, 0},
                {"\xf0\x9f\x98\x80z", 4, 4},
                {"\x80\x80\x80\x80\x80\x80", 5, 5},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (utf8_prefix(cases[i].s, cases[i].max) != cases[i].prefix)
                        fail_msg("case %zu", i);
}

/* Both ends of every range, and what lies beside them. */
static void knows_what_steers(void **state)
{
        static const struct {
                const char *s;
                bool steers;
        } cases[] = {
                {"\x01", true},
                {"\n", true},
                {"\x1f", true},
                {" ", false},
                {"~", false},
                {"\x7f", true},
                {"\xc2\x80", true},
                {"\xc2\x9f", true},
                {"\u00a0", false},
                {"\u061b", false},
                {"\u061c", true},
                {"\u061d", false},
                {"\u200d", false},
                {"\u200e", true},
                {"\u200f", true},
                {"\u2010", false},
                {"\u2027", false},
                {"\u2028", true},
                {"\u202e", true},
                {"\u202f", false},
                {"\u2065", false},
                {"\u2066", true},
                {"\u2069", true},
                {"\u206a", false},
                {"\U0001f600", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                size_t size = strlen(cases[i].s);

                assert_int_equal(utf8_sequence(cases[i].s, size), size);
                if (utf8_steers(cases[i].s, size) != cases[i].steers)
                        fail_msg("U+%04X", utf8_code(cases[i].s, size));
        }
        assert_true(utf8_steers("", 1));
        assert_int_equal(utf8_code("\U0010ffff", 4), 0x10ffff);
}

static void people_read_one_line_or_many(void **state)
{
        static const struct {
                const char *s, *line, *lines;
        } cases[] = {
                {"", "", ""},
                {"Grüße \u05d0\u05d1 \U0001f469\u200d\U0001f4bb",
                        "Grüße \u05d0\u05d1 \U0001f469\u200d\U0001f4bb",
                        "Grüße \u05d0\u05d1 \U0001f469\u200d\U0001f4bb"},
                {"a\x1b[31m\u202egpj.exe", "a [31m gpj.exe", "a [31m gpj.exe"},
                {"a\n\tb\r\u2028", "a  b  ", "a\n\tb  "},
                {"\xffz\xe2\x82", UTF8_REPLACEMENT "z" UTF8_REPLACEMENT UTF8_REPLACEMENT,
                        UTF8_REPLACEMENT "z" UTF8_REPLACEMENT UTF8_REPLACEMENT},
        };
        _cleanup_free_ char *nul = utf8_lines("a\0b", 3);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *line = utf8_line(cases[i].s, strlen(cases[i].s));
                _cleanup_free_ char *lines = utf8_lines(cases[i].s, strlen(cases[i].s));

                assert_string_equal(line, cases[i].line);
                assert_string_equal(lines, cases[i].lines);
        }
        assert_string_equal(nul, "a b");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(recognises_utf8),
                cmocka_unit_test(cleans_utf8),
                cmocka_unit_test(cuts_between_characters),
                cmocka_unit_test(knows_what_steers),
                cmocka_unit_test(people_read_one_line_or_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
