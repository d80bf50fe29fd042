/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "../unit/vectors.h"
#include "ask/replay.h"
#include "clock.h"
#include "stage.h"

#define COLLECTION(id) \
        "{\"id\":\"" id "\",\"name\":\"c\",\"dimension\":2," \
        "\"configuration_json\":{\"hnsw\":{\"space\":\"l2\"}}}"
#define QUERIES \
        "queries: [{id: a, text: a}, {id: b, text: b, where: {k: 1}}, {id: c, text: c}," \
        " {id: d, text: d, expect: {metadata: {k: v}}}]"
#define VECTORS \
        "{\"dimension\":2,\"vectors\":{\"a\":[1,0],\"b\":[0,1],\"c\":[0.5,0.5],\"d\":[1,1]}}"

#define CROWD 20
#define INVALID "{\"error\":\"InvalidArgumentError\",\"message\":\"Invalid where clause\"}"
#define BROKEN "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}"
#define QUOTA "{\"error\":\"ChromaError\",\"message\":\"Quota exceeded: query embeddings\"}"

/* What the server answers to each kind of request; a NULL body stands for the healthy one. */
struct answers {
        struct {
                unsigned status;
                const char *body;
        } collection, count, newest, query, last_count;
        unsigned vanishings; /* queries answered with 404 before the others */
        unsigned troubles; /* the same with 500 */
        struct {
                const char *part; /* of the body of a request that is refused; NULL: none is */
                unsigned status;
                const char *body;
        } refusal;
        unsigned most; /* vectors of a request that is within the quota; 0: any */
};

struct world {
        struct stage stage;
        struct query_set *queries;
        struct vector_set *vectors;
        struct replay_target target;
        struct replay *replay;
        struct answers answers;
        bool queried; /* in this replay */
        char *failure, *error;
        bool reached, ingesting;
        struct epoch epoch;
        char valid[CROWD + 1];
        const char *unmeasured; /* of the first query */
        char *reason, *note; /* `reason`: of the first refused query */
        size_t refused, batch, answered;
        int64_t records_after;
        bool complete;
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

static size_t count_vectors(const char *body)
{
        const char *end = strstr(body, "]]");
        size_t n = 0;

        for (const char *p = strchr(body, '[') + 1; p && p < end; p = strchr(p + 1, '['))
                n++;
        return n;
}

/* NULL: it takes this query. */
static const char *refuse_query(struct world *w, const char *body, unsigned *ret_status)
{
        const struct answers *a = &w->answers;

        *ret_status = 500;
        if (w->answers.troubles > 0) {
                w->answers.troubles--;
                return BROKEN;
        }
        *ret_status = 422;
        if (a->most > 0 && count_vectors(body) > a->most)
                return QUOTA;
        if (!a->refusal.part || !strstr(body, a->refusal.part))
                return NULL;
        *ret_status = a->refusal.status;
        return a->refusal.body;
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
                {"", COLLECTION(UUID), a->collection.status, a->collection.body},
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
                body = refuse_query(w, request->body, &status);
                if (!body) {
                        status = w->answers.query.status;
                        body = w->answers.query.body;
                }
        }
        if (body)
                fake_answer(out, status, NULL, body, strlen(body));
        else
                answer_query(request, out);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        struct errors errors = {0};

        *state = w;
        stage_init(&w->stage, answer, w);
        assert_int_equal(
                query_set_parse("queries.yaml", QUERIES, strlen(QUERIES), &w->queries, &errors), 0);
        assert_int_equal(
                vector_set_parse("vectors.json", VECTORS, strlen(VECTORS), &w->vectors, &errors),
                0);
        w->target = (struct replay_target){
                .where = {.label = "agents",
                        .collection = "c",
                        .tenant = "t",
                        .database = "d",
                        .peer = &w->stage.peer},
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
        free(w->reason);
        free(w->note);
        epoch_done(&w->epoch);
        w->failure = w->error = w->reason = w->note = NULL;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        replay_free(w->replay);
        stage_done(&w->stage);
        bodies_done(&w->target.bodies);
        query_set_unref(w->queries);
        vector_set_unref(w->vectors);
        forget_result(w);
        free(w);
        return 0;
}

static void on_done(struct replay_result *result, void *userdata)
{
        struct world *w = userdata;

        forget_result(w);
        w->stage.ended++;
        w->reached = result->reached;
        w->ingesting = result->ingesting;
        w->unmeasured = result->answers[0].unmeasured;
        w->refused = result->refused;
        w->batch = result->batch;
        w->complete = result->complete;
        w->records_after = result->records_after;
        w->note = take_ptr(result->note);
        w->answered = 0;
        assert_int_equal(strdup_to(&w->failure, result->failure), 0);
        assert_int_equal(strdup_to(&w->error, result->error.message), 0);
        w->epoch = result->epoch;
        epoch_init(&result->epoch);
        for (size_t i = 0; i < result->count; i++) {
                const struct results_row *a = &result->answers[i];

                w->valid[i] = a->answer ? 'v' : '-';
                w->answered += a->answer != NULL;
                assert_true((a->answer == NULL) == (a->unmeasured != NULL));
                if (a->unmeasured && !w->reason)
                        w->reason = strdup(a->unmeasured);
        }
        w->replay = replay_free(w->replay);
}

static void replay(struct world *w)
{
        w->stage.ended = w->stage.exchanges = 0;
        w->queried = false;
        assert_int_equal(replay_start(w->stage.client, &w->target, on_done, stage_on_exchange, w,
                                 &w->replay),
                0);
        stage_await_end(&w->stage);
}

static void asks_everything_in_batches_of_one_filter(void **state)
{
        static const char *const paths[] = {
                "/api/v2/tenants/t/databases/d/collections/c",
                BASE UUID "/count",
                BASE UUID "/get",
                BASE UUID "/query",
                BASE UUID "/query",
                BASE UUID "/query",
                BASE UUID "/count",
        };
        static const char *const vectors[] = {
                NULL, NULL, NULL, "[[1,0],[0.5,0.5]]", "[[1,1]]", "[[0,1]]", NULL};
        struct world *w = *state;

        replay(w);
        assert_null(w->failure);
        assert_string_equal(w->valid, "vvvv");
        assert_int_equal(w->epoch.records, 311);
        assert_string_equal(w->epoch.id, UUID);
        assert_string_equal(w->epoch.newest, "z");
        assert_true(w->reached);
        assert_false(w->ingesting);
        assert_int_equal(fake_server_requests(w->stage.server), ARRAY_SIZE(paths));
        assert_int_equal(w->stage.exchanges, ARRAY_SIZE(paths));
        assert_int_equal(fake_server_connections(w->stage.server), 1);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                const struct fake_request *r = fake_server_request(w->stage.server, i);

                assert_string_equal(r->path, paths[i]);
                if (vectors[i])
                        assert_non_null(strstr(r->body, vectors[i]));
        }
        assert_null(strstr(fake_server_request(w->stage.server, 3)->body, "metadatas"));
        assert_non_null(strstr(fake_server_request(w->stage.server, 4)->body, "metadatas"));
        assert_non_null(
                strstr(fake_server_request(w->stage.server, 5)->body, "\"where\":{\"k\":1}"));
}

#define ROW(d) "{\"ids\":[[\"x\"],[\"x\"]],\"distances\":[[" d "],[0.5]]}"

/* Vectors do not change under a replay: here they do, to see that nobody reads them again. */
static void the_next_replay_sends_the_same_bodies(void **state)
{
        struct world *w = *state;
        struct errors errors = {0};

        replay(w);
        assert_int_equal(w->target.bodies.count, 3);
        w->vectors->rows[0][0] = 7;
        replay(w);
        assert_string_equal(w->valid, "vvvv");
        for (size_t i = 3; i < 6; i++)
                assert_string_equal(fake_server_request(w->stage.server, i)->body,
                        fake_server_request(w->stage.server, 7 + i)->body);
        vector_set_unref(w->vectors);
        assert_int_equal(
                vector_set_parse("vectors.json", VECTORS, strlen(VECTORS), &w->vectors, &errors),
                0);
        w->vectors->rows[0][0] = 8;
        w->target.vectors = w->vectors;
        replay(w);
        assert_non_null(
                strstr(fake_server_request(w->stage.server, 17)->body, "[[8,0],[0.5,0.5]]"));
}

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
                {"newest", {.newest = {500, ""}}, "server_error", "newest record: HTTP 500",
                        "----"},
                {"no words of Chroma's", {.query = {500, "{\"message\":\"An error\"}"}},
                        "server_error", "HTTP 500: An error", "----"},
                {"busy between queries", {.query = {429, "You have been rate limited."}},
                        "rate_limited", "HTTP 429", "----"},
                {"broken", {.query = {500, BROKEN}}, "index",
                        "0 of 4 queries got a valid answer; query \"a\" was refused: HTTP 500: Error "
                        "finding id",
                        "----"},
                {"refused", {.query = {400, INVALID}}, "refused", "0 of 4", "----"},
                {"no collection of that name", {.collection = {400, INVALID}}, "refused",
                        "HTTP 400: Invalid where", "----"},
                {"not JSON", {.collection = {200, "<?xml"}}, "bad_response", "agents", "----"},
                {"not a number", {.count = {200, "\"many\""}}, "bad_response", "agents", "----"},
                {"another dimension",
                        {.collection = {200,
                                 "{\"id\":\"" UUID "\",\"dimension\":3,"
                                 "\"configuration_json\":{\"hnsw\":{\"space\":\"l2\"}}}"}},
                        "dimension",
                        "dimension 3, but the vectors in vectors.json have 2: use vectors of the "
                        "model that embedded the collection (3), not 2",
                        "----"},
                {"too few lists", {.query = {200, "{\"ids\":[[\"x\"]],\"distances\":[[0.5]]}"}},
                        "bad_response", "agents", "----"},
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

/* Twenty queries without filters, but q7, which has one. */
static void use_crowd(struct world *w)
{
        _cleanup_text_ struct text queries = {0}, vectors = {0};
        struct errors errors = {0};

        text_append(&queries, "queries: [");
        text_append(&vectors, "{\"dimension\":2,\"vectors\":{");
        for (unsigned i = 0; i < CROWD; i++) {
                text_appendf(
                        &queries, "{id: q%u, text: t%s}, ", i, i == 7 ? ", where: {odd: 1}" : "");
                text_appendf(&vectors, "%s\"q%u\":[%u,1]", i > 0 ? "," : "", i, 100 + i);
        }
        text_append(&queries, "]");
        text_append(&vectors, "}}");
        query_set_unref(w->queries);
        vector_set_unref(w->vectors);
        assert_int_equal(
                query_set_parse("q.yaml", queries.data, queries.size, &w->queries, &errors), 0);
        assert_int_equal(
                vector_set_parse("v.json", vectors.data, vectors.size, &w->vectors, &errors), 0);
        w->target.queries = w->queries;
        w->target.vectors = w->vectors;
        w->target.batch = CROWD;
}

static void a_refused_query_blinds_no_other(void **state)
{
        static const struct {
                const char *what, *part;
                unsigned status;
                const char *body;
                unsigned requests; /* for queries, at most */
                const char *reason;
        } rows[] = {
                {"a filter", "\"odd\"", 400, INVALID, 2,
                        "query \"q7\" with where {\"odd\":1} was refused: HTTP 400: Invalid where "
                        "clause"},
                {"a filter, and the index", "\"odd\"", 500, BROKEN, 2,
                        "query \"q7\" with where {\"odd\":1} was refused: HTTP 500: Error finding "
                        "id"},
                {"the first", "[100,1]", 422, INVALID, 8, "query \"q0\" was refused: HTTP 422"},
                {"one of the middle", "[109,1]", 500, BROKEN, 12,
                        "query \"q9\" was refused: HTTP 500"},
                {"the last", "[119,1]", 400, "{\"detail\":\"no\"}", 12,
                        "query \"q19\" was refused: HTTP 400: no"},
        };
        struct world *w = *state;

        use_crowd(w);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->answers =
                        (struct answers){.refusal = {rows[i].part, rows[i].status, rows[i].body}};
                replay(w);
                if (w->failure || w->answered != CROWD - 1 || w->refused != 1)
                        fail_msg("%s: %s, %zu answered", rows[i].what, w->error, w->answered);
                if (w->stage.exchanges > 4 + rows[i].requests)
                        fail_msg("%s: %u exchanges", rows[i].what, w->stage.exchanges);
                assert_ptr_equal(strstr(w->reason, rows[i].reason), w->reason);
                assert_true(w->reached && w->complete);
                assert_int_equal(w->batch, 0);
        }
}

/* Trouble that is over when asked again, in parts, says nothing of how much the server takes. */
static void trouble_that_passes_makes_no_smaller_batches(void **state)
{
        struct world *w = *state;

        use_crowd(w);
        w->answers.troubles = 1;
        replay(w);
        assert_null(w->failure);
        assert_int_equal(w->answered, CROWD);
        assert_int_equal(w->batch, 0);
}

static void too_many_refusals_are_no_measurement_but_an_answer(void **state)
{
        struct world *w = *state;

        /* All of one filter: it is not asked for one by one. */
        use_crowd(w);
        for (size_t i = 0; i < CROWD; i++)
                if (i != 7)
                        assert_int_equal(
                                strdup_to(&w->queries->queries[i].where, "{\"odd\":1}"), 0);
        w->answers.refusal.part = "odd";
        w->answers.refusal.status = 400;
        w->answers.refusal.body = INVALID;
        replay(w);
        assert_string_equal(w->failure, "refused");
        assert_int_equal(w->refused, CROWD);
        assert_true(w->reached && w->complete);
        assert_in_range(w->stage.exchanges, 4, 18);
        assert_ptr_equal(strstr(w->error, "agents at http://"), w->error);
        assert_non_null(strstr(w->error, "query \"q0\" with where {\"odd\":1} was refused"));
}

static void a_batch_beyond_the_quota_is_asked_in_parts(void **state)
{
        struct world *w = *state;

        use_crowd(w);
        w->answers.most = 8;
        replay(w);
        assert_null(w->failure);
        assert_int_equal(w->answered, CROWD);
        assert_int_equal(w->refused, 0);
        assert_int_equal(w->batch, 5); /* of 19 without a filter: 10, then 5 */
        w->target.batch = (unsigned)w->batch;
        replay(w);
        assert_int_equal(w->stage.exchanges, 4 + 4 + 1);
        assert_int_equal(w->batch, 0);
        /* Nothing is within it: asked for is enough to say so, not more. */
        w->target.batch = CROWD;
        w->answers.most = 0;
        w->answers.query.status = 422;
        w->answers.query.body = QUOTA;
        replay(w);
        assert_string_equal(w->failure, "quota");
        assert_in_range(w->stage.exchanges, 4, 18);
}

static void an_answer_that_is_too_large_is_asked_for_in_parts(void **state)
{
        struct world *w = *state;
        _cleanup_free_ char *large = malloc(3U << 20);

        memset(large, ' ', 3U << 20);
        large[(3U << 20) - 1] = '\0';
        w->answers.refusal.part = "[1,0]";
        w->answers.refusal.status = 200;
        w->answers.refusal.body = large;
        replay(w);
        assert_string_equal(w->failure, "too_large");
        assert_string_equal(w->valid, "-vvv");
        assert_non_null(strstr(w->reason, "query \"a\": the answer of 127.0.0.1:"));
        assert_non_null(strstr(w->reason, "fewer `results` make smaller answers"));
}

static void a_failing_last_count_leaves_only_the_count_unknown(void **state)
{
        static const struct {
                unsigned status;
                const char *body, *note;
        } rows[] = {
                {429, "You have been rate limited.", "counting the records again: HTTP 429"},
                {503, "", "HTTP 503"},
                {500, "", "HTTP 500"},
                {200, "{}", "counting the records again: the answer is not a count"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->answers.last_count.status = rows[i].status;
                w->answers.last_count.body = rows[i].body;
                replay(w);
                assert_null(w->failure);
                assert_null(w->error);
                assert_string_equal(w->valid, "vvvv");
                assert_int_equal(w->records_after, -1);
                assert_false(w->ingesting);
                assert_non_null(strstr(w->note, rows[i].note));
        }
        w->answers.last_count.body = NULL;
        replay(w);
        assert_null(w->note);
        assert_int_equal(w->records_after, 311);
}

static void what_a_survey_is_refused_stays_unknown(void **state)
{
        struct world *w = *state;

        w->answers.count.status = w->answers.last_count.status = 500;
        w->answers.count.body = w->answers.last_count.body = BROKEN;
        replay(w);
        assert_null(w->failure);
        assert_string_equal(w->valid, "vvvv");
        assert_int_equal(w->epoch.records, -1);
        assert_false(w->ingesting);
        assert_non_null(w->note);
        /* Nothing at all can be read of its index. */
        w->answers.query.status = 500;
        w->answers.query.body = BROKEN;
        replay(w);
        assert_string_equal(w->failure, "server_error");
        w->answers.query.body =
                "{\"error\":\"InternalError\",\"message\":\"Error loading hnsw index\"}";
        replay(w);
        assert_string_equal(w->failure, "index");
}

static void a_page_is_no_answer_of_chroma(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
        } rows[] = {{502, "<html><title>502 Bad Gateway</title></html>"}, {503, ""}, {504, ""},
                {200, "<!DOCTYPE html><title>Sign in</title>"}, {204, ""}, {200, ""}};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->answers.collection.status = rows[i].status;
                w->answers.collection.body = rows[i].body;
                replay(w);
                assert_non_null(w->failure);
                if (w->reached)
                        fail_msg("%u %s", rows[i].status, rows[i].body);
                assert_true((rows[i].body[0] == '<') == (strstr(w->error, "(text/html)") != NULL));
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
        assert_int_equal(w->stage.exchanges, 5);
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
                assert_int_equal(w->stage.exchanges, 3);
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
        assert_int_equal(w->stage.exchanges, 4);
}

static void a_dead_server_is_not_reached(void **state)
{
        struct world *w = *state;

        w->stage.peer.url = DEAD_URL;
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

        w->stage.server = fake_server_free(w->stage.server);
        w->stage.server = fake_server_new(w->stage.event, w);
        fake_server_script(w->stage.server, silence);
        w->stage.peer.url = (char *)fake_server_url(w->stage.server);
        w->stage.peer.timeout_usec = 100 * USEC_PER_MSEC;
        replay(w);
        assert_string_equal(w->failure, "timeout");
        assert_false(w->reached);
}

static void a_cancelled_replay_calls_nobody(void **state)
{
        struct world *w = *state;

        assert_int_equal(replay_start(w->stage.client, &w->target, on_done, stage_on_exchange, w,
                                 &w->replay),
                0);
        stage_await_request(&w->stage);
        w->replay = replay_free(w->replay);
        assert_int_equal(w->stage.ended, 0);
}

struct turn {
        struct replay *replay;
        usec_t started, ended; /* of clock_wall() */
};

static void on_turn_done(struct replay_result *result, void *userdata)
{
        struct turn *t = userdata;

        assert_null(result->failure);
        t->started = result->started;
        t->ended = clock_wall();
        t->replay = replay_free(t->replay);
}

static void on_turn_exchange(const struct http_response *response, void *userdata)
{
}

static bool turns_are_over(void *userdata)
{
        const struct turn *turns = userdata;

        return turns[0].ended > 0 && turns[1].ended > 0;
}

/* One request at a time: the first replay asks all of its own before the second asks anything, and
 * the second begins then. */
static void a_replay_that_waits_has_not_begun(void **state)
{
        struct world *w = *state;
        struct turn turns[2] = {0};

        w->stage.peer.concurrency = 1;
        for (size_t i = 0; i < ARRAY_SIZE(turns); i++)
                assert_int_equal(replay_start(w->stage.client, &w->target, on_turn_done,
                                         on_turn_exchange, &turns[i], &turns[i].replay),
                        0);
        assert_true(fake_run_until(w->stage.event, turns_are_over, turns));
        assert_int_equal(fake_server_requests(w->stage.server), 2 * 7);
        for (size_t i = 0; i < 2 * 7; i++) {
                bool is_query = i % 7 >= 3 && i % 7 < 6;

                assert_true(is_query ==
                        (strstr(fake_server_request(w->stage.server, i)->path, "/query") != NULL));
        }
        /* At the other's end rather than at its beginning: how long an end takes is the machine's.
         */
        assert_true(turns[1].started > turns[0].started + (turns[0].ended - turns[0].started) / 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(asks_everything_in_batches_of_one_filter),
                TEST(the_next_replay_sends_the_same_bodies),
                TEST(failures_have_a_reason_and_a_sentence),
                TEST(too_few_valid_answers_fail_the_replay),
                TEST(only_queries_with_a_vector_are_asked),
                TEST(a_replay_without_vectors_is_a_survey_that_failed),
                TEST(an_ingest_meanwhile_is_noticed),
                TEST(a_refused_query_blinds_no_other),
                TEST(too_many_refusals_are_no_measurement_but_an_answer),
                TEST(trouble_that_passes_makes_no_smaller_batches),
                TEST(a_batch_beyond_the_quota_is_asked_in_parts),
                TEST(an_answer_that_is_too_large_is_asked_for_in_parts),
                TEST(a_failing_last_count_leaves_only_the_count_unknown),
                TEST(what_a_survey_is_refused_stays_unknown),
                TEST(a_page_is_no_answer_of_chroma),
                TEST(a_collection_that_vanishes_is_looked_up_once_more),
                TEST(a_collection_that_vanishes_in_the_survey_is_too),
                TEST(a_dead_server_is_not_reached),
                TEST(a_server_that_never_answers_times_out),
                TEST(a_cancelled_replay_calls_nobody),
                TEST(a_replay_that_waits_has_not_begun),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
