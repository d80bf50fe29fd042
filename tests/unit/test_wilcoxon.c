/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include "judge/bootstrap.h"
#include "judge/distribution.h"
#include "judge/wilcoxon.h"

/* P(W >= w) of n values without ties: 1 ... n, of which the largest that fit are positive. */
static double tail(size_t n, size_t w)
{
        double values[WILCOXON_EXACT_MAX];
        struct wilcoxon seen;

        for (size_t i = n; i > 0; i--) {
                bool positive = i <= w;

                values[i - 1] = positive ? (double)i : -(double)i;
                w -= positive ? i : 0;
        }
        assert_int_equal(w, 0);
        seen = wilcoxon_of(values, n);
        assert_true(seen.exact);
        return seen.p_greater;
}

static void exact_tails_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("wilcoxon_exact_sf"), i, row) {
                assert_digits(tail((size_t)reference_number(row, "n"),
                                      (size_t)reference_number(row, "W")),
                        reference_number(row, "P_ge_W"));
        }
        assert_int_equal(i, 11);
}

static double rank_of(const double *values, size_t n, size_t i)
{
        double rank = 0.5;

        for (size_t k = 0; k < n; k++)
                rank += fabs(values[k]) < fabs(values[i])   ? 1
                        : fabs(values[k]) > fabs(values[i]) ? 0
                                                            : 0.5;
        return rank;
}

/* Every pattern of signs, the definition itself. */
static void enumeration_is_what_the_definition_gives(void **state)
{
        uint64_t seed = 1;

        for (size_t n = 0; n <= 10; n++) {
                double values[10], ranks[10], w = 0;
                size_t reached = 0;
                struct wilcoxon seen;

                for (size_t i = 0; i < n; i++) {
                        /* Of seven sizes, so that there are ties. */
                        values[i] = 1 + (double)bootstrap_index(&seed, 7);
                        if (bootstrap_index(&seed, 3) == 0)
                                values[i] = -values[i];
                }
                for (size_t i = 0; i < n; i++) {
                        ranks[i] = rank_of(values, n, i);
                        w += values[i] > 0 ? ranks[i] : 0;
                }
                for (unsigned pattern = 0; pattern < 1u << n; pattern++) {
                        double sum = 0;

                        for (size_t i = 0; i < n; i++)
                                sum += pattern >> i & 1 ? ranks[i] : 0;
                        reached += sum >= w;
                }
                seen = wilcoxon_of(values, n);
                assert_true(seen.exact);
                assert_int_equal(seen.n, n);
                assert_within(seen.w, w, 0);
                assert_within(seen.p_greater, (double)reached / (double)(1u << n), 0);
        }
}

static void tails_are_a_distribution(void **state)
{
        for (size_t n = 1; n <= WILCOXON_EXACT_MAX; n += 7) {
                size_t top = n * (n + 1) / 2;
                double last = 1;

                for (size_t w = 0; w <= top; w++) {
                        double p = tail(n, w);

                        assert_true(p <= last && p > 0);
                        /* Symmetric: P(W >= w) = P(W <= top - w). */
                        if (w > 0)
                                assert_within(p + tail(n, top - w + 1), 1, 1e-15);
                        last = p;
                }
                assert_within(last, ldexp(1, -(int)n), 0);
                assert_within(tail(n, 0), 1, 0);
        }
}

static void low_ranks_are_the_last_within_the_tail(void **state)
{
        for (size_t n = 0; n <= WILCOXON_EXACT_MAX; n++) {
                size_t c = wilcoxon_low_rank(n, 0.025);

                assert_true(1 - tail(n, c) <= 0.025);
                assert_true(n == 0 || 1 - tail(n, c + 1) > 0.025);
                assert_int_equal(c > 0, n >= 6);
        }
        /* Published for 20: 52 is the largest w with P(W <= w) <= 0.025. */
        assert_int_equal(wilcoxon_low_rank(20, 0.025), 53);
}

static void approximation_takes_over_smoothly(void **state)
{
        double values[WILCOXON_EXACT_MAX + 1];
        struct wilcoxon exact, approximate;
        size_t n = WILCOXON_EXACT_MAX;

        for (size_t i = 0; i <= n; i++)
                values[i] = i % 3 ? (double)(i + 1) : -(double)(i + 1);
        exact = wilcoxon_of(values, n);
        approximate = wilcoxon_of(values, n + 1);
        assert_true(exact.exact && !approximate.exact);
        assert_within(exact.p_greater, normal_cdf(-exact.z_corrected), 1e-3);
        assert_within(approximate.p_greater, normal_cdf(-approximate.z_corrected), 0);
        /* The 51st value is positive and the largest. */
        assert_within(approximate.w, exact.w + 51, 0);
        /* By enumeration 454, 495 and 649: it errs to the wider interval. */
        assert_int_equal(wilcoxon_low_rank(51, 0.025), 454);
        assert_int_equal(wilcoxon_low_rank(53, 0.025), 494);
        assert_int_equal(wilcoxon_low_rank(60, 0.025), 649);
}

static void nothing_ranked_is_no_evidence(void **state)
{
        struct wilcoxon none = wilcoxon_of(NULL, 0);

        assert_true(isnan(none.z) && isnan(none.z_corrected));
        assert_within(none.p_greater, 1, 0);
}

static void all_alike_share_one_rank(void **state)
{
        double values[] = {2, 2, 2, -2};
        struct wilcoxon w = wilcoxon_of(values, 4);

        assert_within(w.w, 7.5, 0);
        /* Three or four positive of four. */
        assert_within(w.p_greater, 5. / 16, 0);
        /* As for the sign test: (3 - 2)/1. */
        assert_near(w.z, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(exact_tails_agree),
                cmocka_unit_test(enumeration_is_what_the_definition_gives),
                cmocka_unit_test(tails_are_a_distribution),
                cmocka_unit_test(low_ranks_are_the_last_within_the_tail),
                cmocka_unit_test(approximation_takes_over_smoothly),
                cmocka_unit_test(nothing_ranked_is_no_evidence),
                cmocka_unit_test(all_alike_share_one_rank),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
