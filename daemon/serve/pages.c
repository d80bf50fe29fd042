/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/pages.h"

#include "clock.h"
#include "serve/response.h"
#include "show/asset.h"

static const char *argument(struct MHD_Connection *connection, const char *name)
{
        return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
        return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

struct pages_head pages_document(struct leaves *l, const struct view *view,
        struct MHD_Connection *connection, struct text *body)
{
        const struct page_query query = {
                .collection = argument(connection, "collection"),
                .query = argument(connection, "query"),
                .incident = argument(connection, "incident"),
                .show = argument(connection, "show"),
                .text = argument(connection, "text"),
                .tag = argument(connection, "tag"),
                .outcome = argument(connection, "outcome"),
                .band = argument(connection, "band"),
                .sort = argument(connection, "sort"),
                .page = argument(connection, "page"),
        };
        const char *have = header(connection, "Driftwatch-Have");
        const struct leaf *leaf = leaves_get(
                l, view, &query, clock_usec(CLOCK_REALTIME), clock_usec(CLOCK_MONOTONIC));
        struct pages_head head = {.status = 500,
                .type = have ? RESPONSE_TYPE_JSON : RESPONSE_TYPE_HTML,
                .policy = RESPONSE_POLICY_PAGE,
                .once = have != NULL};

        if (leaf)
                head.status = leaf_answer(
                        leaf, have, header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH), body);
        return head;
}

struct pages_head pages_asset(
        struct MHD_Connection *connection, const char *name, struct text *body)
{
        const char *known = header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH);

        for (size_t i = 0; i < ASSET_COUNT; i++) {
                const struct asset *a = &assets[i];

                if (!streq(a->path + strlen("assets/"), name))
                        continue;
                if (!streq(known, a->etag))
                        text_append_bytes(body, a->data, a->size);
                return (struct pages_head){streq(known, a->etag) ? 304 : 200, a->type, NULL,
                        RESPONSE_CACHE_FOR_EVER, a->etag, false};
        }
        return (struct pages_head){.status = 404};
}
