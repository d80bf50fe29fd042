/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/allowance.h"

#include <stdlib.h>
#include <string.h>

const struct allowance *allowances_find(const struct allowances *a, const char *server)
{
        for (size_t i = 0; i < a->count; i++)
                if (streq(a->all[i]->server, server))
                        return a->all[i];
        return NULL;
}

static struct allowance *allowance_free(struct allowance *a)
{
        if (a)
                free(a->server);
        free(a);
        return NULL;
}
DEFINE_CLEANUP(struct allowance *, allowance_free)

struct allowance *allowances_get(struct allowances *a, const char *server)
{
        struct allowance *found = (struct allowance *)allowances_find(a, server), **grown;
        _cleanup_(allowance_freep) struct allowance *new = NULL;

        if (found)
                return found;
        new = calloc(1, sizeof(*new));
        if (!new || !(new->server = strdup(server)))
                return NULL;
        grown = reallocarray(a->all, a->count + 1, sizeof(struct allowance *));
        if (!grown)
                return NULL;
        a->all = grown;
        found = take_ptr(new);
        a->all[a->count++] = found;
        return found;
}

void allowances_add(struct allowances *a, const char *server, enum task task, usec_t busy)
{
        struct allowance *found = allowances_get(a, server);

        if (found)
                found->busy[task] += busy;
}

void allowances_done(struct allowances *a)
{
        for (size_t i = 0; i < a->count; i++)
                allowance_free(a->all[i]);
        free(a->all);
        *a = (struct allowances){0};
}

/* The time in which `cost` is the share. */
static usec_t earned_in(const struct spending *s, usec_t cost)
{
        return (usec_t)((double)cost / s->share);
}

usec_t spending_slot(struct spending *s, usec_t now)
{
        struct allowance *a = s->allowance;

        if (!a)
                return now;
        if (!s->booked) {
                s->booked = true;
                s->reserved = s->cost;
                s->busy = 0;
                /* Its distance lies before it, so that the share holds from the beginning. */
                s->slot = MAX(now, a->paid[s->task] + earned_in(s, s->reserved));
                a->paid[s->task] = s->slot;
        }
        return s->slot;
}

void spending_add(struct spending *s, usec_t busy)
{
        s->busy += busy;
}

/* The places that others were given meanwhile stay theirs. */
static void settle(struct spending *s)
{
        usec_t *paid = &s->allowance->paid[s->task];
        usec_t back = earned_in(s, s->reserved);

        s->booked = false;
        *paid = *paid + earned_in(s, s->busy) > back ? *paid + earned_in(s, s->busy) - back : 0;
}

void spending_end(struct spending *s)
{
        if (!s->allowance || !s->booked)
                return;
        settle(s);
        s->cost = s->busy;
}

void spending_cancel(struct spending *s)
{
        if (s->allowance && s->booked)
                settle(s);
        s->busy = 0;
}

void spending_adopt(struct spending *s, struct spending *old)
{
        spending_cancel(old);
        s->cost = old->cost;
        s->told = old->told;
}
