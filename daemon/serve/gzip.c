/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define GZIP_LEVEL 1
/* zlib's way to ask for the gzip wrapper. */
#define GZIP_WINDOW_BITS (15 + 16)

int gzip_compress(const char *data, size_t size, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *out = NULL;
        z_stream z = {0};
        size_t bound, written;
        int r;

        if (size > UINT_MAX / 2)
                return -EFBIG;
        if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) !=
                Z_OK)
                return -ENOMEM;
        bound = deflateBound(&z, size);
        out = malloc(bound);
        if (!out) {
                (void)deflateEnd(&z);
                return -ENOMEM;
        }
        z.next_in = (z_const Bytef *)data;
        z.avail_in = (uInt)size;
        z.next_out = (Bytef *)out;
        z.avail_out = (uInt)bound;
        r = deflate(&z, Z_FINISH);
        written = z.total_out;
        (void)deflateEnd(&z);
        if (r != Z_STREAM_END)
                return -EIO;
        *ret = take_ptr(out);
        *ret_size = written;
        return 0;
}
