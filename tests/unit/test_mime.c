/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "mime.h"

static void assert_text(struct text *t, const char *expected)
{
        assert_false(text_failed(t));
        assert_string_equal(text_string(t), expected);
        text_clear(t);
}

static void headers_hold_any_value(void **state)
{
        static const struct {
                const char *value, *expected;
        } cases[] = {
                {"[critical] policy: 12 fail", "Subject: [critical] policy: 12 fail\r\n"},
                {"", "Subject:\r\n"},
                {"a\r\nBcc: b@example.org", "Subject: a  Bcc: b@example.org\r\n"},
                {"a\nb", "Subject: a b\r\n"},
                {"über", "Subject: =?utf-8?q?=C3=BCber?=\r\n"},
                {"a\xff", "Subject: =?utf-8?q?a=EF=BF=BD?=\r\n"},
                {"=?utf-8?q?forged?=", "Subject: =?utf-8?q?=3D=3Futf-8=3Fq=3Fforged=3F=3D?=\r\n"},
                {"[critical] policy: RetrievalIndexIncomplete, RetrievalBandCrossed, of 7 queries 2",
                        "Subject: [critical] policy: RetrievalIndexIncomplete, RetrievalBandCrossed,\r\n"
                        " of 7 queries 2\r\n"},
                {"ää ää ää ää ää",
                        "Subject: =?utf-8?q?=C3=A4=C3=A4_=C3=A4=C3=A4_=C3=A4=C3=A4_=C3=A4=C3=A4_?=\r\n"
                        " =?utf-8?q?=C3=A4=C3=A4?=\r\n"},
        };
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                mime_append_header(&t, "Subject", cases[i].value);
                assert_text(&t, cases[i].expected);
        }
}

/* A word as long as a thousand characters, or as many of four bytes. */
static void no_line_is_long(void **state)
{
        static const char *const words[] = {"a", "\xf0\x9f\x94\xa5", "=", "a "};

        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                _cleanup_text_ struct text value = {0}, t = {0};

                for (size_t n = 0; n < 1000; n++)
                        text_append(&value, words[i]);
                mime_append_header(&t, "Subject", text_string(&value));
                mime_append_quoted(&t, text_string(&value));
                for (const char *line = text_string(&t), *end; *line; line = end + 2) {
                        end = strstr(line, "\r\n");
                        assert_non_null(end);
                        assert_true(end - line <= 78);
                }
        }
}

static void reads_addresses(void **state)
{
        static const struct {
                const char *list, *name, *address, *rest;
        } cases[] = {
                {"a@b", "", "a@b", ""},
                {" a.b+c@d-e.example , x@y", "", "a.b+c@d-e.example", "x@y"},
                {"Search Team <a@b>", "Search Team", "a@b", ""},
                {"\"Search, Ltd.\" <a@b>,<c@d>", "Search, Ltd.", "a@b", "<c@d>"},
                {"Jürgen <a@b>", "Jürgen", "a@b", ""},
                {"a@[127.0.0.1]", "", "a@[127.0.0.1]", ""},
                {"a@[IPv6:::1]", "", "a@[IPv6:::1]", ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct mime_address a;
                const char *rest;

                assert_int_equal(mime_next_address(cases[i].list, &a, &rest), 0);
                assert_int_equal(a.name_size, strlen(cases[i].name));
                if (a.name_size > 0)
                        assert_memory_equal(a.name, cases[i].name, a.name_size);
                assert_string_equal(a.address, cases[i].address);
                assert_string_equal(rest, cases[i].rest);
                assert_true(!mime_check_addresses(cases[i].list));
                assert_int_equal(!mime_check_address(cases[i].list), !*cases[i].rest);
        }
}

static void refuses_what_is_no_address(void **state)
{
        static const char *const cases[] = {"", " ", "a", "a@", "@b", "a b@c", "a@b c", "a@b,",
                ",a@b", "a@b,,c@d", "a..b@c", ".a@b", "a.@b", "a@.b", "a@b.", "a@b..c", "a@-b",
                "a@b\nc", "<a@b", "a@b>", "x <a@b> y", "x <a@b", "\"x <a@b>", "\"x\\\" <a@b>",
                "ü@b", "a@\xc3\xbc", "a@[", "a@[1", "x\xff <a@b>", "<a@b>\r\nBcc: <c@d>",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b"};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (!mime_check_addresses(cases[i]) || !mime_check_address(cases[i]))
                        fail_msg("%s", cases[i]);
}

static void writes_addresses(void **state)
{
        _cleanup_text_ struct text t = {0};

        mime_append_addresses(&t, "From", "driftwatch@example.org");
        assert_text(&t, "From: driftwatch@example.org\r\n");
        mime_append_addresses(&t, "To", "Search, <a@b>");
        assert_text(&t, "To:\r\n");
        mime_append_addresses(&t, "To",
                "Search <search@example.org>, Jürgen <j@example.org>, platform@example.org");
        assert_text(&t,
                "To: \"Search\" <search@example.org>, =?utf-8?q?J=C3=BCrgen?= <j@example.org>,\r\n"
                " platform@example.org\r\n");
}

static void writes_dates(void **state)
{
        _cleanup_text_ struct text t = {0};

        mime_append_date(&t, 1795395600 * USEC_PER_SEC + 1);
        assert_text(&t, "Date: Mon, 23 Nov 2026 01:00:00 +0000\r\n");
        mime_append_date(&t, 0);
        assert_text(&t, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n");
}

static void bodies_are_quoted(void **state)
{
        static const struct {
                const char *body, *expected;
        } cases[] = {
                {"", ""},
                {"a\n", "a\r\n"},
                {"a", "a\r\n"},
                {"a=b\n", "a=3Db\r\n"},
                {"ü\n", "=C3=BC\r\n"},
                {"a \nb\t", "a=20\r\nb=09\r\n"},
                {"a\rb\n", "a=0Db\r\n"},
                {".\n", ".\r\n"},
                {"123456789012345678901234567890123456789012345678901234567890123456789012345678\n",
                        "123456789012345678901234567890123456789012345678901234567890123456789012345="
                        "\r\n678\r\n"},
        };
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                mime_append_quoted(&t, cases[i].body);
                assert_text(&t, cases[i].expected);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(headers_hold_any_value),
                cmocka_unit_test(no_line_is_long),
                cmocka_unit_test(reads_addresses),
                cmocka_unit_test(refuses_what_is_no_address),
                cmocka_unit_test(writes_addresses),
                cmocka_unit_test(writes_dates),
                cmocka_unit_test(bodies_are_quoted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
