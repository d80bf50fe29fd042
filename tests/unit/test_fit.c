/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include "judge/fit.h"

#define PAIRS_MAX 16

static void fits_are_as_in_the_reference(void **state)
{
        size_t rows = json_array_size(reference("metric_fit"));

        assert_in_range(rows, 1, 100);
        for (size_t row = 0; row < rows; row++) {
                double x[PAIRS_MAX], y[PAIRS_MAX];
                size_t n = reference_array(reference("metric_fit.%zu.x", row), x, PAIRS_MAX);
                struct fit f = {0};

                assert_int_equal(
                        reference_array(reference("metric_fit.%zu.y", row), y, PAIRS_MAX), n);
                for (size_t i = 0; i < n; i++)
                        fit_add(&f, x[i], y[i]);
                assert_near(f.xy / f.xx, reference_at("metric_fit.%zu.slope", row));
                assert_near(f.mean_y - f.mean_x * f.xy / f.xx,
                        reference_at("metric_fit.%zu.icpt", row));
                assert_near(fit_linear_rms(&f), reference_at("metric_fit.%zu.rms", row));
                assert_near(fit_root_rms(&f), reference_at("metric_fit.%zu.sqrt_rms", row));
        }
}

static void a_constant_shift_is_a_line(void **state)
{
        struct fit f = {0};

        for (int i = 0; i < 5; i++)
                fit_add(&f, i, i + .25);
        assert_near(fit_linear_rms(&f), 0);
        assert_near(fit_shift_rms(&f), .25);
}

static void one_number_before_leaves_the_spread_after(void **state)
{
        struct fit f = {0};

        fit_add(&f, -1, 1);
        fit_add(&f, -1, 3);
        assert_near(fit_linear_rms(&f), 1);
        assert_near(fit_root_rms(&f), sqrt(5)); /* the root of a negative number counts as 0 */
}

static void nothing_is_unknown(void **state)
{
        const struct fit f = {0};

        assert_true(isnan(fit_linear_rms(&f)));
        assert_true(isnan(fit_shift_rms(&f)));
        assert_true(isnan(fit_root_rms(&f)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fits_are_as_in_the_reference),
                cmocka_unit_test(a_constant_shift_is_a_line),
                cmocka_unit_test(one_number_before_leaves_the_spread_after),
                cmocka_unit_test(nothing_is_unknown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
