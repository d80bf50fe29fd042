/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "expect.h"
#include "file.h"
#include "model/npy.h"
#include "text.h"

#define SHAPE(type, order, shape) \
        "{'descr': '" type "', 'fortran_order': " order ", 'shape': " shape ", }"
#define GOOD SHAPE("<f4", "False", "(2, 2)")

static void append_head(struct text *t, unsigned version, const char *header)
{
        size_t size = strlen(header);
        const char bytes[] = {(char)version, 0, (char)(size & 0xff), (char)(size >> 8), 0, 0};

        text_append_bytes(t, "\x93NUMPY", 6);
        text_append_bytes(t, bytes, version == 1 ? 4 : 6);
        text_append(t, header);
}

static int read_all(const struct text *matrix, const char *ids, size_t piece,
        struct vector_set **ret, struct errors *errors)
{
        const struct npy_files files = {"v.npy", "v.ids.txt", ids, strlen(ids), NULL, errors};
        _cleanup_(npy_freep) struct npy *n = npy_new(&files);
        int r = 0;

        assert_non_null(n);
        for (size_t at = 0; at < matrix->size && r >= 0; at += piece)
                r = npy_feed(n, matrix->data + at, MIN(piece, matrix->size - at));
        return r < 0 ? r : npy_end(n, ret);
}

/* As the machine that runs the test, which is little-endian. */
static void reads_both_kinds_of_number(void **state)
{
        static const double wide[] = {0.1, -2, 1 + 0x1p-24 + 0x1p-52, 3};
        static const float narrow[] = {0.1f, -2, 1 + 0x1p-23f, 3};
        static const struct {
                unsigned version;
                const char *header;
                const void *numbers;
                size_t size;
        } cases[] = {
                {1, GOOD "     \n", narrow, sizeof(narrow)},
                {2, SHAPE("<f8", "False", "(2, 2)") "\n", wide, sizeof(wide)},
                {1, "{\"shape\":(2,2),\"fortran_order\":False,\"descr\":\"<f4\"}", narrow,
                        sizeof(narrow)},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (size_t piece = 1; piece < 200; piece += 3) {
                        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
                        _cleanup_errors_ struct errors errors = {0};
                        _cleanup_text_ struct text t = {0};

                        append_head(&t, cases[i].version, cases[i].header);
                        text_append_bytes(&t, cases[i].numbers, cases[i].size);
                        if (read_all(&t,
                                    "\xef\xbb\xbf"
                                    "b\r\na",
                                    piece, &set, &errors) < 0)
                                fail_msg("%s", errors.messages[0]);
                        assert_int_equal(set->dimension, 2);
                        assert_int_equal(set->count, 2);
                        assert_memory_equal(vector_set_find(set, "b"), narrow, 8);
                        assert_memory_equal(vector_set_find(set, "a"), narrow + 2, 8);
                }
}

static void refuses_what_is_another_matrix(void **state)
{
        static const struct {
                unsigned version;
                const char *header, *ids, *error;
        } cases[] = {
                {3, GOOD, "a\nb", "v.npy: is of version 3 of NumPy's format"},
                {1, SHAPE(">f4", "False", "(2, 2)"), "a\nb", "v.npy: its numbers are not float32"},
                {1, SHAPE("<f2", "False", "(2, 2)"), "a\nb", "v.npy: its numbers are not float32"},
                {1, SHAPE("<complex128", "False", "(2, 2)"), "a\nb", "v.npy: its numbers are not"},
                {1, SHAPE("<f4", "True", "(2, 2)"), "a\nb", "v.npy: is in Fortran order"},
                {1, SHAPE("<f4", "False", "(2,)"), "a\nb", "v.npy: has 1 axes"},
                {1, SHAPE("<f4", "False", "()"), "a\nb", "v.npy: has 0 axes"},
                {1, SHAPE("<f4", "False", "(2, 2, 1)"), "a\nb", "v.npy: has 3 axes"},
                {1, SHAPE("<f4", "False", "(2, 0)"), "a\nb", "v.npy: its rows have 0 numbers"},
                {1, SHAPE("<f4", "False", "(2, 65537)"), "a\nb", "v.npy: its rows have 65537"},
                {1, SHAPE("<f4", "False", "(99999999999999999999999, 2)"), "a\nb", "v.npy: has "},
                {1, SHAPE("<f4", "False", "(0, 2)"), "", "v.npy: has 0 rows"},
                {1, SHAPE("<f4", "False", "(3, 2)"), "a\nb\n",
                        "v.npy: has 3 rows, but v.ids.txt has 2 ids"},
                {1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2)}", "a\nb",
                        "v.npy: its header is not that of a matrix"},
                {1, "{'descr': '<f4', 'shape': (2, 2)}", "a\nb", "v.npy: its header is not"},
                {1, "{'descr': '<f4', 'descr': '<f4', 'shape': (2, 2)}", "",
                        "v.npy: its header is"},
                {1, GOOD "x", "a\nb", "v.npy: its header is not"},
                {1, "{", "a\nb", "v.npy: its header is not"},
                {1, "", "a\nb", "v.npy: its header is not"},
                {1, GOOD, "a\n\n", "v.ids.txt:2: a query id is empty"},
                {1, GOOD, "a\n\xff",
                        "v.ids.txt:2: a query id is empty, holds a NUL or is not UTF-8"},
                {1, GOOD, "a\na", "v.ids.txt:2: the query id is there twice"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                static const float numbers[] = {1, 2, 3, 4};
                const char *expected[] = {cases[i].error};
                _cleanup_errors_ struct errors errors = {0};
                _cleanup_text_ struct text t = {0};
                struct vector_set *set = NULL;

                append_head(&t, cases[i].version, cases[i].header);
                text_append_bytes(&t, numbers, sizeof(numbers));
                assert_int_equal(read_all(&t, cases[i].ids, 7, &set, &errors), -EBADMSG);
                assert_errors(&errors, expected, 1, cases[i].header);
        }
}

static void refuses_other_numbers_than_the_header_says(void **state)
{
        static const struct {
                float numbers[5];
                size_t size;
                const char *error;
        } cases[] = {
                {{1, 2, 3}, 12, "v.npy: ends within its matrix"},
                {{1, 2, 3, 4}, 15, "v.npy: ends within its matrix"},
                {{1, 2, 3, 4}, 0, "v.npy: ends within its matrix"},
                {{1, 2, 3, 4, 5}, 20, "v.npy: goes on after the last row"},
                {{1, 2, 3, NAN}, 16, "v.npy: row 2, number 2: is not a finite"},
                {{-INFINITY}, 16, "v.npy: row 1, number 1: is not a finite"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *expected[] = {cases[i].error};
                _cleanup_errors_ struct errors errors = {0};
                _cleanup_text_ struct text t = {0};
                struct vector_set *set = NULL;

                append_head(&t, 1, GOOD);
                text_append_bytes(&t, cases[i].numbers, cases[i].size);
                assert_int_equal(read_all(&t, "a\nb", 5, &set, &errors), -EBADMSG);
                assert_errors(&errors, expected, 1, cases[i].error);
        }
}

static void refuses_what_is_no_such_file(void **state)
{
        static const struct {
                const char *data, *error;
                size_t size;
        } cases[] = {
                {"", "v.npy: ends within its header", 0},
                {"\x93NUM", "v.npy: ends within its header", 4},
                {"{\"dimension\": 1}", "v.npy: is not a file of numpy.save()", 16},
                {"\x93NUMPY\x02\0\xff\xff\xff\xff", "v.npy: its header has more than", 12},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *expected[] = {cases[i].error};
                _cleanup_errors_ struct errors errors = {0};
                _cleanup_text_ struct text t = {0};
                struct vector_set *set = NULL;

                text_append_bytes(&t, cases[i].data, cases[i].size);
                assert_int_equal(read_all(&t, "a\nb", 100, &set, &errors), -EBADMSG);
                assert_errors(&errors, expected, 1, cases[i].error);
        }
}

/* Either file is half of what is read. */
static void is_read_with_its_list(void **state)
{
        static const char path[] = "/tmp/test_npy.npy", list[] = "/tmp/test_npy.ids.txt";
        static const float numbers[] = {1, 2, 3, 4};
        struct vector_set *set = NULL, *same = NULL, *other = NULL, *none = NULL;
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text t = {0};

        append_head(&t, 1, GOOD);
        text_append_bytes(&t, numbers, sizeof(numbers));
        assert_int_equal(file_replace(path, t.data, t.size, NULL), 0);
        assert_int_equal(file_replace(list, "a\nb\n", 4, NULL), 0);
        assert_int_equal(vector_set_load(path, NULL, &set, &errors), 0);
        assert_int_equal(vector_set_load(path, set, &same, &errors), 0);
        assert_ptr_equal(same, set);
        assert_int_equal(file_replace(list, "a\nc\n", 4, NULL), 0);
        assert_int_equal(vector_set_load(path, set, &other, &errors), 0);
        assert_ptr_equal(vector_set_find(other, "a"), vector_set_find(set, "a"));
        assert_true(vector_set_find(other, "c")[1] == 4);
        assert_int_equal(unlink(list), 0);
        assert_int_equal(errors_total(&errors), 0);
        assert_int_equal(vector_set_load(path, set, &none, &errors), -ENOENT);
        assert_string_equal(errors.messages[0],
                "/tmp/test_npy.npy: cannot open /tmp/test_npy.ids.txt: No such file or directory");
        assert_int_equal(unlink(path), 0);
        vector_set_unref(set);
        vector_set_unref(same);
        vector_set_unref(other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_both_kinds_of_number),
                cmocka_unit_test(refuses_what_is_another_matrix),
                cmocka_unit_test(refuses_other_numbers_than_the_header_says),
                cmocka_unit_test(refuses_what_is_no_such_file),
                cmocka_unit_test(is_read_with_its_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
