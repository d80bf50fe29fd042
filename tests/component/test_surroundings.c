/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "ask/listing.h"
#include "stage.h"
#include "watch/surroundings.h"

#define PATH "/api/v2/tenants/t/databases/d%20b/collections?limit=200&offset="
#define HOUR USEC_PER_HOUR

struct world {
        struct stage stage;
        struct server_config servers[2];
        struct collection_config collections[3];
        struct server_config *server_list[2];
        struct collection_config *collection_list[3];
        struct config config;
        struct surroundings_owner owner;
        struct surroundings *surroundings;
        size_t count; /* collections that the server has: c0, c1, ... */
        unsigned status;
        const char *body; /* instead of them; NULL */
};

static void append_page(struct text *body, size_t offset, size_t count)
{
        text_append(body, "[");
        for (size_t i = offset; i < MIN(count, offset + LISTING_PAGE); i++)
                text_appendf(body, "%s{\"name\":\"c%zu\"}", i > offset ? "," : "", i);
        text_append(body, "]");
}

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        const struct world *w = userdata;
        _cleanup_text_ struct text body = {0};

        if (strncmp(request->path, PATH, strlen(PATH)) != 0)
                fail_msg("%s", request->path);
        if (w->body)
                text_append(&body, w->body);
        else
                append_page(&body, strtoul(request->path + strlen(PATH), NULL, 10), w->count);
        fake_answer(out, w->status, NULL, text_string(&body), body.size);
}

static void on_changed(void *userdata)
{
        struct world *w = userdata;

        w->stage.ended++;
}

static void on_exchanged(const char *server, const struct http_response *response, void *userdata)
{
        assert_string_equal(server, "main");
        stage_on_exchange(response, userdata);
}

static struct surroundings *make(struct world *w)
{
        struct surroundings *s = NULL;

        assert_int_equal(surroundings_new(&w->config, w->stage.client, &w->owner, &s), 0);
        return s;
}

/* Two are watched, one of them by another name of the same server. */
static int set_up(void **state)
{
        static const char *const watched[] = {"c1", "gone", "c7"};
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        w->status = 200;
        for (size_t i = 0; i < 2; i++)
                w->servers[i] = (struct server_config){.name = (char *)(i ? "alias" : "main"),
                        .tenant = (char *)"t",
                        .database = (char *)"d b",
                        .peer = w->stage.peer};
        for (size_t i = 0; i < 3; i++)
                w->collections[i] = (struct collection_config){
                        .name = (char *)watched[i], .server = &w->servers[i == 2]};
        for (size_t i = 0; i < ARRAY_SIZE(w->server_list); i++)
                w->server_list[i] = &w->servers[i];
        for (size_t i = 0; i < ARRAY_SIZE(w->collection_list); i++)
                w->collection_list[i] = &w->collections[i];
        w->config = (struct config){.servers = w->server_list,
                .server_count = 2,
                .collections = w->collection_list,
                .collection_count = 3};
        w->owner = (struct surroundings_owner){on_changed, on_exchanged, w};
        w->surroundings = make(w);
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        surroundings_free(w->surroundings);
        stage_done(&w->stage);
        free(w);
        return 0;
}

static const struct unwatched *known(const struct world *w)
{
        return surroundings_find(w->surroundings, "main");
}

static void list(struct world *w, usec_t now)
{
        w->stage.ended = w->stage.exchanges = 0;
        surroundings_note(w->surroundings, &w->servers[0], now);
        stage_await_end(&w->stage);
}

static void unwatched_collections_are_counted_and_named(void **state)
{
        static const struct {
                size_t count, unwatched, named;
                unsigned exchanges;
        } rows[] = {
                {0, 0, 0, 1},
                {2, 1, 1, 1},
                {22, 20, 20, 1},
                {23, 21, 20, 1},
                {200, 198, 20, 2},
                {450, 448, 20, 3},
        };
        struct world *w = *state;

        assert_false(known(w)->known);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->count = rows[i].count;
                list(w, (i + 1) * HOUR);
                assert_true(known(w)->known && known(w)->listed > 0);
                assert_int_equal(known(w)->count, rows[i].unwatched);
                assert_int_equal(known(w)->named, rows[i].named);
                assert_int_equal(w->stage.exchanges, rows[i].exchanges);
        }
        assert_string_equal(known(w)->names[0], "c0");
        assert_string_equal(known(w)->names[1], "c10");
        assert_string_equal(known(w)->names[19], "c116");
        assert_null(surroundings_find(w->surroundings, "other"));
}

/* Of 22, c1 is watched here and c7 by another name of the server; c0 and c9 by another daemon. */
static void what_another_daemon_watches_is_watched(void **state)
{
        struct world *w = *state;
        struct elsewhere_config elsewhere[] = {
                {(char *)"c0", (char *)"c0", &w->servers[0]},
                {(char *)"c7", (char *)"c7", &w->servers[1]},
                {(char *)"label", (char *)"c9", &w->servers[0]},
        };

        w->config.elsewhere = elsewhere;
        w->config.elsewhere_count = ARRAY_SIZE(elsewhere);
        surroundings_free(w->surroundings);
        w->surroundings = make(w);
        w->count = 22;
        list(w, HOUR);
        assert_int_equal(known(w)->count, 18);
        assert_string_equal(known(w)->names[0], "c10");
}

static void a_listing_s_time_follows_the_clock(void **state)
{
        const int64_t ahead = 400 * (int64_t)USEC_PER_DAY;
        struct world *w = *state;
        usec_t listed;

        surroundings_jump(w->surroundings, ahead); /* of none */
        assert_int_equal(known(w)->listed, 0);
        list(w, HOUR);
        listed = known(w)->listed;
        surroundings_jump(w->surroundings, ahead);
        assert_int_equal(known(w)->listed, listed + (usec_t)ahead);
}

static void names_are_shown_on_one_line(void **state)
{
        struct world *w = *state;

        w->body = "[{\"name\":\"a\\u001b[2J\\n\"}]";
        list(w, HOUR);
        assert_int_equal(known(w)->count, 1);
        assert_null(strpbrk(known(w)->names[0], "\x1b\n"));
}

static void what_cannot_be_listed_is_unknown(void **state)
{
        static const struct {
                unsigned status;
                const char *body, *error;
        } rows[] = {
                {403, "{\"error\":\"Forbidden\"}", "listing the collections: HTTP 403: Forbidden"},
                {200, "{}", "listing the collections: the answer is no list of collections"},
                {403, "<html>no</html>", "listing the collections: HTTP 403"},
                {500, "{\"error\":\"InternalError\",\"message\":\"no\"}",
                        "listing the collections"},
        };
        struct world *w = *state;

        w->count = 2;
        list(w, HOUR);
        assert_true(known(w)->known);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->status = rows[i].status;
                w->body = rows[i].body;
                list(w, (i + 2) * HOUR);
                assert_false(known(w)->known);
                assert_int_equal(known(w)->named, 0);
                if (strncmp(known(w)->error, rows[i].error, strlen(rows[i].error)) != 0)
                        fail_msg("%s", known(w)->error);
        }
}

static void two_thousand_are_too_many(void **state)
{
        struct world *w = *state;

        w->count = LISTING_PAGE * LISTING_PAGES_MAX;
        list(w, HOUR);
        assert_false(known(w)->known);
        assert_string_equal(known(w)->error, "listing the collections: there are 2000 or more");
        assert_int_equal(w->stage.exchanges, LISTING_PAGES_MAX);
}

/* Whether it came to something or not. */
static void it_is_asked_rarely(void **state)
{
        struct world *w = *state;
        usec_t now = HOUR;

        for (unsigned i = 0; i < 3; i++, now += SURROUNDINGS_INTERVAL) {
                w->status = i == 1 ? 403 : 200;
                w->count = i + 2;
                list(w, now);
                assert_int_equal(w->stage.exchanges, 1);
                assert_int_equal(known(w)->known, i != 1);
                w->count = 100;
                surroundings_note(w->surroundings, &w->servers[0], now + SURROUNDINGS_INTERVAL - 1);
                assert_int_equal(known(w)->count, i == 1 ? 0 : i + 1);
        }
}

static void another_configuration_of_the_same_goes_on(void **state)
{
        struct world *w = *state;
        struct surroundings *old;

        w->count = 3;
        list(w, HOUR);
        old = w->surroundings;
        w->surroundings = make(w);
        surroundings_adopt(w->surroundings, old);
        surroundings_free(old);
        assert_true(known(w)->known);
        assert_int_equal(known(w)->count, 2);
        surroundings_note(w->surroundings, &w->servers[0], HOUR + 1);

        old = w->surroundings;
        w->config.collection_count = 2;
        w->collections[1].name = (char *)"c2";
        w->surroundings = make(w);
        surroundings_adopt(w->surroundings, old);
        surroundings_free(old);
        assert_false(known(w)->known);
        list(w, HOUR + 1);
        assert_int_equal(known(w)->count, 1);
        assert_string_equal(known(w)->names[0], "c0");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(unwatched_collections_are_counted_and_named),
                TEST(what_another_daemon_watches_is_watched),
                TEST(a_listing_s_time_follows_the_clock),
                TEST(names_are_shown_on_one_line),
                TEST(what_cannot_be_listed_is_unknown),
                TEST(two_thousand_are_too_many),
                TEST(it_is_asked_rarely),
                TEST(another_configuration_of_the_same_goes_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
