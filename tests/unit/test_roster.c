/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "roster.h"

static void each_name_is_there_once_in_the_order_in_which_it_came(void **state)
{
        _cleanup_(roster_done) struct roster n = {0}, copy = {0};

        assert_false(roster_has(&n, "b"));
        assert_int_equal(roster_add(&n, "b"), 0);
        assert_int_equal(roster_add(&n, "a"), 0);
        assert_int_equal(roster_add(&n, "b"), 0);
        assert_int_equal(n.count, 2);
        assert_string_equal(n.names[0], "b");
        assert_string_equal(n.names[1], "a");
        assert_true(roster_has(&n, "a"));
        assert_false(roster_has(&n, "ab"));
        assert_int_equal(roster_copy(&n, &copy), 0);
        roster_done(&n);
        assert_int_equal(n.count, 0);
        assert_int_equal(copy.count, 2);
        assert_string_equal(copy.names[1], "a");
}

static void none_is_a_list_too(void **state)
{
        _cleanup_(roster_done) struct roster n = {0}, copy = {.count = 7};

        assert_int_equal(roster_copy(&n, &copy), 0);
        assert_int_equal(copy.count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_name_is_there_once_in_the_order_in_which_it_came),
                cmocka_unit_test(none_is_a_list_too),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
