/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "show/markup.h"

static void escapes_text(void **state)
{
        _cleanup_text_ struct text t = {0};

        markup_text(&t, "<a href='x'>\"&\"</a>");
        markup_text(&t, NULL);
        assert_string_equal(
                text_string(&t), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;");
}

static void cuts_excerpts(void **state)
{
        static const struct {
                const char *s;
                size_t max;
                const char *expected;
        } cases[] = {
                {"abc", 3, "abc"},
                {"abcd", 3, "abc…"},
                {"aü", 2, "a…"},
                {"aüb", 3, "aü…"},
                {"<<<", 2, "&lt;&lt;…"},
                {"", 0, ""},
        };
        char longer[MARKUP_EXCERPT_MAX + 2];
        _cleanup_text_ struct text all = {0};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};

                markup_excerpt(&t, cases[i].s, cases[i].max);
                assert_string_equal(text_string(&t), cases[i].expected);
        }
        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        markup_excerpt(&all, longer, SIZE_MAX);
        assert_int_equal(all.size, MARKUP_EXCERPT_MAX + strlen("…"));
}

static void encodes_parameters(void **state)
{
        _cleanup_text_ struct text t = {0};

        markup_parameter(&t, "aZ09-_.~ &=?#%+/\"<ü");
        assert_string_equal(text_string(&t), "aZ09-_.~%20%26%3D%3F%23%25%2B%2F%22%3C%C3%BC");
}

static void tells_times(void **state)
{
        static const usec_t now = 1795399200 * USEC_PER_SEC;
        static const struct {
                usec_t at;
                const char *expected;
        } cases[] = {
                {now, "0s ago"},
                {now - 999999, "0s ago"},
                {now - 59 * USEC_PER_SEC - 400000, "59s ago"},
                {now - 3 * USEC_PER_MINUTE - 5 * USEC_PER_SEC, "3m5s ago"},
                {now - 4 * USEC_PER_HOUR - 10 * USEC_PER_MINUTE - 7 * USEC_PER_SEC, "4h10m ago"},
                {now - 26 * USEC_PER_HOUR - 10 * USEC_PER_MINUTE, "1d2h ago"},
                {now + 90 * USEC_PER_SEC, "in 1m30s"},
        };
        _cleanup_text_ struct text never = {0}, exact = {0};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};
                const char *shown;

                markup_time(&t, cases[i].at, now);
                shown = strchr(text_string(&t), '>') + 1;
                assert_int_equal(strncmp(shown, cases[i].expected, strlen(cases[i].expected)), 0);
                assert_string_equal(shown + strlen(cases[i].expected), "</time>");
        }
        markup_time(&never, 0, now);
        assert_string_equal(text_string(&never), "–");
        markup_time(&exact, now - 500000, now);
        assert_string_equal(text_string(&exact),
                "<time datetime=\"2026-11-23T01:59:59Z\" title=\"2026-11-23T01:59:59Z\">"
                "0s ago</time>");
}

/* The parts of a bar fill it without gap or overlap. */
static void draws_bars(void **state)
{
        static const struct markup_part parts[] = {
                {"a<b", "pass", 1, 1}, {"none", "drift", 0, 1}, {"two", "fail", 2, 0.5}};
        _cleanup_text_ struct text t = {0}, empty = {0};

        markup_bar(&t, "Title", parts, ARRAY_SIZE(parts));
        assert_non_null(strstr(t.data, "<rect class=\"pass\" x=\"0\" width=\"333\" height=\"1\""));
        assert_non_null(
                strstr(t.data, "<rect class=\"fail\" x=\"333\" width=\"667\" height=\"1\""));
        assert_null(strstr(t.data, "<rect class=\"drift\" x="));
        assert_non_null(strstr(t.data, "1 a&lt;b</li>"));
        assert_non_null(strstr(t.data, "0 none</li>"));
        markup_bar(&empty, "Title", parts + 1, 1);
        assert_null(strstr(empty.data, "<rect class="));
}

static void writes_notes(void **state)
{
        _cleanup_text_ struct text t = {0};

        markup_note(&t, "fail", "Lead.", "<text>");
        assert_string_equal(
                text_string(&t), "<p class=\"note fail\"><b>Lead.</b> &lt;text&gt;</p>\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(escapes_text),
                cmocka_unit_test(cuts_excerpts),
                cmocka_unit_test(encodes_parameters),
                cmocka_unit_test(tells_times),
                cmocka_unit_test(draws_bars),
                cmocka_unit_test(writes_notes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
