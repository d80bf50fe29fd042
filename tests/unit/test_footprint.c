/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "footprint.h"

/* What it does to memory is glibc's and the kernel's; tests/bench/bench_memory.py sees that. */
static void memory_is_returned_now_and_then(void **state)
{
        usec_t due = 0, next;

        footprint_init();
        footprint_trim(5, &due);
        assert_true(due >= 5 + 10 * USEC_PER_SEC);
        next = due;
        footprint_trim(due - 1, &due);
        assert_int_equal(due, next);
        footprint_trim(due, &due);
        assert_true(due >= next + 10 * USEC_PER_SEC);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_is_returned_now_and_then),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
