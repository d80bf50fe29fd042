/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "macro.h"
#include "tell/draw.h"

static void keys_are_hexadecimal_and_differ(void **state)
{
        char one[DRAW_KEY_MAX], other[DRAW_KEY_MAX];

        draw_key(one);
        draw_key(other);
        assert_int_equal(strlen(one), DRAW_KEY_MAX - 1);
        assert_int_equal(strspn(one, "0123456789abcdef"), DRAW_KEY_MAX - 1);
        assert_string_not_equal(one, other);
}

/* Of a thousand draws below a ceiling some lie in its upper half: one in 2^1000 that none does. */
static usec_t longest_of(usec_t min, usec_t max, unsigned failures)
{
        usec_t longest = 0;

        for (int i = 0; i < 1000; i++) {
                usec_t wait = draw_wait(min, max, failures);

                longest = MAX(longest, wait);
        }
        return longest;
}

static void waits_have_a_ceiling_that_doubles(void **state)
{
        static const struct {
                unsigned failures;
                usec_t ceiling;
        } rows[] = {{0, 1000}, {1, 2000}, {3, 8000}, {4, 9000}, {1000000, 9000}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                usec_t longest = longest_of(1000, 9000, rows[i].failures);

                assert_in_range(longest, rows[i].ceiling / 2, rows[i].ceiling);
        }
        assert_int_equal(longest_of(0, 0, 5), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys_are_hexadecimal_and_differ),
                cmocka_unit_test(waits_have_a_ceiling_that_doubles),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
