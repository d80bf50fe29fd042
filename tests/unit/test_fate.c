/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/fate.h"

static void test_every_fate_has_a_name_of_its_own(void **state)
{
        for (unsigned i = 0; i < FATE_COUNT; i++)
                for (unsigned k = 0; k <= i; k++)
                        assert_int_equal(streq(fate_name(i), fate_name(k)), i == k);
}

static void test_the_last_reference_frees(void **state)
{
        struct fates *f = fates_new();

        f->records = calloc(1, sizeof(*f->records));
        f->records[0] =
                (struct touched_record){.id = strdup("r1"), .excerpt = strdup("first words")};
        f->count = 1;
        assert_ptr_equal(fates_ref(f), f);
        assert_null(fates_unref(f));
        assert_string_equal(f->records[0].id, "r1");
        assert_null(fates_unref(f));
        assert_null(fates_unref(NULL));
        assert_null(fates_ref(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_fate_has_a_name_of_its_own),
                cmocka_unit_test(test_the_last_reference_frees),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
