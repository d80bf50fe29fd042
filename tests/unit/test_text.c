/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fewer.h"
#include "judge/bootstrap.h"
#include "macro.h"

static int allocations_left = -1; /* negative: no limit */

static void *limited_realloc(void *p, size_t size)
{
        if (allocations_left == 0)
                return NULL;
        if (allocations_left > 0)
                allocations_left--;
        return realloc(p, size);
}

/* The module itself instead of the library's, with its only allocation made to fail on demand. */
#define realloc limited_realloc
#include "text.c"
#undef realloc

static void appends(void **state)
{
        _cleanup_text_ struct text t = {0};
        char expected[3001] = "";

        assert_string_equal(text_string(&t), "");
        text_append(&t, "");
        text_append(&t, "a");
        text_append_bytes(&t, "b\0c", 3);
        text_appendf(&t, "%d-%s", 42, "x");
        assert_int_equal(t.size, 8);
        assert_memory_equal(t.data, "ab\0c42-x", 9);
        text_clear(&t);
        assert_string_equal(text_string(&t), "");
        for (size_t i = 0; i < 1000; i++) {
                text_appendf(&t, "%03zu", i);
                (void)snprintf(expected + 3 * i, 4, "%03zu", i);
        }
        assert_string_equal(text_string(&t), expected);
        text_clear(&t);
        text_appendf(&t, "%s", expected);
        text_appendf(&t, "%s", expected);
        assert_int_equal(t.size, 6000);
        assert_int_equal(strlen(t.data), 6000);
        assert_false(text_failed(&t));
}

static void take_never_yields_null(void **state)
{
        struct text t = {0};
        size_t size = 99;
        char *s;

        s = text_take(&t, &size);
        assert_non_null(s);
        assert_string_equal(s, "");
        assert_int_equal(size, 0);
        free(s);
        text_append(&t, "abc");
        s = text_take(&t, NULL);
        assert_string_equal(s, "abc");
        assert_null(t.data);
        free(s);
}

static void fill(struct text *t)
{
        for (int i = 0; i < 300; i++) {
                text_append(t, "0123456789");
                text_appendf(t, "%050d", i);
                text_append_html(t, "<&>");
                text_append_float(t, 0.1F);
                text_append_double(t, 1e300);
        }
}

static void failure_is_kept(void **state)
{
        size_t whole;
        int limit = 0;

        for (;; limit++) {
                struct text t = {0};
                size_t at_failure, size = 77;
                char *s;

                allocations_left = limit;
                fill(&t);
                allocations_left = -1;
                if (!text_failed(&t)) {
                        whole = t.size;
                        text_done(&t);
                        break;
                }
                at_failure = t.size;
                text_append(&t, "ignored");
                text_appendf(&t, "ignored");
                assert_int_equal(t.size, at_failure);
                assert_true(text_failed(&t));
                assert_int_equal(strlen(text_string(&t)), at_failure);
                s = text_take(&t, &size);
                assert_null(s);
                assert_int_equal(size, 77);
                assert_null(t.data);
        }
        assert_true(limit > 3);
        assert_int_equal(whole, 300 * (10 + 50 + 13 + 3 + 6));
}

static void impossible_sizes_fail(void **state)
{
        _cleanup_text_ struct text t = {0};
        volatile size_t size = SIZE_MAX;

        text_append(&t, "a");
        text_append_bytes(&t, "b", size);
        assert_true(text_failed(&t));
        assert_string_equal(text_string(&t), "a");
        text_clear(&t);
        text_append(&t, "c");
        assert_string_equal(text_string(&t), "c");
}

static void escapes_html(void **state)
{
        static const struct {
                const char *in, *out;
        } cases[] = {
                {"", ""},
                {"plain", "plain"},
                {"<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"},
                {"\t\n\r", "\t\n\r"},
                {"a\x01"
                 "b\x1b[0m",
                        "a\xef\xbf\xbd"
                        "b\xef\xbf\xbd[0m"},
                {"Grüße €", "Grüße €"},
                {"\xff<\xc3", "\xef\xbf\xbd&lt;\xef\xbf\xbd"},
                {"\u202egpj.exe\u2069 \u2013 \u2044",
                        "\xef\xbf\xbdgpj.exe\xef\xbf\xbd \u2013 \u2044"},
                {"\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};

                text_append_html(&t, cases[i].in);
                assert_string_equal(text_string(&t), cases[i].out);
        }
}

static void formats_chosen_floats(void **state)
{
        static const struct {
                float value;
                const char *out;
        } cases[] = {
                {0.0F, "0"},
                {-0.0F, "-0"},
                {1.0F, "1"},
                {-17.0F, "-17"},
                {100.0F, "100"},
                {0.1F, "0.1"},
                {0.91968507F, "0.91968507"},
                {-0.5F, "-0.5"},
                {1234.5F, "1234.5"},
                {0.00012F, "0.00012"},
                {0.00001F, "0.00001"},
                {1.5e-6F, "1.5e-06"},
                {1e-45F, "1e-45"},
                {16777215.0F, "16777215"},
                {16777216.0F, "16777216"},
                {8388607.5F, "8388607.5"},
                {1e10F, "10000000000"},
                {1e14F, "100000000000000"},
                {1e15F, "1e+15"},
                {3.4028235e38F, "3.4028235e+38"},
                {NAN, "NaN"},
                {INFINITY, "+Inf"},
                {-INFINITY, "-Inf"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};

                text_append_float(&t, cases[i].value);
                assert_string_equal(text_string(&t), cases[i].out);
        }
}

static void formats_chosen_doubles(void **state)
{
        static const struct {
                double value;
                const char *out;
        } cases[] = {
                {0.0, "0"},
                {-0.0, "-0"},
                {0.1, "0.1"},
                {0.1 + 0.2, "0.30000000000000004"},
                {1764000000.123, "1764000000.123"},
                {1764000000123.0, "1764000000123"},
                {9007199254740993.0, "9.007199254740992e+15"},
                {-2.5, "-2.5"},
                {1e300, "1e+300"},
                {5e-324, "5e-324"},
                {1.7976931348623157e308, "1.7976931348623157e+308"},
                {(double)NAN, "NaN"},
                {(double)INFINITY, "+Inf"},
                {-(double)INFINITY, "-Inf"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};

                text_append_double(&t, cases[i].value);
                assert_string_equal(text_string(&t), cases[i].out);
        }
}

/* Significant digits of a formatted number. */
static int count_digits(const char *s)
{
        int digits = 0, zeros = 0;

        for (; *s && *s != 'e'; s++) {
                if (*s < '0' || *s > '9' || (*s == '0' && digits == 0))
                        continue;
                digits++;
                zeros = *s == '0' ? zeros + 1 : 0;
        }
        return digits - zeros;
}

static int fewest_digits(float value)
{
        for (int digits = 1; digits < 9; digits++) {
                char s[NUMBER_TEXT_MAX];

                (void)snprintf(s, sizeof(s), "%.*e", digits - 1, (double)value);
                if (strtof(s, NULL) == value)
                        return count_digits(s);
        }
        return 9;
}

static void check_float(float value)
{
        char s[NUMBER_TEXT_MAX];
        size_t length = float_format(s, value);

        assert_int_equal(length, strlen(s));
        if (strtof(s, NULL) != value || signbit(strtof(s, NULL)) != signbit(value))
                fail_msg("%a was written as %s", (double)value, s);
        /* Integers below 2^24 are written out, their trailing zeros count for nothing. */
        if (count_digits(s) > fewest_digits(value))
                fail_msg("%a is longer than needed: %s", (double)value, s);
}

static void floats_round_trip_with_fewest_digits(void **state)
{
        uint64_t seed = 20261123;

        for (size_t i = 0, count = fewer(1000000); i < count; i++) {
                uint64_t random = bootstrap_next(&seed);
                uint32_t bits = (uint32_t)(random >> 32);
                float value = (float)(random >> 40) * 0x1p-24F;

                if (i % 4 == 0)
                        memcpy(&value, &bits, sizeof(value));
                else if (i % 4 == 1)
                        value *= 1000;
                else if (i % 4 == 2)
                        value = (float)(bits % 10000) / 10000;
                if (isfinite(value))
                        check_float(value);
        }
        for (int exponent = -149; exponent < 128; exponent++) {
                check_float(ldexpf(1, exponent));
                check_float(nextafterf(ldexpf(1, exponent), 0));
                check_float(-nextafterf(ldexpf(1, exponent), INFINITY));
        }
}

static void doubles_round_trip(void **state)
{
        uint64_t seed = 7;

        for (size_t i = 0, count = fewer(100000); i < count; i++) {
                uint64_t random = bootstrap_next(&seed);
                double value = (double)(random >> 11) * 0x1p-53;
                char s[NUMBER_TEXT_MAX];
                size_t length;

                if (i % 2 == 0)
                        memcpy(&value, &random, sizeof(value));
                if (!isfinite(value))
                        continue;
                length = double_format(s, value);
                assert_int_equal(length, strlen(s));
                if (strtod(s, NULL) != value || count_digits(s) > 17)
                        fail_msg("%a was written as %s", value, s);
        }
}

static void measures_edits(void **state)
{
        static const struct {
                const char *a, *b;
                unsigned distance;
        } cases[] = {
                {"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"interval", "interval", 0},
                {"interval", "intervall", 1}, {"interval", "intreval", 1}, {"kitten", "sitting", 3},
                {"ca", "abc", 3}, /* 2 by unrestricted Damerau-Levenshtein */
        };
        char long_a[100], long_b[100];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(edit_distance(cases[i].a, cases[i].b), cases[i].distance);
                assert_int_equal(edit_distance(cases[i].b, cases[i].a), cases[i].distance);
        }
        memset(long_a, 'a', sizeof(long_a));
        memset(long_b, 'a', sizeof(long_b));
        long_a[99] = long_b[99] = '\0';
        assert_int_equal(edit_distance(long_a, long_b), 0);
        long_b[98] = 'b';
        assert_int_equal(edit_distance(long_a, long_b), 99);
        long_a[63] = long_b[63] = '\0';
        long_b[62] = 'b';
        assert_int_equal(edit_distance(long_a, long_b), 1);
}

static void finds_the_nearest_word(void **state)
{
        static const char *const words[] = {"interval", "timeout", "ef", "epochs", "url"};
        static const struct {
                const char *word, *nearest;
        } cases[] = {
                {"interval", "interval"},
                {"intervall", "interval"},
                {"time_out", "timeout"},
                {"timeuot", "timeout"},
                {"epoch", "epochs"},
                {"ulr", "url"},
                {"x", NULL},
                {"something", NULL},
                {"", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *nearest = nearest_word(cases[i].word, words, ARRAY_SIZE(words));

                if (!streq(nearest, cases[i].nearest))
                        fail_msg("%s: %s", cases[i].word, nearest ? nearest : "nothing");
        }
        assert_null(nearest_word("url", words, 0));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(appends),
                cmocka_unit_test(take_never_yields_null),
                cmocka_unit_test(failure_is_kept),
                cmocka_unit_test(impossible_sizes_fail),
                cmocka_unit_test(escapes_html),
                cmocka_unit_test(formats_chosen_floats),
                cmocka_unit_test(formats_chosen_doubles),
                cmocka_unit_test(floats_round_trip_with_fewest_digits),
                cmocka_unit_test(doubles_round_trip),
                cmocka_unit_test(measures_edits),
                cmocka_unit_test(finds_the_nearest_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
