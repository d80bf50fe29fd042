/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "arrival.h"
#include "fewer.h"
#include "json.h"
#include "text.h"

#define BOTH (RECORDS_EMBEDDINGS | RECORDS_METADATAS)

static void builds_requests(void **state)
{
        static const char *const ids[] = {"a", "b\"\\\n", "caf\xc3\xa9"};
        static const struct {
                struct records_request what;
                const char *body;
        } cases[] = {
                {{NULL}, "{\"include\":[]}"},
                {{.offset = 310, .limit = 1}, "{\"include\":[],\"offset\":310,\"limit\":1}"},
                {{.limit = UINT64_MAX}, "{\"include\":[],\"limit\":18446744073709551615}"},
                {{.ids = ids, .id_count = 3, .include = RECORDS_EMBEDDINGS},
                        "{\"include\":[\"embeddings\"],"
                        "\"ids\":[\"a\",\"b\\\"\\\\\\n\",\"caf\xc3\xa9\"]}"},
                {{.where = "{\"k\":{\"$gt\":1}}", .include = RECORDS_METADATAS},
                        "{\"include\":[\"metadatas\"],\"where\":{\"k\":{\"$gt\":1}}}"},
                {{.include = BOTH | 64}, "{\"include\":[\"embeddings\",\"metadatas\"]}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_request request;

                assert_int_equal(records_build("t/1", "d", "ID", &cases[i].what, &request), 0);
                assert_string_equal(request.method, "POST");
                assert_string_equal(
                        request.path, "/api/v2/tenants/t%2F1/databases/d/collections/ID/get");
                assert_string_equal(request.body, cases[i].body);
                assert_int_equal(request.body_size, strlen(cases[i].body));
                assert_int_equal(request.response_limit, RECORDS_RESPONSE_MAX);
                http_request_done(&request);
        }
}

static void refuses_to_build(void **state)
{
        static const char *const ids[] = {"a", "\xff"};
        static const struct records_request cases[] = {
                {.ids = ids, .id_count = 0}, {.ids = ids, .id_count = 2}};
        struct http_request request = {.method = "untouched"};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(records_build("t", "d", "ID", &cases[i], &request), -EINVAL);
        assert_string_equal(request.method, "untouched");
}

static int parse(const char *body, unsigned include, struct records *ret, struct error *e)
{
        return arrive_records(body, strlen(body), include, 0, ret, e);
}

static void parses_records(void **state)
{
        _cleanup_(records_done) struct records r = {0};
        static const float want[] = {0.1f, -1.0f, 2.0f, 3.4e38f};

        assert_int_equal(parse("{\"ids\":[\"b\",\"a\"],\"embeddings\":[[0.1,-1],[2,3.4e38]],"
                               "\"documents\":null,\"uris\":null,\"metadatas\":[{\"k\":1},null],"
                               "\"include\":[\"embeddings\",\"metadatas\"]}",
                                 BOTH, &r, NULL),
                0);
        assert_int_equal(r.count, 2);
        assert_int_equal(r.dimension, 2);
        assert_memory_equal(r.embeddings, want, sizeof(want));
        assert_int_equal(
                json_integer_value(json_object_get(json_array_get(r.metadatas, 0), "k")), 1);
        assert_true(json_is_null(json_array_get(r.metadatas, 1)));
        assert_int_equal(records_find(&r, "b"), 0);
        assert_int_equal(records_find(&r, "a"), 1);
        assert_true(records_find(&r, "c") == SIZE_MAX);
}

static void reads_only_what_was_asked_for(void **state)
{
        _cleanup_(records_done) struct records r = {0};

        assert_int_equal(
                parse("{\"ids\":[\"a\"],\"embeddings\":7,\"metadatas\":7}", 0, &r, NULL), 0);
        assert_int_equal(r.count, 1);
        assert_int_equal(r.dimension, 0);
        assert_null(r.embeddings);
        assert_null(r.metadatas);
}

static void no_records_are_an_answer(void **state)
{
        static const char *const cases[] = {
                "{\"ids\":[]}",
                "{\"ids\":[],\"embeddings\":null,\"metadatas\":null}",
                "{\"ids\":[],\"embeddings\":[],\"metadatas\":[]}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(records_done) struct records r = {.dimension = 7};

                assert_int_equal(parse(cases[i], BOTH, &r, NULL), 0);
                assert_int_equal(r.count, 0);
                assert_int_equal(r.dimension, 0);
                assert_null(r.embeddings);
                assert_int_equal(json_array_size(r.metadatas), 0);
                assert_non_null(r.metadatas);
        }
}

static void an_id_with_a_nul_spoils_no_other(void **state)
{
        _cleanup_(records_done) struct records r = {0};

        assert_int_equal(parse("{\"ids\":[\"a\\u0000b\",\"c\"]}", 0, &r, NULL), 0);
        assert_string_equal(r.ids[0],
                "a\xef\xbf\xbd"
                "b");
        assert_int_equal(records_find(&r, "c"), 1);
}

#define WITH(rows) "{\"ids\":[\"a\",\"b\"],\"embeddings\":" rows ",\"metadatas\":[null,{}]}"
#define ABOUT(rows) "{\"ids\":[\"a\",\"b\"],\"embeddings\":[[1],[2]],\"metadatas\":" rows "}"

static void refuses_what_is_not_right(void **state)
{
        static const struct {
                const char *body, *sentence; /* NULL: some */
        } cases[] = {
                {"", NULL},
                {"<html>", NULL},
                {"{\"ids\":[\"a\"", NULL},
                {"null", "the answer has no list of ids"},
                {"[]", "the answer has no list of ids"},
                {"{}", "the answer has no list of ids"},
                {"{\"ids\":null}", "the answer has no list of ids"},
                {"{\"ids\":[[\"a\"]],\"embeddings\":[[1]]}", "id 1 of the answer is not a string"},
                {"{\"ids\":[\"a\",null]}", "id 2 of the answer is not a string"},
                {"{\"ids\":[\"a\",7]}", "id 2 of the answer is not a string"},
                {WITH("null"), "the answer has 0 embeddings for 2 records"},
                {WITH("[[1]]"), "the answer has 1 embeddings for 2 records"},
                {WITH("[[1],[1],[1]]"), "the answer has 3 embeddings for 2 records"},
                {WITH("[null,[1]]"),
                        "the embedding of record 1 is not a list of 1 to 1000000 numbers"},
                {WITH("[[],[]]"),
                        "the embedding of record 1 is not a list of 1 to 1000000 numbers"},
                {WITH("[[1],null]"), "the embedding of record 2 is not a list"},
                {WITH("[[1],\"AAAA\"]"), "the embedding of record 2 is not a list"},
                {WITH("[[1],[1,2]]"),
                        "the embedding of record 2 has more numbers than the first, which has 1"},
                {WITH("[[1,2],[]]"), "the embedding of record 2 has 0 numbers, the first has 2"},
                {WITH("[[1,2],[3,null]]"), "number 2 of the embedding of record 2 is null"},
                {WITH("[[\"1\"],[3]]"), "number 1 of the embedding of record 1 is not a number"},
                {WITH("[[true],[3]]"), "number 1 of the embedding of record 1 is not a number"},
                {WITH("[[[1]],[3]]"), "number 1 of the embedding of record 1 is not a number"},
                {WITH("[[-1e39],[3]]"),
                        "number 1 of the embedding of record 1 is too large for a 32-bit float"},
                {WITH("[[NaN],[3]]"), NULL},
                {ABOUT("null"), "the answer has 0 metadatas for 2 records"},
                {ABOUT("[null]"), "the answer has 1 metadatas for 2 records"},
                {ABOUT("[null,\"x\"]"), "the metadata of record 2 is not an object"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct records r = {.dimension = 77};
                _cleanup_error_ struct error e = {0};

                if (parse(cases[i].body, BOTH, &r, &e) != -EBADMSG)
                        fail_msg("%s was taken", cases[i].body);
                assert_non_null(e.message);
                assert_true(utf8_valid(e.message, strlen(e.message)));
                if (cases[i].sentence)
                        assert_string_equal(e.message, cases[i].sentence);
                assert_int_equal(r.dimension, 77);
                assert_null(r.ids);
        }
}

static void deep_nesting_is_an_error(void **state)
{
        enum { DEPTH = 100000 };
        char *body = malloc(DEPTH);
        struct records r = {0};

        memset(body, '[', DEPTH);
        assert_int_equal(arrive_records(body, DEPTH, BOTH, 0, &r, NULL), -EBADMSG);
        free(body);
}

/* A page as the audit reads them. */
static void a_large_page_is_read_exactly(void **state)
{
        enum { DIMENSION = 384 };
        const size_t count = fewer(2000);
        _cleanup_(records_done) struct records r = {0};
        _cleanup_text_ struct text body = {0};
        char last[32];
        uint32_t random = 1;

        text_append(&body, "{\"ids\":[");
        for (size_t i = 0; i < count; i++)
                text_appendf(&body, "%s\"record-%zu\"", i > 0 ? "," : "", i);
        text_append(&body, "],\"embeddings\":[");
        for (size_t i = 0; i < count * DIMENSION; i++) {
                random = random * 1664525U + 1013904223U;
                text_append(&body, i == 0 ? "[" : i % DIMENSION == 0 ? "],[" : ",");
                text_append_float(&body, (float)random / 4294967296.0f);
        }
        text_append(&body, "]]}");
        assert_int_equal(arrive_records(body.data, body.size, RECORDS_EMBEDDINGS, 0, &r, NULL), 0);
        assert_int_equal(r.count, count);
        assert_int_equal(r.dimension, DIMENSION);
        random = 1;
        for (size_t i = 0; i < count * DIMENSION; i++) {
                random = random * 1664525U + 1013904223U;
                assert_true(r.embeddings[i] == (float)random / 4294967296.0f);
        }
        (void)snprintf(last, sizeof(last), "record-%zu", count - 1);
        assert_int_equal(records_find(&r, last), count - 1);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(builds_requests),
                cmocka_unit_test(refuses_to_build),
                cmocka_unit_test(parses_records),
                cmocka_unit_test(reads_only_what_was_asked_for),
                cmocka_unit_test(no_records_are_an_answer),
                cmocka_unit_test(an_id_with_a_nul_spoils_no_other),
                cmocka_unit_test(refuses_what_is_not_right),
                cmocka_unit_test(deep_nesting_is_an_error),
                cmocka_unit_test(a_large_page_is_read_exactly),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
