/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The names of all collections of a database, page by page. It keeps none of them, and makes no
 * sentence of what is missing: that is directory.h's. */

#include "ask/http_client.h"
#include "error.h"

/* Collections in one answer: some 300 KB of JSON. */
#define LISTING_PAGE 200
/* Where there are 2,000 of them, one for each user, say, nobody reads which are not watched, and
 * the server has better things to do than to send them all. */
#define LISTING_PAGES_MAX 10

/* Borrowed until it ended. */
struct listing_target {
        const char *tenant, *database;
        const struct http_peer *peer;
};

struct listing;
/* One page; the names are valid during the call. */
typedef void (*listing_page_t)(char *const *names, size_t count, void *userdata);
/* `why` there is no more, valid during the call; without a message that was all. */
typedef void (*listing_done_t)(const struct error *why, void *userdata);
typedef void (*listing_exchange_t)(const struct http_response *response, void *userdata);

struct listing_callbacks {
        listing_page_t page;
        listing_done_t done;
        listing_exchange_t exchange;
        void *userdata;
};

/* -ENOMEM, or as http_client_submit(). */
_must_check_ int listing_start(struct http_client *client, const struct listing_target *target,
        const struct listing_callbacks *callbacks, struct listing **ret);
/* Cancels without calling back; also from within the `done` callback. */
struct listing *listing_free(struct listing *l);
DEFINE_CLEANUP(struct listing *, listing_free)
