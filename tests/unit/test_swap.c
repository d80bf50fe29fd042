/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "keep/swap.h"

static char directory[] = "/tmp/test_swap.XXXXXX";

static int make_directory(void **state)
{
        return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
        (void)unlink("f");
        return chdir("/") < 0 || rmdir(directory) < 0;
}

static int collect(struct swap *s, bool *ret_written, struct error *error)
{
        int r;

        while ((r = swap_collect(s, ret_written, error)) == 0)
                assert_true(poll(&(struct pollfd){s->output, POLLIN, 0}, 1, 10000) > 0);
        return r;
}

/* What the file said, or the error. */
static int swap_file(const char *path, const char *expected, const char *content, size_t limit,
        const char *said, bool written)
{
        struct swap s = {0};
        struct swap_request q = {path, expected, content, expected ? strlen(expected) : 0,
                content ? strlen(content) : 0, limit};
        bool found = false;
        int r;

        assert_int_equal(swap_start(&s, &q), 0);
        r = collect(&s, &found, NULL);
        if (r >= 0) {
                assert_int_equal(s.answer.size, strlen(said));
                assert_memory_equal(s.answer.data, said, s.answer.size);
                assert_int_equal(found, written);
        }
        assert_int_equal(s.child, 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
        swap_done(&s);
        return r;
}

static void what_is_as_expected_is_replaced(void **state)
{
        struct stat before, after;

        assert_int_equal(swap_file("f", NULL, NULL, 100, "", false), 1);
        assert_int_equal(swap_file("f", "", "first", 100, "", true), 1);
        assert_int_equal(swap_file("f", "", "other", 100, "first", false), 1);
        assert_int_equal(swap_file("f", "firs", "other", 100, "first", false), 1);
        assert_int_equal(swap_file("f", "first!", "other", 100, "first", false), 1);
        assert_int_equal(chmod("f", 0640), 0);
        assert_int_equal(stat("f", &before), 0);
        assert_int_equal(swap_file("f", "first", "2nd", 100, "first", true), 1);
        assert_int_equal(swap_file("f", NULL, NULL, 100, "2nd", false), 1);
        assert_int_equal(stat("f", &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        assert_int_equal(before.st_mode, after.st_mode);
}

static void what_cannot_be_done_is_said(void **state)
{
        assert_int_equal(swap_file("nowhere/f", NULL, NULL, 100, "", false), -ENOENT);
        assert_int_equal(swap_file(".", NULL, NULL, 100, "", false), -EISDIR);
        write_file("f", "0123456789");
        assert_int_equal(swap_file("f", NULL, NULL, 10, "0123456789", false), 1);
        assert_int_equal(swap_file("f", NULL, NULL, 9, "", false), -EFBIG);
        assert_int_equal(unlink("f"), 0);
        assert_int_equal(mkfifo("f", 0600), 0);
        assert_int_equal(swap_file("f", NULL, NULL, 10, "", false), -EINVAL);
        assert_int_equal(unlink("f"), 0);
}

/* A child that is stopped, as one in storage that hangs: nobody waits for it. */
static void who_hangs_is_left(void **state)
{
        struct swap s = {0};
        bool written;

        assert_int_equal(swap_start(&s, &(struct swap_request){.path = "f", .limit = 1}), 0);
        swap_done(&s);
        assert_int_equal(s.child, 0);
        while (waitpid(-1, NULL, 0) > 0)
                ;
        assert_int_equal(swap_start(&s, &(struct swap_request){.path = "f", .limit = 1}), 0);
        assert_int_equal(collect(&s, &written, NULL), 1);
        swap_done(&s);
}

/* More than a pipe holds. */
static void a_large_file_is_passed_on(void **state)
{
        const size_t size = 1 << 20;
        _cleanup_free_ char *a = malloc(size + 1), *b = malloc(size + 1);

        memset(a, 'a', size);
        memset(b, 'b', size);
        a[size] = b[size] = '\0';
        write_file("f", a);
        assert_int_equal(swap_file("f", a, b, size, a, true), 1);
        assert_int_equal(swap_file("f", NULL, NULL, size, b, false), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_as_expected_is_replaced),
                cmocka_unit_test(what_cannot_be_done_is_said),
                cmocka_unit_test(who_hangs_is_left),
                cmocka_unit_test(a_large_file_is_passed_on),
        };

        return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
