/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "model/attribution.h"

static void causes_have_names_and_words(void **state)
{
        enum cause parsed;

        for (enum cause c = CAUSE_UNKNOWN; c < CAUSE_COUNT; c++) {
                assert_true(strlen(cause_meaning(c)) > 20 && strlen(cause_action(c)) > 10);
                if (c == CAUSE_UNKNOWN)
                        continue;
                assert_int_equal(cause_parse(cause_name(c), &parsed), 0);
                assert_int_equal(parsed, c);
        }
        assert_null(cause_name(CAUSE_UNKNOWN));
        assert_int_equal(cause_parse("", &parsed), -ENOENT);
        assert_true(cause_refuses_approval(CAUSE_INDEX_LOSS));
        assert_true(cause_refuses_approval(CAUSE_ANN_RECALL));
        assert_true(cause_refuses_approval(CAUSE_METRIC));
        assert_true(cause_refuses_approval(CAUSE_TRANSPORT));
        assert_false(cause_refuses_approval(CAUSE_GROWTH));
        assert_false(cause_refuses_approval(CAUSE_UNKNOWN));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(causes_have_names_and_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
