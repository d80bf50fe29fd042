/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "judge/spread.h"

/* `n` distances, evenly from `low` to `high`. */
static void even(float *ret, size_t n, float low, float high)
{
        for (size_t i = 0; i < n; i++)
                ret[i] = low + (high - low) * (float)i / (float)(n - 1);
}

static void counts_what_lies_where(void **state)
{
        const float distances[] = {.1f, .79f, .8f, 1.1f, NAN, 7};
        _cleanup_(bands_done) struct bands bands = {0};
        struct spread s;

        assert_return_code(bands_default("l2", &bands), 0);
        spread_measure(distances, ARRAY_SIZE(distances), &bands, &s);
        assert_int_equal(s.measured, 5);
        assert_int_equal(s.bands[0], 2);
        assert_int_equal(s.bands[1], 1);
        assert_int_equal(s.bands[2], 1);
        assert_int_equal(s.bands[3], 1);
        assert_int_equal(s.crowded, -1);
}

static void nearly_all_in_one_band_are_crowded(void **state)
{
        static const struct {
                size_t count, elsewhere;
                int crowded;
        } cases[] = {{20, 1, 0}, {20, 2, -1}, {10, 0, 0}, {9, 0, -1}, {10, 1, -1}};
        _cleanup_(bands_done) struct bands bands = {0};
        float distances[20];
        struct spread s;

        assert_return_code(bands_default("l2", &bands), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                even(distances, cases[i].count, .3f, .5f);
                for (size_t k = 0; k < cases[i].elsewhere; k++)
                        distances[k] = 1.1f;
                spread_measure(distances, cases[i].count, &bands, &s);
                assert_int_equal(s.crowded, cases[i].crowded);
        }
}

static void proposed_borders_spread_the_answers(void **state)
{
        static const struct {
                float low, high;
                const char *space;
        } cases[] = {{.2f, .45f, "cosine"}, {.31f, .39f, "l2"}, {81, 119, "l2"}, {100, 101, "l2"},
                {-40, -20, "ip"}, {-.2f, .2f, "ip"}};
        float distances[41];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(bands_done) struct bands bands = {0};
                struct spread s;

                even(distances, 40, cases[i].low, cases[i].high);
                distances[40] = NAN;
                assert_return_code(spread_propose(distances, 41, cases[i].space, &bands), 0);
                assert_int_equal(bands.count, 4);
                spread_measure(distances, 41, &bands, &s);
                assert_int_equal(s.measured, 40);
                assert_int_equal(s.crowded, -1);
                assert_in_range(s.bands[0], 6, 14);
                assert_in_range(s.bands[1], 15, 25);
                assert_in_range(s.bands[2], 6, 14);
                assert_int_equal(s.bands[3], 0);
                for (size_t b = 1; b < 3; b++)
                        assert_true(bands.bands[b].below > bands.bands[b - 1].below);
        }
}

static void borders_have_two_digits_where_these_suffice(void **state)
{
        _cleanup_(bands_done) struct bands bands = {0};
        float distances[40];

        even(distances, 40, .2f, .45f);
        assert_return_code(spread_propose(distances, 40, "cosine", &bands), 0);
        assert_true(bands.bands[0].below == .26f);
        assert_true(bands.bands[1].below == .39f);
        assert_true(bands.bands[2].below == .46f);
        assert_true(isinf(bands.bands[3].below));
        assert_string_equal(bands.bands[0].name, "excellent");
}

static void few_or_equal_answers_have_no_borders(void **state)
{
        float distances[40];
        struct bands bands = {0};

        even(distances, 40, .2f, .45f);
        assert_int_equal(spread_propose(distances, SPREAD_MIN - 1, "l2", &bands), -ENODATA);
        assert_int_equal(spread_propose(distances, 0, "l2", &bands), -ENODATA);
        even(distances, 40, .2f, .2f);
        assert_int_equal(spread_propose(distances, 40, "l2", &bands), -ENODATA);
        assert_null(bands.bands);
}

static void lengths(void **state)
{
        const float three_four[] = {3, 4}, unit[] = {.6f, -.8f};

        assert_true(spread_length(three_four, 2) == 5);
        assert_false(spread_is_unit(5));
        assert_false(spread_is_unit(0));
        assert_true(spread_is_unit(spread_length(unit, 2)));
        assert_true(spread_is_unit(1.004));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts_what_lies_where),
                cmocka_unit_test(nearly_all_in_one_band_are_crowded),
                cmocka_unit_test(proposed_borders_spread_the_answers),
                cmocka_unit_test(borders_have_two_digits_where_these_suffice),
                cmocka_unit_test(few_or_equal_answers_have_no_borders),
                cmocka_unit_test(lengths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
