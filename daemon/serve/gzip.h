/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bodies as one gzip member (RFC 1952), compressed for speed: scrapes are small and frequent. A
 * body may be packed in two pieces, so that the one that seldom changes is packed once. It decides
 * nothing about who gets one; that is show/accept.h. */

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

/* A piece of a body as deflate blocks that end on a byte and refer to nothing before them. */
struct gzip_piece {
        char *data; /* owned; NULL while empty */
        size_t size;
        size_t length; /* of what was packed */
        unsigned long crc; /* CRC-32 of what was packed */
};

/* `last`: no piece follows. -ENOMEM when memory is short, -EFBIG beyond 2 GiB. */
_must_check_ int gzip_pack(const char *data, size_t size, bool last, struct gzip_piece *ret);
void gzip_piece_done(struct gzip_piece *p);
/* The member made of two pieces, the second packed as the last. `*ret` (malloc) is the caller's. */
_must_check_ int gzip_join(const struct gzip_piece *first, const struct gzip_piece *last,
        char **ret, size_t *ret_size);
