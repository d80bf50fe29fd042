/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/acks.h"

#include <errno.h>

void acks_done(struct acks *a)
{
        for (size_t i = 0; i < a->count; i++)
                ack_done(&a->acks[i].ack);
        free(a->acks);
        *a = (struct acks){0};
}

/* Index of the fingerprint, or where it belongs. */
static size_t position(const struct acks *a, uint64_t fingerprint)
{
        size_t low = 0, high = a->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (a->acks[middle].fingerprint < fingerprint)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool is_at(const struct acks *a, size_t i, uint64_t fingerprint)
{
        return i < a->count && a->acks[i].fingerprint == fingerprint;
}

const struct alert_ack *acks_find(const struct acks *a, uint64_t fingerprint)
{
        size_t i = position(a, fingerprint);

        return is_at(a, i, fingerprint) ? &a->acks[i] : NULL;
}

/* Takes `ack`. */
static int insert(struct acks *a, size_t i, const struct alert_ack *ack)
{
        struct alert_ack *grown;

        if (a->count >= ACKS_MAX)
                return -ENOSPC;
        grown = reallocarray(a->acks, a->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        a->acks = grown;
        memmove(&grown[i + 1], &grown[i], (a->count - i) * sizeof(*grown));
        grown[i] = *ack;
        a->count++;
        return 0;
}

int acks_add(struct acks *a, uint64_t fingerprint, const char *by, const char *comment,
        usec_t timeout, usec_t now)
{
        struct alert_ack new = {
                .fingerprint = fingerprint,
                .until = timeout < USEC_INFINITY - now ? now + timeout : USEC_INFINITY,
        };
        size_t i = position(a, fingerprint);
        int r = ack_set(&new.ack, by, comment, now);

        if (r < 0)
                return r;
        if (is_at(a, i, fingerprint)) {
                ack_done(&a->acks[i].ack);
                a->acks[i] = new;
                return 0;
        }
        r = insert(a, i, &new);
        if (r < 0)
                ack_done(&new.ack);
        return r;
}

int acks_remove(struct acks *a, uint64_t fingerprint)
{
        size_t i = position(a, fingerprint);

        if (!is_at(a, i, fingerprint))
                return -ENOENT;
        ack_done(&a->acks[i].ack);
        a->count--;
        memmove(&a->acks[i], &a->acks[i + 1], (a->count - i) * sizeof(*a->acks));
        return 0;
}

size_t acks_update(struct acks *a, const struct alert *const *alerts, size_t count, usec_t now)
{
        _cleanup_free_ bool *lives = a->count > 0 ? calloc(a->count, sizeof(*lives)) : NULL;
        size_t kept = 0, before = a->count;

        for (size_t k = 0; lives && k < count; k++) {
                size_t i = position(a, alerts[k]->fingerprint);

                if (is_at(a, i, alerts[k]->fingerprint))
                        lives[i] = alerts[k]->state != ALERT_RESOLVED;
        }
        for (size_t i = 0; i < before; i++)
                if ((!lives || lives[i]) && a->acks[i].until > now)
                        a->acks[kept++] = a->acks[i];
                else
                        ack_done(&a->acks[i].ack);
        a->count = kept;
        return before - kept;
}

usec_t acks_next(const struct acks *a)
{
        usec_t next = USEC_INFINITY;

        for (size_t i = 0; i < a->count; i++)
                next = MIN(next, a->acks[i].until);
        return next;
}

void acks_jump(struct acks *a, int64_t by)
{
        for (size_t i = 0; i < a->count; i++) {
                time_jump(&a->acks[i].ack.at, by);
                time_jump(&a->acks[i].until, by);
        }
}

int acks_restore(struct acks *a, const struct alert_ack *kept, usec_t now)
{
        /* How long it was to hold counts, not until when by a clock that was wrong. */
        usec_t timeout = kept->until == USEC_INFINITY ? USEC_INFINITY
                : kept->until > kept->ack.at          ? kept->until - kept->ack.at
                                                      : 0;

        return acks_add(a, kept->fingerprint, kept->ack.by, kept->ack.comment, timeout,
                MIN(kept->ack.at, now));
}
