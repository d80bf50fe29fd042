/* SPDX-License-Identifier: Apache-2.0 */
#include "model/epoch.h"

#include <stdlib.h>

void epoch_init(struct epoch *e)
{
        *e = (struct epoch){.records = -1};
}

void epoch_done(struct epoch *e)
{
        free(e->id);
        free(e->space);
        free(e->configuration);
        free(e->newest);
        epoch_init(e);
}

int epoch_copy(const struct epoch *from, struct epoch *ret)
{
        _cleanup_(epoch_done) struct epoch e = *from;
        int r;

        e.id = e.space = e.configuration = e.newest = NULL;
        r = strdup_to(&e.id, from->id);
        if (r >= 0)
                r = strdup_to(&e.space, from->space);
        if (r >= 0)
                r = strdup_to(&e.configuration, from->configuration);
        if (r >= 0)
                r = strdup_to(&e.newest, from->newest);
        if (r < 0)
                return r;
        *ret = e;
        epoch_init(&e);
        return 0;
}

double space_unit(const char *space)
{
        return streq(space, "cosine") || streq(space, "ip") ? 0.5 : 1;
}
