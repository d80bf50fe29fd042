/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "error.h"

static void first_message_wins(void **state)
{
        _cleanup_error_ struct error e = {0};

        assert_int_equal(error_set(&e, -EINVAL, "%s is not a port", "abc"), -EINVAL);
        assert_int_equal(error_set(&e, -ENOENT, "later"), -ENOENT);
        assert_string_equal(e.message, "abc is not a port");
}

static void null_is_accepted(void **state)
{
        assert_int_equal(error_set(NULL, -EIO, "nobody listens"), -EIO);
        error_prefix(NULL, "prefix");
        assert_string_equal(error_text(NULL, -ENOENT), "No such file or directory");
        errors_add(NULL, "nobody listens");
}

static void prefix_needs_a_message(void **state)
{
        _cleanup_error_ struct error e = {0};

        error_prefix(&e, "early");
        assert_null(e.message);
        (void)error_set(&e, -EIO, "broken");
        error_prefix(&e, "file %d", 2);
        error_prefix(&e, "set");
        assert_string_equal(e.message, "set: file 2: broken");
}

static void text_falls_back_to_errno(void **state)
{
        _cleanup_error_ struct error e = {0};

        assert_string_equal(error_text(&e, -EACCES), "Permission denied");
        assert_string_equal(error_text(&e, -99999), "unknown error");
        (void)error_set(&e, -EACCES, "own words");
        assert_string_equal(error_text(&e, -EACCES), "own words");
}

static void done_can_be_repeated(void **state)
{
        struct error e = {0};

        (void)error_set(&e, -EIO, "x");
        error_done(&e);
        error_done(&e);
        assert_null(e.message);
        (void)error_set(&e, -EIO, "again");
        assert_string_equal(e.message, "again");
        error_done(&e);
}

static void errors_keep_their_order(void **state)
{
        _cleanup_errors_ struct errors e = {0};

        assert_int_equal(errors_total(&e), 0);
        errors_add(&e, "first %d", 1);
        errors_add(&e, "second");
        assert_int_equal(errors_total(&e), 2);
        assert_string_equal(e.messages[0], "first 1");
        assert_string_equal(e.messages[1], "second");
}

static void errors_are_bounded(void **state)
{
        _cleanup_errors_ struct errors e = {0};
        char last[32];

        for (int i = 0; i < ERRORS_MAX + 5; i++)
                errors_add(&e, "number %d", i);
        assert_int_equal(e.count, ERRORS_MAX);
        assert_int_equal(e.dropped, 5);
        assert_int_equal(errors_total(&e), ERRORS_MAX + 5);
        (void)snprintf(last, sizeof(last), "number %d", ERRORS_MAX - 1);
        assert_string_equal(e.messages[ERRORS_MAX - 1], last);
        errors_done(&e);
        assert_int_equal(errors_total(&e), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_message_wins),
                cmocka_unit_test(null_is_accepted),
                cmocka_unit_test(prefix_needs_a_message),
                cmocka_unit_test(text_falls_back_to_errno),
                cmocka_unit_test(done_can_be_repeated),
                cmocka_unit_test(errors_keep_their_order),
                cmocka_unit_test(errors_are_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
