/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How a command speaks to the daemon: --http.config.file, by the keys that promtool and amtool have
 * for it. Secrets stand there or in files that it names, never on a command line. */

#include "http.h"

/* Fills the zeroed `ret`, but for the URL; `*ret_encrypted` says whether there is a tls_config.
 * Every error found is added as "file:line:column: path.of.key: sentence"; -EBADMSG then. -ENOMEM.
 */
_must_check_ int http_file_load(
        const char *path, struct http_peer *ret, bool *ret_encrypted, struct errors *errors);
