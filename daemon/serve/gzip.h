/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A whole body as one gzip member (RFC 1952), compressed for speed: scrapes are small and frequent.
 * It decides nothing about who gets one; that is show/accept.h. */

#include <stddef.h>

#include "macro.h"

/* `*ret` (malloc) is the caller's. -ENOMEM when memory is short. */
_must_check_ int gzip_compress(const char *data, size_t size, char **ret, size_t *ret_size);
