/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "fewer.h"
#include "json.h"
#include "sample_notice.h"

static void posts_what_opens_and_what_ends(void **state)
{
        static const char *const names[] = {"slack.opened", "slack.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample_notice s;

                sample_notice_init(&s, i == 1);
                sample_notice_set(&s, "channel", i == 0 ? "#search" : NULL);
                sample_notice_set(&s, "username", i == 0 ? "driftwatch" : NULL);
                sample_notice_compare(&s, &channel_slack, names[i]);
                sample_notice_done(&s);
        }
}

/* With what Slack would obey in every place. */
static void fits_escaped(void **state)
{
        struct sample_notice s;
        _cleanup_json_ json_t *body = NULL;
        const char *text;
        json_t *attachment;

        sample_notice_init(&s, false);
        sample_notice_fill(&s, "<!channel> & <http://x|y> ", 60);
        body = sample_notice_body(&s, &channel_slack);
        attachment = json_array_get(json_object_get(body, "attachments"), 0);
        text = json_string_value(json_object_get(attachment, "text"));
        assert_in_range(strlen(text), 2900, 3000);
        assert_null(strpbrk(text, "<>"));
        assert_non_null(strstr(text, "&lt;!channel&gt; &amp; &lt;http"));
        text = json_string_value(json_object_get(attachment, "title"));
        assert_null(strpbrk(text, "<>"));
        sample_notice_done(&s);
}

/* Nothing is cut that fits, and a cut leaves no half of an escape. */
static void cuts_no_escape(void **state)
{
        enum { COUNTS = 700 };

        for (size_t count = 1; count < COUNTS; count += COUNTS / fewer(COUNTS)) {
                struct sample_notice s;
                _cleanup_json_ json_t *body = NULL;
                const char *text;

                sample_notice_init(&s, true);
                sample_notice_fill(&s, "&", count);
                s.message.alert_count = 1;
                body = sample_notice_body(&s, &channel_slack);
                text = json_string_value(json_object_get(
                        json_array_get(json_object_get(body, "attachments"), 0), "text"));
                assert_true(strlen(text) <= 3000);
                for (const char *p = text; (p = strchr(p, '&')); p++)
                        assert_memory_equal(p, "&amp;", 5);
                s.message.alert_count = MESSAGE_ALERTS;
                sample_notice_done(&s);
        }
}

static void believes_only_ok(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
                enum delivery delivery;
        } cases[] = {
                {200, "ok", DELIVERY_DONE},
                {200, "{\"ok\":true,\"ts\":\"1\"}", DELIVERY_DONE},
                {200, "{\"ok\":false,\"error\":\"invalid_auth\"}", DELIVERY_FAILED},
                {200, "{\"ok\":1}", DELIVERY_FAILED},
                {200, "no_text", DELIVERY_FAILED},
                {200, "<html>Sign in</html>", DELIVERY_FAILED},
                {200, "", DELIVERY_FAILED},
                {400, "invalid_payload", DELIVERY_FAILED},
                {404, "ok", DELIVERY_FAILED},
                {410, "channel_is_archived", DELIVERY_GONE},
                {429, "", DELIVERY_RETRY},
                {500, "rollup_error", DELIVERY_RETRY},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (sample_judge(&channel_slack, cases[i].status, cases[i].body) !=
                        cases[i].delivery)
                        fail_msg("case %zu", i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(posts_what_opens_and_what_ends),
                cmocka_unit_test(fits_escaped),
                cmocka_unit_test(cuts_no_escape),
                cmocka_unit_test(believes_only_ok),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
