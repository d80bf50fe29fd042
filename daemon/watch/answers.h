/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who wants to see what the records of a query's answers say: their documents are read from Chroma
 * for one request, answered and forgotten. Nothing is kept or judged. */

#include "serve/handover.h"
#include "watch/watches.h"

/* So many are read for at a time; one more is refused. */
#define ANSWERS_AT_ONCE 4
/* Documents of all records of both answers together; more are an error. */
#define ANSWERS_RESPONSE_MAX (16U << 20)

struct answers {
        struct answers_asked *asked[ANSWERS_AT_ONCE]; /* NULL: free */
};

/* Answers `command`, which names a query of a collection that is watched, when its documents are
 * read: 404 where there is no such query, 502 with the reason where Chroma does not give them, 503
 * while too many are read. Takes the command. */
void answers_ask(struct answers *a, struct http_client *client, const struct watches *watches,
        struct command *command);
/* Before the client goes: whoever still waits is told that the daemon stops. */
void answers_done(struct answers *a);
