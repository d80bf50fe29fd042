/* SPDX-License-Identifier: Apache-2.0 */

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pulse.h"
#include "text.h"

#define SECRET_MAX ((size_t)16 * 1024)

static void closep(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd);
}
#define _cleanup_close_ _cleanup_(closep)

/* `what` completes "cannot WHAT PATH: reason". */
static int file_error(struct error *e, int code, const char *what, const char *path)
{
        return error_set(e, code, "cannot %s %s: %s", what, path, error_text(NULL, code));
}

static int file_open(const char *path, struct error *e)
{
        _cleanup_close_ int fd = -1;
        struct stat st;
        int opened;

        /* Without O_NONBLOCK, opening a FIFO would wait for its writer for ever. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return file_error(e, -errno, "open", path);
        if (S_ISDIR(st.st_mode))
                return file_error(e, -EISDIR, "read", path);
        if (!S_ISREG(st.st_mode))
                return error_set(e, -EINVAL, "cannot read %s: not a regular file", path);
        opened = fd;
        fd = -1;
        return opened;
}

/* What stands in the place of a file that Git LFS has not fetched. None of ours begins like it. */
static bool is_lfs_pointer(const char *data, size_t size)
{
        static const char start[] = "version https://git-lfs.github.com/spec/";

        return size >= strlen(start) && memcmp(data, start, strlen(start)) == 0;
}

/* Reads to the end instead of trusting st_size: the file may grow, and those in /proc have none. */
int file_feed(const char *path, size_t limit, file_take_t take, void *userdata, struct error *e)
{
        _cleanup_close_ int fd = file_open(path, e);
        char chunk[16384];
        size_t total = 0;
        int r = fd < 0 ? fd : 0;

        while (r >= 0) {
                ssize_t n = read(fd, chunk, sizeof(chunk));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return file_error(e, -errno, "read", path);
                r = pulse();
                if (r < 0)
                        return file_error(e, r, "read", path);
                if (n == 0)
                        break;
                if ((size_t)n > limit - total)
                        return error_set(
                                e, -EFBIG, "%s is larger than the limit of %zu bytes", path, limit);
                if (total == 0 && is_lfs_pointer(chunk, (size_t)n))
                        return error_set(e, -EINVAL,
                                "%s is a Git LFS pointer, not the file itself: run git lfs pull",
                                path);
                total += (size_t)n;
                r = take(chunk, (size_t)n, userdata);
        }
        return r;
}

static int keep(const char *data, size_t size, void *userdata)
{
        struct text *content = userdata;

        text_append_bytes(content, data, size);
        return text_failed(content) ? -ENOMEM : 0;
}

int file_read(const char *path, size_t limit, char **ret, size_t *ret_size, struct error *e)
{
        _cleanup_text_ struct text content = {0};
        int r = file_feed(path, limit, keep, &content, e);
        char *data = r >= 0 ? text_take(&content, ret_size) : NULL;

        if (r == -ENOMEM || (r >= 0 && !data))
                return file_error(e, -ENOMEM, "read", path);
        if (r < 0)
                return r;
        *ret = data;
        return 0;
}

int file_read_secret(const char *path, char **ret, struct error *e)
{
        _cleanup_free_ char *data = NULL, *secret = NULL;
        size_t size, length;
        const char *end;
        int r;

        r = file_read(path, SECRET_MAX, &data, &size, e);
        if (r < 0)
                return r;
        end = memchr(data, '\n', size);
        length = end ? (size_t)(end - data) : size;
        if (length > 0 && data[length - 1] == '\r')
                length--;
        if (length == 0)
                r = error_set(e, -ENODATA, "%s: the first line is empty, expected a secret", path);
        else if (memchr(data, '\0', length))
                r = error_set(e, -EINVAL, "%s: the first line contains a NUL byte", path);
        else if (!(secret = strndup(data, length)))
                r = file_error(e, -ENOMEM, "read", path);
        explicit_bzero(data, size);
        if (r < 0)
                return r;
        *ret = take_ptr(secret);
        return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t)n;
        }
        return 0;
}

static int sync_directory_of(const char *path)
{
        _cleanup_free_ char *directory = path_resolve(".", path);
        _cleanup_close_ int fd = -1;

        if (!directory)
                return -ENOMEM;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        /* Some network and FUSE file systems cannot sync a directory and say so with EINVAL. */
        return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int file_sync(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fdatasync(fd) < 0)
                return -errno;
        return sync_directory_of(path);
}

/* Gives the file the mode of the one it replaces. What root writes belongs to the owner of that
 * file, or else of the directory: a service reads there what its administrator wrote. */
static int set_owner_and_mode(int fd, const char *path)
{
        _cleanup_free_ char *directory = path_resolve(".", path);
        struct stat st;

        if (!directory)
                return -ENOMEM;
        if (stat(path, &st) >= 0 && S_ISREG(st.st_mode)) {
                if (fchmod(fd, st.st_mode & 0777) < 0)
                        return -errno;
        } else if (stat(directory, &st) < 0)
                return -errno;
        return geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

static int write_temporary(int fd, const char *path, const void *data, size_t size)
{
        int r = write_all(fd, data, size);

        if (r >= 0)
                r = set_owner_and_mode(fd, path);
        if (r < 0)
                return r;
        return fsync(fd) < 0 ? -errno : 0;
}

/* The last step of writing: the temporary file gets the name that is meant. */
static int take_name(const char *temporary, const char *path)
{
        return rename(temporary, path) < 0 ? -errno : 0;
}

/* The same, unless the name is taken. What a person has made can be read by whom the umask lets. */
static int take_free_name(const char *temporary, const char *path)
{
        mode_t mask = umask(077);

        (void)umask(mask);
        if (chmod(temporary, 0666 & ~mask) < 0 || link(temporary, path) < 0)
                return -errno;
        return unlink(temporary) < 0 ? -errno : 0;
}

static int write_whole(const char *path, const void *data, size_t size,
        int (*name)(const char *temporary, const char *path), struct error *e)
{
        _cleanup_free_ char *temporary = NULL;
        int fd, r;

        if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
                temporary = NULL;
                return file_error(e, -ENOMEM, "write", path);
        }
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return file_error(e, -errno, "create a temporary file for", path);
        r = write_temporary(fd, path, data, size);
        /* NFS and quotas report a failed write as late as here. */
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0)
                r = name(temporary, path);
        if (r < 0) {
                (void)unlink(temporary);
                return file_error(e, r, "write", path);
        }
        r = sync_directory_of(path);
        return r < 0 ? file_error(e, r, "sync the directory of", path) : 0;
}

int file_replace(const char *path, const void *data, size_t size, struct error *e)
{
        return write_whole(path, data, size, take_name, e);
}

int file_create(const char *path, const void *data, size_t size, struct error *e)
{
        return write_whole(path, data, size, take_free_name, e);
}

int file_room(const char *path, struct error *e)
{
        _cleanup_free_ char *directory = path_resolve(".", path);
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (!directory)
                return file_error(e, -ENOMEM, "write", path);
        fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0)
                return errno == EOPNOTSUPP ? 0 : file_error(e, -errno, "write", path);
        r = posix_fallocate(fd, 0, stat(path, &st) >= 0 ? MAX(st.st_size, (off_t)1) : 1);
        return r > 0 && r != EINTR ? file_error(e, -r, "write", path) : 0;
}

int directory_lock(const char *path, int *ret_fd, struct error *e)
{
        _cleanup_close_ int fd = -1;

        if (mkdir(path, 0750) < 0 && errno != EEXIST)
                return file_error(e, -errno, "create", path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return file_error(e, -errno, "open", path);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK
                        ? error_set(e, -EBUSY, "%s is in use by another process", path)
                        : file_error(e, -errno, "lock", path);
        *ret_fd = fd;
        fd = -1;
        return 0;
}

char *path_resolve(const char *path, const char *relative_to)
{
        const char *slash = relative_to ? strrchr(relative_to, '/') : NULL;
        char *joined;

        if (path[0] == '/' || !slash)
                return strdup(path);
        if (asprintf(&joined, "%.*s/%s", (int)(slash - relative_to), relative_to, path) < 0)
                return NULL;
        return joined;
}

int credential_path(const char *name, char **ret, struct error *e)
{
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");

        if (!*name || strchr(name, '/') || streq(name, ".") || streq(name, "..") ||
                strlen(name) > NAME_MAX)
                return error_set(e, -EINVAL, "\"%s\" is not the name of a credential", name);
        if (!directory || directory[0] != '/')
                return error_set(e, -ENXIO,
                        "credential \"%s\": $CREDENTIALS_DIRECTORY is not set; "
                        "the service manager sets it for LoadCredential=",
                        name);
        if (asprintf(ret, "%s/%s", directory, name) < 0) {
                *ret = NULL;
                return error_set(e, -ENOMEM, "credential \"%s\": out of memory", name);
        }
        return 0;
}
