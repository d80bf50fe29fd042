/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "tell/acks.h"

#define T0 (1800000000 * USEC_PER_SEC)

static void add(struct acks *a, uint64_t fingerprint, usec_t timeout)
{
        assert_int_equal(acks_add(a, fingerprint, "anna", "on it", timeout, T0), 0);
}

static void one_an_alert(void **state)
{
        _cleanup_(acks_done) struct acks a = {0};

        assert_null(acks_find(&a, 5));
        add(&a, 5, USEC_INFINITY);
        add(&a, UINT64_MAX, USEC_INFINITY);
        add(&a, 0, USEC_PER_HOUR);
        assert_int_equal(a.count, 3);
        assert_string_equal(acks_find(&a, 5)->ack.by, "anna");
        assert_string_equal(acks_find(&a, 5)->ack.comment, "on it");
        assert_true(acks_find(&a, 5)->until == USEC_INFINITY);
        assert_int_equal(acks_find(&a, 0)->until, T0 + USEC_PER_HOUR);
        assert_null(acks_find(&a, 4));
        assert_int_equal(acks_add(&a, 5, "bob", NULL, USEC_PER_HOUR, T0 + 1), 0);
        assert_int_equal(a.count, 3);
        assert_string_equal(acks_find(&a, 5)->ack.by, "bob");
        assert_string_equal(acks_find(&a, 5)->ack.comment, "");
        assert_int_equal(acks_find(&a, 5)->ack.at, T0 + 1);
        assert_int_equal(acks_remove(&a, 5), 0);
        assert_int_equal(acks_remove(&a, 5), -ENOENT);
        assert_non_null(acks_find(&a, 0));
        assert_non_null(acks_find(&a, UINT64_MAX));
}

static void it_ends_with_the_alert_or_is_too_old(void **state)
{
        _cleanup_(acks_done) struct acks a = {0};
        struct alert fires = {.fingerprint = 1, .state = ALERT_FIRING};
        struct alert waits = {.fingerprint = 2, .state = ALERT_PENDING};
        struct alert over = {.fingerprint = 3, .state = ALERT_RESOLVED};
        struct alert other = {.fingerprint = 9, .state = ALERT_FIRING};
        const struct alert *alerts[] = {&fires, &waits, &over, &other};

        assert_true(acks_next(&a) == USEC_INFINITY);
        assert_int_equal(acks_update(&a, alerts, 4, T0), 0);
        add(&a, 1, 2 * USEC_PER_HOUR);
        add(&a, 2, USEC_PER_HOUR);
        add(&a, 3, USEC_INFINITY);
        add(&a, 4, USEC_INFINITY); /* forgotten altogether */
        assert_int_equal(acks_next(&a), T0 + USEC_PER_HOUR);
        assert_int_equal(acks_update(&a, alerts, 4, T0 + USEC_PER_HOUR - 1), 2);
        assert_non_null(acks_find(&a, 1));
        assert_non_null(acks_find(&a, 2));
        assert_int_equal(acks_update(&a, alerts, 4, T0 + USEC_PER_HOUR), 1);
        assert_null(acks_find(&a, 2));
        assert_int_equal(acks_next(&a), T0 + 2 * USEC_PER_HOUR);
        assert_int_equal(acks_update(&a, NULL, 0, T0 + USEC_PER_HOUR), 1);
        assert_int_equal(a.count, 0);
}

static void times_follow_the_clock(void **state)
{
        _cleanup_(acks_done) struct acks a = {0};

        add(&a, 1, USEC_PER_HOUR);
        add(&a, 2, USEC_INFINITY);
        acks_jump(&a, -(int64_t)USEC_PER_DAY);
        assert_int_equal(acks_find(&a, 1)->ack.at, T0 - USEC_PER_DAY);
        assert_int_equal(acks_find(&a, 1)->until, T0 - USEC_PER_DAY + USEC_PER_HOUR);
        assert_true(acks_find(&a, 2)->until == USEC_INFINITY);
        acks_jump(&a, (int64_t)USEC_PER_DAY);
        assert_int_equal(acks_next(&a), T0 + USEC_PER_HOUR);
}

static void what_was_kept_goes_on(void **state)
{
        _cleanup_(acks_done) struct acks a = {0}, b = {0}, c = {0};
        struct alert_ack kept;

        add(&a, 1, USEC_PER_HOUR);
        add(&a, 2, USEC_INFINITY);
        for (size_t i = a.count; i-- > 0;)
                assert_int_equal(acks_restore(&b, &a.acks[i], T0 + USEC_PER_MINUTE), 0);
        assert_int_equal(b.count, 2);
        assert_int_equal(acks_find(&b, 1)->until, T0 + USEC_PER_HOUR);
        assert_true(acks_find(&b, 2)->until == USEC_INFINITY);
        /* The clock was set back meanwhile. */
        assert_int_equal(acks_restore(&c, &a.acks[0], T0 - USEC_PER_DAY), 0);
        assert_int_equal(acks_find(&c, 1)->ack.at, T0 - USEC_PER_DAY);
        assert_int_equal(acks_find(&c, 1)->until, T0 - USEC_PER_DAY + USEC_PER_HOUR);
        kept = a.acks[1];
        kept.ack.by = NULL;
        assert_int_equal(acks_restore(&c, &kept, T0), -EINVAL);
        assert_int_equal(c.count, 1);
        kept = a.acks[1];
        kept.until = 0;
        assert_int_equal(acks_restore(&c, &kept, T0), 0);
        assert_int_equal(acks_update(&c, NULL, 0, T0), 2);
}

static void nobody_and_too_many_are_refused(void **state)
{
        _cleanup_(acks_done) struct acks a = {0};

        assert_int_equal(acks_add(&a, 1, NULL, NULL, 1, T0), -EINVAL);
        assert_int_equal(acks_add(&a, 1, "", NULL, 1, T0), -EINVAL);
        for (uint64_t i = 0; i < ACKS_MAX; i++)
                add(&a, i, USEC_INFINITY);
        assert_int_equal(acks_add(&a, ACKS_MAX, "anna", NULL, 1, T0), -ENOSPC);
        assert_int_equal(acks_add(&a, 5, "bob", NULL, 1, T0), 0);
        assert_int_equal(a.count, ACKS_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_an_alert),
                cmocka_unit_test(it_ends_with_the_alert_or_is_too_old),
                cmocka_unit_test(times_follow_the_clock),
                cmocka_unit_test(what_was_kept_goes_on),
                cmocka_unit_test(nobody_and_too_many_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
