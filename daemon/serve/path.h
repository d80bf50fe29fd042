/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Paths of requests that name what they are about: a pattern with one * matches what begins and
 * ends as it does. What stands between is any label, also one with slashes in it: a path comes
 * percent-decoded, and once only. */

#include <stdbool.h>
#include <stddef.h>

/* Whether the path is the pattern's. Where that has a *, what stands for it, which is not empty, is
 * yielded, owned; it also does not match when memory is short. */
bool path_matches(const char *pattern, const char *path, char **ret_subject);
/* Decodes what is percent-encoded, in place, but %00: no string of ours contains a NUL. Returns the
 * length. */
size_t path_unescape(char *s);
/* How many levels the root lies above what is at the pattern: 2 of "/api/v1/silences". */
unsigned path_depth(const char *pattern);
