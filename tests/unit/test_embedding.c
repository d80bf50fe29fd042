/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "arrival.h"
#include "json.h"
#include "model/vector_set.h"
#include "text.h"

#define OPENAI "openai"
#define OLLAMA "ollama"
#define TEI "tei"
#define INPUT "[\"How?\",\"\\\"caf\xc3\xa9\\\"\\n\"]"

static const struct embedding_dialect *dialect(const char *name)
{
        const struct embedding_dialect *d = embedding_dialect_find(name);

        assert_non_null(d);
        assert_string_equal(d->name, name);
        return d;
}

static void knows_its_dialects(void **state)
{
        assert_int_equal(embedding_dialect_count, 3);
        assert_true(dialect(OPENAI)->needs_model);
        assert_true(dialect(OLLAMA)->needs_model);
        assert_false(dialect(TEI)->needs_model);
        assert_null(embedding_dialect_find("OpenAI"));
        assert_null(embedding_dialect_find(NULL));
}

static void builds_requests(void **state)
{
        static const char *const texts[] = {"How?", "\"caf\xc3\xa9\"\n"};
        static const struct {
                const char *dialect, *model, *prefix, *more;
                bool plain;
                const char *body;
        } cases[] = {
                {OPENAI, "m",
                        .body = "{\"model\":\"m\",\"input\":" INPUT
                                ",\"encoding_format\":\"float\"}"},
                {OPENAI, NULL, .body = "{\"input\":" INPUT ",\"encoding_format\":\"float\"}"},
                {OPENAI, NULL, .plain = true, .body = "{\"input\":" INPUT "}"},
                {OLLAMA, "m", .body = "{\"model\":\"m\",\"input\":" INPUT ",\"truncate\":true}"},
                {TEI, "m", .body = "{\"inputs\":" INPUT ",\"normalize\":true}"},
                {TEI, NULL, "q: ",
                        .body = "{\"inputs\":[\"q: How?\",\"q: \\\"caf\xc3\xa9\\\"\\n\"],"
                                "\"normalize\":true}"},
                /* Further members win. */
                {OPENAI, NULL, NULL,
                        "{\"encoding_format\":\"base64\",\"dimensions\":2,\"x\":{\"y\":[1]}}",
                        .body = "{\"input\":" INPUT ",\"encoding_format\":\"base64\","
                                "\"dimensions\":2,\"x\":{\"y\":[1]}}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_json_ json_t *more =
                        cases[i].more ? json_loads(cases[i].more, 0, NULL) : NULL;
                const struct embedding_options options = {.model = cases[i].model,
                        .prefix = cases[i].prefix,
                        .body = more,
                        .plain = cases[i].plain};
                struct http_request request;

                assert_int_equal(
                        embedding_build(dialect(cases[i].dialect), &options, texts, 2, &request),
                        0);
                assert_string_equal(request.method, "POST");
                assert_string_equal(request.path, "");
                assert_string_equal(request.body, cases[i].body);
                assert_int_equal(request.body_size, strlen(cases[i].body));
                assert_true(request.response_limit >= 1 << 20);
                http_request_done(&request);
        }
}

static void completes_urls(void **state)
{
        static const struct {
                const char *dialect, *url, *whole;
        } cases[] = {
                {OPENAI, "http://h:1", "http://h:1/v1/embeddings"},
                {OPENAI, "http://h:1/v1", "http://h:1/v1/embeddings"},
                {OPENAI, "http://h:1/v1/embeddings", "http://h:1/v1/embeddings"},
                {OPENAI, "https://h/proxy", "https://h/proxy/v1/embeddings"},
                {OPENAI, "https://h/v1beta/openai/embeddings",
                        "https://h/v1beta/openai/embeddings"},
                {OPENAI, "https://h/openai/deployments/x/embeddings?api-version=1",
                        "https://h/openai/deployments/x/embeddings?api-version=1"},
                {OPENAI, "https://h/v1?a=b", "https://h/v1?a=b"},
                {OLLAMA, "http://h", "http://h/api/embed"},
                {OLLAMA, "http://h/api", "http://h/api/embed"},
                {OLLAMA, "http://h/api/embed", "http://h/api/embed"},
                {TEI, "http://h", "http://h/embed"},
                {TEI, "http://h/embed", "http://h/embed"},
                {TEI, "http://h/v1", "http://h/v1/embed"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *whole = embedding_url(dialect(cases[i].dialect), cases[i].url);

                assert_string_equal(whole, cases[i].whole);
        }
}

static void refuses_to_build(void **state)
{
        static const char *const broken[] = {"\xff"}, *const many[1000] = {NULL};
        static const struct embedding_options options = {.model = "m"};
        struct http_request request = {.method = "untouched"};

        for (size_t i = 0; i < embedding_dialect_count; i++) {
                const struct embedding_dialect *d = &embedding_dialects[i];

                assert_int_equal(embedding_build(d, &options, many, 0, &request), -EINVAL);
                assert_int_equal(embedding_build(d, &options, broken, 1, &request), -EINVAL);
        }
        assert_string_equal(request.method, "untouched");
}

static size_t response_limit(size_t count)
{
        static const struct embedding_options options = {0};
        const char *texts[1000];
        struct http_request request;
        size_t limit;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                texts[i] = "x";
        assert_int_equal(embedding_build(dialect(TEI), &options, texts, count, &request), 0);
        limit = request.response_limit;
        http_request_done(&request);
        return limit;
}

static void the_response_limit_grows_with_the_texts(void **state)
{
        /* A double has at most 24 characters. */
        assert_true(response_limit(1) >= 25 * VECTOR_DIMENSION_MAX);
        assert_true(response_limit(1) < 4U << 20);
        assert_true(response_limit(32) > response_limit(31));
        assert_int_equal(response_limit(1000), 256U << 20);
}

static void parses_vectors(void **state)
{
        static const struct {
                const char *dialect, *body;
        } cases[] = {
                {OPENAI,
                        "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,"
                        "\"embedding\":[0.5,-1]},{\"index\":1,\"embedding\":[2,3.4e38]}],"
                        "\"model\":\"m\",\"usage\":{\"total_tokens\":4}}"},
                {OPENAI,
                        "{\"data\":[{\"index\":1,\"embedding\":[2,3.4e38]},"
                        "{\"index\":0,\"embedding\":[0.5,-1]}]}"},
                {OLLAMA,
                        "{\"model\":\"m\",\"embeddings\":[[0.5,-1],[2,3.4e38]],"
                        "\"total_duration\":14143917,\"prompt_eval_count\":8}"},
                {TEI, "[[0.5,-1],[2,3.4e38]]"},
                /* One whose number is 0 may leave it out, or all do. */
                {OPENAI, "{\"data\":[{\"embedding\":[0.5,-1]},{\"embedding\":[2,3.4e38]}]}"},
                {OPENAI,
                        "{\"data\":[{\"embedding\":[0.5,-1]},"
                        "{\"index\":1,\"embedding\":[2,3.4e38]}]}"},
                /* base64 of little-endian floats */
                {OPENAI,
                        "{\"data\":[{\"index\":0,\"embedding\":\"AAAAPwAAgL8=\"},"
                        "{\"index\":1,\"embedding\":\"AAAAQJ7Jf38=\"}]}"},
                {TEI, "[\"AAAAPwAAgL8=\",[2,3.4e38]]"},
        };
        static const float want[] = {0.5f, -1.0f, 2.0f, 3.4e38f};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_(pooled_done) struct pooled rows = {0};

                assert_int_equal(arrive_pooled(dialect(cases[i].dialect), cases[i].body,
                                         strlen(cases[i].body), 2, &rows, &e),
                        0);
                assert_null(e.message);
                assert_int_equal(rows.count, 2);
                assert_int_equal(rows.dimension, 2);
                assert_null(rows.wrong[0]);
                assert_null(rows.wrong[1]);
                assert_memory_equal(rows.values, want, sizeof(want));
        }
}

/* `sentence` is a part of what is said. */
static void refuse(const char *name, const char *body, size_t size, const char *sentence)
{
        _cleanup_error_ struct error e = {0};
        struct pooled rows = {.dimension = 77};

        assert_int_equal(arrive_pooled(dialect(name), body, size, 2, &rows, &e), -EBADMSG);
        if (!strstr(error_text(&e, 0), sentence))
                fail_msg("%s: %s: %s", name, body, e.message);
        assert_null(rows.values);
        assert_int_equal(rows.dimension, 77);
}

/* The second of three vectors, in each dialect's envelope: the others are used. */
static void a_vector_that_is_wrong_is_one_text_s(void **state)
{
        static const struct {
                const char *vector, *sentence;
        } cases[] = {
                {"[1,null]", "component 1 of its vector is null"},
                {"[\"1\",1]", "component 0 of its vector is not a number"},
                {"[true,1]", "component 0 of its vector is not a number"},
                {"[1,[1]]", "component 1 of its vector is not a number"},
                {"[1e39,1]", "component 0 of its vector is too large for a 32-bit float"},
                {"[1,NaN]", "component 1 of its vector is not a number"},
                {"[Infinity,1]", "component 0 of its vector is not a number"},
                {"[-Infinity,-NaN]", "component 0 of its vector is not a number"},
                {"[1]", "its vector has 1 numbers, others have 2"},
                {"[1,2,3]", "its vector has 3 numbers, others have 2"},
                {"[]", "its vector has 0 numbers, others have 2"},
                {"[0,-0.0]", "its vector is all zeros"},
                {"null", "its vector is not a list"},
                {"7", "its vector is not a list"},
                {"{}", "its vector is not a list"},
                {"\"AACAPwAAAA==\"", "its vector is a string that is not the base64 of"},
                {"\"AACAPwAAAAA\"", "its vector is a string that is not the base64 of"},
                {"\"AACA=wAAAAA=\"", "its vector is a string that is not the base64 of"},
                {"\"\"", "its vector is a string that is not the base64 of"},
                {"\"AACAPw==\"", "its vector has 1 numbers, others have 2"},
                {"\"AACAPwAAwH8=\"", "component 1 of its vector is not a finite number"},
        };
        static const struct {
                const char *name, *before, *after;
        } envelopes[] = {
                {OPENAI, "{\"data\":[{\"index\":0,\"embedding\":[1,2]},{\"index\":1,\"embedding\":",
                        "},{\"index\":2,\"embedding\":[3,4],\"note\":\"NaN \\\"\"}]}"},
                {OLLAMA, "{\"embeddings\":[[1,2],", ",[3,4]]}"},
                {TEI, "[[1,2],", ",[3,4]]"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (size_t k = 0; k < ARRAY_SIZE(envelopes); k++) {
                        _cleanup_(pooled_done) struct pooled rows = {0};
                        _cleanup_error_ struct error e = {0};
                        char body[512];
                        int size = snprintf(body, sizeof(body), "%s%s%s", envelopes[k].before,
                                cases[i].vector, envelopes[k].after);

                        if (arrive_pooled(dialect(envelopes[k].name), body, (size_t)size, 3, &rows,
                                    &e) < 0)
                                fail_msg("%s: %s", body, e.message);
                        if (!rows.wrong[1] || !strstr(rows.wrong[1], cases[i].sentence))
                                fail_msg("%s: %s", body, rows.wrong[1]);
                        assert_null(rows.wrong[0]);
                        assert_null(rows.wrong[2]);
                        assert_int_equal(rows.dimension, 2);
                        assert_true(rows.values[1] > 1.5f && rows.values[5] > 3.5f);
                }
}

/* The first alone is short: the length of most counts. */
static void the_first_vector_may_be_the_wrong_one(void **state)
{
        static const char body[] = "[[1],[1,2],[3,4]]";
        _cleanup_(pooled_done) struct pooled rows = {0};
        _cleanup_error_ struct error e = {0};

        assert_int_equal(arrive_pooled(dialect(TEI), body, strlen(body), 3, &rows, &e), 0);
        assert_string_equal(rows.wrong[0], "its vector has 1 numbers, others have 2");
        assert_null(rows.wrong[1]);
}

static void every_dialect_refuses_other_answers(void **state)
{
        static const char *const bodies[] = {"", "null", "7", "\"x\"", "{}", "[]", "[[1,2]]",
                "{\"data\":[]}", "{\"data\":null}", "{\"embeddings\":null}",
                "{\"embeddings\":[[1,2]]}", "{\"embeddings\":[[1,2],[1,2],[1,2]]}",
                "{\"embedding\":[1,2]}", "[[1,2],[1,2],[1,2]]", "[[1,2],[1,2]", "<html>"};

        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
                for (size_t k = 0; k < embedding_dialect_count; k++)
                        refuse(embedding_dialects[k].name, bodies[i], strlen(bodies[i]), "");
}

static void says_what_is_wrong_with_the_list(void **state)
{
        static const struct {
                const char *name, *body, *sentence;
        } cases[] = {
                {OPENAI, "{}", "the answer has no list `data`"},
                {OPENAI, "{\"data\":[{\"index\":0,\"embedding\":[1]}]}",
                        "the answer has 1 vectors for 2 texts"},
                {OPENAI,
                        "{\"data\":[{\"index\":1,\"embedding\":[1]},"
                        "{\"index\":1,\"embedding\":[1]}]}",
                        "the answer has two vectors with `index` 1"},
                {OPENAI, "{\"data\":[{\"index\":2,\"embedding\":[1]},{}]}",
                        "`index` of data[0] of the answer is not a number from 0 to 1"},
                {OPENAI, "{\"data\":[{\"index\":-1,\"embedding\":[1]},{}]}", "`index` of data[0]"},
                {OPENAI, "{\"data\":[{\"index\":0.0,\"embedding\":[1]},{}]}", "`index` of data[0]"},
                {OPENAI, "{\"data\":[{\"index\":null,\"embedding\":[1]},{}]}",
                        "`index` of data[0]"},
                {OPENAI, "{\"data\":[{\"index\":1,\"embedding\":[1]},{\"embedding\":[1]}]}",
                        "the answer has two vectors with `index` 1"},
                {OPENAI, "{\"data\":[{\"index\":0},{\"index\":1}]}",
                        "data[0] of the answer has no `embedding`"},
                {OPENAI, "{\"data\":[7,8]}", "data[0] of the answer has no `embedding`"},
                {OLLAMA, "{\"embeddings\":[[[1,2],[3,4]],[[5,6]]]}",
                        "the answer has vectors of tokens: the server does not pool"},
                {TEI, "[[1,2],[[5,6]]]", "the answer has vectors of tokens"},
                {TEI, "[[null],[0]]", "text 0: component 0 of its vector is null"},
                {TEI, "[null,{}]", "text 0: its vector is not a list of numbers"},
                {OLLAMA, "{\"embedding\":[1]}", "the answer has no list `embeddings`"},
                {OLLAMA, "{\"embeddings\":[]}", "the answer has 0 vectors for 2 texts"},
                {TEI, "{}", "the answer has no list of vectors"},
                {OPENAI, "{\"error\":\"busy\"}", "the answer has no list `data`: busy"},
                {TEI, "[[1]]", "the answer has 1 vectors for 2 texts"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                refuse(cases[i].name, cases[i].body, strlen(cases[i].body), cases[i].sentence);
}

static void refuses_what_is_too_wide(void **state)
{
        _cleanup_text_ struct text t = {0};

        for (int row = 0; row < 2; row++) {
                text_append(&t, row == 0 ? "[[1" : "],[1");
                for (int i = 0; i < VECTOR_DIMENSION_MAX; i++)
                        text_append(&t, ",1");
        }
        text_append(&t, "]]");
        refuse(TEI, t.data, t.size, "the vectors have 65537 numbers, not 1 to 65536");
}

static void tells_the_servers_words(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
                int code;
                const char *message;
        } cases[] = {
                {200, "{\"error\":\"x\"}", 0, NULL},
                {204, "", 0, NULL},
                {401, "{\"error\":{\"message\":\"Bad key\",\"type\":\"auth\",\"code\":null}}",
                        -EACCES, "w: HTTP 401: Bad key; look at the embedder's `auth`"},
                {403, "", -EACCES, "w: HTTP 403: empty body; look at the embedder's `auth`"},
                {404, "{\"error\":\"model \\\"m\\\" not found\"}", -ENOENT,
                        "w: HTTP 404: model \"m\" not found; look at the embedder's `url`, `api` "
                        "and `model`"},
                {405, "Method Not Allowed", -ENOENT,
                        "w: HTTP 405: Method Not Allowed; look at the embedder's `url`, `api` and "
                        "`model`"},
                {413, "{\"error\":\"batch size 33 > 32\",\"error_type\":\"Validation\"}", -E2BIG,
                        "w: HTTP 413: batch size 33 > 32"},
                {429, "{\"error\":\"Model is overloaded\",\"error_type\":\"Overloaded\"}", -EAGAIN,
                        "w: HTTP 429: Model is overloaded"},
                {503, "{\"error\":\"\"}", -EAGAIN, "w: HTTP 503: {\"error\":\"\"}"},
                {400, "{\"object\":\"error\",\"message\":\"no\\nway\"}", -E2BIG,
                        "w: HTTP 400: no way"},
                {422, "{\"error\":\"too long\"}", -E2BIG, "w: HTTP 422: too long"},
                {502, "bad gateway", -EREMOTEIO, "w: HTTP 502: bad gateway"},
                {500, "{\"error\":{\"message\":null}}", -E2BIG,
                        "w: HTTP 500: {\"error\":{\"message\":null}}"},
                {500, "{\"error\":[1]}", -E2BIG, "w: HTTP 500: {\"error\":[1]}"},
                {302, "", -EREMOTEIO,
                        "w: HTTP 302: empty body; redirects are not followed: look at the "
                        "embedder's `url`"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                const struct http_response response = {.status = cases[i].status,
                        .body = cases[i].body,
                        .body_size = strlen(cases[i].body)};

                assert_int_equal(embedding_check(&response, "w", &e), cases[i].code);
                if (cases[i].message)
                        assert_string_equal(e.message, cases[i].message);
                else
                        assert_null(e.message);
        }
}

static void knows_when_its_option_is_refused(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
                bool refused;
        } cases[] = {
                {400, "{\"error\":{\"message\":\"Unknown field encoding_format\"}}", true},
                {422, "[{\"loc\":[\"body\",\"encoding_format\"],\"msg\":\"extra\"}]", true},
                {400, "{\"error\":\"too many inputs\"}", false},
                {500, "encoding_format", false},
                {200, "encoding_format", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct http_response response = {.status = cases[i].status,
                        .body = cases[i].body,
                        .body_size = strlen(cases[i].body)};

                assert_int_equal(
                        embedding_refuses_option(dialect(OPENAI), &response), cases[i].refused);
        }
}

static void tells_that_nobody_answered(void **state)
{
        _cleanup_error_ struct error e = {0};
        const struct http_response response = {
                .result = -ETIMEDOUT, .body = "", .error = "no answer within 30s"};

        assert_int_equal(embedding_check(&response, "w", &e), -ETIMEDOUT);
        assert_string_equal(e.message, "w: no answer within 30s");
        error_done(&e);
        assert_int_equal(embedding_check(&response, NULL, &e), -ETIMEDOUT);
        assert_string_equal(e.message, "no answer within 30s");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_its_dialects),
                cmocka_unit_test(builds_requests),
                cmocka_unit_test(completes_urls),
                cmocka_unit_test(refuses_to_build),
                cmocka_unit_test(the_response_limit_grows_with_the_texts),
                cmocka_unit_test(parses_vectors),
                cmocka_unit_test(a_vector_that_is_wrong_is_one_text_s),
                cmocka_unit_test(the_first_vector_may_be_the_wrong_one),
                cmocka_unit_test(every_dialect_refuses_other_answers),
                cmocka_unit_test(says_what_is_wrong_with_the_list),
                cmocka_unit_test(refuses_what_is_too_wide),
                cmocka_unit_test(tells_the_servers_words),
                cmocka_unit_test(knows_when_its_option_is_refused),
                cmocka_unit_test(tells_that_nobody_answered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
