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
#include "file.h"
#include "model/rows.h"
#include "vectors.h"

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
        assert_ptr_equal(vector_set_find(set, "a"), set->rows[0]);
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
                {"{\"dimension\": 1,\n \"vectors\": {\"a\": [NaN]}}", {"v:2:20: lexical error"}},
                {"{\"dimension\": 1,\n \"vectors\": {\"a\": [-Infinity]}}", {"v:2:"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [-1e400]}}", {"v:1:41: a number is too"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [[1]], \"b\": [{\"x\": 1}]}}",
                        {"v: vectors.a[0]: is not a number", "v: vectors.b[0]: is not a number"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [true], \"b\": {\"c\": [1]}}}",
                        {"v: vectors.a[0]: is not a number",
                                "v: vectors.b: is not a list of numbers"}},
                /* What comes before does not know yet how long it must be. */
                {"{\"vectors\": {\"a\": [1, 2], \"b\": [1]}, \"dimension\": 1}",
                        {"v: vectors.a: has 2 numbers, dimension is 1"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [1]},\n\"dimension\": 1}",
                        {"v:2:11: the key is there twice"}},
                {"{\"dimension\": 1, \"vectors\": {\"b\": [1], \"a\": [2],\n\"b\": [1]}}",
                        {"v:2:3: vectors: the query id is there twice"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\\u0000b\": [1]}}",
                        {"v:1:39: vectors: a query id holds a NUL or is not UTF-8"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\xff\": [1]}}", {"v:1:"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [1]}} x", {"v:1:"}},
                {"{\"dimension\": 1.0, \"vectors\": {\"a\": [1]}}",
                        {"v: dimension: must be given as a whole number from 1 to 65536"}},
                {"{\"dimension\": 1, \"vectors\": {\"a\": [1]}, \"more\": [{\"a\": [[]]}]}",
                        {"v: more: unknown key"}},
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

        assert_int_equal(vector_set_load("/nonexistent/v.json", NULL, &set, &errors), -ENOENT);
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
        r = vector_set_load(path, NULL, &set, &errors);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(r, 0);
        assert_string_equal(set->path, path);
        assert_null(vector_set_unref(NULL));
}

static struct vector_set *parse(const char *json)
{
        _cleanup_errors_ struct errors errors = {0};
        struct vector_set *set = NULL;

        if (vector_set_parse("v", json, strlen(json), &set, &errors) < 0)
                fail_msg("%s", errors.messages[0]);
        return set;
}

static void a_mark_before_it_does_no_harm(void **state)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set =
                parse("\xef\xbb\xbf{\"dimension\": 1, \"vectors\": {\"a\": [1]}}");

        assert_int_equal(set->count, 1);
}

#define SET(rows) "{\"dimension\": 2, \"vectors\": {" rows "}}"

/* However sets are put together, a vector is there once, and as long as one of them is. */
static void sets_of_sets_share_their_rows(void **state)
{
        struct vector_set *one = parse(SET("\"a\": [1, 2], \"c\": [3, 4]"));
        struct vector_set *two = parse(SET("\"b\": [5, 6], \"c\": [7, 8]"));
        struct vector_set *three = parse(SET("\"a\": [0, 1]"));
        _cleanup_(vector_set_unrefp) struct vector_set *merged = NULL;

        assert_int_equal(
                vector_set_merge((struct vector_set *[]){one, NULL, two, three}, 4, &merged), 0);
        assert_int_equal(merged->count, 3);
        assert_ptr_equal(vector_set_find(merged, "a"), vector_set_find(one, "a"));
        assert_ptr_equal(vector_set_find(merged, "b"), vector_set_find(two, "b"));
        assert_ptr_equal(vector_set_find(merged, "c"), vector_set_find(one, "c"));
        assert_int_equal(merged->matrix_count, 2); /* nothing of the third */
        vector_set_unref(one);
        vector_set_unref(two);
        vector_set_unref(three);
        assert_true(vector_set_find(merged, "b")[1] == 6);
}

static bool is_c(const char *id, const float *vector, void *userdata)
{
        return streq(id, "c");
}

static void what_is_left_is_shared(void **state)
{
        struct vector_set *set = parse(SET("\"a\": [1, 2], \"c\": [3, 4]"));
        _cleanup_(vector_set_unrefp) struct vector_set *rest = NULL;

        assert_int_equal(vector_set_without(set, is_c, NULL, &rest), 0);
        assert_int_equal(rest->count, 1);
        assert_ptr_equal(rest->rows[0], set->rows[0]);
        vector_set_unref(set);
        assert_true(rest->rows[0][1] == 2);
}

static struct vector_set *load(const char *path, const char *json, struct vector_set *known)
{
        _cleanup_errors_ struct errors errors = {0};
        struct vector_set *set = NULL;

        assert_int_equal(file_replace(path, json, strlen(json), NULL), 0);
        if (vector_set_load(path, known, &set, &errors) < 0)
                fail_msg("%s", errors.messages[0]);
        return set;
}

#define FIVE(e) SET("\"a\": [1, 2], \"b\": [3, 4], \"c\": [5, 6], \"d\": [7, 8], \"e\": " e)

/* The same file is the same set; another one shares what did not change; of one that has next to
 * nothing in common with it, nothing of the old one is kept. */
static void what_did_not_change_is_kept_once(void **state)
{
        static const char path[] = "/tmp/test_vector_set.json";
        struct vector_set *old = load(path, FIVE("[9, 10]"), NULL);
        _cleanup_(vector_set_unrefp) struct vector_set *same = load(path, FIVE("[9, 10]"), old);
        _cleanup_(vector_set_unrefp) struct vector_set *other = load(path, FIVE("[9, 0]"), old);
        _cleanup_(vector_set_unrefp) struct vector_set *new =
                load(path, SET("\"a\": [1, 2], \"b\": [0, 4], \"f\": [0, 0]"), old);

        assert_int_equal(unlink(path), 0);
        assert_ptr_equal(same, old);
        assert_ptr_equal(vector_set_find(other, "d"), vector_set_find(old, "d"));
        assert_ptr_not_equal(vector_set_find(other, "e"), vector_set_find(old, "e"));
        assert_int_equal(other->matrix_count, 2);
        assert_int_equal(new->matrix_count, 1);
        assert_ptr_not_equal(new->matrices[0], old->matrices[0]);
        vector_set_unref(old);
        assert_true(vector_set_find(other, "a")[1] == 2 && vector_set_find(other, "e")[1] == 0);
        assert_true(vector_set_find(new, "a")[1] == 2 && vector_set_find(new, "b")[0] == 0);
}

/* An embedder gives what is pinned, but for a few. */
static void what_came_again_is_kept_once(void **state)
{
        _cleanup_(vector_set_unrefp) struct vector_set *known = parse(FIVE("[9, 10]"));
        _cleanup_(vector_set_unrefp) struct vector_set *set = parse(FIVE("[9, 0]"));
        _cleanup_(vector_set_unrefp) struct vector_set *other =
                parse(SET("\"a\": [1, 2], \"x\": [0, 0], \"y\": [0, 0]"));
        _cleanup_(vector_set_unrefp) struct vector_set *shared = NULL, *same = NULL;

        assert_int_equal(rows_share(set, known, &shared), 0);
        assert_int_equal(shared->count, 5);
        for (size_t i = 0; i < 4; i++)
                assert_ptr_equal(shared->rows[i], known->rows[i]);
        assert_true(shared->rows[4][0] == 9 && shared->rows[4][1] == 0);
        assert_int_equal(shared->matrix_count, 2);
        assert_ptr_not_equal(shared->matrices[0], set->matrices[0]);
        assert_int_equal(rows_share(other, known, &same), 0);
        assert_ptr_equal(same, other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_and_finds),
                cmocka_unit_test(finds_each_of_many),
                cmocka_unit_test(refuses),
                cmocka_unit_test(a_file_that_cannot_be_read_says_so),
                cmocka_unit_test(reads_a_file),
                cmocka_unit_test(a_mark_before_it_does_no_harm),
                cmocka_unit_test(sets_of_sets_share_their_rows),
                cmocka_unit_test(what_is_left_is_shared),
                cmocka_unit_test(what_did_not_change_is_kept_once),
                cmocka_unit_test(what_came_again_is_kept_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
