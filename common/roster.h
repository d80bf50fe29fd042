/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A short list of names in the order in which they came, each once: receivers, severities. It is
 * looked through from the beginning, so it is not for thousands. */

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

struct roster {
        char **names; /* owned */
        size_t count;
};

bool roster_has(const struct roster *n, const char *name);
/* Copies the name; no-op when it is there. -ENOMEM: the list is as before. */
_must_check_ int roster_add(struct roster *n, const char *name);
_must_check_ int roster_copy(const struct roster *from, struct roster *ret);
void roster_done(struct roster *n);
