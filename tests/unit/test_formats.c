/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sample_view.h"
#include "show/gate/formats.h"

static struct check check_of(const struct view *view, size_t count)
{
        return (struct check){
                .collections = (const struct collection_view *const *)view->collections,
                .count = count,
                .started = SAMPLE_NOW,
                .duration = 31250,
                .policy = {.pass_share = 1},
        };
}

static void junit_tells_failures_from_errors(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct check check = check_of(view, 3);

        format_junit(&check, &text);
        assert_false(text_failed(&text));
        assert_non_null(strstr(text.data,
                "<testsuites name=\"driftwatch\" tests=\"11\" failures=\"3\" errors=\"5\" "
                "time=\"0.031\">"));
        assert_non_null(strstr(text.data,
                "<testsuite name=\"original_agents\" tests=\"7\" failures=\"3\" errors=\"1\" "
                "skipped=\"0\" time=\"0.031\" timestamp=\"2026-11-23T02:00:00\">"));
        assert_non_null(
                strstr(text.data, "<failure type=\"drift\" message=\"the best answer moved"));
        assert_non_null(strstr(text.data,
                "<error type=\"unmeasured\" message=\"The replay of collection tickets"));
        assert_non_null(strstr(text.data, "&lt;script&gt;"));
        assert_null(strstr(text.data, "<script>"));
        assert_null(strchr(text.data, '\x1b'));
        text_clear(&text);
        check.policy.drift_passes = true;
        format_junit(&check, &text);
        assert_non_null(strstr(text.data, "tests=\"7\" failures=\"2\" errors=\"1\""));
        assert_null(strstr(text.data, "type=\"drift\""));
}

static void markdown_escapes(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct check check = check_of(view, 3);
        struct judgement *v = &view->collections[0]->queries[0].judgement;

        v->outcome = OUTCOME_FAIL;
        v->reason = strdup("a|b\n# c <i> @team `x` [l](u)");
        format_markdown(&check, &text);
        assert_non_null(strstr(text.data,
                "# driftwatch: fail (10 queries: 2 pass, 1 drift, 3 fail, 4 unmeasured, 0 unjudged)\n"
                "\n## original\\_agents: fail\n"));
        assert_non_null(strstr(
                text.data, "a\\|b &#35; c &#60;i&#62; &#64;team \\`x\\` \\[l\\]\\(u\\) |\n"));
        assert_null(strstr(text.data, "<script>"));
}

static void markdown_is_bounded(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(8000, 1);
        _cleanup_text_ struct text text = {0};
        struct check check = check_of(view, 1);

        format_markdown(&check, &text);
        assert_true(text.size > MARKDOWN_MAX && text.size < MARKDOWN_MAX + 10000);
        assert_non_null(strstr(text.data, " more queries are left out."));
}

/* With what the report begins with, and nothing that a browser runs. */
static void html_escapes(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct check check = check_of(view, 3);

        format_html(&check, &text);
        assert_false(text_failed(&text));
        assert_non_null(strstr(text.data, "<h1>driftwatch: fail</h1>"));
        assert_non_null(strstr(text.data, "<h2>original_agents: fail</h2>"));
        assert_non_null(strstr(text.data, "<h3>Queries that did not pass</h3>"));
        assert_non_null(strstr(text.data, "/b&gt; &amp; "));
        assert_null(strstr(text.data, "<script"));
        assert_null(strchr(text.data, '\x1b'));
}

static size_t lines(const char *s)
{
        size_t n = 0;

        for (; *s; s++)
                n += *s == '\n';
        return n;
}

static void annotations_are_escaped_and_few(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(200, 1);
        _cleanup_text_ struct text text = {0};
        struct check check = check_of(view, 1);
        struct collection_view *c = view->collections[0];

        free(c->queries[9].judgement.reason);
        c->queries[9].judgement.reason = strdup("100 %\r\n::error::x");
        free(c->label);
        c->label = strdup("a,b:c");
        format_github(&check, &text);
        assert_int_equal(lines(text.data), GITHUB_ERRORS_MAX);
        assert_non_null(strstr(text.data,
                "::error file=queries.yaml,line=38,title=a%2Cb%3Ac / category-2.query-00009::100 "
                "%25 %0A::error::x\n"));
        assert_non_null(strstr(text.data, "::error title=driftwatch::12 more\n"));
}

static void annotations_are_worst_first(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct check check = check_of(view, 1);
        const char *fail, *drift, *unmeasured;

        check.policy.drift_passes = true;
        format_github(&check, &text);
        fail = strstr(text.data, "bundle-budget::");
        drift = strstr(text.data,
                "::warning file=queries.yaml,line=10,title=original_agents / dialog-focus::");
        unmeasured = strstr(text.data, "slow-query::");
        assert_true(fail && drift && unmeasured && fail < drift && drift < unmeasured);
        /* What somebody knows already is no news. */
        view->collections[0]->queries[1].excused = true;
        text_clear(&text);
        format_github(&check, &text);
        fail = strstr(text.data, "bundle-budget::");
        unmeasured = strstr(text.data, "slow-query::");
        assert_true(fail && unmeasured && unmeasured < fail);
}

static void defuses(void **state)
{
        static const struct {
                const char *output, *expected;
        } cases[] = {
                {"a::b\n", "a::b\n"},
                {"::error::x\n", ".::error::x\n"},
                {"a\n \t::add-mask::x", "a\n \t.::add-mask::x"},
                {"a\r::x", "a\r.::x"},
                {"a ##[error]x", "a # #[error]x"},
                {"###[x", "## #[x"},
                {"## x", "## x"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text text = {0};

                github_defuse(cases[i].output, "# ", &text);
                assert_string_equal(text_string(&text), cases[i].expected);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(junit_tells_failures_from_errors),
                cmocka_unit_test(markdown_escapes),
                cmocka_unit_test(markdown_is_bounded),
                cmocka_unit_test(html_escapes),
                cmocka_unit_test(annotations_are_escaped_and_few),
                cmocka_unit_test(annotations_are_worst_first),
                cmocka_unit_test(defuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
