/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

#include <errno.h>

#include "ask/replay.h"
#include "fake_server.h"

#define UUID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define UUID_B "bbbbbbbb-0000-4000-8000-000000000002"
#define COLLECTION(id) \
        "{\"id\":\"" id "\",\"name\":\"c\",\"dimension\":2," \
        "\"configuration_json\":{\"hnsw\":{\"space\":\"l2\"}}}"
#define NOT_FOUND "{\"error\":\"NotFoundError\",\"message\":\"no such collection\"}"
#define QUERIES \
        "queries: [{id: a, text: a}, {id: b, text: b, where: {k: 1}}, {id: c, text: c}," \
        " {id: d, text: d, expect: {metadata: {k: v}}}]"
#define VECTORS \
        "{\"dimension\":2,\"vectors\":{\"a\":[1,0],\"b\":[0,1],\"c\":[0.5,0.5],\"d\":[1,1]}}"

/* What the server answers to each kind of request; a NULL body stands for the healthy one. */
struct answers {
        struct {
                unsigned status;
                const char *body;
        } collection, count, newest, query, last_count;
        unsigned vanishings; /* queries answered with 404 before the others */
};

struct world {
        sd_event *event;
        struct http_client *client;
        struct fake_server *server;
        struct http_peer peer;
        struct query_set *queries;
        struct vector_set *vectors;
        struct replay_target target;
        struct replay *replay;
        struct answers answers;
        bool queried; /* in this replay */
        unsigned ended, exchanges;
        char *failure, *error;
        bool reached, ingesting;
        struct epoch epoch;
        char valid[8];
        const char *unmeasured; /* of the first query */
};

/* One row per vector of the request, told by its brackets: the body is ours and known to be
 * well-formed. */
static void answer_query(const struct fake_request *request, struct text *out)
{
        _cleanup_text_ struct text ids = {0}, distances = {0}, metadatas = {0}, body = {0};
        const char *end = strstr(request->body, "]]");
        bool first = true;

        for (const char *p = strchr(request->body, '['); p && p < end; p = strchr(p + 1, '[')) {
                if (p[1] == '[')
                        continue;
                text_appendf(&ids, "%s[\"x\"]", first ? "" : ",");
                text_appendf(&distances, "%s[0.5]", first ? "" : ",");
                text_appendf(&metadatas, "%s[{\"k\":\"v\"}]", first ? "" : ",");
                first = false;
        }
        text_appendf(&body, "{\"ids\":[%s],\"distances\":[%s],\"metadatas\":[%s]}",
                text_string(&ids), text_string(&distances), text_string(&metadatas));
        fake_answer(out, 200, NULL, body.data, body.size);
}

static const char *find_answer(struct world *w, const char *path, unsigned *ret_status)
{
        const struct answers *a = &w->answers;
        struct {
                const char *tail, *healthy;
                unsigned status;
                const char *body;
        } rows[] = {
                {"/get", "{\"ids\":[\"z\"]}", a->newest.status, a->newest.body},
                {"/count", "311", a->count.status, a->count.body},
                {"/count", "311", a->last_count.status, a->last_count.body},
                {"", COLLECTION(UUID_A), a->collection.status, a->collection.body},
        };
        size_t i = 0;

        while (!strstr(path, rows[i].tail) || (i == 1 && w->queried))
                i++;
        *ret_status = rows[i].body ? rows[i].status : 200;
        return rows[i].body ? rows[i].body : rows[i].healthy;
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        const char *body = NULL;
        unsigned status = 404;

        if (!strstr(request->path, "/query"))
                body = find_answer(w, request->path, &status);
        else if (w->answers.vanishings > 0) {
                w->answers.vanishings--;
                body = NOT_FOUND;
        } else {
                w->queried = true;
                status = w->answers.query.status;
                body = w->answers.query.body;
        }
        if (body)
                fake_answer(out, status, NULL, body, strlen(body));
        else
                answer_query(request, out);
}

static const struct fake_step serve[] = {
        {.action = FAKE_READ}, {.action = FAKE_CALL, .call = answer}, {.action = FAKE_AGAIN}};

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        struct errors errors = {0};

        *state = w;
        assert_true(sd_event_new(&w->event) >= 0);
        assert_int_equal(http_client_new(w->event, "test", &w->client), 0);
        w->server = fake_server_new(w->event, w);
        fake_server_script(w->server, serve);
        assert_int_equal(
                query_set_parse("queries.yaml", QUERIES, strlen(QUERIES), &w->queries, &errors), 0);
        assert_int_equal(
                vector_set_parse("vectors.json", VECTORS, strlen(VECTORS), &w->vectors, &errors),
                0);
        w->peer = (struct http_peer){
                .url = (char *)fake_server_url(w->server), .timeout_usec = 10 * USEC_PER_SEC};
        w->target = (struct replay_target){
                .where = {.label = "agents",
                        .collection = "c",
                        .tenant = "t",
                        .database = "d",
                        .peer = &w->peer},
                .queries = w->queries,
                .vectors = w->vectors,
                .results = 3,
                .batch = 2,
        };
        return 0;
}

static void forget_result(struct world *w)
{
        free(w->failure);
        free(w->error);
        epoch_done(&w->epoch);
        w->failure = w->error = NULL;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        replay_free(w->replay);
        http_client_free(w->client);
        fake_server_free(w->server);
        query_set_unref(w->queries);
        vector_set_unref(w->vectors);
        sd_event_unref(w->event);
        forget_result(w);
        free(w);
        return 0;
}

static void on_done(struct replay_result *result, void *userdata)
{
        struct world *w = userdata;

        forget_result(w);
        w->ended++;
        w->reached = result->reached;
        w->ingesting = result->ingesting;
        w->unmeasured = result->answers[0].unmeasured;
        assert_int_equal(strdup_to(&w->failure, result->failure), 0);
        assert_int_equal(strdup_to(&w->error, result->error.message), 0);
        w->epoch = result->epoch;
        epoch_init(&result->epoch);
        for (size_t i = 0; i < result->count; i++)
                w->valid[i] = result->answers[i].answer ? 'v' : '-';
        w->replay = replay_free(w->replay);
}

static void on_exchange(const struct http_response *response, void *userdata)
{
        ((struct world *)userdata)->exchanges++;
}

static bool ended(void *userdata)
{
        return ((struct world *)userdata)->ended > 0;
}

static void replay(struct world *w)
{
        w->ended = w->exchanges = 0;
        w->queried = false;
        assert_int_equal(
                replay_start(w->client, &w->target, on_done, on_exchange, w, &w->replay), 0);
        assert_int_equal(w->ended, 0); /* never from within */
        assert_true(fake_run_until(w->event, ended, w));
        assert_int_equal(w->ended, 1);
}

static void asks_everything_in_batches_of_one_filter(void **state)
{
        static const char *const paths[] = {
                "/api/v2/tenants/t/databases/d/collections/c",
                "/api/v2/tenants/t/databases/d/collections/" UUID_A "/count",
                "/api/v2/tenants/t/databases/d/collections/" UUID_A "/get",
                "/api/v2/tenants/t/databases/d/collections/" UUID_A "/query",
                "/api/v2/tenants/t/databases/d/collections/" UUID_A "/query",
                "/api/v2/tenants/t/databases/d/collections/" UUID_A "/query",
                "/api/v2/tenants/t/databases/d/collections/" UUID_A "/count",
        };
        static const char *const vectors[] = {
                NULL, NULL, NULL, "[[1,0],[0.5,0.5]]", "[[1,1]]", "[[0,1]]", NULL};
        struct world *w = *state;

        replay(w);
        assert_null(w->failure);
        assert_string_equal(w->valid, "vvvv");
        assert_int_equal(w->epoch.records, 311);
        assert_string_equal(w->epoch.id, UUID_A);
        assert_string_equal(w->epoch.newest, "z");
        assert_true(w->reached);
        assert_false(w->ingesting);
        assert_int_equal(fake_server_requests(w->server), ARRAY_SIZE(paths));
        assert_int_equal(w->exchanges, ARRAY_SIZE(paths));
        assert_int_equal(fake_server_connections(w->server), 1);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                const struct fake_request *r = fake_server_request(w->server, i);

                assert_string_equal(r->path, paths[i]);
                if (vectors[i])
                        assert_non_null(strstr(r->body, vectors[i]));
        }
        assert_null(strstr(fake_server_request(w->server, 3)->body, "metadatas"));
        assert_non_null(strstr(fake_server_request(w->server, 4)->body, "metadatas"));
        assert_non_null(strstr(fake_server_request(w->server, 5)->body, "\"where\":{\"k\":1}"));
}

#define ROW(d) "{\"ids\":[[\"x\"],[\"x\"]],\"distances\":[[" d "],[0.5]]}"

static void failures_have_a_reason_and_a_sentence(void **state)
{
        static const struct {
                const char *what;
                struct answers answers;
                const char *failure, *error, *valid;
        } rows[] = {
                {"no such collection", {.collection = {404, NOT_FOUND}}, "not_found", "404",
                        "----"},
                {"v1 only", {.collection = {410, "gone"}}, "client_error", "410", "----"},
                {"forbidden", {.collection = {403, ""}}, "auth", "403", "----"},
                {"busy", {.count = {429, "You have been rate limited."}}, "rate_limited", "429",
                        "----"},
                {"newest", {.newest = {500, "{\"error\":\"InternalError\"}"}}, "server_error",
                        "newest record: HTTP 500", "----"},
                {"broken",
                        {.query = {500,
                                 "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}"}},
                        "server_error", "Error finding id", "----"},
                {"not JSON", {.collection = {200, "<html>"}}, "bad_response", "agents", "----"},
                {"not a number", {.count = {200, "\"many\""}}, "bad_response", "agents", "----"},
                {"another dimension",
                        {.collection = {200,
                                 "{\"id\":\"" UUID_A "\",\"dimension\":3,"
                                 "\"configuration_json\":{\"hnsw\":{\"space\":\"l2\"}}}"}},
                        "dimension",
                        "dimension 3, but the vectors in vectors.json have 2: use vectors of the "
                        "model that embedded the collection (3), not 2",
                        "----"},
                {"too few lists", {.query = {200, "{\"ids\":[[\"x\"]],\"distances\":[[0.5]]}"}},
                        "bad_response", "agents", "----"},
                {"no last count", {.last_count = {500, ""}}, "server_error", "again: HTTP 500",
                        "vvvv"},
                {"not a last count", {.last_count = {200, "{}"}}, "bad_response",
                        "again: the answer is not a count", "vvvv"},
                {"a null distance", {.query = {200, ROW("null")}}, "bad_response", "agents",
                        "--v-"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->answers = rows[i].answers;
                replay(w);
                if (!streq(w->failure, rows[i].failure))
                        fail_msg("%s: failure %s (%s)", rows[i].what, w->failure, w->error);
                if (!w->error || !strstr(w->error, rows[i].error))
                        fail_msg("%s: error %s", rows[i].what, w->error);
                assert_true(w->reached);
                assert_string_equal(w->valid, rows[i].valid);
                assert_int_equal(w->unmeasured != NULL, w->valid[0] == '-');
                assert_ptr_equal(strstr(w->error, "agents at http://"), w->error);
                assert_null(strstr(w->error + 1, "agents at")); /* named once */
        }
}

static void too_few_valid_answers_fail_the_replay(void **state)
{
        struct world *w = *state;

        w->answers.query.status = 200;
        w->answers.query.body = "{\"ids\":[[\"x\"]],\"distances\":[[null]]}";
        w->queries->count = 1;
        replay(w);
        w->queries->count = 4; /* what its memory is freed by */
        assert_string_equal(w->failure, "invalid_answers");
        assert_string_equal(w->valid, "-");
        assert_non_null(strstr(w->error, "0 of 1"));
        assert_ptr_equal(strstr(w->error, "agents at http://"), w->error);
        assert_null(strstr(w->error + 1, "agents")); /* named once */
}

static void only_queries_with_a_vector_are_asked(void **state)
{
        static const char few[] = "{\"dimension\":2,\"vectors\":{\"b\":[0,1],\"x\":[1,0]}}";
        struct world *w = *state;
        struct errors errors = {0};

        w->vectors = vector_set_unref(w->vectors);
        assert_int_equal(vector_set_parse("few.json", few, strlen(few), &w->vectors, &errors), 0);
        w->target.vectors = w->vectors;
        replay(w);
        assert_null(w->failure);
        assert_string_equal(w->valid, "-v--");
        assert_string_equal(w->unmeasured, "it has no pinned vector");
        assert_int_equal(w->exchanges, 5);
        /* A defect of the only one asked is too few. */
        w->answers.query.status = 200;
        w->answers.query.body = "{\"ids\":[[\"x\"]],\"distances\":[[null]]}";
        replay(w);
        assert_string_equal(w->failure, "invalid_answers");
        assert_non_null(strstr(w->error, "0 of 1"));
        assert_string_equal(w->unmeasured, "it has no pinned vector");
}

static void a_replay_without_vectors_is_a_survey_that_failed(void **state)
{
        static const char none[] = "{\"dimension\":2,\"vectors\":{\"x\":[1,0]}}";
        struct world *w = *state;
        struct errors errors = {0};

        for (unsigned i = 0; i < 2; i++) {
                w->target.vectors = NULL;
                w->vectors = vector_set_unref(w->vectors);
                if (i > 0)
                        assert_int_equal(vector_set_parse("none.json", none, strlen(none),
                                                 &w->vectors, &errors),
                                0);
                w->target.vectors = w->vectors;
                replay(w);
                assert_string_equal(w->failure, "no_vectors");
                assert_string_equal(w->valid, "----");
                assert_string_equal(w->unmeasured, "it has no pinned vector");
                assert_non_null(strstr(w->error, "give `vectors`"));
                assert_true(w->reached);
                assert_int_equal(w->epoch.records, 311);
                assert_int_equal(w->exchanges, 3);
        }
}

static void an_ingest_meanwhile_is_noticed(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
                bool ingesting;
        } rows[] = {
                {200, "311", false},
                {200, "312", true},
                {200, "310", true},
                {404, NOT_FOUND, true},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->answers.last_count.status = rows[i].status;
                w->answers.last_count.body = rows[i].body;
                replay(w);
                assert_null(w->failure);
                assert_null(w->error);
                assert_string_equal(w->valid, "vvvv");
                assert_int_equal(w->epoch.records, 311);
                assert_int_equal(w->ingesting, rows[i].ingesting);
        }
}

static void a_collection_that_vanishes_is_looked_up_once_more(void **state)
{
        struct world *w = *state;

        w->answers.vanishings = 1;
        replay(w);
        assert_null(w->failure);
        assert_null(w->error);
        assert_string_equal(w->valid, "vvvv");
        assert_true(w->ingesting);
        w->answers.vanishings = 2;
        memset(w->valid, 0, sizeof(w->valid));
        replay(w);
        assert_string_equal(w->failure, "not_found");
        assert_string_equal(w->valid, "----");
}

/* Found, and gone when it is counted: the same, and it is not looked up for ever. */
static void a_collection_that_vanishes_in_the_survey_is_too(void **state)
{
        struct world *w = *state;

        w->answers.count.status = 404;
        w->answers.count.body = NOT_FOUND;
        replay(w);
        assert_string_equal(w->failure, "not_found");
        assert_string_equal(w->valid, "----");
        assert_int_equal(w->exchanges, 4);
}

static void a_dead_server_is_not_reached(void **state)
{
        struct world *w = *state;
        char *closed = (char *)"http://127.0.0.1:9"; /* discard: nobody listens here */

        w->peer.url = closed;
        replay(w);
        assert_string_equal(w->failure, "connect");
        assert_false(w->reached);
        assert_null(w->epoch.id);
        assert_int_equal(w->epoch.records, -1);
}

static void a_server_that_never_answers_times_out(void **state)
{
        static const struct fake_step silence[] = {{.action = FAKE_READ}, {.action = FAKE_END}};
        struct world *w = *state;

        w->server = fake_server_free(w->server);
        w->server = fake_server_new(w->event, w);
        fake_server_script(w->server, silence);
        w->peer.url = (char *)fake_server_url(w->server);
        w->peer.timeout_usec = 100 * USEC_PER_MSEC;
        replay(w);
        assert_string_equal(w->failure, "timeout");
        assert_false(w->reached);
}

static bool asked(void *userdata)
{
        return fake_server_requests(((struct world *)userdata)->server) > 0;
}

static void a_cancelled_replay_calls_nobody(void **state)
{
        struct world *w = *state;

        assert_int_equal(
                replay_start(w->client, &w->target, on_done, on_exchange, w, &w->replay), 0);
        assert_true(fake_run_until(w->event, asked, w));
        w->replay = replay_free(w->replay);
        assert_int_equal(w->ended, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        asks_everything_in_batches_of_one_filter, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        failures_have_a_reason_and_a_sentence, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        too_few_valid_answers_fail_the_replay, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        only_queries_with_a_vector_are_asked, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_replay_without_vectors_is_a_survey_that_failed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_ingest_meanwhile_is_noticed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_collection_that_vanishes_is_looked_up_once_more, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_collection_that_vanishes_in_the_survey_is_too, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_dead_server_is_not_reached, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_server_that_never_answers_times_out, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_cancelled_replay_calls_nobody, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
