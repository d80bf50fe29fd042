/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "judge/knn.h"

/* Neither a multiple of the groups that records and queries are compared in, nor of a vector. */
#define QUERIES 19
#define RECORDS 331
#define DIMENSION 37
#define K 3

static const enum knn_space spaces[] = {KNN_L2, KNN_COSINE, KNN_IP};
static const char *const instructions[] = {"avx512f", "avx2", "baseline"};

static float queries[QUERIES][DIMENSION], records[RECORDS][DIMENSION];

/* In [-1, 1), the same on every machine. */
static float noise(void)
{
        static uint32_t state = 1;

        state = state * 1664525 + 1013904223;
        return (float)(state >> 8) / (float)(1 << 23) - 1;
}

/* Records with near duplicates of the queries among them, all of them this much larger. */
static void make_vectors(float scale)
{
        for (size_t q = 0; q < QUERIES; q++)
                for (size_t d = 0; d < DIMENSION; d++)
                        queries[q][d] = scale * noise();
        for (size_t r = 0; r < RECORDS; r++)
                for (size_t d = 0; d < DIMENSION; d++)
                        records[r][d] = r % 16 < 4 ? queries[r % QUERIES][d] *
                                        (1 + powf(10, -4 - (float)(r % 16)) * noise())
                                                   : scale * noise();
}

/* As the definitions have them, in long double. */
static double distance(enum knn_space space, const float *query, const float *record)
{
        long double dot = 0, square = 0, x = 0, y = 0;

        for (size_t d = 0; d < DIMENSION; d++) {
                long double a = query[d], b = record[d];

                dot += a * b;
                square += (a - b) * (a - b);
                x += a * a;
                y += b * b;
        }
        if (space == KNN_L2)
                return (double)square;
        if (space == KNN_IP)
                return (double)(1 - dot);
        return x > 0 && y > 0 ? (double)(1 - dot / sqrtl(x * y)) : 1;
}

/* What float32 may lose of a result, and float64 where a difference to 1 cancels. */
static double tolerance(enum knn_space space, double expected)
{
        return 1e-6 * fabs(expected) + (space == KNN_L2 ? (double)FLT_TRUE_MIN : 1e-14);
}

/* How many records are certainly nearer to query `q` than `limit`. */
static size_t nearer(enum knn_space space, size_t q, double limit)
{
        size_t count = 0;

        for (size_t r = 0; r < RECORDS; r++)
                count += distance(space, queries[q], records[r]) < limit - tolerance(space, limit);
        return count;
}

/* Whether these are the nearest: each where it says, and nothing else nearer than the last. */
static void check(struct knn *n, enum knn_space space)
{
        for (size_t q = 0; q < QUERIES; q++) {
                const uint32_t *found;
                const float *distances;

                assert_int_equal(knn_result(n, q, &found, &distances), K);
                for (size_t i = 0; i < K; i++) {
                        double expected = distance(space, queries[q], records[found[i]]);

                        if (fabs((double)distances[i] - expected) > tolerance(space, expected))
                                fail_msg("space %d, query %zu, record %u: %.9g, not %.9g", space, q,
                                        found[i], (double)distances[i], expected);
                        assert_true(i == 0 || distances[i - 1] <= distances[i]);
                        for (size_t k = 0; k < i; k++)
                                assert_int_not_equal(found[i], found[k]);
                }
                assert_true(nearer(space, q, (double)distances[K - 1]) < K);
        }
}

static struct knn *search(enum knn_space space, const char *use, size_t block)
{
        struct knn *n = NULL;

        assert_int_equal(knn_new(space, queries[0], QUERIES, DIMENSION, K, &n), 0);
        if (!knn_use(n, use))
                return knn_free(n);
        for (size_t r = 0; r < RECORDS; r += block)
                knn_add(n, records[r], MIN(block, RECORDS - r));
        return n;
}

static void finds_the_nearest(void **state)
{
        static const float scales[] = {1, 1e-3F, 1e3F, 1e-12F, 1e12F, 1e-18F, 1e18F};
        size_t tried = 0;

        for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
                make_vectors(scales[i]);
                for (size_t s = 0; s < ARRAY_SIZE(spaces); s++)
                        for (size_t u = 0; u < ARRAY_SIZE(instructions); u++) {
                                struct knn *n =
                                        search(spaces[s], instructions[u], 1 + (i + s) * 25);

                                if (!n)
                                        continue;
                                check(n, spaces[s]);
                                knn_free(n);
                                tried++;
                        }
        }
        assert_true(tried >= ARRAY_SIZE(scales) * ARRAY_SIZE(spaces));
}

/* Rows of one dimension, so that distances are exact. */
static void expect(enum knn_space space, float query, const float *rows, size_t count, size_t k,
        const uint32_t *expected, const float *expected_distances)
{
        _cleanup_(knn_freep) struct knn *n = NULL;
        const uint32_t *found;
        const float *distances;

        assert_int_equal(knn_new(space, &query, 1, 1, k, &n), 0);
        knn_add(n, rows, count);
        assert_int_equal(knn_result(n, 0, &found, &distances), MIN(k, count));
        for (size_t i = 0; i < MIN(k, count); i++) {
                assert_int_equal(found[i], expected[i]);
                assert_true(distances[i] == expected_distances[i]);
        }
}

static void ties_go_to_the_lower_number(void **state)
{
        static const float rows[] = {3, 2, 1, 0, 2, 1, 3, 0, 1, 1, 1, 1, 1, 1, 1, 1};

        expect(KNN_L2, 1, rows, ARRAY_SIZE(rows), 4, (uint32_t[]){2, 5, 8, 9},
                (float[]){0, 0, 0, 0});
        expect(KNN_IP, 1, rows, ARRAY_SIZE(rows), 4, (uint32_t[]){0, 6, 1, 4},
                (float[]){-2, -2, -1, -1});
        expect(KNN_L2, 3, rows, 5, 4, (uint32_t[]){0, 1, 4, 2}, (float[]){0, 1, 1, 4});
}

static void fewer_records_than_asked_for_are_all(void **state)
{
        static const float rows[] = {5, 1, 3};

        expect(KNN_L2, 0, rows, 3, 10, (uint32_t[]){1, 2, 0}, (float[]){1, 9, 25});
        expect(KNN_L2, 0, rows, 0, 10, NULL, NULL);
}

static void a_zero_vector_has_no_direction(void **state)
{
        static const float rows[] = {-1, 0, 1, 0};

        expect(KNN_COSINE, 2, rows, 4, 4, (uint32_t[]){2, 1, 3, 0}, (float[]){0, 1, 1, 2});
        expect(KNN_COSINE, 0, rows, 4, 4, (uint32_t[]){0, 1, 2, 3}, (float[]){1, 1, 1, 1});
}

/* The worst order: each record displaces the farthest. */
static void records_that_come_nearer_and_nearer(void **state)
{
        float rows[1000];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                rows[i] = (float)(ARRAY_SIZE(rows) - i);
        expect(KNN_L2, 0, rows, ARRAY_SIZE(rows), 3, (uint32_t[]){999, 998, 997},
                (float[]){1, 4, 9});
}

static void nothing_to_compare_is_refused(void **state)
{
        struct knn *n = NULL;

        assert_int_equal(knn_new(KNN_L2, queries[0], 0, DIMENSION, K, &n), -EINVAL);
        assert_int_equal(knn_new(KNN_L2, queries[0], QUERIES, 0, K, &n), -EINVAL);
        assert_int_equal(knn_new(KNN_L2, queries[0], QUERIES, DIMENSION, 0, &n), -EINVAL);
        assert_null(n);
        assert_int_equal(knn_new(KNN_L2, queries[0], QUERIES, DIMENSION, K, &n), 0);
        assert_false(knn_use(n, "abacus"));
        knn_free(n);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_the_nearest),
                cmocka_unit_test(ties_go_to_the_lower_number),
                cmocka_unit_test(fewer_records_than_asked_for_are_all),
                cmocka_unit_test(a_zero_vector_has_no_direction),
                cmocka_unit_test(records_that_come_nearer_and_nearer),
                cmocka_unit_test(nothing_to_compare_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
