/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What exists where a collection was not found: the collections of its database, else the databases
 * of its tenant, else whether there is such a tenant - for a sentence that shows the typing
 * mistake. It finds no collection: that is survey.h's. */

#include "ask/http_client.h"

/* Names told at most, nearest to the one that was asked for first. */
#define DIRECTORY_TOLD 10
/* Names read at most. */
#define DIRECTORY_NAMES_MAX 1000

/* Borrowed until it ended. */
struct directory_target {
        const char *tenant, *database, *collection;
        const struct http_peer *peer;
};

struct directory;
/* A sentence's part, "database \"d\" of tenant \"t\" has 3 collections; nearest: a, b, c"; NULL
 * when nothing could be found out. Valid during the call. */
typedef void (*directory_done_t)(const char *found, void *userdata);
typedef void (*directory_exchange_t)(const struct http_response *response, void *userdata);

/* At most four requests. -ENOMEM, or as http_client_submit(). */
_must_check_ int directory_start(struct http_client *client, const struct directory_target *target,
        directory_done_t done, directory_exchange_t exchange, void *userdata,
        struct directory **ret);
/* Cancels without calling back; also from within the callback. */
struct directory *directory_free(struct directory *d);
DEFINE_CLEANUP(struct directory *, directory_free)

/* The `name` of each object of a list, without those that have none; an array to be freed by
 * directory_names_free(). -EBADMSG when it is no list, -ENOMEM. */
_must_check_ int directory_parse(const char *body, size_t size, char ***ret, size_t *ret_count);
void directory_names_free(char **names, size_t count);
