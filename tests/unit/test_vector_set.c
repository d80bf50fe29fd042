/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect.h"
#include "model/vector_set.h"

static void reads_and_finds(void **state)
{
        static const char json[] = "{\"vectors\": {\"b\": [1, -2.5], \"a\": [0.1, 1e-46], "
                                   "\"c\": [3.4e38, 0]},\n \"model\": \"mini\", \"dimension\": 2}";
        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};

        assert_int_equal(vector_set_parse("v.json", json, strlen(json), &set, &errors), 0);
        assert_int_equal(errors_total(&errors), 0);
        assert_string_equal(set->path, "v.json");
        assert_string_equal(set->model, "mini");
        assert_int_equal(set->dimension, 2);
        assert_int_equal(set->count, 3);
        assert_string_equal(set->ids[0], "a");
        assert_string_equal(set->ids[2], "c");
        assert_ptr_equal(vector_set_find(set, "a"), set->values);
        assert_true(vector_set_find(set, "a")[0] == 0.1f && vector_set_find(set, "a")[1] == 0);
        assert_true(vector_set_find(set, "b")[0] == 1 && vector_set_find(set, "b")[1] == -2.5f);
        assert_true(vector_set_find(set, "c")[0] == 3.4e38f);
        assert_null(vector_set_find(set, ""));
        assert_null(vector_set_find(set, "aa"));
        assert_null(vector_set_find(set, "d"));
}

static void finds_each_of_many(void **state)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_free_ char *json = NULL;
        size_t size;
        FILE *f = open_memstream(&json, &size);

        assert_non_null(f);
        (void)fprintf(f, "{\"dimension\": 1, \"vectors\": {");
        for (int i = 0; i < 1000; i++)
                (void)fprintf(
                        f, "%s\"q-%d\": [%d]", i ? "," : "", i * 7919 % 1000, i * 7919 % 1000);
        (void)fprintf(f, "}}");
        assert_int_equal(fclose(f), 0);
        assert_int_equal(vector_set_parse("v", json, size, &set, &errors), 0);
        assert_null(set->model);
        for (int i = 0; i < 1000; i++) {
                char id[16];

                (void)snprintf(id, sizeof(id), "q-%d", i);
                assert_non_null(vector_set_find(set, id));
                assert_true(*vector_set_find(set, id) == (float)i);
        }
}

static void refuses(void **state)
{
        static const struct {
                const char *json, *errors[3];
        } cases[] = {
                {"", {"v:1:1: "}},
                {"{\"dimension\": 2", {"v:1:15: "}},
                {"[1]", {"v: must be a JSON object with dimension and vectors"}},
                {"{\"vectors\": {\"a\": [1]}}",
                        {"v: dimension: must be given as a whole number from 1 to 65536"}},
                {"{\"dimension\": 0, \"vectors\": {\"a\": []}}",
                        {"v: dimension: must be given as a whole number from 1 to 65536"}},
                {"{\"dimension\": 65537, \"vectors\": {\"a\": []}}",
                        {"v: dimension: must be given as a whole number from 1 to 65536"}},
                {"{\"dimension\": \"2\", \"vectors\": {\"a\": [1]}}",
                        {"v: dimension: must be given as a whole number from 1 to 65536"}},
                {"{\"dimension\": 2}",
                        {"v: vectors: must be an object of query ids with at least one vector"}},
                {"{\"dimension\": 2, \"vectors\": {}}",
                        {"v: vectors: must be an object of query ids with at least one vector"}},
                {"{\"dimension\": 2, \"vectors\": [[1, 2]]}",
                        {"v: vectors: must be an object of query ids with at least one vector"}},
                {"{\"dimension\": 1, \"vector\": 1, \"vectors\": {\"a\": [1]}}",
                        {"v: vector: unknown key; did you mean \"vectors\"?"}},
                {"{\"dimension\": 1, \"a\\nb\": 1, \"vectors\": {\"a\": [1]}}",
                        {"v: (unprintable): unknown key"}},
                {"{\"dimension\": 1, \"model\": 5, \"vectors\": {\"a\": [1]}}",
                        {"v: model: must be a string"}},
                {"{\"dimension\": 2, \"vectors\": {\"a\": [1], \"b\": [1, 2, 3], \"c\": 5}}",
                        {"v: vectors.a: has 1 numbers, dimension is 2",
                                "v: vectors.b: has 3 numbers, dimension is 2",
                                "v: vectors.c: is not a list of numbers"}},
                {"{\"dimension\": 2, \"vectors\": {\"a\": [1, null], \"b\": [\"1\", null]}}",
                        {"v: vectors.a[1]: is null", "v: vectors.b[0]: is not a number"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [3.5e38]}}",
                        {"v: vectors.a[0]: is too large for a 32-bit float"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [1e999]}}", {"v:1:"}},
                {"{\"dimension\": 1, \"vectors\": {\"\": [1]}}",
                        {"v: vectors: a query id is empty"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [1], \"a\": [1]}}", {"v:1:"}},
                /* Must not allocate what it claims. */
                {"{\"dimension\": 65536, \"vectors\": {\"a\": []}}",
                        {"v: vectors.a: has 0 numbers, dimension is 65536"}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_errors_ struct errors errors = {0};
                struct vector_set *set = NULL;

                assert_int_equal(
                        vector_set_parse("v", cases[i].json, strlen(cases[i].json), &set, &errors),
                        -EBADMSG);
                assert_null(set);
                assert_errors(&errors, cases[i].errors, 3, cases[i].json);
        }
}

static void a_file_that_cannot_be_read_says_so(void **state)
{
        _cleanup_errors_ struct errors errors = {0};
        struct vector_set *set = NULL;

        assert_int_equal(vector_set_load("/nonexistent/v.json", &set, &errors), -ENOENT);
        assert_null(set);
        assert_int_equal(errors.count, 1);
        assert_string_equal(
                errors.messages[0], "cannot open /nonexistent/v.json: No such file or directory");
}

static void reads_a_file(void **state)
{
        static const char json[] = "{\"dimension\": 1, \"vectors\": {\"a\": [1]}}";
        char path[] = "/tmp/test_vector_set.XXXXXX";
        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int fd = mkstemp(path), r;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, json, strlen(json)), strlen(json));
        assert_int_equal(close(fd), 0);
        r = vector_set_load(path, &set, &errors);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(r, 0);
        assert_string_equal(set->path, path);
        assert_null(vector_set_unref(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_and_finds),
                cmocka_unit_test(finds_each_of_many),
                cmocka_unit_test(refuses),
                cmocka_unit_test(a_file_that_cannot_be_read_says_so),
                cmocka_unit_test(reads_a_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
