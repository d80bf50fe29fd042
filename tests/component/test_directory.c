/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ask/directory.h"
#include "stage.h"

#define DATABASE "{\"id\":\"x\",\"name\":\"d b\",\"tenant\":\"t\"}"
#define TENANT "{\"name\":\"t\"}"

/* What the server answers, by the end of the path; a NULL body: 404 of Chroma's. */
struct answers {
        const char *collections, *database, *databases, *tenant;
};

struct world {
        struct stage stage;
        struct directory_target target;
        struct directory *directory;
        struct answers answers;
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

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        stage_init(&w->stage, answer, w);
        w->target = (struct directory_target){
                .tenant = "t", .database = "d b", .collection = "docs", .peer = &w->stage.peer};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        directory_free(w->directory);
        stage_done(&w->stage);
        free(w->found);
        free(w);
        return 0;
}

static void on_done(const char *found, void *userdata)
{
        struct world *w = userdata;

        w->stage.ended++;
        free(w->found);
        w->found = NULL;
        assert_int_equal(strdup_to(&w->found, found), 0);
        w->directory = directory_free(w->directory);
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
                w->stage.ended = w->stage.exchanges = 0;
                assert_int_equal(directory_start(w->stage.client, &w->target, on_done,
                                         stage_on_exchange, w, &w->directory),
                        0);
                stage_await_end(&w->stage);
                assert_string_equal(w->found, rows[i].found);
                assert_int_equal(w->stage.exchanges, rows[i].exchanges);
        }
}

static void says_nothing_where_nothing_is_found_out(void **state)
{
        struct world *w = *state;

        w->stage.peer.url = DEAD_URL;
        w->stage.ended = 0;
        assert_int_equal(directory_start(w->stage.client, &w->target, on_done, stage_on_exchange, w,
                                 &w->directory),
                0);
        stage_await_end(&w->stage);
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
