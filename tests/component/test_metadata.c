/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "../unit/fewer.h"
#include "ask/metadata.h"
#include "stage.h"

#define COLLECTION "{\"id\":\"" UUID "\",\"name\":\"c\",\"dimension\":2}"

/* What the server says to each /get; the last one again and again. */
struct reply {
        unsigned status;
        const char *body;
};

struct world {
        struct stage stage;
        struct metadata_target target;
        struct metadata_walk *walk;
        struct reply collection;
        const struct reply *pages;
        size_t page_count, asked;
        struct text seen; /* ids and metadata of all records */
        int refuse; /* what the page callback returns … */
        size_t taken; /* … after so many pages */
        char *error;
};

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        struct world *w = userdata;
        const struct reply *reply = &w->collection;

        if (strstr(request->path, "/get"))
                reply = &w->pages[MIN(w->asked, w->page_count - 1)];
        w->asked += reply != &w->collection;
        fake_answer(out, reply->status, NULL, reply->body, strlen(reply->body));
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        w->target = (struct metadata_target){.label = "agents",
                .collection = "c",
                .tenant = "t",
                .database = "d",
                .peer = &w->stage.peer};
        w->collection = (struct reply){200, COLLECTION};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        metadata_free(w->walk);
        stage_done(&w->stage);
        text_done(&w->seen);
        free(w->error);
        free(w);
        return 0;
}

static int on_page(const struct records *page, struct error *e, void *userdata)
{
        struct world *w = userdata;

        for (size_t i = 0; i < page->count; i++)
                text_appendf(&w->seen, "%s%s ", page->ids[i],
                        json_is_null(json_array_get(page->metadatas, i)) ? "-" : "+");
        return w->refuse < 0 && w->asked > w->taken ? error_set(e, w->refuse, "too much") : 0;
}

static void on_done(const char *error, void *userdata)
{
        struct world *w = userdata;

        w->stage.ended++;
        free(w->error);
        w->error = NULL;
        assert_int_equal(strdup_to(&w->error, error), 0);
        w->walk = metadata_free(w->walk);
}

static void walk(struct world *w, const struct reply *pages, size_t count)
{
        w->pages = pages;
        w->page_count = count;
        w->asked = w->stage.ended = 0;
        text_clear(&w->seen);
        assert_int_equal(
                metadata_start(w->stage.client, &w->target, on_page, on_done, w, &w->walk), 0);
        stage_await_end(&w->stage);
}

static void reads_page_after_page(void **state)
{
        static const struct reply pages[] = {
                {200, "{\"ids\":[\"a\",\"b\"],\"metadatas\":[{\"k\":1},null]}"},
                {200, "{\"ids\":[\"c\"],\"metadatas\":[{}]}"},
                {200, "{\"ids\":[],\"metadatas\":[]}"},
        };
        static const char *const bodies[] = {
                "{\"include\":[\"metadatas\"],\"limit\":1000}",
                "{\"include\":[\"metadatas\"],\"offset\":2,\"limit\":1000}",
                "{\"include\":[\"metadatas\"],\"offset\":3,\"limit\":1000}",
        };
        struct world *w = *state;

        walk(w, pages, ARRAY_SIZE(pages));
        assert_null(w->error);
        assert_string_equal(text_string(&w->seen), "a+ b- c+ ");
        assert_int_equal(fake_server_requests(w->stage.server), 4);
        assert_string_equal(fake_server_request(w->stage.server, 0)->path, BASE "c");
        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                assert_string_equal(
                        fake_server_request(w->stage.server, i + 1)->path, BASE UUID "/get");
                assert_string_equal(fake_server_request(w->stage.server, i + 1)->body, bodies[i]);
        }
}

static void a_page_beyond_the_quota_is_halved(void **state)
{
        static const struct reply pages[] = {
                {422, "{\"error\":\"ChromaError\",\"message\":\"Quota exceeded: limit\"}"},
                {403, "{\"error\":\"ChromaError\",\"message\":\"Quota exceeded: limit\"}"},
                {200, "{\"ids\":[\"a\"],\"metadatas\":[null]}"},
                {200, "{\"ids\":[],\"metadatas\":[]}"},
        };
        static const char *const limits[] = {"\"limit\":1000}", "\"limit\":500}", "\"limit\":250}",
                "\"offset\":1,\"limit\":250}"};
        struct world *w = *state;

        walk(w, pages, ARRAY_SIZE(pages));
        assert_null(w->error);
        assert_string_equal(text_string(&w->seen), "a- ");
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
                assert_non_null(
                        strstr(fake_server_request(w->stage.server, i + 1)->body, limits[i]));
        /* Not for ever. */
        walk(w, pages, 1);
        assert_int_equal(w->asked, 11);
        assert_non_null(strstr(w->error, "reading the metadata: HTTP 422: Quota exceeded"));
}

static void an_empty_collection_has_no_record(void **state)
{
        static const struct reply page = {200, "{\"ids\":[],\"metadatas\":[]}"};
        struct world *w = *state;

        walk(w, &page, 1);
        assert_null(w->error);
        assert_string_equal(text_string(&w->seen), "");
        assert_int_equal(w->asked, 1);
}

static void failures_have_a_sentence(void **state)
{
        static const struct {
                struct reply collection, page;
                const char *error;
        } rows[] = {
                {{404, "{\"error\":\"NotFoundError\",\"message\":\"no c\"}"}, {200, ""},
                        "reading the collection: HTTP 404: no c"},
                {{200, "[]"}, {200, ""}, "agents at http://127.0.0.1"},
                {{200, COLLECTION}, {500, "{\"error\":\"InternalError\",\"message\":\"boom\"}"},
                        "reading the metadata: HTTP 500: boom"},
                {{200, COLLECTION}, {200, "{\"ids\":[\"a\"]}"}, "agents at http://127.0.0.1"},
                {{200, COLLECTION}, {200, "{\"ids\":[\"a\"],\"metadatas\":[7]}"},
                        "agents at http://127.0.0.1"},
                {{200, COLLECTION}, {200, "{\"ids\":null}"}, "agents at http://127.0.0.1"},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->collection = rows[i].collection;
                walk(w, &rows[i].page, 1);
                if (!w->error || !strstr(w->error, rows[i].error))
                        fail_msg("row %zu: %s", i, w->error ? w->error : "no error");
                assert_string_equal(text_string(&w->seen), "");
        }
}

static void stops_when_the_page_is_refused(void **state)
{
        static const struct reply page = {200, "{\"ids\":[\"a\"],\"metadatas\":[null]}"};
        struct world *w = *state;

        w->refuse = -E2BIG;
        walk(w, &page, 1);
        assert_non_null(strstr(w->error, "too much"));
        assert_int_equal(w->asked, 1);
}

static void refuses_a_page_of_more_than_was_asked_for(void **state)
{
        _cleanup_text_ struct text body = {0};
        struct reply page = {.status = 200};
        struct world *w = *state;

        text_append(&body, "{\"ids\":[\"x\"");
        for (int i = 0; i < METADATA_PAGE; i++)
                text_append(&body, ",\"x\"");
        text_append(&body, "],\"metadatas\":[null");
        for (int i = 0; i < METADATA_PAGE; i++)
                text_append(&body, ",null");
        text_append(&body, "]}");
        page.body = text_string(&body);
        walk(w, &page, 1);
        assert_non_null(strstr(
                w->error, "the answer has more ids than the 1000 records that were asked for"));
}

/* A server that ignores the offset. Where pages are costly the walk is given up before the end. */
static void ends_where_a_collection_does_not(void **state)
{
        static const struct reply page = {200, "{\"ids\":[\"a\"],\"metadatas\":[null]}"};
        struct world *w = *state;
        size_t pages = fewer(METADATA_PAGES_MAX);
        bool all = pages == METADATA_PAGES_MAX;

        w->refuse = all ? 0 : -E2BIG;
        w->taken = pages - 1;
        walk(w, &page, 1);
        assert_non_null(strstr(w->error, all ? "does not end after 10000 pages" : "too much"));
        assert_int_equal(w->asked, pages);
}

static void can_be_given_up(void **state)
{
        static const struct reply page = {200, "{\"ids\":[],\"metadatas\":[]}"};
        struct world *w = *state;

        w->pages = &page;
        w->page_count = 1;
        assert_int_equal(
                metadata_start(w->stage.client, &w->target, on_page, on_done, w, &w->walk), 0);
        w->walk = metadata_free(w->walk);
        assert_int_equal(w->stage.ended, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(reads_page_after_page),
                TEST(a_page_beyond_the_quota_is_halved),
                TEST(an_empty_collection_has_no_record),
                TEST(failures_have_a_sentence),
                TEST(stops_when_the_page_is_refused),
                TEST(refuses_a_page_of_more_than_was_asked_for),
                TEST(ends_where_a_collection_does_not),
                TEST(can_be_given_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
