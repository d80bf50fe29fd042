/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "a_secret.h"
#include "macro.h"
#include "tell/rehearsal.h"
#include "text.h"

#define T0 (1795399200 * USEC_PER_SEC)
#define ID "0123456789abcdef0123456789abcdef"

static struct rehearsal rehearsal_of(const struct channel *channel, bool over)
{
        return (struct rehearsal){.receiver = "team",
                .external_url = "https://dw.example/",
                .channel = channel,
                .id = ID,
                .now = T0,
                .began = T0 - 5 * USEC_PER_MINUTE,
                .over = over};
}

static void assert_has(const char *text, const char *part)
{
        if (!strstr(text, part))
                fail_msg("no \"%s\" in: %s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
        if (strstr(text, part))
                fail_msg("\"%s\" in: %s", part, text);
}

/* Whatever a channel shows of it, it says that it is a test, and another thing at the end. */
static void every_channel_says_that_it_is_a_test(void **state)
{
        struct channel_settings settings = {.key = a_secret("0123456789abcdef")};

        assert_int_equal(labels_set(&settings.values, "from", "drift@example.org"), 0);
        assert_int_equal(labels_set(&settings.values, "to", "oncall@example.org"), 0);
        for (enum channel_kind kind = 0; kind < CHANNEL_COUNT; kind++) {
                struct rehearsal r = rehearsal_of(channel_kinds[kind], false);
                struct http_request opening, end;

                r.settings = &settings;
                assert_int_equal(rehearsal_build(&r, &opening), 0);
                assert_has(opening.body, "This is a test");
                r.over = true;
                assert_int_equal(rehearsal_build(&r, &end), 0);
                assert_string_not_equal(opening.body, end.body);
                http_request_done(&opening);
                http_request_done(&end);
        }
        channel_settings_done(&settings);
}

/* As the outbox would send it, with what `prepare` adds. */
static void it_is_what_is_sent(void **state)
{
        struct rehearsal r = rehearsal_of(&channel_webhook, true);
        struct http_request request;
        _cleanup_text_ struct text t = {0};
        struct http_peer peer = {.url = (char *)"https://hooks.example/a"};

        assert_int_equal(rehearsal_build(&r, &request), 0);
        rehearsal_show(&r, &peer, &request, &t);
        assert_has(text_string(&t), "POST https://hooks.example/a\n");
        assert_has(text_string(&t), "\nIdempotency-Key: " ID "\n");
        assert_has(text_string(&t), "\nContent-Type: application/json\n\n{\"receiver\":\"team\"");
        assert_has(text_string(&t), "\"startsAt\":\"2026-11-23T01:55:00Z\"");
        assert_has(text_string(&t), "\"endsAt\":\"2026-11-23T02:00:00Z\"");
        http_request_done(&request);
}

static void alertmanagers_are_told_for_a_while(void **state)
{
        struct rehearsal r = rehearsal_of(&channel_alertmanager, false);
        struct http_request request;

        assert_int_equal(rehearsal_build(&r, &request), 0);
        assert_string_equal(request.path, "/api/v2/alerts");
        assert_has(request.body, "\"endsAt\":\"2026-11-23T02:05:00Z\"");
        http_request_done(&request);
}

/* In a body as JSON writes it, in a path as a URL does, and in any header. */
static void no_secret_is_shown(void **state)
{
        struct channel_settings settings = {.key = a_secret("k\"ey 1/2")};
        struct rehearsal r = rehearsal_of(&channel_webhook, false);
        char *static_headers[] = {(char *)"X-Team: search", (char *)"X-Api-Key: abcdefgh", NULL};
        char *headers[] = {(char *)"X-Note: pass:word", (char *)"x-team: other", NULL};
        struct http_peer peer = {.url = (char *)"https://user:pw@hooks.example/b?token=xyz#f",
                .headers = static_headers,
                .secret = a_secret("pass:word"),
                .secret_header = (char *)"Authorization: Bearer "};
        struct http_request request = {.method = "POST",
                .path = (char *)"/bot/k%22ey%201%2F2/send",
                .body = (char *)"{\"routing_key\":\"k\\\"ey 1/2\",\"plain\":\"k\"}",
                .headers = headers};
        _cleanup_text_ struct text t = {0};

        r.settings = &settings;
        rehearsal_show(&r, &peer, &request, &t);
        assert_false(text_failed(&t));
        assert_has_not(text_string(&t), "k\\\"ey");
        assert_has_not(text_string(&t), "k%22ey");
        assert_has_not(text_string(&t), "pass:word");
        assert_has_not(text_string(&t), "user:pw");
        assert_has_not(text_string(&t), "xyz");
        assert_has_not(text_string(&t), "abcdefgh");
        assert_has(text_string(&t), "X-Api-Key: [secret]\n");
        assert_has(text_string(&t), "X-Team: search\n");
        assert_has_not(text_string(&t), "x-team: other");
        assert_has(text_string(&t), "X-Note: [secret]\n");
        assert_has(text_string(&t), "Authorization: Bearer [secret]\n");
        assert_has(text_string(&t), "{\"routing_key\":\"[secret]\",\"plain\":\"k\"}\n");
        secret_unref(settings.key);
        secret_unref(peer.secret);
}

static void a_secret_address_is_host_and_port(void **state)
{
        struct rehearsal r = rehearsal_of(&channel_webhook, false);
        struct http_peer peer = {.url = (char *)"https://hooks.example/services/T0/XYZ",
                .secret_url = a_secret("https://hooks.example/services/T0/XYZ")};
        struct http_request request = {.method = "POST", .path = (char *)"", .body = (char *)"{}"};
        _cleanup_text_ struct text t = {0};

        rehearsal_show(&r, &peer, &request, &t);
        assert_string_equal(text_string(&t),
                "POST https://hooks.example/[secret]\nContent-Type: application/json\n\n{}\n");
        secret_unref(peer.secret_url);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_channel_says_that_it_is_a_test),
                cmocka_unit_test(it_is_what_is_sent),
                cmocka_unit_test(alertmanagers_are_told_for_a_while),
                cmocka_unit_test(no_secret_is_shown),
                cmocka_unit_test(a_secret_address_is_host_and_port),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
