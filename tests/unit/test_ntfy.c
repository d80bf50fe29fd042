/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "json.h"
#include "sample_notice.h"

static void publishes_what_opens_and_what_ends(void **state)
{
        static const char *const names[] = {"ntfy.opened", "ntfy.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample_notice s;

                sample_notice_init(&s, i == 1);
                sample_notice_set(&s, "topic", "retrieval");
                sample_notice_compare(&s, &channel_ntfy, names[i]);
                sample_notice_done(&s);
        }
}

static int priority(struct sample_notice *s)
{
        _cleanup_(http_request_done) struct http_request request = {0};
        _cleanup_json_ json_t *body = NULL;

        assert_int_equal(channel_ntfy.build(&s->context, s->pointers, 1, &request), 0);
        assert_int_equal(json_parse("body", request.body, request.body_size, &body, NULL), 0);
        assert_true(strlen(json_string_value(json_object_get(body, "message"))) <= 4096);
        return (int)json_integer_value(json_object_get(body, "priority"));
}

static void wakes_by_severity(void **state)
{
        static const struct {
                const char *severity;
                int priority;
        } cases[] = {{"critical", 5}, {"warning", 4}, {"info", 2}, {"other", 3}};
        struct sample_notice s;

        sample_notice_init(&s, false);
        sample_notice_set(&s, "topic", "t");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                s.message.severity = cases[i].severity;
                assert_int_equal(priority(&s), cases[i].priority);
        }
        sample_notice_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(publishes_what_opens_and_what_ends),
                cmocka_unit_test(wakes_by_severity),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
