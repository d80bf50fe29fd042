/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Base64 (RFC 4648): of bytes, and of little-endian 32-bit floats, which is how embedders send
 * vectors and baselines keep them. The machine's own byte order does not matter. */

#include <stddef.h>

#include "macro.h"

/* How many floats a text holds; 0 when it is not the base64 of whole floats. */
size_t base64_floats(const char *text, size_t size);
/* The first `count` of them, which must be no more than there are; any bits, NaN too. */
void base64_read(const char *text, size_t count, float *ret);
/* The floats as text, NUL-terminated; owned, NULL when memory is short. */
char *base64_write(const float *values, size_t count);
/* Bytes as text, likewise. */
char *base64_encode(const void *data, size_t size);
/* The bytes of a text into `ret`, which has room for `max`; how many there are. 0 when it is not
 * base64, has none or more. */
size_t base64_decode(const char *text, size_t size, void *ret, size_t max);
/* The same in base64url (section 5), without padding: for addresses and names of files. Of the
 * texts that hold the same bytes only the one that base64_encode_url() makes is read. */
char *base64_encode_url(const void *data, size_t size);
size_t base64_decode_url(const char *text, size_t size, void *ret, size_t max);
