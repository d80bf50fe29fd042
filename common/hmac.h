/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* HMAC-SHA-256 (RFC 2104), by GnuTLS: proves to whoever has the same key where a message comes from
 * and that nobody has changed it. */

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

#define HMAC_SIZE 32

/* -EIO when the library refuses. */
_must_check_ int hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
        unsigned char ret[HMAC_SIZE]);
/* Whether both are the same, in a time that does not say where they differ. */
_must_check_ bool hmac_equal(const unsigned char a[HMAC_SIZE], const unsigned char b[HMAC_SIZE]);
