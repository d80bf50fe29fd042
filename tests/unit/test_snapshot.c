/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "keep/snapshot.h"
#include "short.h"
#include "text.h"

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

static void write_sample(void)
{
        static const char sample[] = "{\"version\":1,\"homes\":{\"agents\":{\"q\\\"1\":{"
                                     "\"band\":\"good\",\"distance\":0.91968507}}}}";

        assert_int_equal(file_replace(path, sample, strlen(sample), NULL), 0);
}

static void write_home(
        const char *collection, const char *query, const char *band, float distance, void *userdata)
{
        text_appendf(userdata, "%s|%s|%s|", collection, query, band);
        text_append_float(userdata, distance);
        text_append(userdata, "\n");
}

static void what_was_saved_comes_back(void **state)
{
        _cleanup_text_ struct text homes = {0};
        struct error e = {0};

        write_sample();
        assert_int_equal(snapshot_load(path, write_home, &homes, &e), 0);
        assert_string_equal(text_string(&homes), "agents|q\"1|good|0.91968507\n");
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

static void short_memory_damages_no_file(void **state)
{
        _cleanup_text_ struct text homes = {0};
        size_t failures = 0;

        json_init();
        (void)unlink(aside); /* of the test before */
        write_sample();
        for (int r = -ENOMEM; r < 0; failures += r < 0) {
                short_after = failures;
                r = snapshot_load(path, write_home, &homes, NULL);
                short_after = SIZE_MAX;
                assert_int_equal(access(aside, F_OK), -1);
        }
        assert_true(failures > 5);
        assert_string_equal(text_string(&homes), "agents|q\"1|good|0.91968507\n");
}

static void no_file_is_no_error_of_a_person(void **state)
{
        assert_int_equal(
                snapshot_load("/nonexistent/snapshot.json", write_home, NULL, NULL), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_saved_comes_back),
                cmocka_unit_test(damaged_files_are_set_aside),
                cmocka_unit_test(short_memory_damages_no_file),
                cmocka_unit_test(no_file_is_no_error_of_a_person),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
