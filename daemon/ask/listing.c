/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/listing.h"

#include <errno.h>
#include <stdio.h>

#include "ask/directory.h"
#include "ask/exchange.h"
#include "ask/wire.h"

#define RESPONSE_MAX (16U << 20)

struct listing {
        struct exchange exchange;
        const struct listing_target *target;
        struct listing_callbacks callbacks;
        unsigned pages;
};

static const char what[] = "listing the collections";

static void on_page(const struct http_response *response, void *userdata);

static int ask(struct listing *l)
{
        const struct listing_target *t = l->target;
        const char *const segments[] = {
                "tenants", t->tenant, "databases", t->database, "collections", NULL};
        char tail[64];
        int r;

        (void)snprintf(
                tail, sizeof(tail), "?limit=%d&offset=%u", LISTING_PAGE, l->pages * LISTING_PAGE);
        r = wire_build_path("GET", segments, tail, RESPONSE_MAX, &l->exchange.request);
        return r < 0 ? r : exchange_submit(&l->exchange, on_page, l);
}

/* The number of names, when they can be used. */
static int take_page(struct listing *l, const struct http_response *response, struct error *e)
{
        char **names = NULL;
        size_t count = 0;
        int r = exchange_accept(&l->exchange, response, what, e);

        if (r < 0)
                return r;
        r = directory_parse(response->body, response->body_size, &names, &count);
        if (r < 0)
                return error_set(e, r, "%s: the answer is no list of collections", what);
        if (count > LISTING_PAGE)
                r = error_set(e, -EBADMSG,
                        "%s: the server sends more of them than it was asked for", what);
        else
                l->callbacks.page(names, count, l->callbacks.userdata);
        directory_names_free(names, count);
        return r < 0 ? r : (int)count;
}

static void on_page(const struct http_response *response, void *userdata)
{
        struct listing *l = userdata;
        _cleanup_error_ struct error error = {0};
        int r = take_page(l, response, &error);

        if (r == LISTING_PAGE && ++l->pages == LISTING_PAGES_MAX)
                (void)error_set(&error, -E2BIG, "%s: there are %d or more", what,
                        LISTING_PAGE * LISTING_PAGES_MAX);
        else if (r == LISTING_PAGE) {
                r = ask(l);
                if (r >= 0)
                        return;
                (void)error_set(&error, r, "%s: %s", what, strerror(-r));
        }
        l->callbacks.done(&error, l->callbacks.userdata);
}

int listing_start(struct http_client *client, const struct listing_target *target,
        const struct listing_callbacks *callbacks, struct listing **ret)
{
        _cleanup_(listing_freep) struct listing *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->exchange = (struct exchange){.client = client,
                .peer = target->peer,
                .noted = callbacks->exchange,
                .userdata = callbacks->userdata};
        l->target = target;
        l->callbacks = *callbacks;
        r = ask(l);
        if (r >= 0)
                *ret = take_ptr(l);
        return r;
}

struct listing *listing_free(struct listing *l)
{
        if (!l)
                return NULL;
        exchange_done(&l->exchange);
        free(l);
        return NULL;
}
