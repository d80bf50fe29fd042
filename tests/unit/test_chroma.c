/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "arrival.h"
#include "text.h"

#define ID "e52921b2-6f0c-4b6e-9f3a-0123456789ab"
#define BASE "/api/v2/tenants/default_tenant/databases/default_database/collections/"

static void builds_get_requests(void **state)
{
        static const struct {
                const char *tenant, *database, *name, *path;
        } cases[] = {
                {"default_tenant", "default_database", "original_agents", BASE "original_agents"},
                {"t", "d", "a b/c?d#e%f",
                        "/api/v2/tenants/t/databases/d/collections/a%20b%2Fc%3Fd%23e%25f"},
                {"t/..", "d", "..", "/api/v2/tenants/t%2F../databases/d/collections/.."},
                {"t", "d", "-._~AZaz09", "/api/v2/tenants/t/databases/d/collections/-._~AZaz09"},
                {"t", "d", "caf\xc3\xa9\r\n",
                        "/api/v2/tenants/t/databases/d/collections/caf%C3%A9%0D%0A"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_request request;

                assert_int_equal(chroma_build_collection(cases[i].tenant, cases[i].database,
                                         cases[i].name, &request),
                        0);
                assert_string_equal(request.method, "GET");
                assert_string_equal(request.path, cases[i].path);
                assert_null(request.body);
                assert_int_equal(request.response_limit, CHROMA_SMALL_RESPONSE_MAX);
                http_request_done(&request);
        }
}

static void builds_count(void **state)
{
        struct http_request request;

        assert_int_equal(chroma_build_count("default_tenant", "default_database", ID, &request), 0);
        assert_string_equal(request.method, "GET");
        assert_string_equal(request.path, BASE ID "/count");
        http_request_done(&request);
}

static void builds_queries(void **state)
{
        static const float first[] = {0.1f, -1.0f, 16777216.0f}, second[] = {1e-7f, 3.4e38f, 0.0f};
        static const float *const vectors[] = {first, second};
        static const struct {
                size_t count;
                unsigned include;
                const char *where, *where_document, *body;
        } cases[] = {
                {1, CHROMA_DISTANCES, NULL, NULL,
                        "{\"query_embeddings\":[[0.1,-1,16777216]],\"n_results\":10,"
                        "\"include\":[\"distances\"]}"},
                {2, CHROMA_DISTANCES | CHROMA_METADATAS, NULL, NULL,
                        "{\"query_embeddings\":[[0.1,-1,16777216],[1e-07,3.4e+38,0]],"
                        "\"n_results\":10,\"include\":[\"distances\",\"metadatas\"]}"},
                {1, 0, NULL, NULL,
                        "{\"query_embeddings\":[[0.1,-1,16777216]],\"n_results\":10,"
                        "\"include\":[]}"},
                {1, CHROMA_DISTANCES, "{\"a\":{\"$gt\":1}}", "{\"$contains\":\"x\"}",
                        "{\"query_embeddings\":[[0.1,-1,16777216]],\"n_results\":10,"
                        "\"include\":[\"distances\"],\"where\":{\"a\":{\"$gt\":1}},"
                        "\"where_document\":{\"$contains\":\"x\"}}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_request request;
                json_t *document;

                assert_int_equal(chroma_build_query("default_tenant", "default_database", ID,
                                         vectors, cases[i].count, 3, 10, cases[i].where,
                                         cases[i].where_document, cases[i].include, &request),
                        0);
                assert_string_equal(request.method, "POST");
                assert_string_equal(request.path, BASE ID "/query");
                assert_string_equal(request.body, cases[i].body);
                assert_int_equal(request.body_size, strlen(cases[i].body));
                assert_int_equal(request.response_limit,
                        CHROMA_SMALL_RESPONSE_MAX +
                                cases[i].count * 10 *
                                        (cases[i].include & CHROMA_METADATAS ? CHROMA_METADATA_MAX
                                                                             : CHROMA_RECORD_MAX));
                document = json_loads(request.body, 0, NULL);
                assert_non_null(document);
                json_decref(document);
                http_request_done(&request);
        }
}

/* The server must read back every bit of every float. */
static void floats_survive(void **state)
{
        enum { COUNT = 4096 };
        float *vector = calloc(COUNT, sizeof(*vector));
        struct http_request request;
        uint32_t bits = 1;
        json_t *document, *row;

        for (size_t i = 0; i < COUNT; i++) {
                do {
                        bits = bits * 1664525U + 1013904223U;
                        memcpy(&vector[i], &bits, sizeof(bits));
                } while (!isfinite(vector[i]));
        }
        assert_int_equal(chroma_build_query("t", "d", ID, (const float *const[]){vector}, 1, COUNT,
                                 10, NULL, NULL, CHROMA_DISTANCES, &request),
                0);
        document = json_loads(request.body, 0, NULL);
        row = json_array_get(json_object_get(document, "query_embeddings"), 0);
        assert_int_equal(json_array_size(row), COUNT);
        for (size_t i = 0; i < COUNT; i++) {
                float read = (float)json_number_value(json_array_get(row, i));

                assert_true(read == vector[i]);
        }
        json_decref(document);
        http_request_done(&request);
        free(vector);
}

static void refuses_to_build(void **state)
{
        static const float good[] = {1, 2}, bad[][2] = {{1, NAN}, {INFINITY, 1}, {-INFINITY, 1}};
        static const float *const vector[] = {good};
        struct http_request request = {.method = "untouched"};

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(
                        chroma_build_query("t", "d", ID, (const float *const[]){good, bad[i]}, 2, 2,
                                10, NULL, NULL, CHROMA_DISTANCES, &request),
                        -EINVAL);
        assert_int_equal(chroma_build_query("t", "d", ID, vector, 0, 2, 10, NULL, NULL,
                                 CHROMA_DISTANCES, &request),
                -EINVAL);
        assert_int_equal(chroma_build_query("t", "d", ID, vector, 1, 0, 10, NULL, NULL,
                                 CHROMA_DISTANCES, &request),
                -EINVAL);
        assert_int_equal(chroma_build_query("t", "d", ID, vector, 1, 2, 0, NULL, NULL,
                                 CHROMA_DISTANCES, &request),
                -EINVAL);
        assert_string_equal(request.method, "untouched");
}

static void limits_the_response(void **state)
{
        static const float vector[] = {1};
        struct http_request request;

        assert_int_equal(chroma_build_query("t", "d", ID, (const float *const[]){vector}, 1, 1,
                                 UINT32_MAX, NULL, NULL, CHROMA_DISTANCES, &request),
                0);
        assert_int_equal(request.response_limit, CHROMA_QUERY_RESPONSE_MAX);
        http_request_done(&request);
}

#define NAMED(rest) "{\"id\":\"" ID "\",\"name\":\"c\"," rest "}"
#define HNSW(content) "\"configuration_json\":{\"hnsw\":" content ",\"spann\":null}"
#define OLD_HNSW \
        "\"configuration_json\":{\"hnsw_configuration\":{\"space\":\"l2\"},\"_type\":\"C\"}"
#define SCHEMA(space) \
        "\"schema\":{\"keys\":{\"#embedding\":{\"float_list\":{\"vector_index\":{\"config\":{\"space\":" space \
        "}}}}}}"

static void parses_collections(void **state)
{
        static const struct {
                const char *body, *space;
                unsigned dimension;
        } cases[] = {
                {NAMED(HNSW(
                         "{\"space\":\"l2\",\"ef_search\":100}") ",\"metadata\":null,\"dimension\":null"),
                        "l2", 0},
                {NAMED(HNSW("{\"space\":\"cosine\"}") ",\"dimension\":384"), "cosine", 384},
                {NAMED(HNSW("{\"space\":\"ip\"}") ",\"dimension\":0"), "ip", 0},
                /* The configuration rules over metadata that only repeats what somebody wished. */
                {NAMED(HNSW("{\"space\":\"l2\"}") ",\"metadata\":{\"hnsw:space\":\"cosine\"}"),
                        "l2", 0},
                {NAMED("\"configuration_json\":{\"hnsw\":null,\"spann\":{\"space\":\"cosine\"}}"),
                        "cosine", 0},
                {NAMED("\"configuration_json\":{}," SCHEMA("\"ip\"")), "ip", 0},
                {NAMED(HNSW("{\"space\":\"manhattan\"}")), NULL, 0},
                {NAMED(HNSW("{\"space\":3}")), NULL, 0},
                {NAMED(HNSW("[]") "," SCHEMA("null")), NULL, 0},
                /* 0.5 and 0.6: the configuration shows a default, the metadata rules. */
                {NAMED(OLD_HNSW ",\"metadata\":{\"hnsw:space\":\"cosine\"},\"dimension\":3"),
                        "cosine", 3},
                {NAMED(OLD_HNSW ",\"metadata\":null"), "l2", 0},
                {NAMED("\"metadata\":{\"hnsw:space\":\"ip\"}"), "ip", 0},
                {NAMED("\"metadata\":{\"hnsw:space\":\"L2\"}"), NULL, 0},
                {NAMED("\"metadata\":{\"a\":\"nul\\u0000\"}"), "l2", 0},
                {NAMED("\"configuration_json\":null,\"metadata\":{}"), "l2", 0},
                {"{\"id\":\"" ID "\"}", "l2", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(epoch_done) struct epoch c = {0};
                _cleanup_error_ struct error e = {0};

                assert_int_equal(
                        chroma_parse_collection(cases[i].body, strlen(cases[i].body), &c, &e), 0);
                assert_string_equal(c.id, ID);
                if (cases[i].space)
                        assert_string_equal(c.space, cases[i].space);
                else
                        assert_null(c.space);
                assert_int_equal(c.dimension, cases[i].dimension);
                assert_null(e.message);
        }
}

#define SPACE_AND(more) "{\"space\":\"l2\"," more "}"
#define VECTOR_INDEX(content) \
        "\"schema\":{\"keys\":{\"#embedding\":{\"float_list\":{\"vector_index\":{\"config\":" content \
        "}}}}}"

/* What the server tells twice, and in whichever order, is the same. */
static void canonicalises_the_configuration(void **state)
{
        static const struct {
                const char *body, *configuration;
        } cases[] = {
                {NAMED(HNSW("{\"space\":\"l2\",\"ef_search\":100,\"resize_factor\":1.2}")),
                        "{\"hnsw\":{\"ef_search\":100,\"resize_factor\":1.2}}"},
                {NAMED(HNSW("{\"resize_factor\":1.2,\"ef_search\":100,\"space\":\"ip\"}")),
                        "{\"hnsw\":{\"ef_search\":100,\"resize_factor\":1.2}}"},
                {NAMED("\"configuration_json\":{\"spann\":{\"search_nprobe\":64},\"hnsw\":null,"
                       "\"embedding_function\":{\"type\":\"known\",\"name\":\"openai\",\"config\":"
                       "{\"model_name\":\"b\",\"api_key_env_var\":\"A\"}}}"),
                        "{\"embedding_function\":{\"config\":{\"api_key_env_var\":\"A\","
                        "\"model_name\":\"b\"},\"name\":\"openai\",\"type\":\"known\"},"
                        "\"spann\":{\"search_nprobe\":64}}"},
                {NAMED("\"configuration_json\":{\"hnsw\":null,\"embedding_function\":null}"), NULL},
                {NAMED(HNSW(SPACE_AND("\"a\":1")) "," VECTOR_INDEX("{\"hnsw\":{\"a\":2}}")),
                        "{\"hnsw\":{\"a\":1}}"},
                {NAMED("\"configuration_json\":{}," VECTOR_INDEX(
                         "{\"space\":\"ip\",\"hnsw\":{\"a\":2},\"source_key\":\"#document\"}")),
                        "{\"hnsw\":{\"a\":2}}"},
                {NAMED(HNSW("7") ",\"metadata\":{\"hnsw:search_ef\":1}"), NULL},
                /* 0.5 and 0.6 */
                {NAMED(OLD_HNSW ",\"metadata\":{\"hnsw:space\":\"ip\",\"hnsw:search_ef\":10,"
                                "\"hnsw:M\":4,\"k\":1}"),
                        "{\"hnsw:M\":4,\"hnsw:search_ef\":10}"},
                {NAMED(OLD_HNSW ",\"metadata\":null"), NULL},
                {NAMED("\"metadata\":[\"hnsw:M\"]"), NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(epoch_done) struct epoch c = {0};

                assert_int_equal(
                        chroma_parse_collection(cases[i].body, strlen(cases[i].body), &c, NULL), 0);
                if (cases[i].configuration)
                        assert_string_equal(c.configuration, cases[i].configuration);
                else
                        assert_null(c.configuration);
        }
}

static void reads_versions(void **state)
{
        static const struct {
                const char *body;
                uint64_t version, log_position;
        } cases[] = {
                {NAMED("\"version\":7,\"log_position\":9007199254740993"), 7, 9007199254740993},
                {NAMED("\"version\":-7,\"log_position\":\"9\""), 0, 0},
                {NAMED("\"version\":null"), 0, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(epoch_done) struct epoch c = {0};

                assert_int_equal(
                        chroma_parse_collection(cases[i].body, strlen(cases[i].body), &c, NULL), 0);
                assert_true(c.version == cases[i].version);
                assert_true(c.log_position == cases[i].log_position);
                /* What only the next requests tell. */
                assert_true(c.records == -1);
                assert_null(c.newest);
                assert_true(c.sentinels == 0);
        }
}

static void refuses_collections(void **state)
{
        static const char *const cases[] = {
                "",
                "null",
                "[]",
                "[{\"id\":\"" ID "\"}]",
                "{}",
                "<html>",
                "{\"id\":\"" ID "\"",
                "{\"id\":\"" ID "\"} x",
                "{\"id\":\"" ID "\",\"id\":\"" ID "\"}",
                "{\"id\":null}",
                "{\"id\":7}",
                "{\"id\":\"\"}",
                "{\"id\":\"e52921b2-6f0c\"}",
                "{\"id\":\"" ID "0\"}",
                "{\"id\":\"../../../../../../../../../../../../\"}",
                "{\"id\":\"e52921b2-6f0c-4b6e-9f3a-0123456789a\\u0000\"}",
                "{\"id\":\"e52921b2-6f0c-4b6e-9f3a-0123456789g\"}",
                "{\"id\":\"" ID "\",\"dimension\":-1}",
                "{\"id\":\"" ID "\",\"dimension\":3.0}",
                "{\"id\":\"" ID "\",\"dimension\":\"3\"}",
                "{\"id\":\"" ID "\",\"dimension\":4294967299}",
                "{\"id\":\"" ID "\",\"dimension\":99999999999999999999}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct epoch c = {.dimension = 77};
                _cleanup_error_ struct error e = {0};

                assert_int_equal(
                        chroma_parse_collection(cases[i], strlen(cases[i]), &c, &e), -EBADMSG);
                assert_non_null(e.message);
                assert_int_equal(c.dimension, 77);
                assert_null(c.id);
        }
}

static void parses_counts(void **state)
{
        static const struct {
                const char *body;
                int result;
                uint64_t count;
        } cases[] = {
                {"0", 0, 0},
                {"4", 0, 4},
                {" 5700\n", 0, 5700},
                {"9223372036854775807", 0, INT64_MAX},
                {"9223372036854775808", -EBADMSG, 0},
                {"-1", -EBADMSG, 0},
                {"4.0", -EBADMSG, 0},
                {"null", -EBADMSG, 0},
                {"\"4\"", -EBADMSG, 0},
                {"[4]", -EBADMSG, 0},
                {"{\"count\":4}", -EBADMSG, 0},
                {"", -EBADMSG, 0},
                {"4 4", -EBADMSG, 0},
                {"true", -EBADMSG, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                uint64_t count = 42;

                assert_int_equal(
                        chroma_parse_count(cases[i].body, strlen(cases[i].body), &count, &e),
                        cases[i].result);
                assert_int_equal(count, cases[i].result == 0 ? cases[i].count : 42);
                if (cases[i].result < 0)
                        assert_non_null(e.message);
        }
}

#define ANSWER(ids, distances, metadatas) \
        "{\"ids\":" ids \
        ",\"embeddings\":null,\"documents\":null,\"uris\":null,\"metadatas\":" metadatas \
        ",\"distances\":" distances ",\"include\":[\"distances\",\"metadatas\"]}"

static void parses_rows(void **state)
{
        static const char *const body = ANSWER("[[\"a\",\"d\"],[],[\"b\"]]",
                "[[-4.7e-07,0.29986],[],[7]]", "[[{\"f\":\"x\"},null],[],[{}]]");
        struct results_row answers[3] = {0};
        _cleanup_error_ struct error e = {0};
        const struct answer *a;

        assert_int_equal(arrive_results(body, strlen(body), 3, 2, answers, &e), 0);
        a = answers[0].answer;
        assert_int_equal(a->count, 2);
        assert_string_equal(a->ids[0], "a");
        assert_string_equal(a->ids[1], "d");
        assert_true(a->distances[0] == -4.7e-07f);
        assert_true(a->distances[1] == 0.29986f);
        assert_string_equal(
                json_string_value(json_object_get(json_array_get(a->metadatas, 0), "f")), "x");
        assert_true(json_is_null(json_array_get(a->metadatas, 1)));
        assert_int_equal(answers[1].answer->count, 0);
        assert_null(answers[1].unmeasured);
        assert_true(answers[2].answer->distances[0] == 7.0f);
        for (size_t i = 0; i < 3; i++)
                (void)answer_unref(answers[i].answer);
}

/* Each defect makes its row unusable, and leaves its neighbour alone. */
static void bad_rows_are_unmeasured(void **state)
{
        static const char null_distance[] =
                "a distance is null: a stored vector holds NaN, or overflows";
        static const struct {
                const char *ids, *distances, *metadatas;
                const char *unmeasured; /* NULL: usable */
        } cases[] = {
                {"[\"a\",\"b\"]", "[1,2]", "[null,{}]", NULL},
                {"[\"a\",\"b\"]", "[1,1]", "[null,{}]", NULL},
                {"[]", "[]", "[]", NULL},
                {"[]", "[]", "null", NULL},
                {"[\"a\",\"b\"]", "[1,null]", "[null,{}]", null_distance},
                {"[\"a\",\"b\"]", "[null,1]", "[null,{}]", null_distance},
                {"[\"a\",\"b\"]", "[null,null]", "[null,{}]", null_distance},
                {"[\"a\"]", "[\"NaN\"]", "[null]", "a distance is not a number"},
                {"[\"a\"]", "[\"0.5\"]", "[null]", "a distance is not a number"},
                {"[\"a\"]", "[false]", "[null]", "a distance is not a number"},
                {"[\"a\"]", "[[1]]", "[null]", "a distance is not a number"},
                {"[\"a\"]", "[1e39]", "[null]", "a distance is beyond the range of a float"},
                {"[\"a\"]", "[-1e39]", "[null]", "a distance is beyond the range of a float"},
                {"[\"a\"]", "[1e400]", "[null]", "a distance is beyond the range of a float"},
                {"[\"a\"]", "[3.4028234663852886e+38]", "[null]", NULL},
                {"[\"a\",\"b\"]", "[2,1]", "[null,{}]", "distances are not ascending"},
                {"[\"a\",\"b\"]", "[1]", "[null,{}]", "there is not one distance for each id"},
                {"[\"a\"]", "[1,2]", "[null]", "there is not one distance for each id"},
                {"[\"a\",7]", "[1,2]", "[null,{}]", "an id is not a string"},
                {"[\"a\",null]", "[1,2]", "[null,{}]", "an id is not a string"},
                {"[\"a\\u0000b\"]", "[1]", "[null]", "an id is not a string"},
                {"null", "[1]", "[null]", "ids are not a list"},
                {"\"a\"", "[1]", "[null]", "ids are not a list"},
                {"[\"a\"]", "null", "[null]", "distances are not a list"},
                {"[\"a\"]", "1", "[null]", "distances are not a list"},
                {"[\"a\",\"b\",\"c\",\"d\"]", "[1,2,3,4]", "[null,null,null,null]",
                        "there are more records than were asked for"},
                {"[\"a\"]", "[1]", "[]", "there is not one metadata for each id"},
                {"[\"a\"]", "[1]", "{}", "there is not one metadata for each id"},
                {"[\"a\"]", "[1]", "[\"x\"]", "a record's metadata is not an object"},
                {"[\"a\"]", "[1]", "null", "metadata was asked for and is missing"},
                {"[\"a\"]", "[1]", "[{\"nul\":\"\\u0000\"}]", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct results_row answers[2] = {0};
                _cleanup_error_ struct error e = {0};
                _cleanup_text_ struct text body = {0};

                text_appendf(&body, ANSWER("[%s,[\"z\"]]", "[%s,[0.5]]", "[%s,[null]]"),
                        cases[i].ids, cases[i].metadatas, cases[i].distances);
                assert_int_equal(arrive_results(body.data, body.size, 2, 3, answers, &e), 0);
                assert_null(e.message);
                if (cases[i].unmeasured) {
                        assert_null(answers[0].answer);
                        assert_string_equal(answers[0].unmeasured, cases[i].unmeasured);
                } else {
                        assert_non_null(answers[0].answer);
                        assert_null(answers[0].unmeasured);
                }
                assert_string_equal(answers[1].answer->ids[0], "z");
                (void)answer_unref(answers[0].answer);
                (void)answer_unref(answers[1].answer);
        }
}

static void metadata_may_be_left_out(void **state)
{
        static const struct {
                const char *body;
                bool usable;
        } cases[] = {
                {"{\"ids\":[[\"a\"]],\"distances\":[[1]]}", true},
                {"{\"ids\":[[\"a\"]],\"distances\":[[1]],\"metadatas\":null,\"include\":[\"distances\"]}",
                        true},
                {"{\"ids\":[[\"a\"]],\"distances\":[[1]],\"metadatas\":null,\"include\":null}",
                        true},
                {"{\"ids\":[[\"a\"]],\"distances\":[[1]],\"metadatas\":null,\"included\":[\"metadatas\"]}",
                        false},
                {"{\"ids\":[[\"a\"]],\"distances\":[[1]],\"include\":[7,\"metadatas\"]}", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct results_row answer = {0};

                assert_int_equal(
                        arrive_results(cases[i].body, strlen(cases[i].body), 1, 10, &answer, NULL),
                        0);
                assert_int_equal(answer.answer != NULL, cases[i].usable);
                if (answer.answer)
                        assert_null(answer.answer->metadatas);
                (void)answer_unref(answer.answer);
        }
}

static void bad_answers_are_refused(void **state)
{
        static const struct {
                const char *body, *sentence;
        } cases[] = {
                {"", NULL},
                {"not json\x01", NULL},
                {"null", "the answer has no list of ids"},
                {"[]", "the answer has no list of ids"},
                {"{}", "the answer has no list of ids"},
                {"{\"ids\":null,\"distances\":null}", "the answer has no list of ids"},
                {"{\"ids\":[[]],\"distances\":null}", "the answer has no list of distances"},
                {"{\"ids\":[],\"distances\":[]}", "the answer has 0 rows of ids for 1 query"},
                {"{\"ids\":[[],[]],\"distances\":[[]]}",
                        "the answer has more than 1 row of ids, one for each query"},
                {"{\"ids\":[[]],\"distances\":[[],[]]}",
                        "the answer has more than 1 row of distances, one for each query"},
                {"{\"ids\":[[]],\"distances\":[[]],\"metadatas\":[]}",
                        "the answer has 0 rows of metadatas for 1 query"},
                {"{\"ids\":[[]],\"distances\":[[]],\"metadatas\":7}",
                        "the answer has no list of metadatas"},
                {"{\"ids\":[[\"a\"]],\"distances\":[[NaN]]}", NULL},
                {"{\"ids\":[[\"a\"]],\"distances\":[[1]]", NULL},
                {"{\"ids\":[[\"\xff\"]],\"distances\":[[1]]}", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct results_row answer = {0};
                _cleanup_error_ struct error e = {0};

                assert_int_equal(
                        arrive_results(cases[i].body, strlen(cases[i].body), 1, 10, &answer, &e),
                        -EBADMSG);
                assert_non_null(e.message);
                assert_true(utf8_valid(e.message, strlen(e.message)));
                if (cases[i].sentence)
                        assert_string_equal(e.message, cases[i].sentence);
                assert_null(answer.answer);
                assert_null(answer.unmeasured);
        }
}

static void counts_ids(void **state)
{
        static const struct {
                const char *body, *sentence; /* NULL: right */
        } cases[] = {
                {"{\"ids\":[[\"a\",\"b\"],[]],\"distances\":null,\"include\":[]}", NULL},
                {"{\"ids\":[[\"a\\u0000\",\"b\"],[]]}", NULL},
                {"{\"ids\":null}", "the answer has no list of ids"},
                {"{\"ids\":[[]]}", "the answer has 1 row of ids for 2 queries"},
                {"{\"ids\":[[],null]}", "a row of ids is not a list"},
                {"{\"ids\":[[],[\"a\",null]]}", "an id is not a string"},
                {"{\"ids\":[[],[\"a\",\"b\",\"c\",\"d\"]]}",
                        "a row has more ids than the 3 asked for"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                size_t counts[2] = {77, 77};
                int r = arrive_counts(cases[i].body, strlen(cases[i].body), 2, 3, counts, &e);

                assert_int_equal(r, cases[i].sentence ? -EBADMSG : 0);
                assert_int_equal(counts[0], cases[i].sentence ? 77 : 2);
                assert_int_equal(counts[1], cases[i].sentence ? 77 : 0);
                if (cases[i].sentence)
                        assert_string_equal(e.message, cases[i].sentence);
        }
}

static void deep_nesting_is_an_error(void **state)
{
        enum { DEPTH = 100000 };
        char *body = malloc(DEPTH);
        struct results_row answer = {0};

        memset(body, '[', DEPTH);
        assert_int_equal(arrive_results(body, DEPTH, 1, 10, &answer, NULL), -EBADMSG);
        free(body);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(builds_get_requests),
                cmocka_unit_test(builds_count),
                cmocka_unit_test(builds_queries),
                cmocka_unit_test(floats_survive),
                cmocka_unit_test(refuses_to_build),
                cmocka_unit_test(limits_the_response),
                cmocka_unit_test(parses_collections),
                cmocka_unit_test(canonicalises_the_configuration),
                cmocka_unit_test(reads_versions),
                cmocka_unit_test(refuses_collections),
                cmocka_unit_test(parses_counts),
                cmocka_unit_test(parses_rows),
                cmocka_unit_test(bad_rows_are_unmeasured),
                cmocka_unit_test(metadata_may_be_left_out),
                cmocka_unit_test(bad_answers_are_refused),
                cmocka_unit_test(counts_ids),
                cmocka_unit_test(deep_nesting_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
