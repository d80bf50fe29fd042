/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

#include <errno.h>

#include "ask/directory.h"
#include "fake_server.h"

#define NOT_FOUND "{\"error\":\"NotFoundError\",\"message\":\"no\"}"
#define DATABASE "{\"id\":\"x\",\"name\":\"d b\",\"tenant\":\"t\"}"
#define TENANT "{\"name\":\"t\"}"

/* What the server answers, by the end of the path; a NULL body: 404 of Chroma's. */
struct answers {
        const char *collections, *database, *databases, *tenant;
};

struct world {
        sd_event *event;
        struct http_client *client;
        struct fake_server *server;
        struct http_peer peer;
        struct directory_target target;
        struct directory *directory;
        struct answers answers;
        unsigned ended, exchanges;
        char *found;
};

static void answer(const struct fake_request *request, struct text *out, void *userdata)
{
        const struct answers *a = &((struct world *)userdata)->answers;
        const struct {
                const char *path, *body;
        } rows[] = {
                {"/api/v2/tenants/t/databases/d%20b/collections?limit=1000", a->collections},
                {"/api/v2/tenants/t/databases/d%20b", a->database},
                {"/api/v2/tenants/t/databases", a->databases},
                {"/api/v2/tenants/t", a->tenant},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (streq(request->path, rows[i].path)) {
                        const char *body = rows[i].body ? rows[i].body : NOT_FOUND;

                        fake_answer(out, rows[i].body ? 200 : 404, NULL, body, strlen(body));
                        return;
                }
        fake_answer(out, 500, NULL, "unexpected", strlen("unexpected"));
}

static const struct fake_step serve[] = {
        {.action = FAKE_READ}, {.action = FAKE_CALL, .call = answer}, {.action = FAKE_AGAIN}};

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        assert_true(sd_event_new(&w->event) >= 0);
        assert_int_equal(http_client_new(w->event, "test", &w->client), 0);
        w->server = fake_server_new(w->event, w);
        fake_server_script(w->server, serve);
        w->peer = (struct http_peer){
                .url = (char *)fake_server_url(w->server), .timeout_usec = 10 * USEC_PER_SEC};
        w->target = (struct directory_target){
                .tenant = "t", .database = "d b", .collection = "docs", .peer = &w->peer};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        directory_free(w->directory);
        http_client_free(w->client);
        fake_server_free(w->server);
        sd_event_unref(w->event);
        free(w->found);
        free(w);
        return 0;
}

static void on_done(const char *found, void *userdata)
{
        struct world *w = userdata;

        w->ended++;
        free(w->found);
        w->found = NULL;
        assert_int_equal(strdup_to(&w->found, found), 0);
        w->directory = directory_free(w->directory);
}

static void on_exchange(const struct http_response *response, void *userdata)
{
        ((struct world *)userdata)->exchanges++;
}

static bool ended(void *userdata)
{
        return ((struct world *)userdata)->ended > 0;
}

static void tells_what_exists(void **state)
{
        static const struct {
                struct answers answers;
                const char *found;
                unsigned exchanges;
        } rows[] = {
                {{.collections = "[{\"name\":\"zebra\"},{\"name\":\"doc\"},{\"name\":\"dosc\"},{}]"},
                        "database \"d b\" of tenant \"t\" has 3 collections: doc, dosc, zebra", 1},
                {{.collections = "[{\"name\":\"a\\u001b[2J\"}]"},
                        "database \"d b\" of tenant \"t\" has 1 collection: a [2J", 1},
                {{.collections = "[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"e\"},"
                                 "{\"name\":\"f\"},{\"name\":\"g\"},{\"name\":\"h\"},{\"name\":\"i\"},"
                                 "{\"name\":\"j\"},{\"name\":\"docks\"},{\"name\":\"k\"},"
                                 "{\"name\":\"wholly_other\"}]"},
                        "database \"d b\" of tenant \"t\" has 12 collections; nearest: docks, c, a, b, e, "
                        "f, g, h, i, j",
                        1},
                {{.collections = "[]", .database = DATABASE},
                        "database \"d b\" of tenant \"t\" has no collection", 2},
                {{.collections = "[]", .databases = "[{\"name\":\"db\"},{\"name\":\"prod\"}]"},
                        "tenant \"t\" has no database \"d b\"; it has 2 databases: db, prod", 3},
                {{.collections = "[]", .databases = "[]", .tenant = TENANT},
                        "tenant \"t\" has no database \"d b\"", 4},
                {{.collections = "[]", .databases = "[]"}, "the server has no tenant \"t\"", 4},
                {{.databases = "7"}, "the server has no tenant \"t\"", 4},
        };
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                w->answers = rows[i].answers;
                w->ended = w->exchanges = 0;
                assert_int_equal(directory_start(w->client, &w->target, on_done, on_exchange, w,
                                         &w->directory),
                        0);
                assert_true(fake_run_until(w->event, ended, w));
                assert_string_equal(w->found, rows[i].found);
                assert_int_equal(w->exchanges, rows[i].exchanges);
        }
}

static void says_nothing_where_nothing_is_found_out(void **state)
{
        struct world *w = *state;

        w->peer.url = (char *)"http://127.0.0.1:9"; /* discard: nobody listens here */
        assert_int_equal(
                directory_start(w->client, &w->target, on_done, on_exchange, w, &w->directory), 0);
        assert_true(fake_run_until(w->event, ended, w));
        assert_null(w->found);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(tells_what_exists, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        says_nothing_where_nothing_is_found_out, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
