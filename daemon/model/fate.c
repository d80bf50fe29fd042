/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fate.h"

#include <stdlib.h>

struct fates *fates_new(void)
{
        struct fates *f = calloc(1, sizeof(*f));

        if (f)
                atomic_init(&f->references, 1);
        return f;
}

struct fates *fates_ref(struct fates *f)
{
        if (f)
                atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
        return f;
}

struct fates *fates_unref(struct fates *f)
{
        if (!f || atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < f->count; i++) {
                free(f->records[i].id);
                free(f->records[i].excerpt);
        }
        free(f->records);
        free(f);
        return NULL;
}

const char *fate_name(enum fate fate)
{
        static const char *const names[FATE_COUNT] = {
                [FATE_GONE] = "gone",
                [FATE_EDITED] = "edited",
                [FATE_UNREACHABLE] = "unreachable",
                [FATE_CROWDED_OUT] = "crowded out",
                [FATE_NEAR_COPY] = "near-copy",
                [FATE_NEW] = "new",
                [FATE_UNKNOWN] = "unknown",
        };

        return names[fate];
}
