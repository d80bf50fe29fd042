/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Paths of requests that name what they are about: a pattern with one * matches what begins and
 * ends as it does. What stands between is any label, also one with slashes in it: a path comes
 * percent-decoded, and once only. */

#include <stdbool.h>

/* Whether the path is the pattern's. Where that has a *, what stands for it, which is not empty, is
 * yielded, owned; it also does not match when memory is short. */
bool path_matches(const char *pattern, const char *path, char **ret_subject);
