/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "config/config.h"
#include "config/outline.h"
#include "expect.h"
#include "file.h"
#include "files.h"
#include "model/npy.h"

static char directory[] = "/tmp/test_outline.XXXXXX";

/* Whatever a collection may hold. */
static const char *const odd[] = {
        "plain",
        "don't \"quote\" \\ me",
        "#1: {a: [b]}, $HOME ${x} %d &a *b",
        "two\nlines\tand\r\x01",
        " blanks ",
        "ä € 😀 \xe2\x80\xa8\xc2\x85\x7f\xef\xbb\xbf\xef\xbf\xbf",
        "null",
        "1e5",
};

static const struct outline_server server = {
        "http://c:1/base", "t \"1\"", "db", "basic", NULL, NULL};

static int set_up(void **state)
{
        return !mkdtemp(directory) || chdir(directory) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
        static const char *const names[] = {"driftwatch.yaml", "c.queries.yaml", "c.vectors.npy",
                "c.vectors.ids.txt", "secret"};
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                r |= unlink(names[i]);
        return r | chdir("/") | rmdir(directory);
}

static void create(const char *name, const struct text *content)
{
        _cleanup_error_ struct error e = {0};

        assert_false(text_failed(content));
        if (file_create(name, text_string(content), content->size, &e) < 0)
                fail_msg("%s", e.message);
}

static void create_set(void)
{
        _cleanup_(vector_set_unrefp) struct vector_set *vectors =
                vector_set_new("v", NULL, 2, ARRAY_SIZE(odd));
        _cleanup_text_ struct text set = {0}, matrix = {0}, ids = {0};
        char id[8];

        outline_begin_set(&set);
        for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
                (void)snprintf(id, sizeof(id), "q%zu", i);
                assert_return_code(strdup_to(&vectors->ids[i], id), 0);
                vectors->rows[i][0] = (float)i / 3;
                outline_append_query(id, odd[i], i > 0 ? odd[i] : NULL, &set);
        }
        npy_build(vectors, &matrix, &ids);
        create("c.queries.yaml", &set);
        create("c.vectors.npy", &matrix);
        create("c.vectors.ids.txt", &ids);
}

static void check_set(const struct collection_config *c)
{
        assert_int_equal(c->queries->count, ARRAY_SIZE(odd));
        for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
                const struct query *q = &c->queries->queries[i];

                assert_string_equal(q->text, odd[i]);
                assert_int_equal(q->expect.id_count, i > 0 ? 1 : 0);
                if (i > 0)
                        assert_string_equal(q->expect.ids[0], odd[i]);
                assert_true(vector_set_find(c->vectors, q->id)[0] == (float)i / 3);
        }
}

static struct config *load(const char *name)
{
        _cleanup_errors_ struct errors errors = {0};
        struct config *c = NULL;

        if (config_load(name, NULL, &c, &errors) < 0)
                fail_msg("%s", errors.messages[0]);
        assert_int_equal(errors_total(&errors), 0);
        return c;
}

static void is_read_as_it_was_meant(void **state)
{
        struct band names[] = {{(char *)"near", -.25f}, {(char *)"far: \"x\"", INFINITY}};
        const struct bands bands = {names, ARRAY_SIZE(names), 1};
        struct outline_server with_secret = server;
        _cleanup_(config_freep) struct config *c = NULL;
        _cleanup_free_ char *secret = NULL;
        _cleanup_text_ struct text t = {0};

        write_file("secret", "anna:secret\n");
        secret = realpath("secret", NULL);
        with_secret.secret_file = secret;
        create_set();
        outline_begin(&with_secret, &t);
        outline_append_collection("c", "c", &(struct bands){0}, &t);
        outline_append_collection("other: \"name\"", "c", &bands, &t);
        create("driftwatch.yaml", &t);

        c = load("driftwatch.yaml");
        assert_int_equal(c->collection_count, 2);
        assert_string_equal(c->servers[0]->peer.url, "http://c:1/base");
        assert_string_equal(c->servers[0]->tenant, "t \"1\"");
        assert_string_equal(c->servers[0]->database, "db");
        assert_string_equal(secret_value(c->servers[0]->peer.secret), "anna:secret");
        check_set(c->collections[0]);
        assert_int_equal(c->collections[0]->bands_source, BANDS_OF_SPACE);
        assert_string_equal(c->collections[1]->name, "other: \"name\"");
        assert_true(bands_equal(&c->collections[1]->bands, &bands));
}

/* As the configuration says it of itself. */
static void the_server_is_judged_by_the_configuration(void **state)
{
        static const struct {
                struct outline_server server;
                const char *error;
        } rows[] = {
                {{"http://c:1//api/v2/", NULL, NULL, NULL, NULL, NULL}, NULL},
                {{"ftp://c:1", NULL, NULL, NULL, NULL, NULL},
                        "driftwatch.yaml:9:10: servers[0].url: must begin with http://"},
                {{"http://c:1", "a\nb", NULL, NULL, NULL, NULL},
                        "driftwatch.yaml:10:13: servers[0].tenant: must not contain control"},
                {{"http://c:1", NULL, NULL, "token", "/no/such/secret", NULL},
                        "driftwatch.yaml:10:40: servers[0].auth.secret_file: cannot open "
                        "/no/such/secret"},
                {{"http://c:1", NULL, NULL, NULL, NULL, "/no/such/ca"},
                        "driftwatch.yaml:10:20: servers[0].tls.ca_file: cannot read /no/such/ca"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_errors_ struct errors errors = {0};
                struct http_peer peer = {0};

                assert_int_equal(outline_peer(&rows[i].server, &peer, &errors),
                        rows[i].error ? -EBADMSG : 0);
                assert_errors(&errors, &rows[i].error, 1, rows[i].server.url);
                if (!rows[i].error)
                        assert_string_equal(peer.url, "http://c:1");
                http_peer_done(&peer);
        }
}

static void names_become_names_of_files(void **state)
{
        static const char *const rows[][2] = {{"handbook", "handbook"}, {"a.b_c-D9", "a.b_c-D9"},
                {".hidden", "_hidden~1692419006a8"}, {"a/b c", "a_b_c~"}, {"-x", "_x~"}, {"", "~"},
                {"ä", "__~"}};
        char name[513];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *stem = outline_stem(rows[i][0]);

                if (strncmp(stem, rows[i][1], strlen(rows[i][1])) != 0)
                        fail_msg("%s: %s", rows[i][0], stem);
                assert_null(strchr(stem, '/'));
        }
        memset(name, 'n', sizeof(name));
        name[512] = '\0';
        for (size_t i = 0; i < 2; i++) {
                _cleanup_free_ char *stem = outline_stem(name);

                assert_int_equal(strlen(stem), i == 0 ? 200 + 13 : 200);
                name[200] = '\0';
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(is_read_as_it_was_meant, set_up, tear_down),
                cmocka_unit_test(the_server_is_judged_by_the_configuration),
                cmocka_unit_test(names_become_names_of_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
