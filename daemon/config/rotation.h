/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Credentials that were rotated, and that a reload goes on without: the service manager copies them
 * when the unit starts. Where a copy came from only it knows; looked at is where sources usually
 * lie, as far as the unit's user may look. No secret is read here, and nothing is logged. */

#include "config/config.h"
#include "text.h"

struct rotation {
        struct errors newer; /* a sentence for each credential whose source is newer */
        struct text unseen; /* names of those whose source was not found: "a, b and 3 more" */
        size_t unseen_count;
};

/* $CREDENTIALS_DIRECTORY where it holds copies of the service manager's. NULL: elsewhere a file
 * that changes is read again, as every secret is. */
const char *rotation_directory(void);
/* Looks at each credential of `config`, whose copies are in `directory`; one that was copied again
 * after the daemon `started` (wall clock) is not among the unseen. `ret` is zeroed. -ENOMEM. */
_must_check_ int rotation_check(
        const struct config *config, const char *directory, usec_t started, struct rotation *ret);
void rotation_done(struct rotation *r);
