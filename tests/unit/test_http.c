/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "a_secret.h"
#include "http.h"

static void done_frees_everything(void **state)
{
        struct http_peer peer = {
                .url = strdup("http://a"),
                .headers = calloc(3, sizeof(char *)),
                .secret_url = a_secret("http://b"),
                .secret = a_secret("x"),
                .secret_header = strdup("Authorization: Bearer "),
                .user = strdup("u"),
                .proxy = strdup("http://proxy:3128"),
                .proxy_secret = a_secret("u:p"),
                .ca_file = strdup("ca"),
                .cert_file = strdup("cert"),
                .key_file = strdup("key"),
                .server_name = strdup("name"),
                .timeout_usec = 5,
        };
        struct http_request request = {.method = "POST",
                .path = strdup("/x"),
                .body = strdup("{}"),
                .body_size = 2,
                .envelope = mail_envelope_new("a@b", "c@d"),
                .response_limit = 100};

        assert_int_equal(http_request_add_header(&request, "A", "b"), 0);
        assert_int_equal(http_request_add_header(&request, "C", "d"), 0);
        assert_string_equal(request.headers[0], "A: b");
        assert_string_equal(request.headers[1], "C: d");
        assert_null(request.headers[2]);
        peer.headers[0] = strdup("A: b");
        peer.headers[1] = strdup("C: d");
        for (int i = 0; i < 2; i++) {
                http_peer_done(&peer);
                http_request_done(&request);
        }
        assert_null(peer.url);
        assert_null(peer.headers);
        assert_null(peer.secret);
        assert_null(request.path);
        assert_null(request.body);
        assert_null(request.headers);
}

static void copies_the_envelope_too(void **state)
{
        struct http_request request = {.method = "MAIL",
                                    .path = strdup(""),
                                    .envelope = mail_envelope_new("a@b", "c@d")},
                            copy;

        assert_int_equal(http_request_copy(&request, &copy), 0);
        http_request_done(&request);
        assert_string_equal(copy.envelope->from, "a@b");
        assert_string_equal(copy.envelope->to[0], "c@d");
        http_request_done(&copy);
}

static void names_failures_of_mail(void **state)
{
        static const struct {
                unsigned status;
                const char *reason;
        } cases[] = {{250, NULL}, {421, "server_error"}, {451, "server_error"},
                {454, "server_error"}, {530, "auth"}, {534, "auth"}, {535, "auth"}, {538, "auth"},
                {550, "client_error"}, {554, "client_error"}, {354, "unexpected"},
                {0, "unexpected"}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_response response = {
                        .mail = true, .status = cases[i].status, .body = ""};

                if (!streq(http_failure_reason(&response), cases[i].reason))
                        fail_msg("%u", cases[i].status);
        }
}

static void shows_urls_without_what_may_be_secret(void **state)
{
        static const char *const cases[][2] = {
                {"http://h:1/a/b", "http://h:1/a/b"},
                {"http://h:1", "http://h:1"},
                {"https://me:pw@h/a?b=c&d&e=f#g", "https://h/a?b=...&d&e=..."},
                {"https://h?key=s", "https://h?key=..."},
                {"https://h/a?s@x/y", "https://h/a?s@x/y"},
                {"https://h/a#s", "https://h/a"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *shown = http_url_shown(cases[i][0]);

                assert_string_equal(shown, cases[i][1]);
        }
}

static void names_failures(void **state)
{
        static const struct {
                int result;
                unsigned status;
                const char *reason;
        } cases[] = {
                {0, 200, NULL},
                {0, 204, NULL},
                {0, 299, NULL},
                {0, 100, "unexpected"},
                {0, 301, "unexpected"},
                {0, 600, "unexpected"},
                {0, 400, "client_error"},
                {0, 401, "auth"},
                {0, 402, "client_error"},
                {0, 403, "auth"},
                {0, 404, "client_error"},
                {0, 429, "rate_limited"},
                {0, 499, "client_error"},
                {0, 500, "server_error"},
                {0, 599, "server_error"},
                {-ETIMEDOUT, 0, "timeout"},
                {-ECONNREFUSED, 0, "connect"},
                {-EHOSTUNREACH, 0, "resolve"},
                {-ECONNRESET, 0, "reset"},
                {-EPROTO, 0, "tls"},
                {-EMSGSIZE, 0, "too_large"},
                {-ECANCELED, 0, "canceled"},
                {-EACCES, 0, "auth"},
                {-ENOMEM, 0, "unexpected"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_response response = {
                        .result = cases[i].result, .status = cases[i].status, .body = ""};

                if (!streq(http_failure_reason(&response), cases[i].reason))
                        fail_msg("%d %u", cases[i].result, cases[i].status);
        }
}

static void excerpts_are_one_line(void **state)
{
        static const struct {
                const char *body;
                size_t size, max;
                const char *excerpt;
        } cases[] = {
                {"", 0, 10, ""},
                {"abc", 3, 0, ""},
                {"abc", 3, 2, "ab"},
                {"abc", 3, 10, "abc"},
                {"abcdef", 3, 10, "abc"},
                {"a\r\nb\tc\x1b[0m\x7f", 11, 100, "a  b c [0m "},
                {"a\0b", 3, 10, "a b"},
                {"\xff"
                 "a",
                        2, 10,
                        "\xef\xbf\xbd"
                        "a"},
                {"ab\xe2\x82\xac", 5, 4, "ab"},
                {"ab\xe2\x82\xac", 5, 5, "ab\xe2\x82\xac"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *excerpt =
                        http_body_excerpt(cases[i].body, cases[i].size, cases[i].max);

                assert_string_equal(excerpt, cases[i].excerpt);
        }
}

static void a_peer_has_a_port(void **state)
{
        static const char *const rows[][2] = {
                {"http://am:9093", "am:9093"},
                {"http://am", "am:80"},
                {"https://hooks.example.org/secret?x=y:1", "hooks.example.org:443"},
                {"https://user:secret@hooks.example.org:8443/a", "hooks.example.org:8443"},
                {"http://[::1]:9093/", "[::1]:9093"},
                {"https://[2001:db8::1]", "[2001:db8::1]:443"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *peer = http_url_peer(rows[i][0]);

                assert_string_equal(peer, rows[i][1]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(done_frees_everything),
                cmocka_unit_test(shows_urls_without_what_may_be_secret),
                cmocka_unit_test(copies_the_envelope_too),
                cmocka_unit_test(names_failures_of_mail),
                cmocka_unit_test(names_failures),
                cmocka_unit_test(excerpts_are_one_line),
                cmocka_unit_test(a_peer_has_a_port),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
