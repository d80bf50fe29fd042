/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/schedule.h"

#include "hash.h"
#include "macro.h"

/* splitmix64's finaliser (Steele, Lea, Flood 2014): FNV alone leaves the high bits of short names
 * alike. */
static uint64_t mix(uint64_t x)
{
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

void schedule_init(struct schedule *s, const char *label, usec_t interval)
{
        *s = (struct schedule){.interval = interval, .hash = mix(hash_text(HASH_INIT, label))};
}

static usec_t next_on_grid(const struct schedule *s, usec_t now)
{
        usec_t place = s->hash % s->interval;
        usec_t since = (now + s->interval - place) % s->interval;
        usec_t wait = s->interval - since;

        return now + (wait < s->interval / 2 ? wait + s->interval : wait);
}

static usec_t next_after_failure(const struct schedule *s, usec_t now)
{
        usec_t factor =
                MIN((usec_t)1 << MIN(s->failures - 1, 16u), (usec_t)SCHEDULE_BACKOFF_FACTOR);
        usec_t wait = MIN(s->interval * factor, MAX(SCHEDULE_BACKOFF_MAX, s->interval));
        usec_t spread = wait * 2 / 5; /* ± 20 % */

        return now + wait - spread / 2 + mix(s->hash + s->failures) % (spread + 1);
}

usec_t schedule_next(struct schedule *s, usec_t now, bool success)
{
        if (success) {
                s->failures = 0;
                return next_on_grid(s, now);
        }
        s->failures++;
        return next_after_failure(s, now);
}

void timer_set(struct timer *t, const char *label, usec_t interval, usec_t due)
{
        if (interval > 0)
                schedule_init(&t->schedule, label, interval);
        t->due = interval > 0 ? due : USEC_INFINITY;
}

void timer_next(struct timer *t, usec_t now, bool success)
{
        if (t->schedule.interval > 0)
                t->due = schedule_next(&t->schedule, now, success);
}

void timer_hasten(struct timer *t, usec_t due)
{
        if (t->schedule.interval > 0)
                t->due = MIN(t->due, due);
}
