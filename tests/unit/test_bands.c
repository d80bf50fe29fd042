/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "model/bands.h"

static void default_bands_hold_their_lower_border(void **state)
{
        static const struct {
                float distance;
                const char *band;
        } rows[] = {
                {-1e-7f, "excellent"},
                {0, "excellent"},
                {0.79999995f, "excellent"},
                {0.8f, "good"},
                {0.99999994f, "good"},
                {1.0f, "okay"},
                {1.2f, "poor"},
                {1e30f, "poor"},
                {INFINITY, "poor"},
        };
        _cleanup_(bands_done) struct bands b = {NULL, 0};

        assert_int_equal(bands_default(&b), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(
                        bands_name(&b, bands_index(&b, rows[i].distance)), rows[i].band);
}

static void nan_is_in_no_band(void **state)
{
        _cleanup_(bands_done) struct bands b = {NULL, 0};

        assert_int_equal(bands_default(&b), 0);
        assert_int_equal(bands_index(&b, NAN), -1);
        assert_null(bands_name(&b, -1));
        assert_null(bands_name(&b, 4));
}

static void copies_are_equal_until_changed(void **state)
{
        _cleanup_(bands_done) struct bands a = {NULL, 0}, b = {NULL, 0};

        assert_int_equal(bands_default(&a), 0);
        assert_int_equal(bands_copy(&a, &b), 0);
        assert_true(bands_equal(&a, &b));
        b.bands[1].below = 1.01f;
        assert_false(bands_equal(&a, &b));
        b.bands[1].below = 1.0f;
        b.bands[2].name[0] = 'O';
        assert_false(bands_equal(&a, &b));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(default_bands_hold_their_lower_border),
                cmocka_unit_test(nan_is_in_no_band),
                cmocka_unit_test(copies_are_equal_until_changed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
