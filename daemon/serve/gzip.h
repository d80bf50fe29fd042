/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bodies as one gzip member (RFC 1952), compressed for speed: scrapes are small and frequent. A
 * body may be packed in pieces, so that those that seldom change are packed once. It decides
 * nothing about who gets one; that is show/accept.h. */

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"
#include "text.h"

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
/* The member as it grows by pieces, the last of which was packed as such. */
struct gzip_member {
        struct text text; /* text_failed() tells whether memory was short */
        size_t length; /* of what was packed */
        unsigned long crc; /* of that */
};
void gzip_begin(struct gzip_member *m);
void gzip_add(struct gzip_member *m, const struct gzip_piece *piece);
void gzip_end(struct gzip_member *m);
/* A whole body becomes a member, in place. False, and it is as it was, where that is not possible.
 */
bool gzip_text(struct text *body);
