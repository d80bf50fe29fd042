/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "random.h"
#include "tell/lease.h"

#define TTL (30 * USEC_PER_SEC)
#define BEAT (TTL / LEASE_BEATS)

/* A file, and daemons that see it, each with a clock of its own. */
struct world {
        struct beat file;
        usec_t now;
};

struct daemon {
        struct world *world;
        struct lease lease;
        usec_t clock; /* ahead of the world's */
        bool unreachable; /* its storage */
};

static usec_t now_of(const struct daemon *d)
{
        return d->world->now + d->clock;
}

static struct daemon begin(struct world *w, const char *name, usec_t clock)
{
        struct daemon d = {.world = w, .clock = clock};

        lease_init(&d.lease, name, TTL);
        return d;
}

static bool holds(const struct daemon *d)
{
        return lease_held(&d->lease, now_of(d));
}

static usec_t due(const struct daemon *d)
{
        usec_t next = lease_next(&d->lease);

        return next > d->clock ? MAX(next - d->clock, d->world->now) : d->world->now;
}

/* What a daemon does when it is due: the file is replaced only if it is as it was seen. */
static void look(struct daemon *d)
{
        struct lease *l = &d->lease;
        struct beat seen = l->seen, beat, file = d->world->file;
        bool known = l->known, writes = lease_ask(l, now_of(d), &beat);

        if (d->unreachable) {
                lease_missed(l, now_of(d));
                return;
        }
        writes = writes && known && memcmp(&seen, &file, sizeof(seen)) == 0;
        if (writes)
                d->world->file = beat;
        lease_found(l, now_of(d), &file, writes ? &beat : NULL);
}

static void run_until(struct daemon *d, usec_t end)
{
        while (due(d) <= end) {
                d->world->now = due(d);
                look(d);
        }
        d->world->now = end;
}

/* Both, with steps of the world's clock; never do both hold it. */
static void run_both(struct daemon *a, struct daemon *b, usec_t end)
{
        while (MIN(due(a), due(b)) <= end) {
                a->world->now = MIN(due(a), due(b));
                look(due(a) <= due(b) ? a : b);
                assert_false(holds(a) && holds(b));
        }
        a->world->now = end;
}

static void the_first_one_holds_it_after_one_beat(void **state)
{
        struct world w = {.now = USEC_PER_HOUR};
        struct daemon a = begin(&w, "a", 0);

        assert_false(holds(&a));
        run_until(&a, w.now + BEAT - 1);
        assert_false(holds(&a));
        run_until(&a, w.now + 1);
        assert_true(holds(&a));
        run_until(&a, w.now + USEC_PER_DAY);
        assert_true(holds(&a));
        assert_string_equal(w.file.holder, "a");
}

/* Clocks that differ by years. */
static void the_other_takes_over_in_five_thirds(void **state)
{
        for (unsigned i = 0; i < 1000; i++) {
                struct world w = {.now = USEC_PER_HOUR};
                struct daemon a = begin(&w, "a", 0);
                struct daemon b = begin(&w, "b", 20ULL * 365 * USEC_PER_DAY);
                usec_t died;

                run_both(&a, &b, w.now + USEC_PER_MINUTE + i * 37 * USEC_PER_MSEC);
                assert_true(holds(&a));
                assert_false(holds(&b));
                died = w.now;
                run_until(&b, died + TTL - BEAT - 1);
                assert_false(holds(&b));
                run_until(&b, died + TTL + 2 * BEAT);
                assert_true(holds(&b));
                /* The dead one comes back to life, and has lost it. */
                assert_false(holds(&a));
                run_both(&a, &b, w.now + USEC_PER_HOUR);
                assert_true(holds(&b));
        }
}

static void what_is_given_up_is_taken_at_the_next_look(void **state)
{
        struct world w = {.now = USEC_PER_HOUR};
        struct daemon a = begin(&w, "a", 0), b = begin(&w, "b", 7);

        run_both(&a, &b, w.now + USEC_PER_MINUTE);
        *w.file.holder = '\0';
        w.file.number++;
        run_until(&b, w.now + 2 * BEAT);
        assert_true(holds(&b));
}

static void who_cannot_write_loses_it_and_gets_it_back(void **state)
{
        struct world w = {.now = USEC_PER_HOUR};
        struct daemon a = begin(&w, "a", 0);
        usec_t cut;

        run_until(&a, w.now + USEC_PER_MINUTE);
        a.unreachable = true;
        cut = w.now;
        run_until(&a, cut + TTL - BEAT - 1);
        assert_true(holds(&a));
        run_until(&a, cut + TTL);
        assert_false(holds(&a));
        a.unreachable = false;
        run_until(&a, w.now + 2 * BEAT);
        assert_true(holds(&a));
}

/* Deaths, pauses and storage that goes and comes, at random: there is never more than one, and one
 * whenever somebody has been able to for two terms. */
static void there_is_one_at_a_time(void **state)
{
        uint64_t seed = 7;

        for (unsigned round = 0; round < 300; round++) {
                struct world w = {.now = USEC_PER_HOUR};
                struct daemon d[2] = {begin(&w, "a", bootstrap_next(&seed) % USEC_PER_DAY),
                        begin(&w, "b", bootstrap_next(&seed) % USEC_PER_DAY)};

                for (unsigned step = 0; step < 50; step++) {
                        usec_t span = bootstrap_next(&seed) % (2 * TTL);
                        unsigned what = (unsigned)(bootstrap_next(&seed) % 4);

                        d[0].unreachable = what == 1;
                        d[1].unreachable = what == 2;
                        if (what == 3) /* one stands still */
                                run_until(&d[round % 2], w.now + span);
                        else
                                run_both(&d[0], &d[1], w.now + span);
                        assert_false(holds(&d[0]) && holds(&d[1]));
                }
                d[0].unreachable = d[1].unreachable = false;
                run_both(&d[0], &d[1], w.now + 2 * TTL);
                assert_true(holds(&d[0]) || holds(&d[1]));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_one_holds_it_after_one_beat),
                cmocka_unit_test(the_other_takes_over_in_five_thirds),
                cmocka_unit_test(what_is_given_up_is_taken_at_the_next_look),
                cmocka_unit_test(who_cannot_write_loses_it_and_gets_it_back),
                cmocka_unit_test(there_is_one_at_a_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
