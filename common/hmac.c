/* SPDX-License-Identifier: Apache-2.0 */
#include "hmac.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

int hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
        unsigned char ret[HMAC_SIZE])
{
        return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, key_size, data, size, ret) < 0 ? -EIO : 0;
}

bool hmac_equal(const unsigned char a[HMAC_SIZE], const unsigned char b[HMAC_SIZE])
{
        return gnutls_memcmp(a, b, HMAC_SIZE) == 0;
}
