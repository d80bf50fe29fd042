/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "../unit/vectors.h"
#include "json.h"
#include "show/api/answers.h"
#include "stage.h"
#include "watch/answers.h"

/* A collection that is watched, with a baseline, and people who want to see what its query found
 * then and finds now. Chroma's documents are what the test wants. */

#define QUERIES "queries: [{id: q, text: t}, {id: new, text: n}]"
#define VECTORS "{\"dimension\":1,\"vectors\":{\"q\":[1],\"new\":[1]}}"
#define NO_DOCUMENTS "{\"ids\":[],\"documents\":[]}"
#define NASTY "<script>\"\\&"

struct world {
        struct stage stage;
        struct server_config server_config;
        struct collection_config config;
        struct watch_owner owner;
        struct watch *watch;
        struct watches watches;
        struct answers answers;
        const char *found; /* [[ids of q], [ids of new]] */
        const char *documents; /* the answer to who asks for them; NULL: it never comes */
        size_t padding; /* blanks before it */
        unsigned status;
        /* Commands that were completed, and the last answer. */
        unsigned completed, last_status;
        json_t *last;
};

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        _cleanup_text_ struct text body = {0};

        if (strstr(request->path, "/get") && strstr(request->body, "documents")) {
                if (!w->documents)
                        return;
                for (size_t i = 0; i < w->padding; i++)
                        text_append(&body, " ");
                text_append(&body, w->documents);
                fake_answer(out, w->status, NULL, body.data, body.size);
                return;
        }
        if (strstr(request->path, "/query"))
                text_append(&body, w->found);
        else if (strstr(request->path, "/count"))
                text_append(&body, "3");
        else if (strstr(request->path, "/get"))
                text_append(&body, "{\"ids\":[\"x\"],\"embeddings\":[[1]]}");
        else
                text_append(&body,
                        "{\"id\":\"" UUID "\",\"name\":\"c\",\"dimension\":1,"
                        "\"configuration_json\":{\"hnsw\":{\"space\":\"l2\"}}}");
        fake_answer(out, 200, NULL, body.data, body.size);
}

static void on_replayed(struct watch *watch, void *userdata)
{
}

static void on_exchanged(struct watch *watch, const struct http_response *response, void *userdata)
{
}

static struct baseline *baseline_of(const char *const *ids, unsigned count)
{
        static const float distances[] = {.1f, .2f, .3f};
        struct baseline *b = baseline_new(1);

        b->results = count;
        assert_int_equal(strdup_to(&b->epoch.space, "l2"), 0);
        assert_int_equal(strdup_to(&b->queries[0].id, "q"), 0);
        assert_int_equal(strdup_to(&b->queries[0].text, "t"), 0);
        b->queries[0].answer = answer_new(count, ids, distances, NULL);
        baseline_sort(b);
        return b;
}

static bool idle(void *userdata)
{
        return !watch_running(((struct world *)userdata)->watch);
}

/* What q found then: x, lost and NASTY; now: NASTY and x. Of `new` nothing is known from then. */
static void replay(struct world *w)
{
        _cleanup_(baseline_unrefp) struct baseline *b =
                baseline_of((const char *const[]){"x", "lost", NASTY}, 3);

        watch_set_baseline(w->watch, b, 1);
        watch_replay(w->watch);
        assert_true(fake_run_until(w->stage.event, idle, w));
        assert_null(watch_view(w->watch)->last_error);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        struct errors errors = {0};

        *state = w;
        stage_init(&w->stage, answer, w);
        w->status = 200;
        w->documents = NO_DOCUMENTS; /* a replay's inquiry may want some */
        w->found = "{\"ids\":[[\"<script>\\\"\\\\&\",\"x\"],[\"x\",\"y\"]],"
                   "\"distances\":[[0.25,0.5],[0.125,1]]}";
        w->server_config = (struct server_config){
                .name = (char *)"main", .tenant = (char *)"t", .database = (char *)"d"};
        w->config = (struct collection_config){
                .references = 1,
                .name = (char *)"c",
                .label = (char *)"agents",
                .server = &w->server_config,
                .peer = w->stage.peer,
                .replay = {.interval = USEC_PER_HOUR,
                        .history = USEC_PER_DAY,
                        .results = 2,
                        .batch = 10},
        };
        assert_int_equal(bands_default(NULL, &w->config.bands), 0);
        assert_int_equal(
                query_set_parse("q", QUERIES, strlen(QUERIES), &w->config.queries, &errors), 0);
        assert_int_equal(
                vector_set_parse("v", VECTORS, strlen(VECTORS), &w->config.vectors, &errors), 0);
        w->owner = (struct watch_owner){on_replayed, on_replayed, on_exchanged, w, NULL, NULL};
        assert_int_equal(
                watch_new(w->stage.event, &w->config, w->stage.client, &w->owner, &w->watch), 0);
        w->watches = (struct watches){&w->watch, 1};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        answers_done(&w->answers);
        watch_free(w->watch);
        stage_done(&w->stage);
        bands_done(&w->config.bands);
        query_set_unref(w->config.queries);
        vector_set_unref(w->config.vectors);
        json_decref(w->last);
        free(w);
        return 0;
}

static void on_completed(struct command *c, unsigned status, char *body, size_t size)
{
        struct world *w = c->userdata;

        w->completed++;
        w->last_status = status;
        json_decref(w->last);
        w->last = body ? json_loadb(body, size, 0, NULL) : NULL;
        free(body);
}

static void ask(struct world *w, const char *collection, const char *query)
{
        struct command *c = command_new(COMMAND_ANSWERS, collection, true);

        assert_non_null(c);
        assert_int_equal(strdup_to(&c->query, query), 0);
        c->completed = on_completed;
        c->userdata = w;
        answers_ask(&w->answers, w->stage.client, &w->watches, c);
}

static bool completed(void *userdata)
{
        return ((struct world *)userdata)->completed > 0;
}

/* The data, borrowed. */
static json_t *read_answers(struct world *w, const char *query)
{
        w->completed = 0;
        ask(w, "agents", query);
        assert_true(fake_run_until(w->stage.event, completed, w));
        assert_int_equal(w->completed, 1);
        assert_int_equal(w->last_status, 200);
        return json_object_get(w->last, "data");
}

static void assert_refused(struct world *w, unsigned status, const char *part)
{
        const char *said;

        assert_true(fake_run_until(w->stage.event, completed, w));
        said = json_string_value(json_object_get(w->last, "error"));
        assert_int_equal(w->last_status, status);
        assert_string_equal(json_string_value(json_object_get(w->last, "status")), "error");
        if (!said || !strstr(said, part))
                fail_msg("\"%s\" lacks \"%s\"", said, part);
        w->completed = 0;
}

/* rank, id, distance, whether it is there, words or "-". */
static void assert_row(const json_t *rows, size_t i, const char *id, double distance, bool there,
        const char *words)
{
        const json_t *row = json_array_get(rows, i);
        const char *seen = json_string_value(json_object_get(row, "words"));

        assert_int_equal(json_integer_value(json_object_get(row, "rank")), i + 1);
        assert_string_equal(json_string_value(json_object_get(row, "id")), id);
        assert_true(fabs(json_number_value(json_object_get(row, "distance")) - distance) < 1e-6);
        assert_int_equal(json_is_true(json_object_get(row, "there")), there);
        assert_string_equal(seen ? seen : "-", words);
}

static void then_and_now_stand_side_by_side(void **state)
{
        struct world *w = *state;
        const json_t *data, *then, *now;
        const struct fake_request *asked;

        replay(w);
        w->documents = "{\"ids\":[\"x\",\"<script>\\\"\\\\&\"],"
                       "\"documents\":[\"\\u0001***\\n</td> \\\"quoted\\\"\\u202e\\n&\",null]}";
        data = read_answers(w, "q");
        then = json_object_get(data, "then");
        now = json_object_get(data, "now");
        assert_string_equal(json_string_value(json_object_get(data, "collection")), "agents");
        assert_string_equal(json_string_value(json_object_get(data, "query")), "q");
        assert_int_equal(json_array_size(then), 3);
        assert_row(then, 0, "x", .1, true, "</td> \"quoted\" &");
        assert_row(then, 1, "lost", .2, false, "-");
        assert_row(then, 2, NASTY, .3, true, "-");
        assert_int_equal(json_array_size(now), 2);
        assert_row(now, 0, NASTY, .25, true, "-");
        assert_row(now, 1, "x", .5, true, "</td> \"quoted\" &");
        asked = fake_server_request(w->stage.server, fake_server_requests(w->stage.server) - 1);
        assert_string_equal(asked->path, "/api/v2/tenants/t/databases/d/collections/" UUID "/get");
        assert_string_equal(asked->body,
                "{\"include\":[\"documents\"],\"ids\":[\"x\",\"lost\",\"<script>\\\"\\\\&\"]}");
}

static void what_is_not_known_is_null(void **state)
{
        struct world *w = *state;
        const json_t *data = read_answers(w, "q");

        assert_true(json_is_null(json_object_get(data, "then")));
        assert_true(json_is_null(json_object_get(data, "now")));
        assert_int_equal(fake_server_requests(w->stage.server), 0);
        replay(w);
        data = read_answers(w, "new");
        assert_true(json_is_null(json_object_get(data, "then")));
        assert_row(json_object_get(data, "now"), 1, "y", 1, false, "-");
}

/* The first words of a long document; and of so many bytes that nobody should wait for, none. */
static void what_is_large_is_cut_and_what_is_huge_refused(void **state)
{
        struct world *w = *state;
        _cleanup_text_ struct text documents = {0};
        const char *words;

        replay(w);
        text_append(&documents, "{\"ids\":[\"x\"],\"documents\":[\"");
        for (size_t i = 0; i < 100000; i++)
                text_append(&documents, "\\u00e9 ");
        text_append(&documents, "\"]}");
        w->documents = text_string(&documents);
        words = json_string_value(json_object_get(
                json_array_get(json_object_get(read_answers(w, "q"), "then"), 0), "words"));
        assert_in_range(strlen(words), ANSWERS_WORDS_MAX - 3, ANSWERS_WORDS_MAX);
        assert_string_equal(words + strlen(words) - strlen("é…"), "é…");
        w->completed = 0;
        w->padding = ANSWERS_RESPONSE_MAX;
        ask(w, "agents", "q");
        assert_refused(w, 502, "agents at http://127.0.0.1:");
}

static void what_is_not_there_is_refused(void **state)
{
        struct world *w = *state;

        ask(w, "agents", "other");
        assert_refused(w, 404, "the collection has no such query");
        ask(w, "other", "q");
        assert_refused(w, 404, "no such collection is watched");
        assert_int_equal(fake_server_requests(w->stage.server), 0);
}

static void a_server_that_does_not_give_them_is_named(void **state)
{
        static const struct {
                unsigned status;
                const char *documents, *part;
        } cases[] = {
                {500, "{\"error\":\"InternalError\",\"message\":\"no <index>\"}", "no <index>"},
                {404, NOT_FOUND, "reading the documents of the answers"},
                {200, "[]", "has no list of ids"},
                {200, "{\"ids\":[\"x\"],\"documents\":[]}", "0 documents for 1 records"},
        };
        struct world *w = *state;

        replay(w);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                w->status = cases[i].status;
                w->documents = cases[i].documents;
                ask(w, "agents", "q");
                assert_refused(w, 502, cases[i].part);
        }
        w->config.peer.url = DEAD_URL;
        ask(w, "agents", "q");
        assert_refused(w, 502,
                "agents at "
                "http://127.0.0.1:9");
}

/* More than some at a time are sent away; those who wait when the daemon stops are told so. */
static void some_are_read_at_a_time(void **state)
{
        struct world *w = *state;

        replay(w);
        w->documents = NULL;
        for (size_t i = 0; i < ANSWERS_AT_ONCE; i++)
                ask(w, "agents", "q");
        assert_int_equal(w->completed, 0);
        ask(w, "agents", "q");
        assert_refused(w, 503, "too many");
        answers_done(&w->answers);
        assert_int_equal(w->completed, ANSWERS_AT_ONCE);
        assert_int_equal(w->last_status, 503);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(then_and_now_stand_side_by_side),
                TEST(what_is_not_known_is_null),
                TEST(what_is_large_is_cut_and_what_is_huge_refused),
                TEST(what_is_not_there_is_refused),
                TEST(a_server_that_does_not_give_them_is_named),
                TEST(some_are_read_at_a_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
