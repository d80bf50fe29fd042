/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"

#define T0 (1795399200 * USEC_PER_SEC)
#define YEAR (365 * USEC_PER_DAY)

/* What the machine's clocks say while a test has them; each look takes `pause`. */
static struct {
        bool taken;
        usec_t boot, wall, pause;
} machine;

static void put(struct timespec *ret, usec_t usec)
{
        ret->tv_sec = (time_t)(usec / USEC_PER_SEC);
        ret->tv_nsec = (long)(usec % USEC_PER_SEC * 1000);
}

/* The C library's, for everybody in this program. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
        if (!machine.taken || clock == CLOCK_MONOTONIC)
                return (int)syscall(SYS_clock_gettime, clock, ret);
        put(ret, clock == CLOCK_REALTIME ? machine.wall : machine.boot);
        machine.boot += machine.pause;
        machine.wall += machine.pause;
        return 0;
}

static void pass(usec_t usec)
{
        machine.boot += usec;
        machine.wall += usec;
}

static int set_up(void **state)
{
        machine.boot = USEC_PER_HOUR;
        machine.wall = T0;
        machine.pause = 0;
        machine.taken = true;
        while (clock_jump() != 0) /* from where the test before has left it */
                ;
        return 0;
}

static int tear_down(void **state)
{
        machine.taken = false;
        return 0;
}

static void it_goes_with_the_wall_clock_until_that_is_set(void **state)
{
        assert_int_equal(clock_wall(), T0);
        pass(USEC_PER_DAY);
        assert_int_equal(clock_wall(), T0 + USEC_PER_DAY);
        machine.wall -= 20 * YEAR;
        assert_int_equal(clock_wall(), T0 + USEC_PER_DAY);
        pass(USEC_PER_SEC);
        assert_int_equal(clock_wall(), T0 + USEC_PER_DAY + USEC_PER_SEC);
        assert_int_equal(clock_jump(), -(int64_t)(20 * YEAR));
        assert_int_equal(clock_wall(), T0 + USEC_PER_DAY + USEC_PER_SEC - 20 * YEAR);
        assert_int_equal(clock_jump(), 0);
        machine.wall += 21 * YEAR;
        assert_int_equal(clock_jump(), 21 * YEAR);
        assert_int_equal(clock_wall(), T0 + USEC_PER_DAY + USEC_PER_SEC + YEAR);
}

/* Many small ones are one that is seen. */
static void less_than_anybody_reads_is_no_jump(void **state)
{
        machine.wall += CLOCK_JUMP_MIN - 1;
        assert_int_equal(clock_jump(), 0);
        assert_int_equal(clock_wall(), T0);
        machine.wall += 1;
        assert_int_equal(clock_jump(), CLOCK_JUMP_MIN);
        machine.wall -= CLOCK_JUMP_MIN - 1;
        assert_int_equal(clock_jump(), 0);
        machine.wall -= 1;
        assert_int_equal(clock_jump(), -(int64_t)CLOCK_JUMP_MIN);
        assert_int_equal(clock_wall(), T0);
}

static void a_clock_without_a_battery_is_not_followed(void **state)
{
        machine.wall = USEC_PER_MINUTE;
        assert_int_equal(clock_jump(), 0);
        assert_int_equal(clock_wall(), T0);
        machine.wall = CLOCK_EARLIEST;
        assert_true(clock_jump() < 0);
        assert_int_equal(clock_wall(), CLOCK_EARLIEST);
}

/* The process was stopped while it looked: how far the clocks are apart is not known. */
static void a_look_that_took_long_says_nothing(void **state)
{
        machine.wall += USEC_PER_DAY;
        machine.pause = USEC_PER_SEC;
        assert_int_equal(clock_jump(), 0);
        machine.pause = 0;
        assert_int_equal(clock_jump(), USEC_PER_DAY);
}

static void the_time_of_a_timer(void **state)
{
        assert_int_equal(clock_boot(T0), USEC_PER_HOUR);
        assert_int_equal(clock_boot(T0 + USEC_PER_DAY), USEC_PER_HOUR + USEC_PER_DAY);
        machine.wall += YEAR;
        assert_int_equal(clock_boot(T0 + USEC_PER_DAY), USEC_PER_HOUR + USEC_PER_DAY);
        assert_int_equal(clock_boot(T0 - USEC_PER_DAY), 0);
        assert_int_equal(clock_boot(0), 0);
        assert_int_equal(clock_boot(USEC_INFINITY), USEC_INFINITY);
}

static void what_is_no_time_stays(void **state)
{
        usec_t never = 0, always = USEC_INFINITY, time = T0;

        time_jump(&never, (int64_t)YEAR);
        time_jump(&always, -(int64_t)YEAR);
        time_jump(&time, -(int64_t)YEAR);
        assert_int_equal(never, 0);
        assert_int_equal(always, USEC_INFINITY);
        assert_int_equal(time, T0 - YEAR);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(it_goes_with_the_wall_clock_until_that_is_set),
                TEST(less_than_anybody_reads_is_no_jump),
                TEST(a_clock_without_a_battery_is_not_followed),
                TEST(a_look_that_took_long_says_nothing),
                TEST(the_time_of_a_timer),
                TEST(what_is_no_time_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
