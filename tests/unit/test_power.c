/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include "judge/distribution.h"
#include "judge/power.h"

static size_t whole(const json_t *row, const char *key)
{
        return (size_t)reference_number(row, key);
}

static void detectable_shares_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("power.affected_share_for_power"), i, row) {
                size_t n = whole(row, "n"), m = whole(row, "m");
                double power = reference_number(row, "power"),
                       share = power_detectable_share(n, m, power);

                assert_near(share, reference_number(row, "share"));
                assert_near(binomial_sf(m, n, share), power);
        }
        assert_int_equal(i, 42);
}

static void more_is_seen_with_more(void **state)
{
        double last = INFINITY;

        for (size_t n = 3; n < 200; n++) {
                double share = power_detectable_share(n, 1, 0.8);

                assert_true(share < last);
                assert_true(power_detectable_share(n, 3, 0.8) > share);
                last = share;
        }
}

static void nonsense_is_not_a_number(void **state)
{
        const double values[] = {
                power_detectable_share(2, 3, 0.8),
                power_detectable_share(0, 1, 0.8),
                power_detectable_share(10, 0, 0.8),
                power_detectable_share(10, 1, 1),
                power_detectable_share(10, 1, NAN),
        };

        for (size_t i = 0; i < ARRAY_SIZE(values); i++)
                assert_true(isnan(values[i]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(detectable_shares_agree),
                cmocka_unit_test(more_is_seen_with_more),
                cmocka_unit_test(nonsense_is_not_a_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
