/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <limits.h>

#include "watch/allowance.h"

#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC
#define COLLECTIONS_MAX 300

/* Collections that want the same again and again, one server, virtual time. */
struct day {
        unsigned collections;
        double share;
        usec_t interval, cost, jitter; /* jitter: now and then it costs so much more */
        usec_t length;
};

struct collection {
        struct spending spending;
        usec_t due, ends; /* `ends` > 0: under way until then */
        unsigned done;
};

struct outcome {
        double share; /* of the time that was measured */
        unsigned fewest, most; /* done by one collection */
        unsigned together_max; /* under way at one moment */
};

static usec_t cost_of(const struct day *d, const struct collection *c)
{
        return d->cost + (c->done % 7 == 3 ? d->jitter : 0);
}

static void step(const struct day *d, struct collection *c, usec_t now, usec_t *busy)
{
        usec_t slot;

        if (c->ends > 0 && c->ends <= now) {
                spending_add(&c->spending, cost_of(d, c));
                spending_end(&c->spending);
                *busy += cost_of(d, c);
                c->ends = 0;
                c->done++;
        }
        if (c->ends > 0 || c->due > now)
                return;
        slot = spending_slot(&c->spending, now);
        if (slot > now) {
                c->due = slot;
                return;
        }
        c->ends = now + cost_of(d, c);
        c->due = now + d->interval;
}

static struct outcome live(const struct day *d)
{
        struct allowance allowance = {0};
        static struct collection all[COLLECTIONS_MAX];
        struct outcome o = {.fewest = UINT_MAX};
        usec_t busy = 0;

        memset(all, 0, sizeof(all));
        for (unsigned i = 0; i < d->collections; i++)
                all[i].spending = (struct spending){.allowance = &allowance, .share = d->share};
        for (usec_t now = 1; now < d->length; now += MSEC) {
                unsigned together = 0;

                for (unsigned i = 0; i < d->collections; i++) {
                        step(d, &all[i], now, &busy);
                        together += all[i].ends > 0;
                }
                /* At first nobody knows what anything costs. */
                if (now > 2 * d->interval)
                        o.together_max = MAX(o.together_max, together);
        }
        for (unsigned i = 0; i < d->collections; i++) {
                o.fewest = MIN(o.fewest, all[i].done);
                o.most = MAX(o.most, all[i].done);
        }
        o.share = (double)busy / (double)d->length;
        return o;
}

static void the_share_is_kept(void **state)
{
        static const struct {
                struct day day;
                double least; /* of what may be used is used */
                unsigned fewest, most; /* by one collection */
        } rows[] = {
                /* Cheap: as configured. */
                {{1, 0.01, 1 * SEC, 5 * MSEC, 0, 100 * SEC}, 0.0049, 98, 101},
                /* A survey no more often than 100 times its own duration. */
                {{1, 0.01, 1 * SEC, 40 * MSEC, 0, 200 * SEC}, 0.0094, 47, 50},
                {{1, 0.1, 1 * SEC, 40 * MSEC, 0, 100 * SEC}, 0.03, 95, 101},
                {{1, 0.001, 1 * SEC, 40 * MSEC, 0, 400 * SEC}, 0.0007, 7, 10},
                /* Sometimes more expensive than expected. */
                {{1, 0.01, 1 * SEC, 20 * MSEC, 60 * MSEC, 400 * SEC}, 0.0075, 100, 145},
                /* Many, each of which would be cheap enough by itself: none is left out. */
                {{50, 0.01, 1 * SEC, 10 * MSEC, 0, 400 * SEC}, 0.008, 6, 9},
                {{300, 0.01, 30 * SEC, 3 * MSEC, 0, 200 * SEC}, 0.0095, 2, 3},
                /* All of it: as configured. */
                {{20, 1, 1 * SEC, 5 * MSEC, 0, 60 * SEC}, 0.09, 55, 60},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct outcome o = live(&rows[i].day);

                if (!(o.share <= rows[i].day.share && o.share >= rows[i].least) ||
                        o.fewest < rows[i].fewest || o.most > rows[i].most)
                        fail_msg("row %zu: share %.5f of %.5f, %u to %u each", i, o.share,
                                rows[i].day.share, o.fewest, o.most);
        }
}

static void those_of_many_collections_do_not_fall_together(void **state)
{
        const struct day probes = {40, 0.01, 60 * SEC, 14 * MSEC, 0, 300 * SEC};

        assert_int_equal(live(&probes).together_max, 1);
}

static void what_is_not_used_is_given_back(void **state)
{
        struct allowance a = {0};
        struct spending first = {.allowance = &a, .share = 0.01, .cost = SEC}, second = first;

        assert_int_equal(spending_slot(&first, 1000 * SEC), 1000 * SEC);
        assert_int_equal(spending_slot(&first, 1001 * SEC), 1000 * SEC); /* the place is its own */
        assert_int_equal(spending_slot(&second, 1000 * SEC), 1100 * SEC);
        spending_cancel(&second);
        assert_int_equal(spending_slot(&second, 1000 * SEC), 1100 * SEC);
        spending_add(&first, SEC / 2);
        spending_end(&first);
        spending_cancel(&second);
        assert_int_equal(spending_slot(&second, 1000 * SEC), 1050 * SEC);
        assert_int_equal(first.cost, SEC / 2);
}

static void what_was_spent_before_a_reload_counts(void **state)
{
        struct allowance a = {0};
        struct spending old = {.allowance = &a, .share = 0.01}, new = old;

        (void)spending_slot(&old, SEC);
        spending_add(&old, SEC);
        spending_adopt(&new, &old); /* in the middle of it */
        assert_int_equal(spending_slot(&new, 2 * SEC), 101 * SEC);
}

static void without_an_allowance_nothing_waits(void **state)
{
        struct spending s = {.cost = 1000 * SEC};

        assert_int_equal(spending_slot(&s, 5), 5);
        spending_add(&s, SEC);
        spending_end(&s);
        spending_cancel(&s);
        assert_int_equal(spending_slot(&s, 6), 6);
}

static void each_server_has_one(void **state)
{
        struct allowances all = {0};
        struct allowance *a = allowances_get(&all, "a"), *b = allowances_get(&all, "b");

        assert_non_null(a);
        assert_non_null(b);
        assert_ptr_not_equal(a, b);
        assert_ptr_equal(allowances_get(&all, "a"), a);
        assert_ptr_equal(allowances_find(&all, "b"), b);
        assert_null(allowances_find(&all, "c"));
        allowances_add(&all, "a", TASK_LISTING, SEC);
        allowances_add(&all, "a", TASK_LISTING, 2 * SEC);
        assert_int_equal(a->busy[TASK_LISTING], 3 * SEC);
        assert_int_equal(a->busy[TASK_SURVEY] + b->busy[TASK_LISTING], 0);
        allowances_done(&all);
        assert_int_equal(all.count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_share_is_kept),
                cmocka_unit_test(those_of_many_collections_do_not_fall_together),
                cmocka_unit_test(what_is_not_used_is_given_back),
                cmocka_unit_test(what_was_spent_before_a_reload_counts),
                cmocka_unit_test(without_an_allowance_nothing_waits),
                cmocka_unit_test(each_server_has_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
