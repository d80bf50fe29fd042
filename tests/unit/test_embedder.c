/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "judge/embedder.h"

static void measures_the_distance(void **state)
{
        static const struct {
                float pinned[2], fresh[2];
                double distance;
        } cases[] = {
                {{1, 0}, {1, 0}, 0},
                {{1, 0}, {5, 0}, 0}, /* length does not matter */
                {{1, 0}, {0, 1}, 1},
                {{1, 0}, {-2, 0}, 2},
                {{1, 0}, {1, 1}, 1 - M_SQRT1_2},
                {{1e-30f, 0}, {1e-30f, 1e-30f}, 1 - M_SQRT1_2},
                {{3e38f, 3e38f}, {3e38f, 0}, 1 - M_SQRT1_2},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                double distance = embedder_distance(cases[i].pinned, cases[i].fresh, 2);

                assert_true(fabs(distance - cases[i].distance) < 1e-9);
                assert_true(distance >= 0);
        }
        assert_true(isnan(embedder_distance((float[]){0, 0}, (float[]){1, 0}, 2)));
        assert_true(isnan(embedder_distance((float[]){1, 0}, (float[]){0, 0}, 2)));
        assert_true(isnan(embedder_distance(NULL, NULL, 0)));
}

/* Rounding makes the cosine of some vectors with themselves more than 1. */
static void equal_vectors_have_no_distance(void **state)
{
        float v[384];
        uint32_t seed = 1;

        for (int round = 0; round < 200; round++) {
                double distance;

                for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
                        seed = seed * 1664525 + 1013904223;
                        v[i] = (float)(seed >> 8) / (1 << 24) - 0.5f;
                }
                distance = embedder_distance(v, v, ARRAY_SIZE(v));
                assert_true(distance >= 0 && distance < 1e-14);
        }
}

static void the_limit_follows_the_noise(void **state)
{
        static const struct {
                double configured, noise, limit;
        } cases[] = {{NAN, NAN, 2e-4}, {NAN, 0, 2e-4}, {NAN, 1e-5, 2e-4}, {NAN, 2e-5, 2e-4},
                {NAN, 1e-3, 1e-2}, {1e-3, NAN, 1e-3}, {1e-5, NAN, 1e-5}, {1e-5, 1e-5, 1e-4},
                {2e-3, 9e-4, 9e-3}, {0, NAN, 0}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_true(fabs(embedder_limit(cases[i].configured, cases[i].noise) -
                                    cases[i].limit) < 1e-15);
}

static void judges_queries_together(void **state)
{
        static const struct {
                double distances[5], limits[5];
                size_t count, compared, moved;
                double median;
                bool changed, partial;
        } cases[] = {
                {.median = NAN},
                {{NAN, NAN}, {.1, .1}, 2, .median = NAN},
                {{0, 0, 0}, {.1, .1, .1}, 3, 3, 0, 0, false, false},
                /* Exactly at the limit is not beyond it. */
                {{.1, .1}, {.1, .1}, 2, 2, 0, .1, false, false},
                {{.3}, {.1}, 1, 1, 1, .3, true, false},
                {{.3, NAN, 0}, {.1, .1, .1}, 3, 2, 1, .15, true, false},
                {{.3, 0, .01}, {.1, .1, .1}, 3, 3, 1, .01, false, false},
                {{.3, 0, .2, 0, 0}, {.1, .1, .1, .1, .1}, 5, 5, 2, 0, false, true},
                {{.3, 0, .2, 0}, {.1, .1, .1, .1}, 4, 4, 2, .1, true, true},
                /* Each query has its own limit. */
                {{.3, .3, .3}, {.4, .1, .4}, 3, 3, 1, .3, false, false},
                /* None counts as the least there is: a move must not be missed. */
                {{1e-3, 1e-4}, {NAN, NAN}, 2, 2, 1, 5.5e-4, true, false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct embedder_verdict v;

                assert_int_equal(embedder_judge(cases[i].distances, cases[i].limits, NULL,
                                         cases[i].count, &v),
                        0);
                assert_true(isnan(v.length));
                assert_int_equal(v.compared, cases[i].compared);
                assert_int_equal(v.moved, cases[i].moved);
                assert_true(isnan(cases[i].median) ? isnan(v.median)
                                                   : fabs(v.median - cases[i].median) < 1e-12);
                assert_int_equal(v.changed, cases[i].changed);
                assert_int_equal(v.partial, cases[i].partial);
        }
}

static void length_is_another_axis(void **state)
{
        static const struct {
                double distances[3], lengths[3];
                size_t moved;
                double length;
                bool changed;
        } cases[] = {
                {{0, 0, 0}, {1, 1, 1}, 0, 1, false},
                {{0, 0, 0}, {37.5, 37.5, 37.5}, 3, 37.5, true},
                {{0, 0, 0}, {1.019, .981, 1}, 0, 1, false}, /* a fiftieth */
                {{0, 0, 0}, {1.021, .979, 1}, 2, 1, true},
                {{0, 0, 0}, {.5, NAN, NAN}, 1, .5, false},
                {{NAN, 0, 0}, {NAN, 1, 1}, 0, 1, false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct embedder_verdict v;

                assert_int_equal(
                        embedder_judge(cases[i].distances, NULL, cases[i].lengths, 3, &v), 0);
                assert_int_equal(v.moved, cases[i].moved);
                assert_true(fabs(v.length - cases[i].length) < 1e-12);
                assert_int_equal(v.changed, cases[i].changed);
        }
        assert_true(fabs(embedder_length((float[]){3, 4}, (float[]){1.5f, 2}, 2) - .5) < 1e-12);
        assert_true(isnan(embedder_length((float[]){0, 0}, (float[]){1, 0}, 2)));
        assert_true(embedder_length_counts("l2") && embedder_length_counts("ip"));
        assert_false(embedder_length_counts("cosine") || embedder_length_counts(NULL));
}

static void tells_a_length(void **state)
{
        _cleanup_text_ struct text t = {0};

        embedder_length_describe(37.5, &t);
        assert_string_equal(text_string(&t), "vectors are 37.5 times as long");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(measures_the_distance),
                cmocka_unit_test(equal_vectors_have_no_distance),
                cmocka_unit_test(the_limit_follows_the_noise),
                cmocka_unit_test(judges_queries_together),
                cmocka_unit_test(length_is_another_axis),
                cmocka_unit_test(tells_a_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
