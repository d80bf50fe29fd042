/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>

int digest_sha256(const void *data, size_t size, char ret[DIGEST_TEXT_MAX])
{
        unsigned char digest[(DIGEST_TEXT_MAX - 1) / 2];

        if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest) < 0)
                return -EIO;
        for (size_t i = 0; i < sizeof(digest); i++)
                (void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
        return 0;
}
