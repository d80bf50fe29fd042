/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "show/gate/escape.h"

/* A C1 control character is two bytes, and some terminals obey it. */
static void what_steers_or_marks_up_is_made_harmless(void **state)
{
        static const struct {
                const char *s, *plain, *markdown;
        } cases[] = {
                {"all is well", "all is well", "all is well"},
                {"a\x1b[31m", "a [31m", "a \\[31m"},
                {"a\xc2\x9b"
                 "b",
                        "a b", "a b"},
                {"*a* | <b> @c #1:", "*a* | <b> @c #1:",
                        "\\*a\\* \\| &#60;b&#62; &#64;c &#35;1&#58;"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text plain = {0}, markdown = {0};

                escape_plain(&plain, cases[i].s, 100);
                assert_string_equal(text_string(&plain), cases[i].plain);
                escape_markdown(&markdown, cases[i].s, 100);
                assert_string_equal(text_string(&markdown), cases[i].markdown);
        }
}

static void every_line_has_its_bullet(void **state)
{
        _cleanup_text_ struct text t = {0};

        escape_lines(&t, "one\ntwo*\n", "- ", escape_markdown);
        assert_string_equal(text_string(&t), "- one\n- two\\*\n");
        text_clear(&t);
        escape_lines(&t, "", "- ", escape_plain);
        assert_string_equal(text_string(&t), "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_steers_or_marks_up_is_made_harmless),
                cmocka_unit_test(every_line_has_its_bullet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
