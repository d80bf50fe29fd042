/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pages the metadata of every record of a collection. For commands, never for the daemon. It keeps
 * no record; a record that is added or removed meanwhile may be seen twice or not at all. */

#include "ask/exchange.h"
#include "ask/records.h"

#define METADATA_PAGE 1000 /* halved where the server refuses so many */
/* Ten million records in full pages: a collection beyond is refused, not half read. */
#define METADATA_PAGES_MAX 10000

/* Borrowed until the walk ended. */
struct metadata_target {
        const char *label, *collection, *tenant, *database;
        const struct http_peer *peer;
};

struct metadata_walk;
/* Takes a page; a negative errno ends the walk with the sentence in `e`, else with its text. */
typedef int (*metadata_page_t)(const struct records *page, struct error *e, void *userdata);
/* `error` NULL: every record was seen. Valid during the call. */
typedef void (*metadata_done_t)(const char *error, void *userdata);

/* Copies nothing of `target`, calls back from the loop only. -ENOMEM, or as http_client_submit().
 */
_must_check_ int metadata_start(struct http_client *client, const struct metadata_target *target,
        metadata_page_t page, metadata_done_t done, void *userdata, struct metadata_walk **ret);
/* Cancels without calling back; also from within the callback. */
struct metadata_walk *metadata_free(struct metadata_walk *w);
DEFINE_CLEANUP(struct metadata_walk *, metadata_free)
