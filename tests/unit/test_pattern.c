/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pattern.h"
#include "random.h"
#include "text.h"

static struct pattern *compile(const char *text)
{
        _cleanup_error_ struct error e = {0};
        struct pattern *p = NULL;

        if (pattern_new(text, &p, &e) < 0)
                fail_msg("%s", error_text(&e, 0));
        return p;
}

/* What is matched is all of the text, as by ^(?:…)$ of Go. */
static void matches_as_re2_does(void **state)
{
        static const struct {
                const char *pattern, *yes[4], *no[4];
        } rows[] = {
                {"", {""}, {"a"}},
                {"abc", {"abc"}, {"ab", "abcd", "xabc", ""}},
                {"a|b|", {"a", "b", ""}, {"ab", "c"}},
                {"ab|cd", {"ab", "cd"}, {"acd", "abd", "abcd"}},
                {"(a|b)*", {"", "a", "abba"}, {"abc"}},
                {"(?:prod|staging)-.+", {"prod-1", "staging-x"}, {"prod-", "test-1"}},
                {"a+b?", {"a", "aab"}, {"b", "abb", ""}},
                {"a{3}", {"aaa"}, {"aa", "aaaa"}},
                {"a{2,}", {"aa", "aaaaa"}, {"a"}},
                {"(ab){1,2}", {"ab", "abab"}, {"", "ababab"}},
                {"a{0}b", {"b"}, {"ab"}},
                {"a{,2}", {"a{,2}"}, {"a", "aa"}},
                {"x{y", {"x{y"}, {"x"}},
                {"(a*)*b", {"b", "aaab"}, {"a"}},
                {"(a*?)+?c", {"c", "aac"}, {"ab"}},
                {"(|a)+", {"", "aaa"}, {"b"}},
                {"[a-c]+", {"abc"}, {"abd", ""}},
                {"[^a-c]", {"d", "ä"}, {"a", "de"}},
                {"[]a]", {"]", "a"}, {"b"}},
                {"[a-]+", {"a-a"}, {"b"}},
                {"[\\]\\-x]+", {"]-x"}, {"\\"}},
                {"\\d{2}", {"42"}, {"4", "dd"}},
                {"[\\d_]+", {"4_2"}, {"x"}},
                {"[\\D]", {"x"}, {"4"}},
                {"\\w+\\s\\S\\W\\D", {"ab\tx-y"}, {"ab\txxy"}},
                {"[[:alpha:][:digit:]]+", {"a4"}, {"-"}},
                {"a.c", {"abc", "aäc"}, {"a\nc", "ac"}},
                {"(?s)a.c", {"a\nc"}, {"ac"}},
                {"(?i)ab[C-D]", {"ABc", "abD"}, {"abe"}},
                {"(?i)[^a]", {"b"}, {"a", "A"}},
                {"^a$", {"a"}, {"aa"}},
                {"(^a|b$)+", {"a", "b", "ab"}, {"ba", "bb"}},
                {"a$b", {NULL}, {"ab", "a$b"}},
                {"1\\.2\\/3\\t", {"1.2/3\t"}, {"1x2/3\t"}},
                {"größe|日本.", {"größe", "日本語"}, {"gr", "日本"}},
                {"[ä-ü]", {"ö"}, {"o"}},
                {"a.b",
                        {"a\xff"
                         "b"},
                        {"a\xff\xff"
                         "b"}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(pattern_freep) struct pattern *p = compile(rows[i].pattern);

                for (size_t k = 0; k < 4 && rows[i].yes[k]; k++)
                        if (!pattern_matches(p, rows[i].yes[k]))
                                fail_msg("%s does not match %s", rows[i].pattern, rows[i].yes[k]);
                for (size_t k = 0; k < 4 && rows[i].no[k]; k++)
                        if (pattern_matches(p, rows[i].no[k]))
                                fail_msg("%s matches %s", rows[i].pattern, rows[i].no[k]);
        }
}

static void assert_refused(const char *text, const char *expected)
{
        _cleanup_error_ struct error e = {0};
        struct pattern *p = NULL;

        assert_int_equal(pattern_new(text, &p, &e), -EINVAL);
        assert_null(p);
        if (!strstr(e.message, expected))
                fail_msg("\"%s\" does not say \"%s\"", e.message, expected);
}

static void refuses_with_the_reason(void **state)
{
        static const struct {
                const char *pattern, *why;
        } rows[] = {
                {"(a", "a ( is not closed"},
                {"a)", "a ) closes nothing"},
                {"[a", "a [ is not closed"},
                {"[", "a [ is not closed"},
                {"[z-a]", "ends before it begins"},
                {"[[:letter:]]", "[:letter:] is no class"},
                {"*a", "nothing before a *"},
                {"a|+", "nothing before a +"},
                {"a**", "repeated again"},
                {"a{2}{3}", "repeated again"},
                {"a{3,2}", "{3,2} is no number of times"},
                {"a{1001}", "more than 1000 times"},
                {"(a)\\1", "\\1 is not known"},
                {"\\bword\\b", "\\b is not known"},
                {"\\pL", "\\p is not known"},
                {"a\\", "ends with a backslash"},
                {"(?P<x>a)", "of groups that begin with (?"},
                {"a(?i)b", "of groups that begin with (?"},
                {"(?=a)", "of groups that begin with (?"},
                {"\xff", "not UTF-8"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_refused(rows[i].pattern, rows[i].why);
        assert_refused("(a{30}){34}", "takes more than 1000 steps");
        assert_refused("((a{90}){90}){90}", "takes more than 1000 steps");
        assert_refused("((((a*)*){999})*){999}", "takes more than 1000 steps");
}

static void bounds_length_and_depth(void **state)
{
        _cleanup_text_ struct text t = {0};

        for (int i = 0; i < PATTERN_SIZE_MAX + 1; i++)
                text_append(&t, "(");
        assert_refused(text_string(&t), "has 1025 bytes; at most 1024 are allowed");
        t.data[PATTERN_DEPTH_MAX + 1] = '\0';
        assert_refused(t.data, "more than 32 deep");
        memset(t.data, '|', PATTERN_SIZE_MAX);
        t.data[PATTERN_SIZE_MAX] = '\0';
        assert_refused(t.data, "takes more than 1000 steps");
}

/* Each of them takes a backtracking matcher, or the C library's, seconds or for ever. */
static void hostile_patterns_take_no_time(void **state)
{
        static const char *const patterns[] = {"(a|b)*a(a|b){20}", "(a*)*(a*)*(a*)*c",
                "(a?){200}a{200}c", "((((.*)+)+)+)+c", "(.*.*.*.*.*.*.*.*){20}c",
                "(|a)*{2}|(a|aa)+c"};
        _cleanup_free_ char *s = calloc(1, 2001);

        memset(s, 'a', 2000);
        for (size_t i = 0; i + 1 < ARRAY_SIZE(patterns); i++) {
                _cleanup_(pattern_freep) struct pattern *p = compile(patterns[i]);

                assert_int_equal(pattern_matches(p, s), i == 0);
        }
        assert_refused(patterns[ARRAY_SIZE(patterns) - 1], "repeated again");
}

/* Whatever is written is either compiled or refused with a sentence, and matching ends. */
static void garbage_is_harmless(void **state)
{
        static const char pieces[] = "ab(()|*+?{}[]^$.,-:0123\\dwi\xc3\xa4";
        uint64_t seed = 7;

        for (int i = 0; i < 20000; i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_(pattern_freep) struct pattern *p = NULL;
                char text[24] = "";
                size_t size = bootstrap_next(&seed) % sizeof(text);

                for (size_t k = 0; k < size; k++)
                        text[k] = pieces[bootstrap_next(&seed) % (sizeof(pieces) - 1)];
                if (pattern_new(text, &p, &e) < 0)
                        assert_non_null(e.message);
                else
                        (void)pattern_matches(p, "abab-012");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(matches_as_re2_does),
                cmocka_unit_test(refuses_with_the_reason),
                cmocka_unit_test(bounds_length_and_depth),
                cmocka_unit_test(hostile_patterns_take_no_time),
                cmocka_unit_test(garbage_is_harmless),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
