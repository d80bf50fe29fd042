/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define GZIP_LEVEL 1
/* zlib's way to ask for bare deflate blocks. */
#define RAW_WINDOW_BITS (-15)
/* What Z_FULL_FLUSH may add beyond deflateBound(): an empty stored block, twice at most. */
#define FLUSH_MAX 16

/* RFC 1952, 2.3: no name, no time, unknown system. */
static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
#define TRAILER_SIZE 8

int gzip_pack(const char *data, size_t size, bool last, struct gzip_piece *ret)
{
        _cleanup_free_ char *out = NULL;
        z_stream z = {0};
        size_t bound, written;
        int r;

        if (size > INT_MAX)
                return -EFBIG;
        if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, RAW_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) !=
                Z_OK)
                return -ENOMEM;
        bound = deflateBound(&z, size) + FLUSH_MAX;
        out = malloc(bound);
        if (!out) {
                (void)deflateEnd(&z);
                return -ENOMEM;
        }
        z.next_in = (z_const Bytef *)data;
        z.avail_in = (uInt)size;
        z.next_out = (Bytef *)out;
        z.avail_out = (uInt)bound;
        r = deflate(&z, last ? Z_FINISH : Z_FULL_FLUSH);
        written = z.total_out;
        (void)deflateEnd(&z);
        if (r != (last ? Z_STREAM_END : Z_OK))
                return -EIO;
        *ret = (struct gzip_piece){
                take_ptr(out), written, size, crc32_z(0, (const Bytef *)data, size)};
        return 0;
}

void gzip_piece_done(struct gzip_piece *p)
{
        free(p->data);
        *p = (struct gzip_piece){0};
}

static void put_little_endian(char *out, unsigned long value)
{
        for (int i = 0; i < 4; i++)
                out[i] = (char)(value >> (8 * i) & 0xff);
}

int gzip_join(
        const struct gzip_piece *first, const struct gzip_piece *last, char **ret, size_t *ret_size)
{
        size_t size = sizeof(header) + first->size + last->size + TRAILER_SIZE;
        char *out = malloc(size), *p = out;

        if (!out)
                return -ENOMEM;
        p = mempcpy(p, header, sizeof(header));
        p = mempcpy(p, first->data, first->size);
        p = mempcpy(p, last->data, last->size);
        put_little_endian(p, crc32_combine(first->crc, last->crc, (z_off_t)last->length));
        put_little_endian(p + 4, first->length + last->length);
        *ret = out;
        *ret_size = size;
        return 0;
}
