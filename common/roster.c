/* SPDX-License-Identifier: Apache-2.0 */
#include "roster.h"

#include <errno.h>

bool roster_has(const struct roster *n, const char *name)
{
        for (size_t i = 0; i < n->count; i++)
                if (streq(n->names[i], name))
                        return true;
        return false;
}

int roster_add(struct roster *n, const char *name)
{
        char **grown;
        int r;

        if (roster_has(n, name))
                return 0;
        grown = reallocarray(n->names, n->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        n->names = grown;
        r = strdup_to(&grown[n->count], name);
        n->count += r >= 0;
        return r;
}

int roster_copy(const struct roster *from, struct roster *ret)
{
        _cleanup_(roster_done) struct roster copy = {0};

        for (size_t i = 0; i < from->count; i++) {
                int r = roster_add(&copy, from->names[i]);

                if (r < 0)
                        return r;
        }
        *ret = copy;
        copy = (struct roster){0};
        return 0;
}

void roster_done(struct roster *n)
{
        for (size_t i = 0; i < n->count; i++)
                free(n->names[i]);
        free(n->names);
        *n = (struct roster){0};
}
