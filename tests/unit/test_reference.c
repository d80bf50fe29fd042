/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

static void values_are_found_by_path(void **state)
{
        double base[10];

        assert_near(reference_at("paired.loss20_10.mean"), 0.0296147);
        assert_near(reference_at("paired.embed0.2_10.median"), 0.022127);
        assert_near(reference_at("summary.base%d.n", 30), 30);
        assert_near(reference_at("normal.cdf.7.1"), 0.5);
        assert_near(reference_number(reference("bca.loss20-base 10|mean"), "seed"), 7);
        assert_int_equal(reference_array(reference("data.base10"), base, ARRAY_SIZE(base)), 10);
        assert_near(base[9], 1.119654);
        assert_true(isnan(reference_at("margin_to_border.0.margin_down")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_found_by_path),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
