/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include "judge/distribution.h"
#include "judge/power.h"

static size_t whole(const json_t *row, const char *key)
{
        return (size_t)reference_number(row, key);
}

static void minimum_effects_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("power.mde_over_sd_paired_t"), i, row) {
                size_t n = whole(row, "n");
                double alpha = reference_number(row, "alpha"),
                       power = reference_number(row, "power");
                bool two_sided = json_is_true(json_object_get(row, "two_sided"));
                double effect = power_minimum_effect(n, alpha, power, two_sided);

                assert_within(effect, reference_number(row, "mde_over_sd"), 1e-6);
                assert_near((normal_quantile(two_sided ? 1 - alpha / 2 : 1 - alpha) +
                                    normal_quantile(power)) /
                                sqrt((double)n),
                        reference_number(row, "normal_approx"));
        }
        assert_int_equal(i, 28);
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

static void losses_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("power.loss_detect_topk"), i, row) {
                size_t n = whole(row, "n"), k = whole(row, "k");
                double loss = reference_number(row, "loss");

                assert_near(power_loss_touches(n, 1, loss), reference_number(row, "P_any_top1"));
                assert_near(power_loss_touches(n, k, loss), reference_number(row, "P_any_topk"));
        }
        assert_int_equal(i, 16);
        assert_near(power_loss_touches(10, 10, 0), 0);
        assert_near(power_loss_touches(10, 10, 1), 1);
}

static void more_is_seen_with_more(void **state)
{
        double last_effect = INFINITY, last_share = 1;

        for (size_t n = 4; n <= 2048; n *= 2) {
                double effect = power_minimum_effect(n, 0.05, 0.8, true),
                       share = power_detectable_share(n, 1, 0.8);

                assert_true(effect < last_effect && share < last_share);
                assert_true(power_detectable_share(n, 3, 0.8) > share);
                assert_true(power_minimum_effect(n, 0.05, 0.9, true) > effect);
                last_effect = effect;
                last_share = share;
        }
        /* Without an effect, alpha is what is seen. */
        assert_near(power_minimum_effect(12, 0.05, 0.05, true), 0);
        assert_near(power_minimum_effect(12, 0.05, 0.05, false), 0);
        /* So many are as good as normal: (z_0.95 + z_0.8)/1000. */
        assert_within(power_minimum_effect(1000000, 0.05, 0.8, false), 0.00248647486, 1e-8);
}

static void two_queries_see_little_and_one_nothing(void **state)
{
        const double nothing[] = {
                power_minimum_effect(1, 0.05, 0.8, true),
                power_minimum_effect(0, 0.05, 0.8, true),
                power_minimum_effect(10, 0.05, 1, true),
                power_minimum_effect(10, NAN, 0.8, true),
                power_minimum_effect(10, 0, 0.8, true),
                power_minimum_effect(10, 0.3, 0.2, true),
                /* Would need a noncentrality beyond what can be computed. */
                power_minimum_effect(2, 0.05, 0.999, true),
                power_detectable_share(2, 3, 0.8),
                power_detectable_share(0, 1, 0.8),
                power_detectable_share(10, 0, 0.8),
                power_detectable_share(10, 1, 1),
                power_loss_touches(0, 10, 0.1),
                power_loss_touches(10, 0, 0.1),
                power_loss_touches(10, 10, 1.1),
                power_loss_touches(10, 10, -0.1),
                power_loss_touches(10, 10, NAN),
        };

        for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
                if (!isnan(nothing[i]))
                        fail_msg("value %zu is %g", i, nothing[i]);
        assert_true(power_minimum_effect(2, 0.05, 0.8, true) > 10);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(minimum_effects_agree),
                cmocka_unit_test(detectable_shares_agree),
                cmocka_unit_test(losses_agree),
                cmocka_unit_test(more_is_seen_with_more),
                cmocka_unit_test(two_queries_see_little_and_one_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
