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
        _cleanup_(bands_done) struct bands b = {0};

        assert_int_equal(bands_default(NULL, &b), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(
                        bands_name(&b, bands_index(&b, rows[i].distance)), rows[i].band);
}

static void cosine_and_ip_have_half_of_the_borders(void **state)
{
        static const char *const spaces[] = {"cosine", "ip"};

        for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
                _cleanup_(bands_done) struct bands b = {0};

                assert_int_equal(bands_default(spaces[i], &b), 0);
                assert_true(b.bands[0].below == .4f);
                assert_true(b.bands[1].below == .5f);
                assert_true(b.bands[2].below == .6f);
                assert_true(isinf(b.bands[3].below));
                assert_true(b.unit == .5f);
        }
}

static void bands_are_chosen_by_their_source(void **state)
{
        struct band own[] = {{(char *)"near", 3}, {(char *)"far", INFINITY}};
        struct band approved[] = {{(char *)"a", .25f}, {(char *)"b", INFINITY}};
        const struct bands configured = {.bands = own, .count = 2}, none = {0};
        const struct bands with_baseline = {.bands = approved, .count = 2};
        static const struct {
                enum bands_source source;
                bool approved;
                const char *space;
                float first, unit;
        } cases[] = {
                {BANDS_CONFIGURED, true, "l2", 3, 1},
                {BANDS_CONFIGURED, true, "cosine", 3, .5f},
                {BANDS_OF_SPACE, true, NULL, .8f, 1},
                {BANDS_OF_SPACE, true, "ip", .4f, .5f},
                {BANDS_AUTO, false, "cosine", .4f, .5f},
                {BANDS_AUTO, true, "cosine", .25f, .5f},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(bands_done) struct bands b = {0};

                assert_int_equal(
                        bands_choose(cases[i].source, &configured,
                                cases[i].approved ? &with_baseline : &none, cases[i].space, &b),
                        0);
                assert_true(b.bands[0].below == cases[i].first);
                assert_true(b.unit == cases[i].unit);
        }
}

static void names_are_found(void **state)
{
        _cleanup_(bands_done) struct bands b = {0};

        assert_int_equal(bands_default(NULL, &b), 0);
        assert_int_equal(bands_find(&b, "okay"), 2);
        assert_int_equal(bands_find(&b, "oka"), -1);
        assert_int_equal(bands_find(&b, NULL), -1);
}

static void nan_is_in_no_band(void **state)
{
        _cleanup_(bands_done) struct bands b = {0};

        assert_int_equal(bands_default(NULL, &b), 0);
        assert_int_equal(bands_index(&b, NAN), -1);
        assert_null(bands_name(&b, -1));
        assert_null(bands_name(&b, 4));
}

static void copies_are_equal_until_changed(void **state)
{
        _cleanup_(bands_done) struct bands a = {0}, b = {0};

        assert_int_equal(bands_default(NULL, &a), 0);
        assert_int_equal(bands_copy(&a, &b), 0);
        assert_true(bands_equal(&a, &b));
        b.bands[1].below = 1.01f;
        assert_false(bands_equal(&a, &b));
        b.bands[1].below = 1.0f;
        b.unit = .5f;
        assert_false(bands_equal(&a, &b));
        b.unit = 0; /* unknown: as in squared L2 */
        assert_true(bands_equal(&a, &b));
        b.bands[2].name[0] = 'O';
        assert_false(bands_equal(&a, &b));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(default_bands_hold_their_lower_border),
                cmocka_unit_test(cosine_and_ip_have_half_of_the_borders),
                cmocka_unit_test(bands_are_chosen_by_their_source),
                cmocka_unit_test(names_are_found),
                cmocka_unit_test(nan_is_in_no_band),
                cmocka_unit_test(copies_are_equal_until_changed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
