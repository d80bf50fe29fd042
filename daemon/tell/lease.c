/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/lease.h"

#include <stdio.h>

void lease_init(struct lease *l, const char *self, usec_t ttl)
{
        *l = (struct lease){.ttl = ttl};
        (void)snprintf(l->self, sizeof(l->self), "%s", self);
}

static bool same(const struct beat *a, const struct beat *b)
{
        return a->number == b->number && streq(a->holder, b->holder);
}

/* Nobody holds it any more, as far as can be seen. */
static bool is_free(const struct lease *l, usec_t now)
{
        return l->known &&
                (!*l->seen.holder || streq(l->seen.holder, l->self) || now >= l->seen_at + l->ttl);
}

bool lease_ask(struct lease *l, usec_t now, struct beat *ret)
{
        l->asked_at = now;
        if (l->state != LEASE_WAITED_FOR && now >= l->until)
                l->state = LEASE_WAITED_FOR;
        if (l->state == LEASE_WAITED_FOR && !is_free(l, now))
                return false;
        *ret = (struct beat){.number = l->seen.number + 1};
        memcpy(ret->holder, l->self, sizeof(ret->holder));
        return true;
}

static void note(struct lease *l, usec_t at, const struct beat *beat)
{
        if (!l->known || !same(&l->seen, beat))
                l->seen_at = at;
        l->seen = *beat;
        l->known = true;
}

static void note_written(struct lease *l, const struct beat *beat)
{
        note(l, l->asked_at, beat);
        l->state = l->state == LEASE_WAITED_FOR ? LEASE_CLAIMED : LEASE_HELD;
        l->until = l->asked_at + l->ttl;
}

void lease_found(struct lease *l, usec_t now, const struct beat *found, const struct beat *written)
{
        l->next = l->asked_at + l->ttl / LEASE_BEATS;
        if (written) {
                note_written(l, written);
                return;
        }
        note(l, now, found);
        if (!streq(found->holder, l->self))
                l->state = LEASE_WAITED_FOR;
        if (is_free(l, now))
                l->next = now;
        else if (l->state == LEASE_WAITED_FOR)
                l->next = MIN(l->next, l->seen_at + l->ttl);
}

void lease_missed(struct lease *l, usec_t now)
{
        l->next = MAX(now, l->asked_at + l->ttl / LEASE_BEATS);
}

bool lease_held(const struct lease *l, usec_t now)
{
        return l->state == LEASE_HELD && now < l->until;
}

usec_t lease_next(const struct lease *l)
{
        return l->state == LEASE_HELD ? MIN(l->next, l->until) : l->next;
}
