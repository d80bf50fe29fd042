/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ask/closeup.h"
#include "json.h"
#include "stage.h"

#define IDS 250

/* A server that answers each /get with the documents asked for, or with what the test wants. */
struct world {
        struct stage stage;
        const char *ids[IDS];
        char names[IDS][8];
        struct closeup_target target;
        struct closeup *closeup;
        const char *page; /* NULL: right ones */
        unsigned status;
        unsigned gets, queries;
        char question[4096]; /* the last one asked */
        size_t seen, answers, most; /* records, answers, ids of the largest page */
        int refuse; /* what a handler returns */
        char *error;
};

static void write_page(struct world *w, const char *body, struct text *out)
{
        struct text documents = {0}, metadatas = {0};
        size_t n = 0;

        text_append(out, "{\"ids\":[");
        for (size_t i = 0; i < IDS; i++) {
                char quoted[16];

                (void)snprintf(quoted, sizeof(quoted), "\"%s\"", w->ids[i]);
                if (!strstr(body, quoted))
                        continue;
                text_appendf(out, "%s%s", n > 0 ? "," : "", quoted);
                text_appendf(&documents, "%s\"text of %s\"", n > 0 ? "," : "", w->ids[i]);
                text_append(&metadatas, n++ > 0 ? ",null" : "null");
        }
        text_appendf(out, "],\"documents\":[%s],\"metadatas\":[%s]}", text_string(&documents),
                text_string(&metadatas));
        w->most = MAX(w->most, n);
        text_done(&documents);
        text_done(&metadatas);
}

/* One record for each vector. */
static void write_rows(const char *body, struct text *out)
{
        _cleanup_json_ json_t *root = json_loads(body, 0, NULL);
        _cleanup_text_ struct text ids = {0}, distances = {0}, metadatas = {0};
        size_t n = json_array_size(json_object_get(root, "query_embeddings"));

        for (size_t i = 0; i < n; i++) {
                text_append(&ids, i > 0 ? ",[\"x\"]" : "[\"x\"]");
                text_append(&distances, i > 0 ? ",[0.5]" : "[0.5]");
                text_append(&metadatas, i > 0 ? ",[null]" : "[null]");
        }
        text_appendf(out, "{\"ids\":[%s],\"distances\":[%s],\"metadatas\":[%s]}", text_string(&ids),
                text_string(&distances), text_string(&metadatas));
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        _cleanup_text_ struct text body = {0};

        if (strstr(request->path, "/get")) {
                w->gets++;
                if (w->page)
                        text_append(&body, w->page);
                else
                        write_page(w, request->body, &body);
        } else {
                w->queries++;
                (void)snprintf(w->question, sizeof(w->question), "%s", request->body);
                write_rows(request->body, &body);
        }
        fake_answer(out, w->status, NULL, body.data, body.size);
}

static int set_up(void **state)
{
        static const float vector[] = {1, 0};
        static const struct closeup_question questions[] = {
                {vector, NULL, NULL, CLOSEUP_RESULTS}, {vector, NULL, NULL, CLOSEUP_RESULTS}};
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        for (size_t i = 0; i < IDS; i++) {
                (void)snprintf(w->names[i], sizeof(w->names[i]), "r%zu", i);
                w->ids[i] = w->names[i];
        }
        w->target = (struct closeup_target){.label = "agents",
                .tenant = "t",
                .database = "d",
                .collection_id = "aaaaaaaa-0000-4000-8000-000000000001",
                .peer = &w->stage.peer,
                .ids = w->ids,
                .id_count = IDS,
                .questions = questions,
                .question_count = ARRAY_SIZE(questions),
                .dimension = 2};
        w->status = 200;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        closeup_free(w->closeup);
        stage_done(&w->stage);
        free(w->error);
        free(w);
        return 0;
}

static int on_record(
        const char *id, const json_t *metadata, const char *document, size_t size, void *userdata)
{
        struct world *w = userdata;
        char expected[32];

        (void)snprintf(expected, sizeof(expected), "text of %s", id);
        assert_int_equal(size, strlen(expected));
        assert_string_equal(document, expected);
        assert_true(json_is_null(metadata));
        w->seen++;
        return w->refuse;
}

static int on_answer(size_t question, const struct answer *got, void *userdata)
{
        struct world *w = userdata;

        assert_int_equal(question, w->answers++);
        assert_string_equal(got->ids[0], "x");
        return 0;
}

static void on_done(const char *error, void *userdata)
{
        struct world *w = userdata;

        w->stage.ended++;
        assert_int_equal(strdup_to(&w->error, error), 0);
        w->closeup = closeup_free(w->closeup);
}

static void look(struct world *w)
{
        const struct closeup_handler handler = {on_record, on_answer, on_done, w};

        assert_int_equal(closeup_start(w->stage.client, &w->target, &handler, &w->closeup), 0);
        stage_await_end(&w->stage);
}

static void everything_is_asked_for_in_pages(void **state)
{
        struct world *w = *state;

        look(w);
        assert_null(w->error);
        assert_int_equal(w->seen, IDS);
        assert_int_equal(w->gets, 3);
        assert_int_equal(w->most, CLOSEUP_PAGE);
        assert_int_equal(w->answers, 2);
        assert_int_equal(w->queries, 1);
        assert_non_null(strstr(w->question, "\"n_results\":100"));
        assert_null(strstr(w->question, "metadatas"));
}

/* Only those of the same depth and filters, and no more than a batch. */
static void questions_are_asked_together(void **state)
{
        static const float vector[] = {1, 0};
        struct closeup_question questions[CLOSEUP_BATCH + 5];
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
                questions[i] = (struct closeup_question){vector, NULL, NULL, 20};
        w->target.id_count = 0;
        w->target.metadata = true;
        w->target.questions = questions;
        w->target.question_count = ARRAY_SIZE(questions);
        look(w);
        assert_null(w->error);
        assert_int_equal(w->answers, ARRAY_SIZE(questions));
        assert_int_equal(w->queries, 2);
        assert_non_null(strstr(w->question, "\"n_results\":20"));
        assert_non_null(strstr(w->question, "metadatas"));

        questions[0].results = 100;
        questions[3].where = "{\"a\":1}";
        questions[5].where_document = "{\"$contains\":\"b\"}";
        w->target.question_count = 7;
        w->answers = w->queries = 0;
        w->stage.ended = 0;
        look(w);
        /* 0, 1 and 2, 3, 4, 5, 6. */
        assert_int_equal(w->answers, 7);
        assert_int_equal(w->queries, 6);
}

static void only_what_there_is_to_ask_is_asked(void **state)
{
        struct world *w = *state;
        const struct closeup_handler handler = {on_record, on_answer, on_done, w};

        w->target.id_count = 0;
        look(w);
        assert_int_equal(w->gets, 0);
        assert_int_equal(w->answers, 2);
        w->target.question_count = 0;
        assert_int_equal(
                closeup_start(w->stage.client, &w->target, &handler, &w->closeup), -ENODATA);
}

static void a_wrong_answer_ends_it_with_a_sentence(void **state)
{
        static const struct {
                unsigned status;
                const char *page, *says;
        } cases[] = {
                {200, "{\"ids\":[\"r0\"],\"documents\":[],\"metadatas\":[null]}",
                        "not one document and one metadata for each record"},
                {200, "{\"ids\":[\"r0\"],\"documents\":null,\"metadatas\":null}",
                        "not one document"},
                {200, "[", "JSON"},
                {403, "{}", "403"},
                {500, "{}", "500"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                w->page = cases[i].page;
                w->status = cases[i].status;
                w->stage.ended = 0;
                look(w);
                assert_non_null(w->error);
                if (!strstr(w->error, cases[i].says))
                        fail_msg("%s", w->error);
                assert_non_null(strstr(w->error, "agents at http://"));
                free(w->error);
                w->error = NULL;
        }
        assert_int_equal(w->seen, 0);
        assert_int_equal(w->gets, ARRAY_SIZE(cases));
}

static void a_handler_may_end_it(void **state)
{
        struct world *w = *state;

        w->refuse = -ENOMEM;
        look(w);
        assert_int_equal(w->seen, 1);
        assert_non_null(strstr(w->error, "Cannot allocate memory"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(everything_is_asked_for_in_pages),
                TEST(questions_are_asked_together),
                TEST(only_what_there_is_to_ask_is_asked),
                TEST(a_wrong_answer_ends_it_with_a_sentence),
                TEST(a_handler_may_end_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
