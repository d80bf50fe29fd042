/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A whole body as one gzip member. */

#include <stddef.h>

#include "macro.h"

/* `*ret` (malloc) is the caller's. -ENOMEM when memory is short. */
_must_check_ int gzip_compress(const char *data, size_t size, char **ret, size_t *ret_size);
