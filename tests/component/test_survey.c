/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ask/survey.h"
#include "stage.h"

#define COLLECTION \
        "{\"id\":\"" UUID "\",\"name\":\"c\",\"dimension\":2,\"version\":3,\"log_position\":40," \
        "\"configuration_json\":{\"hnsw\":{\"space\":\"l2\",\"ef_search\":100}}}"
#define COLLECTIONS "[{\"name\":\"far\"},{\"name\":\"cc\"}]"
#define SENTINELS "{\"ids\":[\"a\",\"b\"],\"embeddings\":[[0.25,1],[-0.5,3e38]]}"

/* The requests of a survey, in their order. */
enum step { STEP_COLLECTION, STEP_COUNT, STEP_NEWEST, STEP_SENTINELS, STEPS };

/* A NULL body stands for the healthy answer. */
struct reply {
        unsigned status;
        const char *body;
};

struct world {
        struct stage stage;
        struct survey_target target;
        struct survey *survey;
        struct reply replies[STEPS];
        char *failure, *error;
        bool reached;
        struct epoch epoch;
};

static enum step step_of(const struct fake_request *request)
{
        if (strstr(request->path, "/count"))
                return STEP_COUNT;
        if (!strstr(request->path, "/get"))
                return STEP_COLLECTION;
        return strstr(request->body, "\"ids\"") ? STEP_SENTINELS : STEP_NEWEST;
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        static const char *const healthy[STEPS] = {
                COLLECTION, "311", "{\"ids\":[\"z\"],\"embeddings\":null}", SENTINELS};
        struct world *w = userdata;
        enum step step = step_of(request);
        const struct reply *reply = &w->replies[step];
        const char *body = reply->body ? reply->body : healthy[step];

        if (strstr(request->path, "/collections?limit=1000"))
                fake_answer(out, 200, NULL, COLLECTIONS, strlen(COLLECTIONS));
        else
                fake_answer(out, reply->body ? reply->status : 200, NULL, body, strlen(body));
}

static const char *const sentinels[] = {"a", "b"};

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        w->target = (struct survey_target){
                .label = "agents",
                .collection = "c",
                .tenant = "t",
                .database = "d",
                .peer = &w->stage.peer,
                .sentinels = sentinels,
                .sentinel_count = ARRAY_SIZE(sentinels),
        };
        epoch_init(&w->epoch);
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

        survey_free(w->survey);
        stage_done(&w->stage);
        forget_result(w);
        free(w);
        return 0;
}

static void on_done(struct survey_result *result, void *userdata)
{
        struct world *w = userdata;

        forget_result(w);
        w->stage.ended++;
        w->reached = result->reached;
        assert_int_equal(strdup_to(&w->failure, result->failure), 0);
        assert_int_equal(strdup_to(&w->error, result->error.message), 0);
        w->epoch = result->epoch;
        epoch_init(&result->epoch);
        w->survey = survey_free(w->survey);
}

static void survey(struct world *w)
{
        w->stage.ended = w->stage.exchanges = 0;
        assert_int_equal(survey_start(w->stage.client, &w->target, on_done, stage_on_exchange, w,
                                 &w->survey),
                0);
        stage_await_end(&w->stage);
}

/* The hash when the server returns this for the sentinels. */
static uint64_t hash_of(struct world *w, const char *body)
{
        w->replies[STEP_SENTINELS] = (struct reply){200, body};
        survey(w);
        assert_null(w->failure);
        assert_true(w->epoch.sentinels != 0);
        return w->epoch.sentinels;
}

static void reads_everything(void **state)
{
        static const struct {
                const char *path, *body;
        } requests[STEPS] = {
                {BASE "c", ""},
                {BASE UUID "/count", ""},
                {BASE UUID "/get", "{\"include\":[],\"offset\":310,\"limit\":1}"},
                {BASE UUID "/get", "{\"include\":[\"embeddings\"],\"ids\":[\"a\",\"b\"]}"},
        };
        struct world *w = *state;

        survey(w);
        assert_null(w->failure);
        assert_null(w->error);
        assert_true(w->reached);
        assert_string_equal(w->epoch.id, UUID);
        assert_string_equal(w->epoch.space, "l2");
        assert_int_equal(w->epoch.dimension, 2);
        assert_string_equal(w->epoch.configuration, "{\"hnsw\":{\"ef_search\":100}}");
        assert_int_equal(w->epoch.version, 3);
        assert_int_equal(w->epoch.log_position, 40);
        assert_int_equal(w->epoch.records, 311);
        assert_string_equal(w->epoch.newest, "z");
        assert_true(w->epoch.sentinels != 0);
        assert_int_equal(w->stage.exchanges, STEPS);
        assert_int_equal(fake_server_requests(w->stage.server), STEPS);
        assert_int_equal(fake_server_connections(w->stage.server), 1);
        for (size_t i = 0; i < STEPS; i++) {
                const struct fake_request *r = fake_server_request(w->stage.server, i);

                assert_string_equal(r->path, requests[i].path);
                assert_string_equal(r->body ? r->body : "", requests[i].body);
        }
}

/* What the last look saw, and what it sees now. */
static void the_newest_record_is_asked_for_only_where_something_changed(void **state)
{
        static const struct {
                const char *id, *newest, *count;
                int64_t records;
                bool asked;
        } rows[] = {
                {UUID, "y", "311", 311, false}, {UUID, "y", "312", 311, true},
                {UUID, "y", "310", 311, true}, {UUID, NULL, "311", 311, true},
                {"another", "y", "311", 311, true},
                {UUID, "y", "311", -1, false}, /* it was not counted: nothing says otherwise */
        };
        struct world *w = *state;

        survey(w);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct epoch known = {
                        .id = (char *)rows[i].id,
                        .newest = (char *)rows[i].newest,
                        .records = rows[i].records,
                        .sentinels = 1, /* others: they are looked at later, and by others */
                        .version = w->epoch.version,
                        .log_position = w->epoch.log_position,
                };
                size_t before = fake_server_requests(w->stage.server);

                w->target.known = &known;
                w->replies[STEP_COUNT] = (struct reply){200, rows[i].count};
                survey(w);
                assert_null(w->failure);
                assert_string_equal(w->epoch.newest, rows[i].asked ? "z" : "y");
                assert_int_equal(fake_server_requests(w->stage.server) - before,
                        rows[i].asked ? STEPS : STEPS - 1);
                w->target.known = NULL;
        }
}

static void an_empty_collection_has_no_newest_record(void **state)
{
        struct world *w = *state;

        w->replies[STEP_COUNT] = (struct reply){200, "0"};
        w->replies[STEP_SENTINELS] = (struct reply){200, "{\"ids\":[],\"embeddings\":null}"};
        survey(w);
        assert_null(w->failure);
        assert_int_equal(w->epoch.records, 0);
        assert_null(w->epoch.newest);
        assert_true(w->epoch.sentinels != 0);
        assert_int_equal(w->stage.exchanges, 3);
}

static void records_may_go_after_they_were_counted(void **state)
{
        struct world *w = *state;

        w->replies[STEP_NEWEST] = (struct reply){200, "{\"ids\":[]}"};
        survey(w);
        assert_null(w->failure);
        assert_int_equal(w->epoch.records, 311);
        assert_null(w->epoch.newest);
        assert_int_equal(w->stage.exchanges, STEPS);
}

static void without_sentinels_none_are_read(void **state)
{
        struct world *w = *state;

        w->target.sentinel_count = 0;
        survey(w);
        assert_null(w->failure);
        assert_true(w->epoch.sentinels == 0);
        assert_int_equal(w->stage.exchanges, 3);
}

static void no_more_sentinels_than_the_limit(void **state)
{
        static const char *const many[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
        struct world *w = *state;

        w->target.sentinels = many;
        w->target.sentinel_count = ARRAY_SIZE(many);
        w->replies[STEP_SENTINELS] = (struct reply){200, "{\"ids\":[],\"embeddings\":[]}"};
        survey(w);
        assert_null(w->failure);
        assert_non_null(strstr(fake_server_request(w->stage.server, 3)->body, "\"7\"]"));
}

static void sentinels_change_with_what_is_stored(void **state)
{
        static const struct {
                const char *what, *body;
                bool same;
        } rows[] = {
                {"again", SENTINELS, true},
                {"another order", "{\"ids\":[\"b\",\"a\"],\"embeddings\":[[-0.5,3e38],[0.25,1]]}",
                        true},
                {"one ulp", "{\"ids\":[\"a\",\"b\"],\"embeddings\":[[0.25000003,1],[-0.5,3e38]]}",
                        true},
                {"a small step",
                        "{\"ids\":[\"a\",\"b\"],\"embeddings\":[[0.250002,1],[-0.5,3e38]]}", false},
                {"a sign", "{\"ids\":[\"a\",\"b\"],\"embeddings\":[[0.25,1],[-0.5,-3e38]]}", false},
                {"swapped", "{\"ids\":[\"b\",\"a\"],\"embeddings\":[[0.25,1],[-0.5,3e38]]}", false},
                {"one is gone", "{\"ids\":[\"b\"],\"embeddings\":[[-0.5,3e38]]}", false},
                {"the other is gone", "{\"ids\":[\"a\"],\"embeddings\":[[0.25,1]]}", false},
                {"all are gone", "{\"ids\":[],\"embeddings\":null}", false},
                {"another dimension", "{\"ids\":[\"a\",\"b\"],\"embeddings\":[[0.25],[-0.5]]}",
                        false},
        };
        struct world *w = *state;
        uint64_t before = hash_of(w, SENTINELS), seen[ARRAY_SIZE(rows)];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                seen[i] = hash_of(w, rows[i].body);
                if ((seen[i] == before) != rows[i].same)
                        fail_msg("%s: the hash is %s", rows[i].what,
                                rows[i].same ? "another" : "the same");
                for (size_t k = 0; k < i && !rows[i].same; k++)
                        assert_true(seen[k] != seen[i]);
        }
}

/* Rounded to 0 from either side. */
static void zero_has_no_sign(void **state)
{
        struct world *w = *state;

        assert_true(hash_of(w, "{\"ids\":[\"a\"],\"embeddings\":[[1e-9,-0.0]]}") ==
                hash_of(w, "{\"ids\":[\"a\"],\"embeddings\":[[-1e-9,0]]}"));
}

static void failures_have_a_reason_and_a_sentence(void **state)
{
        static const struct {
                enum step step;
                struct reply reply;
                const char *failure, *error;
        } rows[] = {
                {STEP_COLLECTION, {404, NOT_FOUND}, "not_found",
                        "looking up the collection: HTTP 404: no such collection (http://127.0.0.1:"},
                {STEP_COLLECTION, {404, ""}, "client_error", "no such route"},
                {STEP_COLLECTION, {410, "gone"}, "client_error", "HTTP 410: gone"},
                {STEP_COLLECTION, {403, ""}, "auth", "HTTP 403"},
                {STEP_COLLECTION, {200, "<?xml"}, "bad_response",
                        "looking up the collection: the answer is not JSON"},
                {STEP_COUNT, {429, "You have been rate limited."}, "rate_limited",
                        "counting the records: HTTP 429"},
                {STEP_COUNT, {404, NOT_FOUND}, "not_found", "counting the records: HTTP 404"},
                {STEP_COUNT, {200, "null"}, "bad_response",
                        "counting the records: the answer is not a count"},
                {STEP_NEWEST, {500, "no header"}, "server_error",
                        "looking up the newest record: HTTP 500: no header"},
                {STEP_NEWEST, {200, "{\"ids\":[null]}"}, "bad_response",
                        "looking up the newest record: id 1 of the answer is not a string"},
                {STEP_SENTINELS, {503, ""}, "server_error",
                        "reading the vectors of known records: HTTP 503"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                memset(w->replies, 0, sizeof(w->replies));
                w->replies[rows[i].step] = rows[i].reply;
                survey(w);
                if (!streq(w->failure, rows[i].failure))
                        fail_msg("row %zu: failure %s (%s)", i, w->failure, w->error);
                if (!w->error || !strstr(w->error, rows[i].error))
                        fail_msg("row %zu: error %s", i, w->error);
                assert_ptr_equal(strstr(w->error, "agents at http://"), w->error);
                assert_true(w->reached);
                /* One more for what exists instead. */
                assert_int_equal(w->stage.exchanges, rows[i].step + 1 + (i == 0));
                /* What was read before is kept. */
                assert_int_equal(w->epoch.id != NULL, rows[i].step > STEP_COLLECTION);
                assert_int_equal(w->epoch.records, rows[i].step > STEP_COUNT ? 311 : -1);
                assert_int_equal(w->epoch.newest != NULL, rows[i].step > STEP_NEWEST);
                assert_true(w->epoch.sentinels == 0);
        }
}

/* NaN was stored, or the index has lost the record: every query can still be asked. */
static void an_unreadable_vector_is_no_failure(void **state)
{
        static const struct reply replies[] = {
                {200, "{\"ids\":[\"a\"],\"embeddings\":[[null]]}"},
                {500, "{\"error\":\"InternalError\",\"message\":\"Error finding id\"}"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
                w->replies[STEP_SENTINELS] = replies[i];
                survey(w);
                assert_null(w->failure);
                assert_null(w->error);
                assert_string_equal(w->epoch.newest, "z");
                assert_true(w->epoch.sentinels == 0);
        }
}

static void a_dead_server_is_not_reached(void **state)
{
        struct world *w = *state;

        w->stage.peer.url = DEAD_URL;
        survey(w);
        assert_string_equal(w->failure, "connect");
        assert_false(w->reached);
        assert_null(w->epoch.id);
        assert_int_equal(w->epoch.records, -1);
}

static void a_cancelled_survey_calls_nobody(void **state)
{
        struct world *w = *state;

        assert_int_equal(survey_start(w->stage.client, &w->target, on_done, stage_on_exchange, w,
                                 &w->survey),
                0);
        stage_await_request(&w->stage);
        w->survey = survey_free(w->survey);
        assert_int_equal(w->stage.ended, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(reads_everything),
                TEST(the_newest_record_is_asked_for_only_where_something_changed),
                TEST(an_empty_collection_has_no_newest_record),
                TEST(records_may_go_after_they_were_counted),
                TEST(without_sentinels_none_are_read),
                TEST(no_more_sentinels_than_the_limit),
                TEST(sentinels_change_with_what_is_stored),
                TEST(zero_has_no_sign),
                TEST(failures_have_a_reason_and_a_sentence),
                TEST(an_unreadable_vector_is_no_failure),
                TEST(a_dead_server_is_not_reached),
                TEST(a_cancelled_survey_calls_nobody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
