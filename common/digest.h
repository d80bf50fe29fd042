/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SHA-256, by GnuTLS: to notice that a file was damaged or edited. It keeps no secret and proves no
 * origin. */

#include <stddef.h>

#include "macro.h"

#define DIGEST_TEXT_MAX 65

/* 64 lower-case hexadecimal digits and NUL into `ret`; -EIO when the library refuses. */
_must_check_ int digest_sha256(const void *data, size_t size, char ret[DIGEST_TEXT_MAX]);
