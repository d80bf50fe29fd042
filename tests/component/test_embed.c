/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "ask/embed.h"
#include "clock.h"
#include "json.h"
#include "stage.h"

#define TEXTS 5
#define REPLIES_MAX 64

/* What the server says to one request after the other, then vectors for the texts it was given. */
struct reply {
        unsigned status; /* 0: the vectors */
        const char *headers, *body;
        unsigned dimension; /* of the vectors; 0: as usual */
};

/* What it always does. */
struct habits {
        const char *bad; /* no request with this text is answered but with ... */
        unsigned status;
        size_t most; /* texts in a request; 0: any number */
        unsigned too_many; /* status when there are more */
        bool strict; /* it knows no encoding_format */
};

struct world {
        struct stage stage;
        struct embed_target target;
        struct embed *embed;
        struct reply replies[REPLIES_MAX];
        struct habits habits;
        struct embed_memory memory;
        char *url;
        size_t refused;
        char *refused_id, *refused_reason; /* of the first */
        size_t replied;
        bool free_within;
        char *failure, *error;
        struct vector_set *vectors;
};

static const char *const ids[TEXTS] = {"e", "a", "d", "b", "c"};
static const char *const texts[TEXTS] = {"t5", "t1", "t4", "t2", "t3"};

/* [N, 1, ...] for the text "tN". */
static json_t *vector_of(const char *text, unsigned dimension)
{
        json_t *vector = json_array();

        for (unsigned i = 0; i < dimension; i++)
                (void)json_array_append_new(vector, json_integer(i == 0 ? text[1] - '0' : 1));
        return vector;
}

static json_t *openai(const json_t *input, unsigned dimension)
{
        json_t *data = json_array();

        /* The last first: what counts is the index. */
        for (size_t i = json_array_size(input); i-- > 0;)
                (void)json_array_append_new(data,
                        json_pack("{s:I,s:o}", "index", (json_int_t)i, "embedding",
                                vector_of(json_string_value(json_array_get(input, i)), dimension)));
        return json_pack("{s:o}", "data", data);
}

static json_t *rows(const json_t *input, unsigned dimension)
{
        json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(input); i++)
                (void)json_array_append_new(
                        list, vector_of(json_string_value(json_array_get(input, i)), dimension));
        return list;
}

static char *vectors_for(const struct fake_request *request, unsigned dimension)
{
        _cleanup_json_ json_t *body = json_loadb(request->body, request->body_size, 0, NULL);
        const json_t *input = json_object_get(body, "input");
        _cleanup_json_ json_t *answer = NULL;

        assert_non_null(body);
        if (streq(request->path, "/v1/embeddings"))
                answer = openai(input, dimension);
        else if (streq(request->path, "/api/embed"))
                answer = json_pack("{s:o}", "embeddings", rows(input, dimension));
        else if (streq(request->path, "/embed"))
                answer = rows(json_object_get(body, "inputs"), dimension);
        assert_non_null(answer);
        return json_text(answer, JSON_COMPACT, NULL);
}

/* NULL: nothing. */
static const char *complaint(
        const struct habits *h, const struct fake_request *request, unsigned *ret_status)
{
        _cleanup_json_ json_t *body = json_loadb(request->body, request->body_size, 0, NULL);
        const json_t *input = json_object_get(body, "input");

        if (h->strict && json_object_get(body, "encoding_format")) {
                *ret_status = 400;
                return "{\"error\":\"unknown member encoding_format\"}";
        }
        if (h->most > 0 && json_array_size(input) > h->most) {
                *ret_status = h->too_many;
                return "{\"error\":\"batch too large\"}";
        }
        for (size_t i = 0; h->bad && i < json_array_size(input); i++)
                if (streq(json_string_value(json_array_get(input, i)), h->bad)) {
                        *ret_status = h->status;
                        return "{\"error\":\"cannot embed that\"}";
                }
        return NULL;
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        const struct reply *reply = &w->replies[w->replied];
        _cleanup_free_ char *vectors = NULL;
        unsigned status = 0;
        const char *no = complaint(&w->habits, request, &status);

        assert_true(++w->replied < REPLIES_MAX);
        if (reply->status) {
                const char *body = reply->body ? reply->body : "";

                fake_answer(out, reply->status, reply->headers, body, strlen(body));
                return;
        }
        if (no) {
                fake_answer(out, status, NULL, no, strlen(no));
                return;
        }
        vectors = vectors_for(request, reply->dimension ? reply->dimension : 2);
        fake_answer(out, 200, NULL, vectors, strlen(vectors));
}

static void speak(struct world *w, const struct embedding_dialect *dialect)
{
        free(w->url);
        w->url = embedding_url(dialect, fake_server_url(w->stage.server));
        w->stage.peer.url = w->url;
        w->target.dialect = dialect;
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        speak(w, embedding_dialect_find("openai"));
        w->stage.peer = (struct http_peer){.url = w->url, .timeout_usec = 10 * USEC_PER_SEC};
        w->target = (struct embed_target){
                .name = "minilm",
                .dialect = embedding_dialect_find("openai"),
                .peer = &w->stage.peer,
                .options = {.model = "m"},
                .memory = &w->memory,
                .batch = TEXTS,
                .ids = ids,
                .texts = texts,
                .count = TEXTS,
        };
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        embed_free(w->embed);
        stage_done(&w->stage);
        vector_set_unref(w->vectors);
        free(w->failure);
        free(w->error);
        free(w->url);
        free(w->refused_id);
        free(w->refused_reason);
        free(w);
        return 0;
}

static void on_done(struct embed_result *result, void *userdata)
{
        struct world *w = userdata;

        w->stage.ended++;
        assert_true((result->failure == NULL) == (result->vectors != NULL));
        assert_true((result->failure == NULL) == (result->error.message == NULL));
        assert_int_equal(strdup_to(&w->failure, result->failure), 0);
        assert_int_equal(strdup_to(&w->error, result->error.message), 0);
        w->vectors = take_ptr(result->vectors);
        w->refused = result->refused;
        if (w->refused > 0) {
                assert_int_equal(strdup_to(&w->refused_id, ids[result->refusals[0].text]), 0);
                w->refused_reason = take_ptr(result->refusals[0].reason);
        }
        if (w->free_within)
                w->embed = embed_free(w->embed);
}

static int start(struct world *w)
{
        return embed_start(w->stage.event, w->stage.client, &w->target, on_done, stage_on_exchange,
                w, &w->embed);
}

static void embed(struct world *w)
{
        assert_int_equal(start(w), 0);
        stage_await_end(&w->stage);
}

static void check_vectors(const struct world *w)
{
        assert_null(w->failure);
        assert_string_equal(w->vectors->path, "embedder minilm");
        assert_int_equal(w->vectors->count, TEXTS);
        assert_int_equal(w->vectors->dimension, 2);
        for (size_t i = 0; i < TEXTS; i++) {
                const float *v = vector_set_find(w->vectors, ids[i]);

                assert_non_null(v);
                assert_true(fabsf(v[0] - (float)(texts[i][1] - '0')) < 1e-6f);
                assert_true(fabsf(v[1] - 1.0f) < 1e-6f);
        }
}

static void fails(struct world *w, const char *reason, const char *sentence)
{
        _cleanup_free_ char *prefix = NULL;

        embed(w);
        assert_string_equal(w->failure, reason);
        assert_true(asprintf(&prefix, "embedder minilm at %s: ", w->stage.peer.url) > 0);
        if (strncmp(w->error, prefix, strlen(prefix)) != 0 || !strstr(w->error, sentence))
                fail_msg("%s", w->error);
}

/* Texts in the `i`-th request. */
static size_t asked(const struct world *w, size_t i)
{
        const struct fake_request *request = fake_server_request(w->stage.server, i);
        _cleanup_json_ json_t *body = json_loadb(request->body, request->body_size, 0, NULL);

        return json_array_size(json_object_get(body, "input"));
}

static void speaks_every_dialect(void **state)
{
        for (size_t i = 0; i < embedding_dialect_count; i++) {
                struct world *w;

                set_up(state);
                w = *state;
                speak(w, &embedding_dialects[i]);
                w->free_within = true;
                embed(w);
                check_vectors(w);
                assert_string_equal(w->vectors->model, "m");
                assert_int_equal(w->stage.exchanges, 1);
                tear_down(state);
        }
}

static void asks_in_batches(void **state)
{
        struct world *w = *state;

        w->target.batch = 2;
        w->target.options.model = NULL;
        embed(w);
        check_vectors(w);
        assert_null(w->vectors->model);
        assert_int_equal(w->stage.exchanges, 3);
        assert_int_equal(asked(w, 0), 2);
        assert_int_equal(asked(w, 1), 2);
        assert_int_equal(asked(w, 2), 1);
        assert_int_equal(fake_server_connections(w->stage.server), 1);
}

static void waits_when_it_is_told_to(void **state)
{
        struct world *w = *state;
        usec_t before = clock_usec(CLOCK_MONOTONIC);

        w->target.batch = 3;
        w->replies[0] = (struct reply){429, "Retry-After: 1\r\n", "{\"error\":\"busy\"}", 0};
        /* The second batch, without a time: 1 s. */
        w->replies[2] = (struct reply){503, NULL, "", 0};
        embed(w);
        check_vectors(w);
        assert_int_equal(w->stage.exchanges, 4);
        assert_true(clock_usec(CLOCK_MONOTONIC) - before >= 2 * USEC_PER_SEC);
}

static void gives_up_after_the_last_try(void **state)
{
        struct world *w = *state;

        for (size_t i = 0; i < EMBED_TRIES; i++)
                w->replies[i] = (struct reply){429, "Retry-After: 1\r\n",
                        "{\"error\":\"Model is overloaded\",\"error_type\":\"Overloaded\"}", 0};
        fails(w, "rate_limited",
                "gave up after 4 tries: embedding texts 0 to 4 of 5: HTTP 429: Model is overloaded");
        assert_int_equal(w->stage.exchanges, EMBED_TRIES);
}

static void waits_longer_each_time(void **state)
{
        struct world *w = *state;
        usec_t before = clock_usec(CLOCK_MONOTONIC);

        w->replies[0] = w->replies[1] = (struct reply){503, NULL, "", 0};
        embed(w);
        check_vectors(w);
        assert_int_equal(w->stage.exchanges, 3);
        /* 1 s and 2 s */
        assert_true(clock_usec(CLOCK_MONOTONIC) - before >= 3 * USEC_PER_SEC);
}

static void does_not_wait_for_long(void **state)
{
        struct world *w = *state;

        w->replies[0] = (struct reply){503, "Retry-After: 61\r\n", "{\"error\":\"later\"}", 0};
        fails(w, "server_error", "it asks to wait 61 s, more than 60 s: ");
        assert_int_equal(w->stage.exchanges, 1);
}

static void a_batch_too_large_is_halved(void **state)
{
        struct world *w = *state;

        w->target.batch = 4;
        w->replies[0] = (struct reply){413, NULL, "{\"error\":\"4 > 2\"}", 0};
        embed(w);
        check_vectors(w);
        assert_int_equal(w->stage.exchanges, 4);
        assert_int_equal(asked(w, 0), 4);
        assert_int_equal(asked(w, 1), 2);
        assert_int_equal(asked(w, 2), 2); /* remembered */
        assert_int_equal(asked(w, 3), 1);
}

/* All but "t2" have a vector. */
static void check_others(const struct world *w)
{
        assert_null(w->failure);
        assert_int_equal(w->vectors->count, TEXTS - 1);
        for (size_t i = 0; i < TEXTS; i++)
                assert_int_equal(
                        vector_set_find(w->vectors, ids[i]) != NULL, !streq(texts[i], "t2"));
        assert_int_equal(w->refused, 1);
        assert_string_equal(w->refused_id, "b");
}

static void one_text_that_is_refused_is_found(void **state)
{
        static const unsigned statuses[] = {400, 413, 422, 500};

        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
                _cleanup_free_ char *reason = NULL;
                struct world *w;

                set_up(state);
                w = *state;
                w->habits = (struct habits){.bad = "t2", .status = statuses[i]};
                embed(w);
                check_others(w);
                assert_true(asprintf(&reason, "HTTP %u: cannot embed that", statuses[i]) > 0);
                assert_string_equal(w->refused_reason, reason);
                assert_int_equal(w->stage.exchanges, 6); /* of 5, 2, 2, 1, 1 and 1 */
                assert_int_equal(w->memory.batch, 0); /* it was not their number */
                tear_down(state);
        }
}

static void after_it_batches_are_whole_again(void **state)
{
        struct world *w = *state;

        w->target.batch = 2;
        w->habits = (struct habits){.bad = "t1", .status = 500};
        embed(w);
        assert_int_equal(w->refused, 1);
        assert_string_equal(w->refused_id, "a");
        assert_int_equal(asked(w, w->stage.exchanges - 2), 2);
}

static void a_batch_that_is_too_large_is_remembered(void **state)
{
        static const unsigned statuses[] = {400, 413, 422};

        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
                struct world *w;
                unsigned first;

                set_up(state);
                w = *state;
                w->habits = (struct habits){.most = 2, .too_many = statuses[i]};
                embed(w);
                check_vectors(w);
                first = w->stage.exchanges;
                w->embed = embed_free(w->embed);
                w->vectors = vector_set_unref(w->vectors);
                w->stage.ended = 0;
                embed(w);
                check_vectors(w);
                assert_int_equal(asked(w, first), 2);
                tear_down(state);
        }
}

/* Its number is not learnt from a server that failed once. */
static void a_server_that_failed_once_is_asked_for_as_much(void **state)
{
        struct world *w = *state;

        w->replies[0] = (struct reply){500, NULL, "oops", 0};
        embed(w);
        check_vectors(w);
        assert_int_equal(w->memory.batch, 0);
}

static void who_refuses_every_text_refuses_all(void **state)
{
        struct world *w = *state;

        w->habits = (struct habits){.most = 0, .bad = "t1", .status = 500};
        w->target.texts = (const char *const[]){"t1", "t1", "t1", "t1", "t1"};
        fails(w, "server_error",
                "0 of 5 texts got a vector: query \"e\": HTTP 500: cannot embed that");
}

static void it_is_not_asked_for_ever(void **state)
{
        static const char *many[100];
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                many[i] = "t1";
        w->habits = (struct habits){.bad = "t1", .status = 422};
        w->target.texts = w->target.ids = many;
        w->target.count = ARRAY_SIZE(many);
        w->target.batch = 16;
        fails(w, "client_error", "0 of 8 texts got a vector: ");
        assert_int_equal(w->stage.exchanges, 8 * 5); /* of 16, 8, 4, 2 and 1 */
}

static void one_text_cannot_be_halved(void **state)
{
        struct world *w = *state;

        w->target.batch = 1;
        w->replies[0] = (struct reply){413, NULL, "{\"error\":\"too long\"}", 0};
        embed(w);
        assert_int_equal(w->vectors->count, TEXTS - 1);
        assert_string_equal(w->refused_id, "e");
        assert_string_equal(w->refused_reason, "HTTP 413: too long");
        assert_int_equal(w->stage.exchanges, TEXTS);
}

static void a_vector_that_is_none_is_one_text_s(void **state)
{
        struct world *w = *state;

        w->replies[0] = (struct reply){200, NULL,
                "{\"data\":[{\"embedding\":[5,1]},{\"embedding\":[1,1]},{\"embedding\":[4,1]},"
                "{\"embedding\":[NaN,1]},{\"embedding\":[3,1]}]}",
                0};
        embed(w);
        check_others(w);
        assert_string_equal(w->refused_reason, "component 0 of its vector is not a number");
        assert_int_equal(w->stage.exchanges, 1);
}

static void an_option_that_is_refused_is_left_out(void **state)
{
        struct world *w = *state;

        w->habits.strict = true;
        embed(w);
        check_vectors(w);
        assert_int_equal(w->stage.exchanges, 2);
        w->embed = embed_free(w->embed);
        w->vectors = vector_set_unref(w->vectors);
        w->stage.ended = 0;
        embed(w);
        check_vectors(w);
        assert_int_equal(w->stage.exchanges, 3); /* remembered */
}

static void tells_the_url_without_what_may_be_secret(void **state)
{
        _cleanup_free_ char *url = NULL;
        struct world *w = *state;

        assert_true(asprintf(&url, "%s/x/embeddings?api-version=1&key=s3cret",
                            fake_server_url(w->stage.server)) > 0);
        w->stage.peer.url = url;
        w->replies[0] = (struct reply){404, NULL, "{\"error\":\"no\"}", 0};
        embed(w);
        assert_non_null(strstr(w->error, "/x/embeddings?api-version=...&key=...: embedding"));
        assert_null(strstr(w->error, "s3cret"));
        assert_string_equal(fake_server_request(w->stage.server, 0)->path,
                "/x/embeddings?api-version=1&key=s3cret");
}

static void every_failure_has_its_reason(void **state)
{
        static const struct {
                struct reply reply;
                const char *reason, *sentence;
        } cases[] = {
                {{401, NULL, "{\"error\":{\"message\":\"Bad key\"}}", 0}, "auth", "Bad key"},
                {{404, NULL, "{\"error\":\"model \\\"m\\\" not found\"}", 0}, "client_error",
                        "model \"m\" not found"},
                {{502, NULL, "oops", 0}, "server_error", "HTTP 502: oops"},
                {{302, "Location: /x\r\n", "", 0}, "unexpected", "redirects are not followed"},
                {{200, NULL, "{\"data\":[]}", 0}, "bad_response",
                        "the answer has 0 vectors for 5 texts"},
                {{200, NULL, "<html>", 0}, "bad_response",
                        "the answer is not JSON: line 1, column 1: "},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct world *w;

                set_up(state);
                w = *state;
                w->replies[0] = cases[i].reply;
                fails(w, cases[i].reason, cases[i].sentence);
                tear_down(state);
        }
}

static void batches_have_one_dimension(void **state)
{
        struct world *w = *state;

        w->target.batch = 3;
        w->replies[1].dimension = 3;
        fails(w, "bad_response", "vectors of dimension 3, those of the texts before have 2");
}

static void a_server_that_is_down(void **state)
{
        struct world *w = *state;

        w->stage.server = fake_server_free(w->stage.server);
        fails(w, "connect", "");
        assert_int_equal(w->stage.exchanges, 1);
}

static void refuses_nothing_and_garbage(void **state)
{
        static const char *const broken[] = {"\xff"};
        struct world *w = *state;

        w->target.count = 0;
        assert_int_equal(start(w), -EINVAL);
        w->target.texts = broken;
        w->target.count = 1;
        assert_int_equal(start(w), -EINVAL);
        assert_null(w->embed);
}

static bool exchanged(void *userdata)
{
        return ((struct world *)userdata)->stage.exchanges > 0;
}

static bool timed_out(void *userdata)
{
        return clock_usec(CLOCK_MONOTONIC) > *(usec_t *)userdata;
}

static int tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        return 0;
}

/* Freed in flight, and freed while it waits: nobody is called any more. */
static void can_be_cancelled(void **state)
{
        struct world *w = *state;
        usec_t end;

        assert_int_equal(start(w), 0);
        w->embed = embed_free(w->embed);
        w->replies[0] = w->replies[1] = (struct reply){503, "Retry-After: 1\r\n", "", 0};
        assert_int_equal(start(w), 0);
        assert_true(fake_run_until(w->stage.event, exchanged, w));
        assert_int_equal(w->stage.ended, 0);
        w->embed = embed_free(w->embed);
        end = clock_usec(CLOCK_MONOTONIC) + 1300 * USEC_PER_MSEC;
        assert_true(
                sd_event_add_time(w->stage.event, NULL, CLOCK_MONOTONIC, end, 1, tick, NULL) >= 0);
        assert_true(fake_run_until(w->stage.event, timed_out, &end));
        assert_int_equal(w->stage.ended, 0);
        assert_int_equal(w->stage.exchanges, 1);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(speaks_every_dialect),
                cmocka_unit_test_setup_teardown(asks_in_batches, set_up, tear_down),
                cmocka_unit_test_setup_teardown(waits_when_it_is_told_to, set_up, tear_down),
                cmocka_unit_test_setup_teardown(gives_up_after_the_last_try, set_up, tear_down),
                cmocka_unit_test_setup_teardown(waits_longer_each_time, set_up, tear_down),
                cmocka_unit_test_setup_teardown(does_not_wait_for_long, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_batch_too_large_is_halved, set_up, tear_down),
                cmocka_unit_test(one_text_that_is_refused_is_found),
                cmocka_unit_test_setup_teardown(
                        after_it_batches_are_whole_again, set_up, tear_down),
                cmocka_unit_test(a_batch_that_is_too_large_is_remembered),
                cmocka_unit_test_setup_teardown(
                        a_server_that_failed_once_is_asked_for_as_much, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        who_refuses_every_text_refuses_all, set_up, tear_down),
                cmocka_unit_test_setup_teardown(it_is_not_asked_for_ever, set_up, tear_down),
                cmocka_unit_test_setup_teardown(one_text_cannot_be_halved, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_vector_that_is_none_is_one_text_s, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        an_option_that_is_refused_is_left_out, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        tells_the_url_without_what_may_be_secret, set_up, tear_down),
                cmocka_unit_test(every_failure_has_its_reason),
                cmocka_unit_test_setup_teardown(batches_have_one_dimension, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_server_that_is_down, set_up, tear_down),
                cmocka_unit_test_setup_teardown(refuses_nothing_and_garbage, set_up, tear_down),
                cmocka_unit_test_setup_teardown(can_be_cancelled, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
