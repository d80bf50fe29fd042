/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A tree that is built of a text in pieces, as it arrives. */

#include "tree.h"

struct growing {
        struct tree tree;
        size_t budget;
        json_t *value; /* the whole, owned; NULL until it is there */
        struct error *error;
};

static inline int grow(const struct stream_event *event, void *userdata)
{
        struct growing *g = userdata;

        return tree_take(&g->tree, event, &g->budget, &g->value, g->error);
}

/* Pieces of `piece` bytes, then the end. */
static inline int feed(
        struct stream *s, const char *data, size_t size, size_t piece, struct error *e)
{
        int r = 0;

        for (size_t at = 0; at < size && r >= 0; at += piece)
                r = stream_feed(s, data + at, MIN(piece, size - at), e);
        return r < 0 ? r : stream_end(s, e);
}

/* `take` is grow(), or calls it. `*ret` is NULL where it fails. */
static inline int build(stream_take_t take, const char *text, size_t size, size_t piece,
        size_t budget, json_t **ret, struct error *e)
{
        struct growing g = {.budget = budget, .error = e};
        _cleanup_(stream_freep) struct stream *s = stream_new(take, &g);
        int r = s ? feed(s, text, size, piece, e) : error_set(e, -1, "no stream");

        tree_done(&g.tree);
        if (r < 0)
                json_decref(g.value);
        *ret = r < 0 ? NULL : g.value;
        return r;
}
