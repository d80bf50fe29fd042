/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Of the records that search cannot reach, how many a near copy stands for: an index links each
 * record to its nearest neighbours, and where hundreds are nearly the same, some of them are linked
 * by nobody from the day they were written. Whoever asks finds their twin, and nothing is lost. A
 * sample of the unreachable ones is asked for with their own vectors. It decides nothing. */

#include "ask/http_client.h"

/* Records looked at, and pages of ids read to find them: of a collection with more pages only so
 * many, evenly spaced. */
#define STRAYS_MAX 60
#define STRAYS_PAGE 1000
#define STRAYS_PAGES_MAX 50

/* Borrowed until it ended. */
struct strays_target {
        const char *tenant, *database;
        const char *collection_id; /* Chroma's UUID */
        const char *space; /* "l2", "cosine", "ip"; NULL: unknown, nothing is a copy then */
        const struct http_peer *peer;
        const float *vector; /* any of the collection's dimension */
        unsigned dimension;
        uint64_t records; /* the collection holds … */
        uint64_t unreachable; /* … of which search misses so many */
};

struct strays;
/* `copies` of the `looked` ones are within SELF_HAIR of what their own vector finds. What could
 * not be looked at is in neither. */
typedef void (*strays_done_t)(size_t looked, size_t copies, void *userdata);
typedef void (*strays_exchange_t)(const struct http_response *response, void *userdata);

/* Small requests, one after the other. -ENOMEM and http_client_submit()'s errors. */
_must_check_ int strays_start(struct http_client *client, const struct strays_target *target,
        strays_done_t done, strays_exchange_t exchange, void *userdata, struct strays **ret);
/* Cancels; also from within the callback. */
struct strays *strays_free(struct strays *s);
DEFINE_CLEANUP(struct strays *, strays_free)
