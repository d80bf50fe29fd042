/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The daemon: owns every object, wires the rooms together, reloads and stops. It judges nothing,
 * formats nothing and keeps no state of its own but who waits for what. */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "model/shard.h"
#include "watch/web.h"

struct daemon_options {
        const char *config_path;
        const char *storage_path; /* directory; made by the service manager */
        const char *external_url; /* NULL: not given */
        struct shard shard; /* instead of the configuration's; of 0: not given */
        struct web_options web;
};

/* Runs until SIGTERM or SIGINT; 0 then. -EBADMSG when the configuration is unusable, another
 * negative errno when something else prevents the start; the reasons were logged. */
_must_check_ int daemon_run(const struct daemon_options *options);
