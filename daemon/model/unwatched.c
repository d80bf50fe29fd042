/* SPDX-License-Identifier: Apache-2.0 */
#include "model/unwatched.h"

#include <stdlib.h>

int unwatched_add(struct unwatched *u, const char *name)
{
        size_t at = u->named;
        char *own = NULL;
        int r;

        while (at > 0 && strcmp(name, u->names[at - 1]) < 0)
                at--;
        if (at < UNWATCHED_NAMED_MAX) {
                r = strdup_to(&own, name);
                if (r < 0)
                        return r;
                if (u->named == UNWATCHED_NAMED_MAX)
                        free(u->names[--u->named]);
                memmove(&u->names[at + 1], &u->names[at], (u->named - at) * sizeof(*u->names));
                u->names[at] = own;
                u->named++;
        }
        u->count++;
        return 0;
}

int unwatched_copy(const struct unwatched *from, struct unwatched *ret)
{
        struct unwatched copy = {
                .known = from->known, .count = from->count, .listed = from->listed};
        int r = strdup_to(&copy.error, from->error);

        for (size_t i = 0; i < from->named && r >= 0; i++) {
                r = strdup_to(&copy.names[i], from->names[i]);
                copy.named += r >= 0;
        }
        if (r < 0) {
                unwatched_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void unwatched_done(struct unwatched *u)
{
        for (size_t i = 0; i < u->named; i++)
                free(u->names[i]);
        free(u->error);
        *u = (struct unwatched){0};
}
