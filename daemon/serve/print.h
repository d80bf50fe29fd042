/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An answer that is made once and sent to many, by reference and without a copy. It does not change
 * after it was made. */

#include <stdatomic.h>
#include <stddef.h>

#include "macro.h"

struct print {
        atomic_uint references;
        unsigned status;
        const char *type; /* static */
        char *body; /* owned; never NULL */
        size_t size;
        char *packed; /* the same as gzip, owned; NULL: there is none */
        size_t packed_size;
};

/* Takes `body`, also on failure, and packs it too. One reference; NULL when memory is short. */
struct print *print_new(unsigned status, const char *type, char *body, size_t size);
struct print *print_ref(struct print *p); /* NULL stays NULL */
struct print *print_unref(struct print *p);
