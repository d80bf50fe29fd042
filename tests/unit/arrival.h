/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bodies as they arrive, in pieces, without a server: what http_transfer.c does with a sink. */

#include <errno.h>

#include "ask/pooled.h"
#include "ask/records.h"
#include "ask/results.h"

/* Small bodies come in pieces that end within everything. */
#define ARRIVAL_PIECE 7

static inline int arrive(struct http_sink *sink, const char *body, size_t size, struct error *e)
{
        size_t piece = size < 4096 ? ARRIVAL_PIECE : 16384;
        int r = 0;

        for (size_t at = 0; at < size && r >= 0; at += piece)
                r = sink->take(sink, body + at, MIN(piece, size - at));
        return r < 0 && r != -EBADMSG ? error_set(e, r, "%s", error_text(&sink->complaint, r)) : 0;
}

static inline int arrive_results(const char *body, size_t size, size_t count, unsigned results,
        struct results_row *ret, struct error *e)
{
        const struct http_response response = {.status = 200,
                .body = body,
                .body_size = size,
                .sink = results_sink(count, results, CHROMA_DISTANCES | CHROMA_METADATAS)};
        int r = arrive(response.sink, body, size, e);

        if (r >= 0)
                r = results_read(&response, ret, e);
        response.sink->free(response.sink);
        return r;
}

static inline int arrive_counts(
        const char *body, size_t size, size_t count, unsigned results, size_t *ret, struct error *e)
{
        const struct http_response response = {
                .status = 200, .sink = results_sink(count, results, CHROMA_COUNTS)};
        int r = arrive(response.sink, body, size, e);

        if (r >= 0)
                r = results_read_counts(&response, ret, e);
        response.sink->free(response.sink);
        return r;
}

/* `limit` 0: any number of records was asked for. */
static inline int arrive_records(const char *body, size_t size, unsigned include, uint64_t limit,
        struct records *ret, struct error *e)
{
        const struct records_request what = {.include = include, .limit = limit};
        _cleanup_(http_request_done) struct http_request request = {0};
        struct http_response response = {.status = 200};
        int r = records_build("t", "d", "c", &what, &request);

        response.sink = request.sink;
        if (r >= 0)
                r = arrive(response.sink, body, size, e);
        return r < 0 ? r : records_read(&response, ret, e);
}

static inline int arrive_pooled(const struct embedding_dialect *dialect, const char *body,
        size_t size, size_t count, struct pooled *ret, struct error *e)
{
        const struct http_response response = {.status = 200,
                .body = body,
                .body_size = size,
                .sink = pooled_sink(dialect, count)};
        int r = arrive(response.sink, body, size, e);

        if (r >= 0)
                r = pooled_read(&response, ret, e);
        response.sink->free(response.sink);
        return r;
}
