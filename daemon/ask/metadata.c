/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/metadata.h"

#include <errno.h>

#include "ask/ruling.h"

struct metadata_walk {
        struct exchange exchange;
        const struct metadata_target *target;
        metadata_page_t page;
        metadata_done_t done;
        void *userdata;
        struct epoch epoch;
        uint64_t offset;
        unsigned pages;
        size_t size; /* of a page */
        struct error error;
};

static void on_page(const struct http_response *response, void *userdata);

static void ignore(const struct http_response *response, void *userdata)
{
}

static void end(struct metadata_walk *w, int code)
{
        if (code < 0) {
                (void)error_set(&w->error, code, "%s", strerror(-code));
                error_prefix(&w->error, "%s at %s", w->target->label, w->target->peer->url);
        }
        w->done(w->error.message, w->userdata);
}

static int ask_page(struct metadata_walk *w)
{
        const struct records_request what = {
                .offset = w->offset, .limit = w->size, .include = RECORDS_METADATAS};
        int code;

        if (w->pages++ == METADATA_PAGES_MAX)
                return error_set(&w->error, -E2BIG,
                        "the collection does not end after %d pages of at most %d records",
                        METADATA_PAGES_MAX, METADATA_PAGE);
        code = records_build(
                w->target->tenant, w->target->database, w->epoch.id, &what, &w->exchange.request);
        return code < 0 ? code : exchange_submit(&w->exchange, on_page, w);
}

/* A page beyond a quota, or beyond what is read, is asked for again with half as many records, and
 * so are those after it. */
static void ask_smaller_page(struct metadata_walk *w)
{
        int code;

        error_done(&w->error);
        w->size = (w->size + 1) / 2;
        w->pages--;
        code = ask_page(w);
        if (code < 0)
                end(w, code);
}

static void on_page(const struct http_response *response, void *userdata)
{
        struct metadata_walk *w = userdata;
        _cleanup_(records_done) struct records page = {0};
        int code = exchange_accept(&w->exchange, response, "reading the metadata", &w->error);

        if (ruling_divisible(code) && w->size > 1) {
                ask_smaller_page(w);
                return;
        }
        if (code >= 0)
                code = records_read(response, &page, &w->error);
        if (code >= 0)
                code = w->page(&page, &w->error, w->userdata);
        w->offset += page.count;
        /* A server may answer with less than a page; only an empty one is the end. */
        if (code >= 0 && page.count > 0)
                code = ask_page(w);
        if (code < 0 || page.count == 0)
                end(w, code);
}

static void on_collection(const struct http_response *response, void *userdata)
{
        struct metadata_walk *w = userdata;
        int code = exchange_accept(&w->exchange, response, "reading the collection", &w->error);

        if (code >= 0)
                code = chroma_parse_collection(
                        response->body, response->body_size, &w->epoch, &w->error);
        if (code >= 0)
                code = ask_page(w);
        if (code < 0)
                end(w, code);
}

int metadata_start(struct http_client *client, const struct metadata_target *target,
        metadata_page_t page, metadata_done_t done, void *userdata, struct metadata_walk **ret)
{
        _cleanup_(metadata_freep) struct metadata_walk *w = calloc(1, sizeof(*w));
        int code;

        if (!w)
                return -ENOMEM;
        w->exchange = (struct exchange){.client = client, .peer = target->peer, .noted = ignore};
        w->target = target;
        w->page = page;
        w->size = METADATA_PAGE;
        w->done = done;
        w->userdata = userdata;
        epoch_init(&w->epoch);
        code = chroma_build_collection(
                target->tenant, target->database, target->collection, &w->exchange.request);
        if (code >= 0)
                code = exchange_submit(&w->exchange, on_collection, w);
        if (code < 0)
                return code;
        *ret = take_ptr(w);
        return 0;
}

struct metadata_walk *metadata_free(struct metadata_walk *w)
{
        if (!w)
                return NULL;
        exchange_done(&w->exchange);
        epoch_done(&w->epoch);
        error_done(&w->error);
        free(w);
        return NULL;
}
