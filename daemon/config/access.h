/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether a file that root can read can be read by the unit, which runs as a user made for it
 * (DynamicUser=): told by owner and mode alone, because that user does not exist while root looks.
 * It warns and refuses nothing: a drop-in may have given the unit a group. */

#include <sys/stat.h>

#include "config/keys.h"

/* One sentence for each file that the configuration names and the unit cannot read, as "file:line:
 * column: path.of.key: sentence", to `reader->errors`. Files that do not exist are not its
 * business. -ENOMEM. */
_must_check_ int access_check(const struct schema_reader *reader, const struct config_keys *keys);
/* Whether nobody but root may do what the `others` bits (S_IROTH or S_IXOTH) stand for. */
bool access_is_roots(const struct stat *st, mode_t others);
