/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "json.h"
#include "sample_notice.h"
#include "sample_view.h"
#include "tell/template.h"
#include "text.h"

static void placeholders_are_counted(void **state)
{
        static const struct {
                const char *text;
                int count;
        } cases[] = {{"", 0}, {"a { b } c }}", 0}, {"{{title}}", 1}, {"{{ title }}", 1},
                {"{{\ttitle  }}{{ since }} and {{until}}!", 3}, {"}}{{ key }}{", 1}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(template_check(cases[i].text, NULL), cases[i].count);
}

static void what_is_none_is_refused(void **state)
{
        static const char *const cases[][2] = {
                {"{{ titel }}", "\"{{ titel }}\" is no placeholder; did you mean \"{{ title }}\"?"},
                {"{{ title }} {{ page-url }}", "did you mean \"{{ page_url }}\"?"},
                {"{{ .CommonLabels }}",
                        "\"{{ .CommonLabels }}\" is no placeholder; there are "
                        "status, severity, incident, "},
                {"{{}}", "\"{{  }}\" is no placeholder"},
                {"{{ ti\ttle }}", "is no placeholder"},
                {"{{ title", "has a \"{{\" without a \"}}\""},
                {"{{ title }} {{", "has a \"{{\" without a \"}}\""},
                {"{{{ title }}}", "is no placeholder"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};

                assert_int_equal(template_check(cases[i][0], &e), -EINVAL);
                if (!strstr(error_text(&e, 0), cases[i][1]))
                        fail_msg("%s: %s", cases[i][0], error_text(&e, 0));
        }
}

/* Every placeholder there is, in a body with values of every kind. */
static const char everything[] =
        "{\"status\":\"{{ status }}\",\"severity\":\"{{ severity }}\",\"ids\":[\"{{ incident }}\","
        "\"{{ collection }}\",\"{{ receiver }}\",\"{{ key }}\"],\"card\":{\"title\":\"{{ title }}\","
        "\"text\":\"{{ text }}\",\"because\":\"{{ told_because }}\",\"times\":\"{{ since }}/"
        "{{ until }}\"},\"now\":\"({{ now }})\",\"what\":\"{{ what }}\",\"worst\":"
        "\"{{ worst_queries }}\",\"why\":\"{{ why }}\",\"first\":\"{{ first }}\",\"links\":"
        "[\"{{ page_url }}\",\"{{ runbook_url }}\",\"{{ ack_url }}\"],\"n\":1.5,\"b\":true,\"z\":null,\"e\":\"\"}";

static void a_webhook_gets_what_it_takes(void **state)
{
        static const char *const names[] = {"template.opened", "template.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample_notice s;

                sample_notice_init(&s, i == 1);
                s.message.note = "nobody acknowledged within 15m: step 2 of 3";
                sample_notice_set(&s, "body", everything);
                sample_notice_compare(&s, &channel_webhook, names[i]);
                sample_notice_done(&s);
        }
}

/* Whatever it is called: a value never becomes anything but a string. */
static void nothing_escapes_from_its_string(void **state)
{
        static const char nasty[] = "\"},\"admin\":true,\"x\":{\"{{ key }}\n\\u0000\xff";
        struct sample_notice s;
        _cleanup_json_ json_t *body = NULL;

        sample_notice_init(&s, false);
        sample_notice_fill(&s, nasty, 1);
        sample_notice_set(&s, "body", "{\"a\":\"{{ title }}\",\"b\":\"<{{ why }}>\"}");
        body = sample_notice_body(&s, &channel_webhook);
        assert_int_equal(json_object_size(body), 2);
        assert_string_equal(json_string_value(json_object_get(body, "a")),
                "\"},\"admin\":true,\"x\":{\"{{ key }}\n\\u0000\xef\xbf\xbd");
        assert_int_equal(json_string_length(json_object_get(body, "b")),
                json_string_length(json_object_get(body, "a")) + 2);
        sample_notice_done(&s);
}

/* The largest template with the longest values; of a link there is nothing or all. */
static void it_fits(void **state)
{
        _cleanup_text_ struct text t = {0};
        struct sample_notice s;
        size_t placeholders = TEMPLATE_PLACEHOLDERS_MAX - 1;

        sample_notice_init(&s, false);
        sample_notice_fill(&s, "\"\x01\\ü", 30000);
        text_append(&t, "{\"page\":\"{{ page_url }}\",\"all\":\"");
        for (size_t i = 0; i < placeholders; i++)
                text_append(&t, i % 2 ? "{{ text }}" : "{{ title }}");
        while (t.size < TEMPLATE_SIZE_MAX - 2)
                text_append(&t, "x");
        text_append(&t, "\"}");
        for (int round = 0; round < 2; round++) {
                _cleanup_(http_request_done) struct http_request request = {0};
                _cleanup_json_ json_t *body = NULL;

                sample_notice_set(&s, "body",
                        round == 0 ? text_string(&t)
                                   : "{\"a\":\"{{ text }}\",\"b\":\"{{ why }}\"}");
                assert_int_equal(channel_webhook.build(&s.context, s.pointers, 2, &request), 0);
                assert_in_range(request.body_size, NOTICE_BODY_MAX / 2, NOTICE_BODY_MAX);
                assert_int_equal(
                        json_parse("body", request.body, request.body_size, &body, NULL), 0);
                if (round == 0)
                        assert_true(streq(json_string_value(json_object_get(body, "page")), "") ||
                                streq(json_string_value(json_object_get(body, "page")),
                                        s.message.urls[MESSAGE_PAGE]));
        }
        sample_notice_done(&s);
}

/* Of a test, for who wants to see what would be sent: without a collection. */
static void what_is_not_known_is_empty(void **state)
{
        struct sample_notice s;
        _cleanup_json_ json_t *body = NULL;

        sample_notice_init(&s, false);
        s.message.urls[MESSAGE_PAGE] = s.message.urls[MESSAGE_RUNBOOK] = NULL;
        assert_int_equal(labels_set(&s.alerts[0].labels, "collection", NULL), 0);
        sample_notice_set(&s, "body",
                "{\"a\":\"{{ page_url }}{{ runbook_url }}{{ collection }}{{ until }}\"}");
        body = sample_notice_body(&s, &channel_webhook);
        assert_string_equal(json_string_value(json_object_get(body, "a")), "");
        sample_notice_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(placeholders_are_counted),
                cmocka_unit_test(what_is_none_is_refused),
                cmocka_unit_test(a_webhook_gets_what_it_takes),
                cmocka_unit_test(nothing_escapes_from_its_string),
                cmocka_unit_test(it_fits),
                cmocka_unit_test(what_is_not_known_is_empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
