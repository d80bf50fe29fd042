/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whole files: read with a limit, replaced so that a crash leaves the old content or the new, and
 * found relative to the file that names them. It caches nothing, and keeps nothing open but the
 * lock of a directory. */

#include "error.h"

/* Reads the whole regular file; -EFBIG above `limit` bytes, -EINVAL for the pointer that Git LFS
 * left in its place. `*ret` is NUL-terminated (the NUL is
 * not counted in `*ret_size`) and owned by the caller. */
_must_check_ int file_read(
        const char *path, size_t limit, char **ret, size_t *ret_size, struct error *e);
/* What a file holds, piece by piece; negative: no more is wanted, file_feed() returns it. */
typedef int (*file_take_t)(const char *data, size_t size, void *userdata);
/* As file_read(), for what need not be in memory as a whole. A sentence is that of a failed
 * reading; `take` has to tell its own. */
_must_check_ int file_feed(
        const char *path, size_t limit, file_take_t take, void *userdata, struct error *e);
/* First line of a secret file without its line end, at most 16 KiB; -ENODATA when empty. The
 * content never appears in the error. */
_must_check_ int file_read_secret(const char *path, char **ret, struct error *e);
/* Writes a temporary file in the same directory, syncs it, renames it over `path` and syncs the
 * directory: after a crash there is the old content or the new, never a mixture. Mode 0600 & ~umask
 * unless the file existed. What root writes belongs to whom the old file, or else the directory,
 * belongs to. */
_must_check_ int file_replace(const char *path, const void *data, size_t size, struct error *e);
/* The same where nothing stands yet: -EEXIST where something does, which stays as it is. Mode 0666
 * & ~umask, because a person asked for it and a service may have to read it; not for threads. */
_must_check_ int file_create(const char *path, const void *data, size_t size, struct error *e);
/* Waits until what was written to the file is on the disk, and its name, whoever wrote it. Negative
 * errno. */
_must_check_ int file_sync(const char *path);
/* Whether file_replace() would find room for as much as `path` holds now, without a trace: 0, also
 * where only writing shows it (a file system without nameless files); else as file_replace(). */
_must_check_ int file_room(const char *path, struct error *e);
/* Makes the directory, unless it is there, and keeps it for this process until `*ret_fd` is closed;
 * -EBUSY while another process keeps it. */
_must_check_ int directory_lock(const char *path, int *ret_fd, struct error *e);
/* `path` itself when absolute, else joined to the directory of `relative_to` (a file). Owned by the
 * caller, NULL when memory is short. */
char *path_resolve(const char *path, const char *relative_to);
/* Path of the credential `name` below $CREDENTIALS_DIRECTORY; -ENXIO with a sentence when the
 * variable is not set, -EINVAL when the name is not a plain file name. */
_must_check_ int credential_path(const char *name, char **ret, struct error *e);
