/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

#include <errno.h>

#include "ask/closeup.h"
#include "fake_server.h"

#define IDS 250

/* A server that answers each /get with the documents asked for, or with what the test wants. */
struct world {
        sd_event *event;
        struct http_client *client;
        struct fake_server *server;
        struct http_peer peer;
        const char *ids[IDS];
        char names[IDS][8];
        struct closeup_target target;
        struct closeup *closeup;
        const char *page; /* NULL: right ones */
        unsigned status;
        unsigned gets, queries;
        size_t seen, answers, most; /* records, answers, ids of the largest page */
        int refuse; /* what a handler returns */
        unsigned ended;
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
                text_append(
                        &body, "{\"ids\":[[\"x\"]],\"distances\":[[0.5]],\"metadatas\":[[null]]}");
        }
        fake_answer(out, w->status, NULL, body.data, body.size);
}

static const struct fake_step serve[] = {
        {.action = FAKE_READ}, {.action = FAKE_CALL, .call = answer}, {.action = FAKE_AGAIN}};

static int set_up(void **state)
{
        static const float vector[] = {1, 0};
        static const struct closeup_question questions[] = {
                {vector, NULL, NULL}, {vector, NULL, NULL}};
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        assert_true(sd_event_new(&w->event) >= 0);
        assert_int_equal(http_client_new(w->event, "test", &w->client), 0);
        w->server = fake_server_new(w->event, w);
        fake_server_script(w->server, serve);
        w->peer = (struct http_peer){
                .url = (char *)fake_server_url(w->server), .timeout_usec = 10 * USEC_PER_SEC};
        for (size_t i = 0; i < IDS; i++) {
                (void)snprintf(w->names[i], sizeof(w->names[i]), "r%zu", i);
                w->ids[i] = w->names[i];
        }
        w->target = (struct closeup_target){.label = "agents",
                .tenant = "t",
                .database = "d",
                .collection_id = "aaaaaaaa-0000-4000-8000-000000000001",
                .peer = &w->peer,
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
        http_client_free(w->client);
        fake_server_free(w->server);
        sd_event_unref(w->event);
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

        w->ended++;
        assert_int_equal(strdup_to(&w->error, error), 0);
        w->closeup = closeup_free(w->closeup);
}

static bool ended(void *userdata)
{
        return ((struct world *)userdata)->ended > 0;
}

static void look(struct world *w)
{
        const struct closeup_handler handler = {on_record, on_answer, on_done, w};

        assert_int_equal(closeup_start(w->client, &w->target, &handler, &w->closeup), 0);
        assert_true(fake_run_until(w->event, ended, w));
        assert_int_equal(w->ended, 1);
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
        assert_int_equal(w->queries, 2);
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
        assert_int_equal(closeup_start(w->client, &w->target, &handler, &w->closeup), -ENODATA);
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
                w->ended = 0;
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

#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(everything_is_asked_for_in_pages),
                world_test(only_what_there_is_to_ask_is_asked),
                world_test(a_wrong_answer_ends_it_with_a_sentence),
                world_test(a_handler_may_end_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
