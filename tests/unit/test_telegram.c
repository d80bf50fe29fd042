/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "a_secret.h"
#include "json.h"
#include "sample_notice.h"
#include "sample_view.h"

static void writes_what_opens_and_what_ends(void **state)
{
        static const char *const names[] = {"telegram.opened", "telegram.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample_notice s;

                sample_notice_init(&s, i == 1);
                sample_notice_set(&s, "chat_id", i == 0 ? "-1001234567890" : "@search_alerts");
                sample_notice_set(&s, "message_thread_id", i == 0 ? "42" : NULL);
                sample_notice_compare(&s, &channel_telegram, names[i]);
                sample_notice_done(&s);
        }
}

static void fits(void **state)
{
        _cleanup_json_ json_t *body = NULL;
        struct sample_notice s;

        sample_notice_init(&s, false);
        sample_notice_fill(&s, "ü", 3000);
        body = sample_notice_body(&s, &channel_telegram);
        assert_in_range(strlen(json_string_value(json_object_get(body, "text"))), 4090, 4096);
        sample_notice_done(&s);
}

static void the_token_is_only_in_what_is_sent(void **state)
{
        _cleanup_(http_request_done) struct http_request kept = {0}, sent = {0};
        struct channel_settings none = {0};
        struct sample_notice s;

        sample_notice_init(&s, true);
        s.settings.key = a_secret("123:t0ken");
        assert_int_equal(channel_telegram.build(&s.context, s.pointers, 2, &kept), 0);
        assert_string_equal(kept.path, "/sendMessage");
        assert_null(strstr(kept.body, "t0ken"));
        assert_int_equal(channel_telegram.prepare(&s.settings, &kept, "id", SAMPLE_NOW, &sent), 0);
        assert_string_equal(sent.path, "/bot123:t0ken/sendMessage");
        assert_true(sent.path_is_secret);
        assert_string_equal(sent.body, kept.body);
        assert_string_equal(kept.path, "/sendMessage");
        assert_int_equal(channel_telegram.prepare(&none, &kept, "id", 0, &sent), -EINVAL);
        kept.path[0] = 'x';
        assert_int_equal(channel_telegram.prepare(&s.settings, &kept, "id", 0, &sent), -EINVAL);
        sample_notice_done(&s);
}

static void the_answer_has_the_last_word(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
                enum delivery delivery;
        } cases[] = {
                {200, "{\"ok\":true,\"result\":{}}", DELIVERY_DONE},
                {200, "{\"ok\":false,\"error_code\":400}", DELIVERY_FAILED},
                {200, "{\"ok\":false,\"error_code\":429}", DELIVERY_RETRY},
                {200, "{\"ok\":false,\"error_code\":-1}", DELIVERY_FAILED},
                {200, "{\"ok\":false}", DELIVERY_FAILED},
                {200, "{\"ok\":\"true\"}", DELIVERY_FAILED},
                {200, "<html>", DELIVERY_FAILED},
                {400, "{\"ok\":false,\"error_code\":400}", DELIVERY_FAILED},
                {401, "", DELIVERY_FAILED},
                {429, "", DELIVERY_RETRY},
                {502, "", DELIVERY_RETRY},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (sample_judge(&channel_telegram, cases[i].status, cases[i].body) !=
                        cases[i].delivery)
                        fail_msg("case %zu", i);
}

static void waits_as_it_is_told(void **state)
{
        assert_int_equal(sample_wait(&channel_telegram,
                                 "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many\","
                                 "\"parameters\":{\"retry_after\":35}}"),
                35 * USEC_PER_SEC);
        assert_int_equal(sample_wait(&channel_telegram, "{\"retry_after\":35}"), 0);
        assert_int_equal(sample_wait(&channel_telegram, "{\"parameters\":[35]}"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_what_opens_and_what_ends),
                cmocka_unit_test(fits),
                cmocka_unit_test(the_token_is_only_in_what_is_sent),
                cmocka_unit_test(the_answer_has_the_last_word),
                cmocka_unit_test(waits_as_it_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
