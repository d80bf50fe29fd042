/* SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"

static char directory[] = "/tmp/test_file.XXXXXX";

static const char *in_directory(const char *name)
{
        static char path[512];

        (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
        return path;
}

static const char *put(const char *name, const char *data, size_t size)
{
        const char *path = in_directory(name);
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_int_equal(fwrite(data, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
        return path;
}

static size_t count_files(void)
{
        DIR *d = opendir(directory);
        size_t n = 0;

        assert_non_null(d);
        while (readdir(d))
                n++;
        (void)closedir(d);
        return n - 2;
}

static void what_is_there_is_not_created(void **state)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *data = NULL;
        const char *path = in_directory("created");
        mode_t mask = umask(0027);
        struct stat st;
        size_t size;

        assert_int_equal(file_create(path, "first", 5, NULL), 0);
        assert_int_equal(umask(mask), 0027);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(file_create(path, "second", 6, &e), -EEXIST);
        assert_non_null(strstr(e.message, "created: File exists"));
        assert_int_equal(file_read(path, 100, &data, &size, NULL), 0);
        assert_string_equal(data, "first");
        assert_int_equal(count_files(), 1);
        assert_int_equal(unlink(path), 0);
}

static void room_is_looked_for_without_a_trace(void **state)
{
        _cleanup_error_ struct error e = {0};
        const char *path = put("kept", "kept", 4);

        assert_int_equal(file_room(path, NULL), 0);
        assert_int_equal(file_room(in_directory("not there yet"), NULL), 0);
        assert_int_equal(count_files(), 1);
        assert_int_equal(file_room("/nonexistent/x", &e), -ENOENT);
        assert_non_null(strstr(e.message, "/nonexistent/x"));
}

static int make_directory(void **state)
{
        return mkdtemp(directory) ? 0 : -1;
}

static int remove_files(void **state)
{
        DIR *d = opendir(directory);

        for (struct dirent *entry; d && (entry = readdir(d));)
                (void)remove(in_directory(entry->d_name));
        if (d)
                (void)closedir(d);
        return 0;
}

static int remove_directory(void **state)
{
        return rmdir(directory);
}

static void names_what_git_lfs_left(void **state)
{
        static const char pointer[] =
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        const char *path = put("vectors.json", pointer, strlen(pointer));
        _cleanup_error_ struct error e = {0};
        char expected[600], *data = NULL;
        size_t size = 77;

        (void)snprintf(expected, sizeof(expected),
                "%s is a Git LFS pointer, not the file itself: run git lfs pull", path);
        assert_int_equal(file_read(path, 1000, &data, &size, &e), -EINVAL);
        assert_string_equal(e.message, expected);
        assert_null(data);
        assert_int_equal(size, 77);
}

static void reads_whole_files(void **state)
{
        static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 100000};
        _cleanup_free_ char *content = calloc(1, 100000);

        for (size_t i = 0; i < 100000; i++)
                content[i] = (char)(i * 7);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                const char *path = put("a", content, sizes[i]);
                _cleanup_free_ char *data = NULL;
                size_t size = 77;

                assert_int_equal(file_read(path, sizes[i], &data, &size, NULL), 0);
                assert_int_equal(size, sizes[i]);
                assert_memory_equal(data, content, size);
                assert_int_equal(data[size], '\0');
        }
}

static void reads_files_without_a_size(void **state)
{
        _cleanup_free_ char *data = NULL;
        size_t size;

        assert_int_equal(file_read("/proc/self/status", 100000, &data, &size, NULL), 0);
        assert_true(size > 100);
}

static void read_refuses(void **state)
{
        static const struct {
                const char *path;
                int r;
                const char *text;
        } cases[] = {
                {"/nonexistent/file", -ENOENT,
                        "cannot open /nonexistent/file: No such file or directory"},
                {"/tmp", -EISDIR, "cannot read /tmp: Is a directory"},
                {"/dev/null", -EINVAL, "cannot read /dev/null: not a regular file"},
        };
        const char *path;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                char *data = NULL;
                size_t size = 77;

                assert_int_equal(file_read(cases[i].path, 100, &data, &size, &e), cases[i].r);
                assert_string_equal(e.message, cases[i].text);
                assert_null(data);
                assert_int_equal(size, 77);
        }
        path = in_directory("fifo");
        assert_int_equal(mkfifo(path, 0600), 0);
        for (int i = 0; i < 2; i++) {
                char *data = NULL;
                size_t size;

                assert_int_equal(file_read(path, 100, &data, &size, NULL), -EINVAL);
        }
}

static void read_has_a_limit(void **state)
{
        _cleanup_error_ struct error e = {0};
        const char *path = put("a", "0123456789", 10);
        char *data = NULL, expected[300];
        size_t size;

        assert_int_equal(file_read(path, 9, &data, &size, &e), -EFBIG);
        assert_null(data);
        (void)snprintf(expected, sizeof(expected), "%s is larger than the limit of 9 bytes", path);
        assert_string_equal(e.message, expected);
}

static void reads_secrets(void **state)
{
        static const struct {
                const char *content;
                size_t size;
                int r;
                const char *secret;
        } cases[] = {
                {"s3cret\n", 7, 0, "s3cret"},
                {"s3cret", 6, 0, "s3cret"},
                {"s3cret\r\nmore\n", 13, 0, "s3cret"},
                {" with space \n", 13, 0, " with space "},
                {"", 0, -ENODATA, NULL},
                {"\n", 1, -ENODATA, NULL},
                {"\r\n", 2, -ENODATA, NULL},
                {"\nsecond\n", 8, -ENODATA, NULL},
                {"hid\0den\n", 8, -EINVAL, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *path = put("secret", cases[i].content, cases[i].size);
                _cleanup_error_ struct error e = {0};
                _cleanup_free_ char *secret = NULL;

                assert_int_equal(file_read_secret(path, &secret, &e), cases[i].r);
                if (cases[i].secret)
                        assert_string_equal(secret, cases[i].secret);
                else
                        assert_null(secret);
                assert_int_equal(e.message != NULL, cases[i].r < 0);
                if (e.message) {
                        assert_null(strstr(e.message, "hid"));
                        assert_null(strstr(e.message, "second"));
                }
        }
}

static void secrets_have_a_limit(void **state)
{
        _cleanup_free_ char *content = malloc(16385);
        char *secret = NULL;

        memset(content, 'x', 16385);
        assert_int_equal(file_read_secret(put("secret", content, 16384), &secret, NULL), 0);
        assert_int_equal(strlen(secret), 16384);
        free(secret);
        secret = NULL;
        assert_int_equal(file_read_secret(put("secret", content, 16385), &secret, NULL), -EFBIG);
        assert_null(secret);
}

static void assert_content(const char *path, const char *content, mode_t mode)
{
        _cleanup_free_ char *data = NULL;
        struct stat st;
        size_t size;

        assert_int_equal(file_read(path, 1000, &data, &size, NULL), 0);
        assert_string_equal(data, content);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, mode);
}

static void replaces_files(void **state)
{
        const char *path = in_directory("state");
        mode_t mask = umask(0022);

        assert_int_equal(file_replace(path, "old", 3, NULL), 0);
        assert_content(path, "old", 0600);
        assert_int_equal(chmod(path, 0664), 0);
        assert_int_equal(file_replace(path, "newer", 5, NULL), 0);
        assert_content(path, "newer", 0664);
        assert_int_equal(file_replace(path, "", 0, NULL), 0);
        assert_content(path, "", 0664);
        assert_int_equal(count_files(), 1);
        (void)umask(mask);
}

static void replace_works_in_the_current_directory(void **state)
{
        int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_true(here >= 0);
        assert_int_equal(chdir(directory), 0);
        assert_int_equal(file_replace("plain", "x", 1, NULL), 0);
        assert_content("plain", "x", 0600);
        assert_int_equal(fchdir(here), 0);
        (void)close(here);
}

static void failed_replace_leaves_nothing(void **state)
{
        _cleanup_error_ struct error e = {0}, e2 = {0};
        const char *path = in_directory("taken");

        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(file_replace(path, "x", 1, &e), -EISDIR);
        assert_non_null(strstr(e.message, path));
        assert_int_equal(count_files(), 1);
        assert_int_equal(file_replace("/nonexistent/x", "x", 1, &e2), -ENOENT);
        assert_string_equal(e2.message,
                "cannot create a temporary file for /nonexistent/x: No such file or directory");
}

static void full_disk_keeps_the_old_content(void **state)
{
        const char *path = put("state", "old", 3);
        _cleanup_free_ char *big = calloc(1, 4096);
        _cleanup_error_ struct error e = {0};
        struct rlimit limit, low;
        mode_t mask = umask(0);

        (void)umask(mask);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        low = (struct rlimit){1000, limit.rlim_max};
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
        assert_int_equal(file_replace(path, big, 4096, &e), -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_non_null(e.message);
        assert_int_equal(count_files(), 1);
        assert_content(path, "old", 0666 & ~mask);
}

static void locks_a_directory(void **state)
{
        _cleanup_error_ struct error busy = {0}, missing = {0};
        int first = -1, second = -1;

        assert_int_equal(directory_lock("state", &first, NULL), 0);
        assert_true(first >= 0);
        assert_int_equal(directory_lock("state", &second, &busy), -EBUSY);
        assert_int_equal(second, -1);
        assert_non_null(strstr(busy.message, "state is in use"));
        (void)close(first);
        assert_int_equal(directory_lock("state", &second, NULL), 0);
        (void)close(second);
        assert_int_equal(directory_lock("no/such/parent", &second, &missing), -ENOENT);
        assert_int_equal(rmdir("state"), 0);
}

static void resolves_paths(void **state)
{
        static const struct {
                const char *path, *relative_to, *resolved;
        } cases[] = {
                {"/a/b", "/etc/x.yaml", "/a/b"},
                {"b", "/etc/driftwatch/x.yaml", "/etc/driftwatch/b"},
                {"../b", "/etc/driftwatch/x.yaml", "/etc/driftwatch/../b"},
                {"b", "/x.yaml", "/b"},
                {"b", "conf/x.yaml", "conf/b"},
                {"b", "x.yaml", "b"},
                {"b", NULL, "b"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *path = path_resolve(cases[i].path, cases[i].relative_to);

                assert_string_equal(path, cases[i].resolved);
        }
}

static void finds_credentials(void **state)
{
        static const char *const bad[] = {"", ".", "..", "a/b", "/etc/passwd", "../x"};
        _cleanup_error_ struct error e = {0};
        char *path = NULL;

        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_error_ struct error refused = {0};

                assert_int_equal(credential_path(bad[i], &path, &refused), -EINVAL);
                assert_null(path);
                assert_non_null(refused.message);
        }
        assert_int_equal(credential_path("chroma-token", &path, NULL), 0);
        assert_string_equal(path, "/run/credentials/x/chroma-token");
        free(path);
        path = NULL;
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        assert_int_equal(credential_path("chroma-token", &path, &e), -ENXIO);
        assert_null(path);
        assert_non_null(strstr(e.message, "$CREDENTIALS_DIRECTORY is not set"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(reads_whole_files, remove_files),
                cmocka_unit_test_teardown(names_what_git_lfs_left, remove_files),
                cmocka_unit_test_teardown(what_is_there_is_not_created, remove_files),
                cmocka_unit_test_teardown(room_is_looked_for_without_a_trace, remove_files),
                cmocka_unit_test(reads_files_without_a_size),
                cmocka_unit_test_teardown(read_refuses, remove_files),
                cmocka_unit_test_teardown(read_has_a_limit, remove_files),
                cmocka_unit_test_teardown(reads_secrets, remove_files),
                cmocka_unit_test_teardown(secrets_have_a_limit, remove_files),
                cmocka_unit_test_teardown(replaces_files, remove_files),
                cmocka_unit_test_teardown(replace_works_in_the_current_directory, remove_files),
                cmocka_unit_test_teardown(failed_replace_leaves_nothing, remove_files),
                cmocka_unit_test_teardown(full_disk_keeps_the_old_content, remove_files),
                cmocka_unit_test(locks_a_directory),
                cmocka_unit_test(resolves_paths),
                cmocka_unit_test(finds_credentials),
        };

        return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
