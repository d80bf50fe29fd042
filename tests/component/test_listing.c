/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "ask/listing.h"
#include "stage.h"

#define PATH "/api/v2/tenants/t/databases/d%20b/collections?limit=200&offset="

struct world {
        struct stage stage;
        struct listing_target target;
        struct listing *listing;
        size_t count; /* collections that the server has */
        size_t page; /* how many of them it sends at once */
        size_t broken_at; /* what it answers from this offset on is no list; 0: never */
        size_t names; /* that were handed over */
        char *error;
};

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        const struct world *w = userdata;
        _cleanup_text_ struct text body = {0};
        size_t offset;

        if (strncmp(request->path, PATH, strlen(PATH)) != 0)
                fail_msg("%s", request->path);
        offset = strtoul(request->path + strlen(PATH), NULL, 10);
        text_append(&body, w->broken_at > 0 && offset >= w->broken_at ? "{" : "[");
        for (size_t i = offset; i < MIN(w->count, offset + w->page); i++)
                text_appendf(&body, "%s{\"name\":\"c%zu\"}", i > offset ? "," : "", i);
        text_append(&body, "]");
        fake_answer(out, 200, NULL, text_string(&body), body.size);
}

static void on_page(char *const *names, size_t count, void *userdata)
{
        struct world *w = userdata;
        char expected[16];

        for (size_t i = 0; i < count; i++) {
                (void)snprintf(expected, sizeof(expected), "c%zu", w->names++);
                assert_string_equal(names[i], expected);
        }
}

static void on_done(const struct error *why, void *userdata)
{
        struct world *w = userdata;

        w->error = why->message ? strdup(why->message) : NULL;
        w->listing = listing_free(w->listing);
        w->stage.ended++;
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        w->page = LISTING_PAGE;
        w->target = (struct listing_target){"t", "d b", &w->stage.peer};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        listing_free(w->listing);
        stage_done(&w->stage);
        free(w->error);
        free(w);
        return 0;
}

static void start(struct world *w)
{
        const struct listing_callbacks callbacks = {on_page, on_done, stage_on_exchange, w};

        assert_int_equal(listing_start(w->stage.client, &w->target, &callbacks, &w->listing), 0);
}

static void list(struct world *w)
{
        w->stage.ended = w->stage.exchanges = 0;
        w->names = 0;
        start(w);
        stage_await_end(&w->stage);
}

static void all_pages_are_read(void **state)
{
        static const struct {
                size_t count;
                unsigned exchanges;
        } rows[] = {{0, 1}, {199, 1}, {200, 2}, {450, 3}, {1999, 10}};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->count = rows[i].count;
                list(w);
                assert_null(w->error);
                assert_int_equal(w->names, rows[i].count);
                assert_int_equal(w->stage.exchanges, rows[i].exchanges);
        }
}

static void a_page_that_is_none_ends_it(void **state)
{
        struct world *w = *state;

        w->count = 450;
        w->broken_at = 200;
        list(w);
        assert_string_equal(
                w->error, "listing the collections: the answer is no list of collections");
        assert_int_equal(w->names, 200);
}

/* It knows no offsets then, and would send the same for ever. */
static void a_server_that_ignores_the_limit_is_not_believed(void **state)
{
        struct world *w = *state;

        w->count = w->page = LISTING_PAGE + 1;
        list(w);
        assert_string_equal(w->error,
                "listing the collections: the server sends more of them than it was asked for");
        assert_int_equal(w->names, 0);
}

static void nobody_answers(void **state)
{
        struct world *w = *state;

        w->stage.peer.url = DEAD_URL;
        list(w);
        assert_non_null(w->error);
        assert_int_equal(w->stage.exchanges, 1);
}

static void it_can_be_cancelled(void **state)
{
        struct world *w = *state;

        start(w);
        w->listing = listing_free(w->listing);
        assert_int_equal(w->stage.ended, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(all_pages_are_read),
                TEST(a_page_that_is_none_ends_it),
                TEST(a_server_that_ignores_the_limit_is_not_believed),
                TEST(nobody_answers),
                TEST(it_can_be_cancelled),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
