/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All that the daemon serves at: sockets that the service manager passed, or else addresses of its
 * own, each with an HTTP server. */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "serve/handover.h"
#include "serve/http_server.h"

struct doors {
        struct http_server **servers;
        size_t count;
        bool passed; /* by the service manager, instead of the addresses */
};

/* Sockets that were passed win over addresses: they are what the administrator configured last.
 * `demanded`: there must be some. `handover` is borrowed for life. On failure, which is a sentence,
 * some may be open. */
_must_check_ int doors_open(struct doors *d, const char *const *addresses, size_t count,
        bool demanded, struct handover *handover, struct error *e);
/* Loop, about once a second: cuts whose requests do not arrive. */
void doors_sweep(struct doors *d);
/* As http_server_free() each; also of one zeroed. */
void doors_done(struct doors *d);
