/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "a_secret.h"
#include "json.h"
#include "sample_notice.h"
#include "tell/channel.h"

/* 2026-11-23T01:00:00Z */
#define T0 (1795395600 * USEC_PER_SEC)

struct fixture {
        struct alert alerts[3];
        const struct alert *pointers[3];
};

static void set(struct labels *l, const char *name, const char *value)
{
        assert_int_equal(labels_set(l, name, value), 0);
}

/* Three alerts of one incident: firing, resolved, firing. */
static int setup(void **state)
{
        static const char *const queries[] = {"a", "b", "c"};
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        for (size_t i = 0; i < ARRAY_SIZE(f->alerts); i++) {
                struct alert *a = &f->alerts[i];

                set(&a->labels, "alertname", "RetrievalBandCrossed");
                set(&a->labels, "collection", "docs");
                set(&a->labels, "incident", "docs");
                set(&a->labels, "severity", "warning");
                set(&a->labels, "query", queries[i]);
                set(&a->annotations, "summary", "S.");
                set(&a->annotations, "description", queries[i]);
                a->fingerprint = labels_fingerprint(&a->labels);
                a->state = i == 1 ? ALERT_RESOLVED : ALERT_FIRING;
                a->fired_at = T0 + i * 250 * USEC_PER_MSEC;
                a->resolved_at = i == 1 ? T0 + USEC_PER_MINUTE : 0;
                a->valid_until = T0 + 4 * USEC_PER_MINUTE;
                f->pointers[i] = a;
        }
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(f->alerts); i++)
                alert_done(&f->alerts[i]);
        free(f);
        return 0;
}

static void assert_builds(const struct channel *channel, const struct channel_context *context,
        const struct alert *const *alerts, size_t count, const char *path, const char *body)
{
        _cleanup_(http_request_done) struct http_request request = {0};

        assert_int_equal(channel->build(context, alerts, count, &request), 0);
        assert_string_equal(request.method, "POST");
        assert_string_equal(request.path, path);
        assert_string_equal(request.body, body);
        assert_int_equal(request.body_size, strlen(body));
        assert_int_equal(request.response_limit, CHANNEL_RESPONSE_LIMIT);
}

static void judged_by_status(void **state)
{
        static const struct {
                int result;
                unsigned status;
                enum delivery delivery;
        } rows[] = {
                {0, 200, DELIVERY_DONE},
                {0, 202, DELIVERY_DONE},
                {0, 204, DELIVERY_DONE},
                {0, 299, DELIVERY_DONE},
                {0, 199, DELIVERY_FAILED},
                {0, 301, DELIVERY_FAILED},
                {0, 307, DELIVERY_FAILED},
                {0, 400, DELIVERY_FAILED},
                {0, 401, DELIVERY_FAILED},
                {0, 403, DELIVERY_FAILED},
                {0, 404, DELIVERY_FAILED},
                {0, 408, DELIVERY_RETRY},
                {0, 410, DELIVERY_GONE},
                {0, 415, DELIVERY_FAILED},
                {0, 422, DELIVERY_FAILED},
                {0, 425, DELIVERY_RETRY},
                {0, 429, DELIVERY_RETRY},
                {0, 500, DELIVERY_RETRY},
                {0, 503, DELIVERY_RETRY},
                {0, 599, DELIVERY_RETRY},
                {0, 600, DELIVERY_FAILED},
                {-ETIMEDOUT, 0, DELIVERY_RETRY},
                {-ECONNREFUSED, 0, DELIVERY_RETRY},
                {-EHOSTUNREACH, 0, DELIVERY_RETRY},
                {-EPROTO, 0, DELIVERY_RETRY},
                {-EMSGSIZE, 0, DELIVERY_FAILED},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct http_response r = {
                        .result = rows[i].result, .status = rows[i].status, .body = ""};

                if (channel_alertmanager.judge(&r) != rows[i].delivery ||
                        channel_webhook.judge(&r) != rows[i].delivery)
                        fail_msg("result %d, status %u", rows[i].result, rows[i].status);
        }
}

static void nothing_to_say_is_an_error(void **state)
{
        struct channel_context context = {.receiver = "r", .external_url = ""};
        struct http_request request = {.method = "untouched"};

        assert_int_equal(channel_alertmanager.build(&context, NULL, 0, &request), -EINVAL);
        assert_int_equal(channel_webhook.build(&context, NULL, 0, &request), -EINVAL);
        assert_string_equal(request.method, "untouched");
}

static void alertmanager_body(void **state)
{
        struct fixture *f = *state;
        struct channel_context context = {
                .receiver = "alertmanager", .external_url = "http://drift:9820/", .now = T0};

        assert_builds(&channel_alertmanager, &context, f->pointers, 2, "/api/v2/alerts",
                "[{\"labels\":{\"alertname\":\"RetrievalBandCrossed\",\"collection\":\"docs\","
                "\"incident\":\"docs\",\"query\":\"a\",\"severity\":\"warning\"},"
                "\"annotations\":{\"description\":\"a\",\"summary\":\"S.\"},"
                "\"startsAt\":\"2026-11-23T01:00:00Z\",\"endsAt\":\"2026-11-23T01:04:00Z\","
                "\"generatorURL\":\"http://drift:9820/\"},"
                "{\"labels\":{\"alertname\":\"RetrievalBandCrossed\",\"collection\":\"docs\","
                "\"incident\":\"docs\",\"query\":\"b\",\"severity\":\"warning\"},"
                "\"annotations\":{\"description\":\"b\",\"summary\":\"S.\"},"
                "\"startsAt\":\"2026-11-23T01:00:00.250Z\",\"endsAt\":\"2026-11-23T01:01:00Z\","
                "\"generatorURL\":\"http://drift:9820/\"}]");
        assert_int_equal(channel_alertmanager.batch, 64);
}

/* An empty generatorURL is refused with 422, so it must be absent. */
static void alertmanager_without_an_external_url(void **state)
{
        struct fixture *f = *state;
        struct channel_context context = {.receiver = "alertmanager", .external_url = ""};

        assert_builds(&channel_alertmanager, &context, f->pointers, 1, "/api/v2/alerts",
                "[{\"labels\":{\"alertname\":\"RetrievalBandCrossed\",\"collection\":\"docs\","
                "\"incident\":\"docs\",\"query\":\"a\",\"severity\":\"warning\"},"
                "\"annotations\":{\"description\":\"a\",\"summary\":\"S.\"},"
                "\"startsAt\":\"2026-11-23T01:00:00Z\",\"endsAt\":\"2026-11-23T01:04:00Z\"}]");
}

static void who_reads_annotations_sees_what_flaps(void **state)
{
        struct fixture *f = *state;
        struct channel_context context = {.receiver = "r", .external_url = ""};
        static const struct channel *const channels[] = {&channel_alertmanager, &channel_webhook};

        f->alerts[0].flaps = 4;
        f->alerts[0].flapping_since = T0;
        f->alerts[0].flapped_at = T0 + 35 * USEC_PER_MINUTE;
        for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
                _cleanup_(http_request_done) struct http_request request = {0};
                const char *first;

                assert_int_equal(channels[i]->build(&context, f->pointers, 2, &request), 0);
                first = strstr(
                        request.body, "\"flapping\":\"flapping: it came 4 times within 35m\"");
                assert_non_null(first);
                assert_null(strstr(first + 1, "\"flapping\":"));
        }
}

/* Where the alert can be acknowledged stands among its annotations, and among those of all. */
static void a_webhook_gets_the_link(void **state)
{
        struct sample_notice s;
        _cleanup_json_ json_t *body = NULL;
        const json_t *alerts;

        sample_notice_init(&s, false);
        body = sample_notice_body(&s, &channel_webhook);
        alerts = json_object_get(body, "alerts");
        assert_int_equal(json_array_size(alerts), 2);
        for (size_t i = 0; i <= 2; i++)
                assert_string_equal(
                        json_string_value(json_object_get(i < 2
                                        ? json_object_get(json_array_get(alerts, i), "annotations")
                                        : json_object_get(body, "commonAnnotations"),
                                "ack_url")),
                        s.message.urls[MESSAGE_ACKNOWLEDGE]);
        sample_notice_done(&s);
}

#define WEBHOOK_ALERT_A \
        "{\"status\":\"firing\",\"labels\":{\"alertname\":\"RetrievalBandCrossed\"," \
        "\"collection\":\"docs\",\"incident\":\"docs\",\"query\":\"a\",\"severity\":\"warning\"}," \
        "\"annotations\":{\"description\":\"a\",\"summary\":\"S.\"}," \
        "\"startsAt\":\"2026-11-23T01:00:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\"," \
        "\"generatorURL\":\"http://drift:9820\",\"fingerprint\":\"533e605712b2ff78\"}"
#define WEBHOOK_ALERT_B \
        "{\"status\":\"resolved\",\"labels\":{\"alertname\":\"RetrievalBandCrossed\"," \
        "\"collection\":\"docs\",\"incident\":\"docs\",\"query\":\"b\",\"severity\":\"warning\"}," \
        "\"annotations\":{\"description\":\"b\",\"summary\":\"S.\"}," \
        "\"startsAt\":\"2026-11-23T01:00:00.250Z\",\"endsAt\":\"2026-11-23T01:01:00Z\"," \
        "\"generatorURL\":\"http://drift:9820\",\"fingerprint\":\"d43cd4b35fd06129\"}"
#define WEBHOOK_GROUP "\"groupLabels\":{\"collection\":\"docs\",\"incident\":\"docs\"},"
#define WEBHOOK_TAIL \
        "\"externalURL\":\"http://drift:9820\",\"version\":\"4\"," \
        "\"groupKey\":\"{}:{collection=\\\"docs\\\", incident=\\\"docs\\\"}\","

static void webhook_body(void **state)
{
        struct fixture *f = *state;
        struct channel_context context = {
                .receiver = "search-team", .external_url = "http://drift:9820"};

        assert_builds(&channel_webhook, &context, f->pointers, 2, "",
                "{\"receiver\":\"search-team\",\"status\":\"firing\",\"alerts\":[" WEBHOOK_ALERT_A
                "," WEBHOOK_ALERT_B "]," WEBHOOK_GROUP
                "\"commonLabels\":{\"alertname\":\"RetrievalBandCrossed\",\"collection\":\"docs\","
                "\"incident\":\"docs\",\"severity\":\"warning\"},\"commonAnnotations\":{\"summary\":\"S.\"}," WEBHOOK_TAIL
                "\"truncatedAlerts\":0}\n");
        assert_int_equal(channel_webhook.batch, 0);
}

static void webhook_resolved_alone(void **state)
{
        struct fixture *f = *state;
        struct channel_context context = {
                .receiver = "search-team", .external_url = "http://drift:9820"};

        assert_builds(&channel_webhook, &context, f->pointers + 1, 1, "",
                "{\"receiver\":\"search-team\",\"status\":\"resolved\",\"alerts\":[" WEBHOOK_ALERT_B
                "]," WEBHOOK_GROUP
                "\"commonLabels\":{\"alertname\":\"RetrievalBandCrossed\",\"collection\":\"docs\","
                "\"incident\":\"docs\",\"query\":\"b\",\"severity\":\"warning\"},"
                "\"commonAnnotations\":{\"description\":\"b\",\"summary\":\"S.\"}," WEBHOOK_TAIL
                "\"truncatedAlerts\":0}\n");
}

/* What is cut off still counts: for the status and for what is common. */
static void webhook_truncated(void **state)
{
        struct fixture *f = *state;
        struct channel_context context = {
                .receiver = "search-team", .external_url = "http://drift:9820", .max_alerts = 1};
        const struct alert *resolved_first[] = {f->pointers[1], f->pointers[0], f->pointers[2]};

        assert_builds(&channel_webhook, &context, resolved_first, 3, "",
                "{\"receiver\":\"search-team\",\"status\":\"firing\",\"alerts\":[" WEBHOOK_ALERT_B
                "]," WEBHOOK_GROUP
                "\"commonLabels\":{\"alertname\":\"RetrievalBandCrossed\",\"collection\":\"docs\","
                "\"incident\":\"docs\",\"severity\":\"warning\"},\"commonAnnotations\":{\"summary\":\"S.\"}," WEBHOOK_TAIL
                "\"truncatedAlerts\":2}\n");
}

/* However many alerts there are and however long their words: what does not fit is counted. */
static void webhook_is_never_larger_than_the_limit(void **state)
{
        static const struct {
                size_t count, words;
        } rows[] = {{1, 3000}, {8, 3000}, {60, 3000}, {1000, 300}, {1000, 3000}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(alert_done) struct alert a = {.state = ALERT_FIRING, .fired_at = T0};
                _cleanup_free_ const struct alert **alerts = calloc(rows[i].count, sizeof(*alerts));
                _cleanup_(http_request_done) struct http_request request = {0};
                _cleanup_json_ json_t *payload = NULL;
                struct channel_context context = {.receiver = "r", .external_url = ""};
                char words[3001];
                size_t shown;

                memset(words, '"', rows[i].words); /* twice as long in JSON */
                words[rows[i].words] = '\0';
                set(&a.labels, "collection", "docs");
                set(&a.annotations, "description", words);
                for (size_t k = 0; k < rows[i].count; k++)
                        alerts[k] = &a;
                assert_int_equal(
                        channel_webhook.build(&context, alerts, rows[i].count, &request), 0);
                assert_true(request.body_size <= NOTICE_BODY_MAX);
                assert_int_equal(
                        json_parse("body", request.body, request.body_size, &payload, NULL), 0);
                shown = json_array_size(json_object_get(payload, "alerts"));
                assert_true(shown >= 1);
                assert_int_equal(json_integer_value(json_object_get(payload, "truncatedAlerts")),
                        rows[i].count - shown);
                /* Nothing is left out that had room. */
                if (shown < rows[i].count)
                        assert_true(request.body_size + 2 * (2 * rows[i].words + 200) >
                                NOTICE_BODY_MAX);
        }
}

/* Captured from Alertmanager 0.25, apart from the labels of its group. */
static void webhook_fingerprint_is_alertmanagers(void **state)
{
        _cleanup_(alert_done) struct alert a = {.state = ALERT_FIRING, .fired_at = T0};
        _cleanup_(http_request_done) struct http_request request = {0};
        const struct alert *pointer = &a;
        struct channel_context context = {.receiver = "sub", .external_url = ""};

        set(&a.labels, "alertname", "RetrievalDrift");
        set(&a.labels, "replay", "faq");
        set(&a.labels, "severity", "critical");
        a.fingerprint = labels_fingerprint(&a.labels);
        assert_int_equal(channel_webhook.build(&context, &pointer, 1, &request), 0);
        assert_non_null(strstr(request.body,
                "\"startsAt\":\"2026-11-23T01:00:00Z\","
                "\"endsAt\":\"0001-01-01T00:00:00Z\","
                "\"generatorURL\":\"\","
                "\"fingerprint\":\"e3023dce20d884f4\"}]"));
}

static void group_keys_are_quoted_as_go_does(void **state)
{
        static const struct {
                const char *collection, *quoted;
        } rows[] = {
                {"docs", "\"docs\""},
                {"a \"b\" \\c", "\"a \\\"b\\\" \\\\c\""},
                {"\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\""},
                {"\x01\x1f\x7f", "\"\\x01\\x1f\\x7f\""},
                {"größe", "\"größe\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(alert_done) struct alert a = {.state = ALERT_FIRING};
                _cleanup_(http_request_done) struct http_request request = {0};
                _cleanup_json_ json_t *payload = NULL;
                const struct alert *pointer = &a;
                struct channel_context context = {.receiver = "r", .external_url = ""};
                const char *key;

                set(&a.labels, "collection", rows[i].collection);
                assert_int_equal(channel_webhook.build(&context, &pointer, 1, &request), 0);
                assert_int_equal(
                        json_parse("body", request.body, request.body_size, &payload, NULL), 0);
                key = json_string_value(json_object_get(payload, "groupKey"));
                assert_memory_equal(key, "{}:{collection=", 15);
                assert_memory_equal(key + 15, rows[i].quoted, strlen(rows[i].quoted));
                assert_string_equal(key + 15 + strlen(rows[i].quoted), "}");
        }
}

/* An error sentence may quote what a broken peer sent. */
static void invalid_utf8_does_not_stop_a_notification(void **state)
{
        struct fixture *f = *state;
        struct channel_context context = {.receiver = "r", .external_url = ""};
        const struct channel *const channels[] = {&channel_alertmanager, &channel_webhook};

        set(&f->alerts[0].annotations, "description",
                "a\xff"
                "b");
        for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
                _cleanup_(http_request_done) struct http_request request = {0};

                assert_int_equal(channels[i]->build(&context, f->pointers, 1, &request), 0);
                assert_non_null(strstr(request.body,
                        "\"description\":\"a\xef\xbf\xbd"
                        "b\""));
        }
}

/* Each attempt has the same id and a time of its own; what is kept has neither, nor the secret. */
static void webhook_is_signed_in_each_attempt(void **state)
{
        static const struct {
                const char *scheme;
                size_t headers;
        } cases[] = {{"", 1}, {"github", 2}, {"standard", 4}};
        struct http_request kept = {.method = "POST", .body = strdup("{}"), .body_size = 2};

        assert_int_equal(strdup_to(&kept.path, ""), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct channel_settings settings = {
                        .key = a_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
                _cleanup_(http_request_done) struct http_request request = {0};
                size_t count = 0;

                set(&settings.values, "signature", cases[i].scheme);
                assert_int_equal(channel_webhook.prepare(&settings, &kept, "abc", T0, &request), 0);
                while (request.headers[count])
                        count++;
                assert_int_equal(count, cases[i].headers);
                assert_string_equal(request.headers[0], "Idempotency-Key: abc");
                assert_string_equal(request.body, "{}");
                assert_null(kept.headers);
                channel_settings_done(&settings);
        }
        http_request_done(&kept);
}

static void webhook_is_not_sent_unsigned(void **state)
{
        struct http_request kept = {.method = "POST"}, request = {0};
        struct channel_settings settings = {0};

        set(&settings.values, "signature", "github");
        assert_int_equal(channel_webhook.prepare(&settings, &kept, "abc", T0, &request), -EINVAL);
        assert_null(request.headers);
        channel_settings_done(&settings);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(judged_by_status),
                cmocka_unit_test(nothing_to_say_is_an_error),
                cmocka_unit_test_setup_teardown(alertmanager_body, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        alertmanager_without_an_external_url, setup, teardown),
                cmocka_unit_test_setup_teardown(webhook_body, setup, teardown),
                cmocka_unit_test(a_webhook_gets_the_link),
                cmocka_unit_test_setup_teardown(
                        who_reads_annotations_sees_what_flaps, setup, teardown),
                cmocka_unit_test_setup_teardown(webhook_resolved_alone, setup, teardown),
                cmocka_unit_test_setup_teardown(webhook_truncated, setup, teardown),
                cmocka_unit_test(webhook_is_signed_in_each_attempt),
                cmocka_unit_test(webhook_is_not_sent_unsigned),
                cmocka_unit_test(webhook_is_never_larger_than_the_limit),
                cmocka_unit_test(webhook_fingerprint_is_alertmanagers),
                cmocka_unit_test(group_keys_are_quoted_as_go_does),
                cmocka_unit_test_setup_teardown(
                        invalid_utf8_does_not_stop_a_notification, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
