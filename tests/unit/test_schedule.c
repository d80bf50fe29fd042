/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "watch/schedule.h"

static void successes_keep_to_a_place_in_the_interval(void **state)
{
        const usec_t interval = 60 * USEC_PER_SEC;
        struct schedule s;
        usec_t now = 1234567890, due, place;

        schedule_init(&s, "agents", interval);
        due = schedule_next(&s, now, true);
        assert_in_range(due, now + interval / 2, now + interval + interval / 2);
        place = due % interval;
        for (usec_t took = 0; took < interval / 2; took += USEC_PER_SEC) {
                usec_t next = schedule_next(&s, due + took, true);

                assert_int_equal(next % interval, place);
                assert_int_equal(next, due + interval);
        }
}

static void collections_are_spread(void **state)
{
        const usec_t interval = 100 * USEC_PER_SEC;
        unsigned tenths[10] = {0};

        for (unsigned i = 0; i < 1000; i++) {
                char label[16];
                struct schedule s;

                (void)snprintf(label, sizeof(label), "c%u", i);
                schedule_init(&s, label, interval);
                tenths[schedule_next(&s, 0, true) % interval / (10 * USEC_PER_SEC)]++;
        }
        for (unsigned i = 0; i < 10; i++)
                assert_in_range(tenths[i], 60, 140); /* 100 ± 4 sd of a binomial */
}

static void failures_wait_longer_and_longer_and_success_resets(void **state)
{
        static const unsigned minutes[] = {1, 2, 4, 5, 5, 5};
        struct schedule s;

        schedule_init(&s, "agents", USEC_PER_MINUTE);
        for (unsigned i = 0; i < ARRAY_SIZE(minutes); i++) {
                usec_t wait = schedule_next(&s, 0, false), expected = minutes[i] * USEC_PER_MINUTE;

                assert_in_range(wait, expected * 8 / 10, expected * 12 / 10);
        }
        assert_int_equal(s.failures, 6);
        (void)schedule_next(&s, 0, true);
        assert_int_equal(s.failures, 0);
        s.failures = 4000000000u;
        assert_in_range(schedule_next(&s, 0, false), 4 * USEC_PER_MINUTE, 6 * USEC_PER_MINUTE);
}

static void a_long_interval_is_its_own_bound(void **state)
{
        struct schedule s;

        schedule_init(&s, "agents", USEC_PER_HOUR);
        for (unsigned i = 0; i < 5; i++)
                assert_in_range(
                        schedule_next(&s, 0, false), 48 * USEC_PER_MINUTE, 72 * USEC_PER_MINUTE);
}

static void a_timer_may_be_hastened_once(void **state)
{
        struct timer t = {0};

        timer_set(&t, "agents", 0, 5);
        timer_hasten(&t, 3);
        timer_next(&t, 0, true);
        assert_true(t.due == USEC_INFINITY); /* never by itself */
        timer_set(&t, "agents", USEC_PER_MINUTE, 5);
        timer_hasten(&t, 7);
        assert_int_equal(t.due, 5);
        timer_hasten(&t, 3);
        assert_int_equal(t.due, 3);
        timer_next(&t, 3, true);
        assert_in_range(t.due, 30 * USEC_PER_SEC, 2 * USEC_PER_MINUTE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(successes_keep_to_a_place_in_the_interval),
                cmocka_unit_test(collections_are_spread),
                cmocka_unit_test(failures_wait_longer_and_longer_and_success_resets),
                cmocka_unit_test(a_long_interval_is_its_own_bound),
                cmocka_unit_test(a_timer_may_be_hastened_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
