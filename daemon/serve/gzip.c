/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define GZIP_LEVEL 1
/* Negative is zlib's way to ask for bare deflate blocks. What repeats in a page is near: with 8 kB
 * to look back in, and 64 in place of 256 to work in, it is packed sooner and no larger. */
#define RAW_WINDOW_BITS (-13)
#define MEMORY_LEVEL 6
/* What Z_FULL_FLUSH may add beyond deflateBound(): an empty stored block, twice at most. */
#define FLUSH_MAX 16

/* RFC 1952, 2.3: no name, no time, unknown system. */
static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

int gzip_pack(const char *data, size_t size, bool last, struct gzip_piece *ret)
{
        _cleanup_free_ char *out = NULL;
        char *fitted;
        z_stream z = {0};
        size_t bound, written;
        int r;

        if (size > INT_MAX)
                return -EFBIG;
        bound = deflateBound(NULL, size) + FLUSH_MAX;
        out = malloc(bound);
        if (!out ||
                deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL,
                        Z_DEFAULT_STRATEGY) != Z_OK)
                return -ENOMEM;
        z.next_in = (z_const Bytef *)data;
        z.avail_in = (uInt)size;
        z.next_out = (Bytef *)out;
        z.avail_out = (uInt)bound;
        r = deflate(&z, last ? Z_FINISH : Z_FULL_FLUSH);
        written = z.total_out;
        (void)deflateEnd(&z);
        if (r != (last ? Z_STREAM_END : Z_OK))
                return -EIO;
        /* Pieces are kept, and become a tenth; the room was for what cannot be packed. */
        fitted = realloc(out, written);
        if (fitted)
                out = fitted;
        *ret = (struct gzip_piece){
                take_ptr(out), written, size, crc32_z(0, (const Bytef *)data, size)};
        return 0;
}

void gzip_piece_done(struct gzip_piece *p)
{
        free(p->data);
        *p = (struct gzip_piece){0};
}

static void append_little_endian(struct text *t, unsigned long value)
{
        for (int i = 0; i < 4; i++) {
                char byte = (char)(value >> (8 * i) & 0xff);

                text_append_bytes(t, &byte, 1);
        }
}

void gzip_begin(struct gzip_member *m)
{
        *m = (struct gzip_member){0};
        text_append_bytes(&m->text, header, sizeof(header));
}

void gzip_add(struct gzip_member *m, const struct gzip_piece *piece)
{
        text_append_bytes(&m->text, piece->data, piece->size);
        m->crc = crc32_combine(m->crc, piece->crc, (z_off_t)piece->length);
        m->length += piece->length;
}

void gzip_end(struct gzip_member *m)
{
        append_little_endian(&m->text, m->crc);
        append_little_endian(&m->text, m->length);
}

bool gzip_text(struct text *body)
{
        struct gzip_piece piece = {0};
        struct gzip_member m;

        if (text_failed(body) || gzip_pack(body->data, body->size, true, &piece) < 0)
                return false;
        gzip_begin(&m);
        gzip_add(&m, &piece);
        gzip_end(&m);
        gzip_piece_done(&piece);
        if (text_failed(&m.text)) {
                text_done(&m.text);
                return false;
        }
        text_done(body);
        *body = m.text;
        return true;
}
