/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>

#define DIGEST_SIZE ((DIGEST_TEXT_MAX - 1) / 2)
/* A call of the library costs as much as a hundred bytes. */
#define GATHERED_MAX 4096

static void write_text(const unsigned char digest[DIGEST_SIZE], char ret[DIGEST_TEXT_MAX])
{
        for (size_t i = 0; i < DIGEST_SIZE; i++)
                (void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

int digest_sha256(const void *data, size_t size, char ret[DIGEST_TEXT_MAX])
{
        unsigned char digest[DIGEST_SIZE];

        if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest) < 0)
                return -EIO;
        write_text(digest, ret);
        return 0;
}

struct digest {
        gnutls_hash_hd_t hash;
        int code; /* the first failure */
        size_t size; /* gathered */
        unsigned char gathered[GATHERED_MAX];
};

struct digest *digest_new(void)
{
        struct digest *d = calloc(1, sizeof(*d));

        if (d && gnutls_hash_init(&d->hash, GNUTLS_DIG_SHA256) < 0) {
                free(d);
                return NULL;
        }
        return d;
}

struct digest *digest_free(struct digest *d)
{
        if (!d)
                return NULL;
        gnutls_hash_deinit(d->hash, NULL);
        free(d);
        return NULL;
}

static void hash(struct digest *d, const void *data, size_t size)
{
        if (size > 0 && gnutls_hash(d->hash, data, size) < 0)
                d->code = -EIO;
}

void digest_add(struct digest *d, const void *data, size_t size)
{
        if (size > GATHERED_MAX - d->size) {
                hash(d, d->gathered, d->size);
                d->size = 0;
        }
        if (size >= GATHERED_MAX) {
                hash(d, data, size);
                return;
        }
        if (size > 0)
                memcpy(d->gathered + d->size, data, size);
        d->size += size;
}

int digest_end(struct digest *d, char ret[DIGEST_TEXT_MAX])
{
        unsigned char digest[DIGEST_SIZE];
        int code;

        hash(d, d->gathered, d->size);
        gnutls_hash_output(d->hash, digest);
        code = d->code;
        d->code = 0;
        d->size = 0;
        if (code >= 0)
                write_text(digest, ret);
        return code;
}
