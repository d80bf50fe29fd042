/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "file.h"
#include "keep/snapshot.h"
#include "text.h"

#define QUERIES "queries: [{id: \"q\\\"1\", text: a}, {id: q2, text: b}]"

static char directory[] = "/tmp/driftwatch-snapshot-XXXXXX";
static char path[sizeof(directory) + 32], aside[sizeof(path) + 8];

static int set_up(void **state)
{
        if (!mkdtemp(directory))
                return -1;
        (void)snprintf(path, sizeof(path), "%s/snapshot.json", directory);
        (void)snprintf(aside, sizeof(aside), "%s.damaged", path);
        return 0;
}

static int tear_down(void **state)
{
        (void)unlink(path);
        (void)unlink(aside);
        return rmdir(directory);
}

static struct view *sample_view(void)
{
        struct errors errors = {0};
        struct collection_view *c = collection_view_new(2);
        struct view *v = view_new();

        assert_int_equal(
                query_set_parse("q.yaml", QUERIES, strlen(QUERIES), &c->query_set, &errors), 0);
        assert_int_equal(bands_default(NULL, &c->bands), 0);
        c->label = strdup("agents");
        c->queries[0].judgement.home_band = 1;
        c->queries[0].judgement.home_distance = .91968507f;
        v->collections = calloc(1, sizeof(struct collection_view *));
        v->collections[v->collection_count++] = c;
        return v;
}

static void write_home(
        const char *collection, const char *query, const char *band, float distance, void *userdata)
{
        text_appendf(userdata, "%s|%s|%s|", collection, query, band);
        text_append_float(userdata, distance);
        text_append(userdata, "\n");
}

static void what_is_saved_comes_back(void **state)
{
        _cleanup_(view_unrefp) struct view *v = sample_view();
        _cleanup_text_ struct text homes = {0};
        struct error e = {0};

        assert_int_equal(snapshot_save(path, v, &e), 0);
        assert_int_equal(snapshot_load(path, write_home, &homes, &e), 0);
        assert_string_equal(text_string(&homes), "agents|q\"1|good|0.91968507\n");
}

static void signature_follows_homes_not_distances(void **state)
{
        _cleanup_(view_unrefp) struct view *v = sample_view();
        uint64_t before = snapshot_signature(v);

        v->collections[0]->queries[0].judgement.home_distance = .5f;
        assert_int_equal(snapshot_signature(v), before);
        v->collections[0]->queries[1].judgement.home_band = 0;
        assert_int_not_equal(snapshot_signature(v), before);
}

static void damaged_files_are_set_aside(void **state)
{
        static const char *const contents[] = {"", "{", "[]", "null",
                "{\"version\":2,\"homes\":{}}", "{\"version\":1}", "{\"version\":1,\"homes\":[]}",
                "{\"version\":1,\"homes\":{\"c\":{\"q\":{\"distance\":1}}}}",
                "{\"version\":1,\"homes\":{\"c\":{\"q\":{\"band\":\"good\",\"distance\":\"near\"}}}}"};

        for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_text_ struct text homes = {0};

                assert_int_equal(file_replace(path, contents[i], strlen(contents[i]), &e), 0);
                assert_int_equal(snapshot_load(path, write_home, &homes, &e), -EBADMSG);
                assert_non_null(strstr(e.message, "kept as"));
                assert_string_equal(text_string(&homes), "");
                assert_int_equal(access(path, F_OK), -1);
                assert_int_equal(access(aside, F_OK), 0);
        }
}

static void no_file_is_no_error_of_a_person(void **state)
{
        assert_int_equal(
                snapshot_load("/nonexistent/snapshot.json", write_home, NULL, NULL), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_saved_comes_back),
                cmocka_unit_test(signature_follows_homes_not_distances),
                cmocka_unit_test(damaged_files_are_set_aside),
                cmocka_unit_test(no_file_is_no_error_of_a_person),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
