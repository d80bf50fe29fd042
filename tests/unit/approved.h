/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Baselines of a text that is there as a whole, where a file would be in the way. */

#include <errno.h>

#include "keep/baseline_reader.h"

/* It comes in pieces, which of a small one end within everything. */
static inline int baseline_parse(
        const char *path, const char *data, size_t size, struct baseline **ret, struct error *e)
{
        _cleanup_(baseline_reader_freep) struct baseline_reader *r =
                baseline_reader_new(path, NULL);
        size_t piece = size < 4096 ? 7 : 16384;
        int code = r ? 0 : -ENOMEM;

        for (size_t at = 0; at < size && code >= 0; at += piece)
                code = baseline_reader_feed(r, data + at, MIN(piece, size - at));
        return r ? baseline_reader_end(r, ret, e) : code;
}
