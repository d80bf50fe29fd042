/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One request of a command to the running daemon's API, waited for: over TCP or a Unix socket, with
 * what --http.config.file says of TLS and of who asks. What is asked and what the answer means is
 * its caller's. */

#include <jansson.h>

#include "commands/command.h"
#include "error.h"

struct reached {
        json_t *data; /* of the envelope; NULL: it has none */
        unsigned status;
        struct error error; /* why there is no data: the daemon's sentence, or that it cannot be
                             * reached */
};
void reached_done(struct reached *r);

/* Whether the address and the file that are given are usable; -EINVAL after sentences on stderr. */
_must_check_ int reach_check(const struct options *options);
/* Asks the daemon at the first --web.listen-address, which may be a URL, too. `body` is taken, and
 * may be NULL. -EBADMSG: it answered, with no data; other errors: it did not. */
_must_check_ int reach(const struct options *options, const char *method, const char *path,
        char *body, struct reached *ret);
/* The exit status of a command that acts: done, no such thing, usage, or not reached - after a
 * sentence on stderr where it is not the first. */
int reach_act(const struct options *options, const char *method, const char *path, json_t *body,
        struct reached *ret);
