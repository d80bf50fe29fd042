/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "tell/signature.h"

#define STANDARD "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static void make(struct http_request *request, const char *body)
{
        *request = (struct http_request){
                .method = "POST", .body = strdup(body), .body_size = strlen(body)};
        assert_non_null(request->body);
}

/* GitHub's own vector: docs, validating-webhook-deliveries.md. */
static void signs_as_github_does(void **state)
{
        _cleanup_(http_request_done) struct http_request request;

        make(&request, "Hello, World!");
        assert_int_equal(
                signature_add(&request, "github", "It's a Secret to Everybody", "id", 1), 0);
        assert_string_equal(request.headers[0],
                "X-Hub-Signature-256: "
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
        assert_null(request.headers[1]);
}

/* The vector that the libraries of Standard Webhooks share. */
static void signs_by_standard_webhooks(void **state)
{
        static const char *const expected[] = {"webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
                "webhook-timestamp: 1614265330",
                "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};
        _cleanup_(http_request_done) struct http_request request;

        make(&request, "{\"test\": 2432232314}");
        assert_int_equal(
                signature_add(&request, "standard", STANDARD, "msg_p5jXN8AQM9LWM0D4loKWxJek",
                        1614265330 * USEC_PER_SEC + 999999),
                0);
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
                assert_string_equal(request.headers[i], expected[i]);
        assert_null(request.headers[ARRAY_SIZE(expected)]);
}

static void every_part_counts(void **state)
{
        static const struct {
                const char *body, *id;
                usec_t now;
        } cases[] = {{"b", "id", USEC_PER_SEC}, {"a", "ie", USEC_PER_SEC},
                {"a", "id", 2 * USEC_PER_SEC}};
        _cleanup_(http_request_done) struct http_request first;

        make(&first, "a");
        assert_int_equal(signature_add(&first, "standard", STANDARD, "id", USEC_PER_SEC), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(http_request_done) struct http_request other;

                make(&other, cases[i].body);
                assert_int_equal(
                        signature_add(&other, "standard", STANDARD, cases[i].id, cases[i].now), 0);
                assert_string_not_equal(other.headers[2], first.headers[2]);
        }
}

/* 24 and 64 bytes are the least and the most. */
static void checks_the_key(void **state)
{
        static const struct {
                const char *secret;
                bool usable;
        } cases[] = {
                {STANDARD, true},
                {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
                {"whsec_", false},
                {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-", false},
                {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", false},
                {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", false},
                {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AAAAAAAAAAAAAA==",
                        true},
                {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AAAAAAAAAAAAAAA=",
                        false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(http_request_done) struct http_request request;

                make(&request, "a");
                if (!signature_check_standard(cases[i].secret) != cases[i].usable)
                        fail_msg("%s", cases[i].secret);
                assert_int_equal(signature_add(&request, "standard", cases[i].secret, "id", 1),
                        cases[i].usable ? 0 : -EINVAL);
                assert_true(cases[i].usable || !request.headers);
        }
}

static void knows_no_other_scheme(void **state)
{
        _cleanup_(http_request_done) struct http_request request;

        make(&request, "a");
        assert_int_equal(signature_add(&request, "", STANDARD, "id", 1), -EINVAL);
        assert_null(request.headers);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(signs_as_github_does),
                cmocka_unit_test(signs_by_standard_webhooks),
                cmocka_unit_test(every_part_counts),
                cmocka_unit_test(checks_the_key),
                cmocka_unit_test(knows_no_other_scheme),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
