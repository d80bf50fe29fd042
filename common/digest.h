/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SHA-256, by GnuTLS: to notice that a file was damaged or edited. It keeps no secret and proves no
 * origin. */

#include <stddef.h>

#include "macro.h"

#define DIGEST_TEXT_MAX 65

/* 64 lower-case hexadecimal digits and NUL into `ret`; -EIO when the library refuses. */
_must_check_ int digest_sha256(const void *data, size_t size, char ret[DIGEST_TEXT_MAX]);

/* The same of what comes in pieces. */
struct digest;
/* NULL when memory is short or the library refuses. */
struct digest *digest_new(void);
struct digest *digest_free(struct digest *d);
DEFINE_CLEANUP(struct digest *, digest_free)
/* Small pieces are gathered. What fails is told by digest_end(). */
void digest_add(struct digest *d, const void *data, size_t size);
/* Of all that was added, as digest_sha256(); it is new again then. */
_must_check_ int digest_end(struct digest *d, char ret[DIGEST_TEXT_MAX]);
