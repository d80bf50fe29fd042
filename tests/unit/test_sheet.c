/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>

#include "unit.h"

#include "expect.h"
#include "show/page/sheet.h"

#define _cleanup_sheet_ _cleanup_(sheet_done)

static void add_row(struct sheet *s, const char *key, const char *words)
{
        sheet_open(s, "li", key, "class=\"x\"");
        text_append(&s->text, words);
        sheet_close(s, "li");
}

/* A part with an age, and a list of two rows in either order. */
static void make(struct sheet *s, const char *head, const char *age, bool turned)
{
        *s = (struct sheet){.verdict = "pass"};
        text_append(&s->title, "a title");
        text_append(&s->text, "<p data-version=\"");
        s->version_at = s->text.size;
        text_append(&s->text, "000000000000\"></p>");
        sheet_open(s, "p", "head", "");
        text_appendf(&s->text, "%s <time datetime=\"2026\">%s</time> &lt;", head, age);
        sheet_close(s, "p");
        sheet_open_list(s, "ul", "rows", "");
        add_row(s, turned ? "b" : "a", turned ? "two" : "one");
        add_row(s, turned ? "a" : "b", turned ? "one" : "two");
        sheet_close_list(s, "ul");
        sheet_finish(s);
        assert_false(text_failed(&s->text));
}

static void list_versions(const struct sheet *s, struct text *ret)
{
        text_clear(ret);
        for (size_t i = 0; i < s->count; i++)
                text_appendf(ret, "%s ", s->parts[i].version);
}

static void changes(const struct sheet *s, const struct text *have, struct text *ret)
{
        text_clear(ret);
        assert_true(sheet_changes(s, text_string(have), ret));
}

static void writes_versions_into_the_document(void **state)
{
        _cleanup_sheet_ struct sheet s = {0};
        char whole[SHEET_VERSION_LENGTH + 1], expected[200];

        make(&s, "one", "1s ago", false);
        assert_int_equal(s.count, 4);
        sheet_version(&s, whole);
        (void)snprintf(expected, sizeof(expected),
                "<p data-version=\"%s\"></p><p id=\"head\" data-v=\"%s\">one", whole,
                s.parts[0].version);
        assert_has(&s.text, expected);
        (void)snprintf(expected, sizeof(expected),
                "<ul id=\"rows\" data-list=\"%s\"><li id=\"a\" data-v=\"%s\" class=\"x\">one</li>\n",
                s.parts[1].version, s.parts[2].version);
        assert_has(&s.text, expected);
        assert_null(strstr(text_string(&s.text), "000000000000"));
}

static void tells_what_differs(void **state)
{
        _cleanup_sheet_ struct sheet before = {0}, older = {0}, other = {0}, turned = {0};
        _cleanup_text_ struct text have = {0}, found = {0}, nothing = {0};

        make(&before, "one", "1s ago", false);
        list_versions(&before, &have);
        make(&older, "one", "2h ago", false);
        changes(&older, &have, &found);
        assert_has(&found, "\"title\":\"a title\",\"verdict\":\"pass\",\"parts\":{},\"lists\":{}}");
        make(&other, "two", "1s ago", false);
        changes(&other, &have, &found);
        assert_has(&found, "\"parts\":{\"head\":\"<p id=\\\"head\\\" data-v=");
        assert_has(&found, "},\"lists\":{}}");
        make(&turned, "one", "1s ago", true);
        changes(&turned, &have, &found);
        assert_has(&found, "\"parts\":{},\"lists\":{\"rows\":{\"version\":\"");
        assert_has(&found, "\"keys\":[\"b\",\"a\"]}}}");
        changes(&before, &nothing, &found);
        assert_has(&found, "\"head\":");
        assert_has(&found, "\"a\":");
        assert_has(&found, "\"keys\":[\"a\",\"b\"]");
}

static void the_whole_has_a_version(void **state)
{
        _cleanup_sheet_ struct sheet a = {0}, b = {0}, c = {0};
        char u[SHEET_VERSION_LENGTH + 1], v[SHEET_VERSION_LENGTH + 1], w[SHEET_VERSION_LENGTH + 1];

        make(&a, "one", "1s ago", false);
        make(&b, "one", "2s ago", false);
        make(&c, "one", "1s ago", true);
        sheet_version(&a, u);
        sheet_version(&b, v);
        sheet_version(&c, w);
        assert_string_equal(u, v);
        assert_string_not_equal(u, w);
        text_append(&b.title, "!");
        sheet_version(&b, v);
        assert_string_not_equal(u, v);
}

static void names_have_keys(void **state)
{
        char a[24], b[24];

        sheet_key('q', "<a \"b\">", a);
        sheet_key('q', "<a \"c\">", b);
        assert_int_equal(strlen(a), 17);
        assert_int_equal(strspn(a, "q0123456789abcdef"), 17);
        assert_string_not_equal(a, b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_versions_into_the_document),
                cmocka_unit_test(tells_what_differs),
                cmocka_unit_test(the_whole_has_a_version),
                cmocka_unit_test(names_have_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
