/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "a_secret.h"
#include "json.h"
#include "sample_notice.h"
#include "sample_view.h"

static void triggers_and_resolves(void **state)
{
        static const char *const names[] = {"pagerduty.opened", "pagerduty.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample_notice s;

                sample_notice_init(&s, i == 1);
                sample_notice_compare(&s, &channel_pagerduty, names[i]);
                sample_notice_done(&s);
        }
}

/* Under the key of the message that triggered it. */
static void an_acknowledgement_is_of_what_was_triggered(void **state)
{
        _cleanup_(http_request_done) struct http_request kept = {0}, sent = {0};
        struct sample_notice s;
        char key[65];

        sample_notice_init(&s, false);
        s.settings.key = a_secret("r0ut\"ing");
        assert_int_equal(message_key(s.notice.incident, key), 0);
        assert_string_equal(key, s.message.key);
        assert_int_equal(channel_pagerduty.acknowledge(key, &kept), 0);
        assert_true(kept.response_limit > 0);
        assert_int_equal(channel_pagerduty.prepare(&s.settings, &kept, "id", SAMPLE_NOW, &sent), 0);
        sample_request_compare(&sent, "pagerduty.acknowledged");
        sample_notice_done(&s);
}

static void the_key_is_only_in_what_is_sent(void **state)
{
        _cleanup_(http_request_done) struct http_request kept = {0}, sent = {0};
        struct sample_notice s;

        sample_notice_init(&s, true);
        s.settings.key = a_secret("r0ut\"ing");
        assert_int_equal(channel_pagerduty.build(&s.context, s.pointers, 2, &kept), 0);
        assert_null(strstr(kept.body, "r0ut"));
        assert_int_equal(channel_pagerduty.prepare(&s.settings, &kept, "id", SAMPLE_NOW, &sent), 0);
        assert_null(strstr(kept.body, "r0ut"));
        sample_request_compare(&sent, "pagerduty.sent");
        sample_notice_done(&s);
}

/* Of what was kept before a configuration had a key, or of a damaged store. */
static void nothing_is_sent_without_a_key_or_an_event(void **state)
{
        static const char *const bodies[] = {"", "{", "{}", "[1,2,3,4]", "null null"};
        struct channel_settings settings = {.key = a_secret("k")}, none = {0};
        char event[] = "{\"event_action\":\"resolve\"}";
        struct http_request kept = {.body = event, .body_size = strlen(event)}, sent;

        assert_int_equal(channel_pagerduty.prepare(&none, &kept, "id", 0, &sent), -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                kept.body = (char *)bodies[i];
                kept.body_size = strlen(bodies[i]);
                assert_int_equal(
                        channel_pagerduty.prepare(&settings, &kept, "id", 0, &sent), -EINVAL);
        }
        channel_settings_done(&settings);
}

static void severities_are_pagerdutys(void **state)
{
        static const char *const cases[][2] = {
                {"critical", "critical"}, {"warning", "warning"}, {"info", "info"}, {"", "error"}};
        struct sample_notice s;

        sample_notice_init(&s, false);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_json_ json_t *body = NULL;

                s.message.severity = cases[i][0];
                body = sample_notice_body(&s, &channel_pagerduty);
                assert_string_equal(json_string_value(json_object_get(
                                            json_object_get(body, "payload"), "severity")),
                        cases[i][1]);
        }
        sample_notice_done(&s);
}

static void fits(void **state)
{
        _cleanup_(http_request_done) struct http_request request = {0};
        _cleanup_json_ json_t *body = NULL;
        struct sample_notice s;

        sample_notice_init(&s, false);
        sample_notice_fill(&s, "\"ü\\", 100000);
        assert_int_equal(channel_pagerduty.build(&s.context, s.pointers, 2, &request), 0);
        assert_in_range(request.body_size, 10000, 51200);
        assert_int_equal(json_parse("body", request.body, request.body_size, &body, NULL), 0);
        assert_in_range(strlen(json_string_value(
                                json_object_get(json_object_get(body, "payload"), "summary"))),
                1000, 1024);
        sample_notice_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(triggers_and_resolves),
                cmocka_unit_test(an_acknowledgement_is_of_what_was_triggered),
                cmocka_unit_test(the_key_is_only_in_what_is_sent),
                cmocka_unit_test(nothing_is_sent_without_a_key_or_an_event),
                cmocka_unit_test(severities_are_pagerdutys),
                cmocka_unit_test(fits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
