/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the service manager and the log are told of a reload. */

#include "config/config.h"

/* Tells the service manager that the file is about to be read again: at once when somebody wants
 * it, because systemctl returns to the administrator early otherwise. */
void reload_announce(const char *path);
/* The file was read again, and `config` is in use: it is another one than before (r > 0), the same
 * (0), or what was read was refused, for reasons that have been told. Credentials that are newer
 * than the daemon, which started at `started` (wall clock), are named. */
void reload_log(const char *path, const struct config *config, int r, usec_t started);
