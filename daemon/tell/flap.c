/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/flap.h"

/* From one look at what is too old to the next. */
#define PRUNE_INTERVAL USEC_PER_MINUTE

/* When an alert fired or ended, the latest last. */
struct flap_history {
        struct flap_history *next;
        uint64_t fingerprint;
        size_t count;
        usec_t times[FLAP_CHANGES_MAX + 1];
};

static struct flap_history **bucket(struct flaps *f, uint64_t fingerprint)
{
        return &f->buckets[fingerprint % ARRAY_SIZE(f->buckets)];
}

void flaps_done(struct flaps *f)
{
        for (size_t i = 0; i < ARRAY_SIZE(f->buckets); i++)
                while (f->buckets[i]) {
                        struct flap_history *next = f->buckets[i]->next;

                        free(f->buckets[i]);
                        f->buckets[i] = next;
                }
}

/* Its history, with a new one where it has none; NULL when memory is short. */
static struct flap_history *history_of(struct flaps *f, uint64_t fingerprint)
{
        struct flap_history **first = bucket(f, fingerprint), *h = *first;

        while (h && h->fingerprint != fingerprint)
                h = h->next;
        if (h)
                return h;
        h = calloc(1, sizeof(*h));
        if (!h)
                return NULL;
        *h = (struct flap_history){.next = *first, .fingerprint = fingerprint};
        *first = h;
        return h;
}

static bool counts(const struct flaps *f, usec_t time, usec_t now)
{
        return time >= now || now - time < f->policy.window;
}

/* Adds a change and drops those that are too long ago; NULL where nothing is counted. */
static const struct flap_history *note(struct flaps *f, const struct alert *a, usec_t now)
{
        struct flap_history *h =
                f->policy.changes > 0 && !alert_is_info(a) ? history_of(f, a->fingerprint) : NULL;
        size_t kept = 0;

        if (!h)
                return NULL;
        for (size_t i = h->count == ARRAY_SIZE(h->times); i < h->count; i++)
                if (counts(f, h->times[i], now))
                        h->times[kept++] = h->times[i];
        h->times[kept++] = now;
        h->count = kept;
        return h;
}

void flaps_fired(struct flaps *f, struct alert *a, usec_t now)
{
        const struct flap_history *h = note(f, a, now);

        a->flaps = 0;
        if (!h || h->count <= f->policy.changes)
                return;
        a->flaps = (unsigned)(h->count + 1) / 2; /* every other change is an end */
        a->flapping_since = h->times[h->count % 2 == 0];
        a->flapped_at = now;
}

void flaps_ended(struct flaps *f, struct alert *a, usec_t now)
{
        (void)note(f, a, now);
        a->flaps = 0;
}

bool flaps_held(struct flaps *f, struct alert *a, usec_t now)
{
        if (a->flaps == 0)
                return false;
        if (a->keep_firing_since > 0) {
                a->flaps++;
                a->flapped_at = now;
                return true;
        }
        if (f->policy.changes > 0 && counts(f, a->flapped_at, now))
                return false;
        a->flaps = 0;
        return true;
}

usec_t flaps_keep(const struct flaps *f, const struct alert *a, usec_t keep)
{
        return a->flaps > 0 && f->policy.changes > 0 ? MAX(keep, f->policy.window) : keep;
}

void flaps_prune(struct flaps *f, usec_t now)
{
        if (now >= f->pruned_at && now - f->pruned_at < PRUNE_INTERVAL)
                return;
        f->pruned_at = now;
        for (size_t i = 0; i < ARRAY_SIZE(f->buckets); i++)
                for (struct flap_history **link = &f->buckets[i], *h; (h = *link);)
                        if (counts(f, h->times[h->count - 1], now))
                                link = &h->next;
                        else {
                                *link = h->next;
                                free(h);
                        }
}

void flaps_jump(struct flaps *f, int64_t by)
{
        time_jump(&f->pruned_at, by);
        for (size_t i = 0; i < ARRAY_SIZE(f->buckets); i++)
                for (struct flap_history *h = f->buckets[i]; h; h = h->next)
                        for (size_t k = 0; k < h->count; k++)
                                time_jump(&h->times[k], by);
}
