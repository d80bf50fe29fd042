/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/pages.h"

#include "clock.h"
#include "serve/response.h"
#include "show/asset.h"
#include "show/runbook.h"

void pages_document(struct exchange *x)
{
        const struct page_query query = {
                .collection = exchange_argument(x, "collection"),
                .query = exchange_argument(x, "query"),
                .incident = exchange_argument(x, "incident"),
                .show = exchange_argument(x, "show"),
                .text = exchange_argument(x, "text"),
                .tag = exchange_argument(x, "tag"),
                .outcome = exchange_argument(x, "outcome"),
                .band = exchange_argument(x, "band"),
                .sort = exchange_argument(x, "sort"),
                .page = exchange_argument(x, "page"),
        };
        const char *have = exchange_header(x, "Driftwatch-Have");
        _cleanup_(view_unrefp) struct view *view = NULL;
        const struct leaf *leaf;

        if (!exchange_arguments_valid(x) || !(view = exchange_view(x)))
                return;
        leaf = leaves_get(&x->services->leaves, view, &query, clock_usec(CLOCK_REALTIME),
                clock_usec(CLOCK_MONOTONIC));
        if (!leaf) {
                exchange_say(x, 500, "memory is short");
                return;
        }
        x->type = have ? RESPONSE_TYPE_JSON : RESPONSE_TYPE_HTML;
        x->policy = RESPONSE_POLICY_PAGE;
        x->once = have != NULL;
        x->status = leaf_answer(
                leaf, have, exchange_header(x, MHD_HTTP_HEADER_IF_NONE_MATCH), &x->body);
}

static const struct runbook_page *find_page(const char *name)
{
        for (size_t i = 0; i < runbook_page_count; i++)
                if (strcasecmp(runbook_pages[i].name, name) == 0)
                        return &runbook_pages[i];
        return NULL;
}

void pages_runbook(struct exchange *x)
{
        const struct runbook_page *page = find_page(x->subject ? x->subject : "");

        if (!page) {
                exchange_say(x, 404, "the runbook has no page of this name");
                return;
        }
        x->status =
                streq(exchange_header(x, MHD_HTTP_HEADER_IF_NONE_MATCH), page->etag) ? 304 : 200;
        x->type = RESPONSE_TYPE_HTML;
        x->policy = RESPONSE_POLICY_PAGE;
        x->cache = RESPONSE_CACHE_ASK;
        x->etag = page->etag;
        if (x->status == 200)
                text_append_bytes(&x->body, page->data, page->size);
}

void pages_asset(struct exchange *x)
{
        const char *known = exchange_header(x, MHD_HTTP_HEADER_IF_NONE_MATCH);

        for (size_t i = 0; i < ASSET_COUNT; i++) {
                const struct asset *a = &assets[i];

                if (!streq(a->path + strlen("assets/"), x->subject))
                        continue;
                x->status = streq(known, a->etag) ? 304 : 200;
                x->type = a->type;
                x->cache = RESPONSE_CACHE_FOR_EVER;
                x->etag = a->etag;
                if (x->status == 200)
                        text_append_bytes(&x->body, a->data, a->size);
                return;
        }
        exchange_say(x, 404, "there is nothing at this path");
}
