/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "ask/ruling.h"

static void checks_status(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
                int code;
                const char *sentence; /* its end or all of it */
        } cases[] = {
                {200, "1", 0, NULL},
                {201, "{}", 0, NULL},
                {200, "", -EBADMSG,
                        "asking a: HTTP 200 without a body is no answer of Chroma; look at the "
                        "server's `url`, and at what is before Chroma"},
                {204, "", -EBADMSG, NULL},
                {200, "\n<!DOCTYPE html><head><title>Sign\nin</title></head>", -EBADMSG,
                        "asking a: HTTP 200: a page (text/html), \"Sign in\", is no answer of "
                        "Chroma; is there a proxy or a login before Chroma?"},
                {502, "<html><title>502 Bad Gateway</title></html>", -EREMOTEIO,
                        "asking a: HTTP 502: a page (text/html), \"502 Bad Gateway\", is no answer "
                        "of Chroma; is there a proxy or a login before Chroma?"},
                {400,
                        "{\"error\":\"InvalidArgumentError\",\"message\":\"Collection expecting embedding "
                        "with dimension of 3, got 2\"}",
                        RULING_REFUSED,
                        "asking a: HTTP 400: Collection expecting embedding with dimension of 3, got 2"},
                {400, "{\"error\":\"InvalidCollection\",\"message\":\"Collection a does not exist.\"}",
                        -ENOENT, "asking a: HTTP 400: Collection a does not exist."},
                {400, "no", -EREMOTEIO, "asking a: HTTP 400: no"},
                {400, "{\"error\":\"Bad Request\",\"message\":\"m\",\"statusCode\":400}",
                        -EREMOTEIO, "asking a: HTTP 400: m"},
                {401, "<html>login</html>", -EACCES,
                        "asking a: HTTP 401: a page (text/html), \"<html>login</html>\", is no "
                        "answer of Chroma; is there a proxy or a login before Chroma?"},
                {401, "login", -EACCES, "asking a: HTTP 401: login; look at the server's `auth`"},
                {403, "{\"error\":\"AuthError\",\"message\":\"Forbidden\"}", -EACCES,
                        "asking a: HTTP 403: Forbidden; look at the server's `auth`"},
                {404, "{\"error\":\"NotFoundError\",\"message\":\"Collection [a] does not exists\"}",
                        -ENOENT, "asking a: HTTP 404: Collection [a] does not exists"},
                {404, "{\"error\":\"NotFoundError\"}", -ENOENT,
                        "asking a: HTTP 404: NotFoundError"},
                {404, "", -EOPNOTSUPP,
                        "asking a: HTTP 404: empty body; the server has no such route: look at the "
                        "server's `url`, and whether this is Chroma with the v2 API "
                        "(0.5.16 or later)"},
                {404, "{\"message\":\"no Route matched with those values\"}", -EOPNOTSUPP, NULL},
                {404, "{\"statusCode\":404,\"error\":\"Not Found\",\"message\":\"Cannot GET /\"}",
                        -EOPNOTSUPP, NULL},
                {404, "<h1>nginx</h1>", -EOPNOTSUPP, NULL},
                {404, "{\"error\":null}", -EOPNOTSUPP, NULL},
                {404, "{\"error\":{\"deep\":1}}", -EOPNOTSUPP, NULL},
                {404, "[1]", -EOPNOTSUPP, NULL},
                {404, "{\"detail\":\"Not Found\"}", -EOPNOTSUPP,
                        "asking a: HTTP 404: Not Found; the server has no such route: look at the "
                        "server's `url`, and whether this is Chroma with the v2 API (0.5.16 or "
                        "later)"},
                {410,
                        "{\"error\":\"Unimplemented\",\"message\":\"The v1 API is deprecated. Please use "
                        "/v2 apis\"}",
                        -EOPNOTSUPP,
                        "asking a: HTTP 410: The v1 API is deprecated. Please use /v2 apis; the v1 API "
                        "is gone from this server: the server's `url` must not contain /api/v1"},
                {405, "", -EREMOTEIO, "asking a: HTTP 405: empty body"},
                {413, "Payload too large", -EREMOTEIO,
                        "asking a: HTTP 413: Payload too large; a smaller `batch` makes smaller requests"},
                {415,
                        "{\"error\":\"ChromaError\",\"message\":\"Expected request with `Content-Type: "
                        "application/json`\"}",
                        -EREMOTEIO,
                        "asking a: HTTP 415: Expected request with `Content-Type: application/json`"},
                {422, "{\"error\":\"ChromaError\",\"message\":\"Quota exceeded: n_results\"}",
                        RULING_QUOTA, "asking a: HTTP 422: Quota exceeded: n_results"},
                {403, "{\"message\":\"quota of reads\"}", RULING_QUOTA,
                        "asking a: HTTP 403: quota of reads"},
                {429, "{\"error\":\"ChromaError\",\"message\":\"Billing limit exceeded\"}",
                        RULING_QUOTA, NULL},
                {429, "{\"message\":\"Rate limit exceeded.\"}", -EAGAIN, NULL},
                {500, "{\"error\":\"E\",\"message\":\"Quota exceeded\"}", RULING_REFUSED, NULL},
                {422, "{\"detail\":[{\"loc\":[]}]}", RULING_REFUSED,
                        "asking a: HTTP 422: {\"detail\":[{\"loc\":[]}]}"},
                {429, "You have been rate limited.", -EAGAIN,
                        "asking a: HTTP 429: You have been rate limited."},
                {503, "", -EAGAIN, "asking a: HTTP 503: empty body"},
                {500, "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}",
                        RULING_REFUSED, "asking a: HTTP 500: Error finding id"},
                {500, "{\"message\":\"An unexpected error occurred\"}", -EREMOTEIO, NULL},
                {500, "{\"error\":\"RuntimeError('x\\ny')\"}", RULING_REFUSED,
                        "asking a: HTTP 500: RuntimeError('x y')"},
                {500, "{\"error\":\"\",\"message\":\"\"}", -EREMOTEIO,
                        "asking a: HTTP 500: {\"error\":\"\",\"message\":\"\"}"},
                {500, "\x01\xff\x02", -EREMOTEIO, "asking a: HTTP 500:  \xef\xbf\xbd "},
                {302, "", -EREMOTEIO,
                        "asking a: HTTP 302: empty body; redirects are not followed: look at the "
                        "server's `url`"},
                {304, "", -EREMOTEIO, NULL},
                {100, "", -EREMOTEIO, NULL},
                {999, "", -EREMOTEIO, "asking a: HTTP 999: empty body"},
                {0, "", -EREMOTEIO, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_response response = {.status = cases[i].status,
                        .body = cases[i].body,
                        .body_size = strlen(cases[i].body)};
                _cleanup_error_ struct error e = {0};

                assert_int_equal(ruling_check(&response, "asking a", &e), cases[i].code);
                if (cases[i].code == 0)
                        assert_null(e.message);
                else
                        assert_non_null(e.message);
                if (cases[i].sentence)
                        assert_string_equal(e.message, cases[i].sentence);
                assert_int_equal(ruling_check(&response, "asking a", NULL), cases[i].code);
        }
}

static void check_passes_transport_errors_on(void **state)
{
        struct http_response response = {
                .result = -ETIMEDOUT, .body = "", .error = "no answer from h:1 within 10s"};
        _cleanup_error_ struct error e = {0};

        assert_int_equal(ruling_check(&response, "asking a", &e), -ETIMEDOUT);
        assert_string_equal(e.message, "asking a: no answer from h:1 within 10s");
        error_done(&e);
        response = (struct http_response){.result = -EIO, .body = ""};
        assert_int_equal(ruling_check(&response, "asking a", &e), -EIO);
        assert_string_equal(e.message, "asking a: no answer");
}

static void check_quotes_little(void **state)
{
        size_t size = 1U << 20;
        char *body = malloc(size + 1);
        struct http_response response = {.status = 500, .body = body, .body_size = size};
        _cleanup_error_ struct error e = {0};

        memset(body, 'x', size);
        body[size] = '\0';
        assert_int_equal(ruling_check(&response, "asking a", &e), -EREMOTEIO);
        assert_int_equal(strlen(e.message), strlen("asking a: HTTP 500: ") + 200);
        free(body);
}

static void tells_whether_chroma_answered(void **state)
{
        static const struct {
                int result;
                unsigned status;
                const char *type, *body;
                bool reached;
        } rows[] = {
                {0, 200, "application/json", "[]", true},
                {0, 200, NULL, "1", true},
                {0, 200, "text/html; charset=utf-8", "Hello", false},
                {0, 200, "application/json", " <HTML>", false},
                {0, 204, NULL, "", false},
                {0, 200, NULL, "", false},
                {0, 404, NULL, "", true},
                {0, 404, "text/html", "<h1>nginx</h1>", false},
                {0, 429, "text/plain", "You have been rate limited.", true},
                {0, 500, NULL, "", true},
                {0, 502, "text/plain", "Bad Gateway", false},
                {0, 503, NULL, "", false},
                {0, 504, "application/json", "{\"message\":\"timeout\"}", false},
                {0, 503, NULL, "{\"error\":\"Backoff\",\"message\":\"later\"}", true},
                {-ETIMEDOUT, 0, NULL, "", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct http_response response = {.result = rows[i].result,
                        .status = rows[i].status,
                        .content_type = rows[i].type,
                        .body = rows[i].body,
                        .body_size = strlen(rows[i].body)};

                if (ruling_reached(&response) != rows[i].reached)
                        fail_msg("%u %s", rows[i].status, rows[i].body);
        }
}

static void only_what_one_request_may_cause_is_divided(void **state)
{
        assert_true(ruling_divisible(RULING_REFUSED));
        assert_true(ruling_divisible(RULING_QUOTA));
        assert_true(ruling_divisible(-EMSGSIZE));
        assert_false(ruling_divisible(-EAGAIN));
        assert_false(ruling_divisible(-EREMOTEIO));
        assert_false(ruling_divisible(-EACCES));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(checks_status),
                cmocka_unit_test(check_passes_transport_errors_on),
                cmocka_unit_test(check_quotes_little),
                cmocka_unit_test(tells_whether_chroma_answered),
                cmocka_unit_test(only_what_one_request_may_cause_is_divided),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
