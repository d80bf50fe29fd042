/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "model/unwatched.h"

/* u00 ... u24, in an order that is none of theirs: 7 and 25 have no common divisor. */
static void fill(struct unwatched *u)
{
        char name[8];

        for (unsigned i = 0; i < 25; i++) {
                (void)snprintf(name, sizeof(name), "u%02u", i * 7 % 25);
                assert_int_equal(unwatched_add(u, name), 0);
        }
}

static void assert_first_names(const struct unwatched *u)
{
        char name[8];

        assert_int_equal(u->count, 25);
        assert_int_equal(u->named, UNWATCHED_NAMED_MAX);
        for (unsigned i = 0; i < u->named; i++) {
                (void)snprintf(name, sizeof(name), "u%02u", i % 100);
                assert_string_equal(u->names[i], name);
        }
}

static void the_first_names_are_kept_and_all_are_counted(void **state)
{
        struct unwatched u = {0};

        fill(&u);
        assert_first_names(&u);
        unwatched_done(&u);
        assert_int_equal(u.count, 0);
        assert_int_equal(u.named, 0);
}

static void a_copy_outlives_its_original(void **state)
{
        struct unwatched u = {.known = true, .listed = 7, .error = strdup("why")}, copy;

        fill(&u);
        assert_int_equal(unwatched_copy(&u, &copy), 0);
        unwatched_done(&u);
        assert_first_names(&copy);
        assert_true(copy.known && copy.listed == 7);
        assert_string_equal(copy.error, "why");
        unwatched_done(&copy);
}

static void nothing_known_is_copied_as_that(void **state)
{
        struct unwatched u = {0}, copy = {.known = true};

        assert_int_equal(unwatched_copy(&u, &copy), 0);
        assert_false(copy.known);
        assert_null(copy.error);
        unwatched_done(&copy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_names_are_kept_and_all_are_counted),
                cmocka_unit_test(a_copy_outlives_its_original),
                cmocka_unit_test(nothing_known_is_copied_as_that),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
