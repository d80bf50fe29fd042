/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "macro.h"
#include "tell/moment.h"

static const struct moment m = {.wall = 5000, .boot = 100};

static void a_deadline_on_the_clock_nobody_sets(void **state)
{
        assert_int_equal(moment_deadline(&m, 5030), 130);
        assert_int_equal(moment_deadline(&m, 5000), 0);
        assert_int_equal(moment_deadline(&m, 1), 0);
        assert_true(moment_deadline(&m, USEC_INFINITY) == USEC_INFINITY);
}

/* Before the machine was started is as good as then. */
static void since_when_it_waits(void **state)
{
        assert_int_equal(moment_since(&m, 4990), 90);
        assert_int_equal(moment_since(&m, 9000), 100);
        assert_int_equal(moment_since(&m, 1), 1);
}

static void as_people_know_it(void **state)
{
        assert_int_equal(moment_wall(&m, 90), 4990);
        assert_int_equal(moment_wall(&m, 100), 5000);
        assert_int_equal(moment_wall(&m, 200), 5000);
        assert_int_equal(moment_wall(&m, 0), 0);
        assert_int_equal(moment_wall(&(struct moment){.wall = 5, .boot = 100}, 10), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_deadline_on_the_clock_nobody_sets),
                cmocka_unit_test(since_when_it_waits),
                cmocka_unit_test(as_people_know_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
