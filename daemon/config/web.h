/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The web configuration file, read with all that it names - certificates, keys, tokens - into what
 * the servers use. It keeps no secret that it can do without, and complains of nothing twice. */

#include <stdint.h>

#include "config/web_keys.h"
#include "serve/web_config.h"

/* A file of the documented size and more, as are certificates. */
#define WEB_FILE_MAX ((size_t)1 << 20)

/* The files that a configuration was read from; once one of them is another, it is to be read
 * again. */
struct web_files {
        char **paths; /* owned; the configuration's own first */
        size_t count;
        uint64_t stamp; /* of all when they were read */
};
void web_files_done(struct web_files *files);
/* As `stamp`, of now: names, times and sizes; not what is in them. */
uint64_t web_files_stamp(const struct web_files *files);

/* Every error found is added as "file:line:column: path.of.key: sentence"; -EBADMSG then, and
 * `*ret` stays as it is, but `files`, which is zeroed before, is filled. -ENOMEM. */
_must_check_ int web_load(
        const char *path, struct web_config **ret, struct web_files *files, struct errors *errors);
/* Reads `size` bytes of the file `path`, whose name leads to the others. */
_must_check_ int web_parse(const char *path, const char *data, size_t size, struct web_config **ret,
        struct web_files *files, struct errors *errors);
