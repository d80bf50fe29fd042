/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "judge/band.h"

/* Each row is a life: samples, and after each the confirmed band's initial (- while unknown), upper
 * case while crossed. */
static const struct {
        const char *what;
        float samples[24];
        const char *expected;
} lives[] = {
        {"four samples make a home", {.9f, .9f, .9f, .9f}, "---g"},
        {"one disagreement in five is tolerated", {.9f, .9f, 1.1f, .9f, .9f}, "----g"},
        {"a move is confirmed by the fourth sample beyond",
                {.9f, .9f, .9f, .9f, 1.1f, 1.1f, 1.1f, 1.1f}, "---ggggO"},
        {"three of five are not enough", {.9f, .9f, .9f, .9f, 1.1f, 1.1f, 1.1f, .9f, .9f},
                "---gggggg"},
        {"nearer to the border than the hysteresis is not beyond it",
                {.9f, .9f, .9f, .9f, 1.009f, 1.009f, 1.009f, 1.009f, 1.009f}, "---gggggg"},
        {"just beyond the hysteresis is", {.9f, .9f, .9f, .9f, 1.011f, 1.011f, 1.011f, 1.011f},
                "---ggggO"},
        {"flapping at the border stays",
                {.99f, .99f, .99f, .99f, 1.02f, .99f, 1.02f, .99f, 1.02f, .99f, 1.02f, .99f},
                "---ggggggggg"},
        {"coming back needs the hysteresis too",
                {.9f, .9f, .9f, .9f, 1.1f, 1.1f, 1.1f, 1.1f, .995f, .995f, .995f, .995f, .995f,
                        .98f, .98f, .98f, .98f},
                "---ggggOOOOOOOOOg"},
        {"a jump over two borders lands as far as four samples reach",
                {.9f, .9f, .9f, .9f, 1.3f, 1.1f, 1.3f, 1.3f, 1.3f}, "---ggggOP"},
        {"a jump past a border but not past the next one's margin stops before it",
                {.9f, .9f, .9f, .9f, 1.205f, 1.205f, 1.205f, 1.205f}, "---ggggO"},
        {"better than home is no crossing", {1.1f, 1.1f, 1.1f, 1.1f, .5f, .5f, .5f, .5f},
                "---ooooe"},
        {"born at a border: the middle of five", {.99f, 1.01f, .99f, 1.01f, .99f}, "----g"},
};

static char initial(const struct bands *b, const struct band_state *s)
{
        char c = s->confirmed < 0 ? '-' : bands_name(b, s->confirmed)[0];

        return band_state_crossed(s) ? (char)(c - 'a' + 'A') : c;
}

static void lives_go_as_expected(void **state)
{
        _cleanup_(bands_done) struct bands b = {0};

        assert_int_equal(bands_default(NULL, &b), 0);
        for (size_t i = 0; i < ARRAY_SIZE(lives); i++) {
                char seen[32] = "";
                struct band_state s;

                band_state_init(&s);
                for (size_t k = 0; k < strlen(lives[i].expected); k++) {
                        band_state_update(&s, &b, lives[i].samples[k]);
                        seen[k] = initial(&b, &s);
                }
                if (strcmp(seen, lives[i].expected) != 0)
                        fail_msg("%s: expected %s, got %s", lives[i].what, lives[i].expected, seen);
        }
}

static void home_distance_is_the_last_one_at_home(void **state)
{
        static const float samples[] = {.9f, .9f, .9f, .91f, .92f, 1.1f, 1.1f, 1.1f, 1.1f, 1.1f};
        _cleanup_(bands_done) struct bands b = {0};
        struct band_state s;

        assert_int_equal(bands_default(NULL, &b), 0);
        band_state_init(&s);
        assert_true(isnan(s.home_distance));
        for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
                band_state_update(&s, &b, samples[i]);
        assert_true(band_state_crossed(&s));
        assert_true(s.home_distance == .92f);
}

static void restored_home_makes_a_crossing_of_what_was_bad_all_along(void **state)
{
        _cleanup_(bands_done) struct bands b = {0};
        struct band_state s;

        assert_int_equal(bands_default(NULL, &b), 0);
        band_state_restore(&s, 1, .9f);
        assert_false(band_state_crossed(&s));
        for (int i = 0; i < BAND_NEEDED; i++)
                band_state_update(&s, &b, 1.1f);
        assert_true(band_state_crossed(&s));
        assert_true(s.home_distance == .9f);
}

/* Half as far as in squared L2: 0.507 lies beyond 0.5 by more than 0.005. */
static void the_hysteresis_follows_the_space(void **state)
{
        _cleanup_(bands_done) struct bands b = {0};
        struct band_state s;

        assert_int_equal(bands_default("cosine", &b), 0);
        band_state_init(&s);
        for (int i = 0; i < 5; i++)
                band_state_update(&s, &b, .45f);
        for (int i = 0; i < 5; i++)
                band_state_update(&s, &b, .504f);
        assert_false(band_state_crossed(&s));
        for (int i = 0; i < 5; i++)
                band_state_update(&s, &b, .507f);
        assert_true(band_state_crossed(&s));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lives_go_as_expected),
                cmocka_unit_test(home_distance_is_the_last_one_at_home),
                cmocka_unit_test(restored_home_makes_a_crossing_of_what_was_bad_all_along),
                cmocka_unit_test(the_hysteresis_follows_the_space),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
