/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Vectors of a text that is there as a whole, where a file would be in the way. */

#include <errno.h>

#include "model/vector_json.h"

/* It comes in pieces, which of a small one end within everything. */
static inline int vector_set_parse(const char *path, const char *data, size_t size,
        struct vector_set **ret, struct errors *errors)
{
        _cleanup_(vector_json_freep) struct vector_json *j = vector_json_new(path, NULL, errors);
        size_t piece = size < 4096 ? 7 : 16384;
        int r = j ? 0 : -ENOMEM;

        for (size_t at = 0; at < size && r >= 0; at += piece)
                r = vector_json_feed(j, data + at, MIN(piece, size - at));
        return r < 0 ? r : vector_json_end(j, ret);
}
