/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include "judge/distribution.h"
#include "judge/proportion.h"

#define assert_interval(actual, reference_pair) \
        do { \
                struct interval seen = actual; \
                assert_near(seen.low, reference_number(json_array_get(reference_pair, 0), NULL)); \
                assert_near(seen.high, reference_number(json_array_get(reference_pair, 1), NULL)); \
        } while (0)

static void intervals_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("proportion_ci"), i, row) {
                size_t k = (size_t)reference_number(row, "k"),
                       n = (size_t)reference_number(row, "n");
                double confidence = reference_number(row, "conf");
                struct proportion p = proportion_of(k, n, confidence);

                assert_interval(p.wilson, json_object_get(row, "wilson"));
                assert_interval(p.exact, json_object_get(row, "clopper_pearson"));
                assert_near(p.share, (double)k / (double)n);
                assert_int_equal(p.hits, k);
                assert_int_equal(p.of, n);
        }
        assert_int_equal(i, 120);
}

static void zero_event_bounds_agree(void **state)
{
        const json_t *row;
        double cells[3];
        size_t i;

        json_array_foreach (reference("zero_event_upper"), i, row) {
                assert_int_equal(reference_array(row, cells, 3), 3);
                assert_near(proportion_zero_event_bound((size_t)cells[0], cells[1]), cells[2]);
        }
        assert_int_equal(i, 24);
}

static void mcnemar_agrees(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("mcnemar_exact"), i, row) {
                size_t b = (size_t)reference_number(row, "b"),
                       c = (size_t)reference_number(row, "c");

                assert_near(mcnemar_exact(b, c), reference_number(row, "p_two_sided"));
                assert_near(mcnemar_exact(c, b), reference_number(row, "p_two_sided"));
        }
        assert_near(mcnemar_exact(0, 0), 1);
        assert_near(mcnemar_exact(7, 7), 1);
}

/* Coverage by exact enumeration of every outcome, not by chance: `of` has the interval of each. */
static double coverage(const struct interval *of, size_t n, double p)
{
        double sum = 0;

        for (size_t k = 0; k <= n; k++)
                if (of[k].low <= p && p <= of[k].high)
                        sum += binomial_cdf(k, n, p) - (k > 0 ? binomial_cdf(k - 1, n, p) : 0);
        return sum;
}

static void coverage_is_as_measured(void **state)
{
        static const struct {
                size_t n;
                double wilson_mean, wilson_min, exact_mean, exact_min;
        } measured[] = {
                {10, 0.954, 0.860, 0.983, 0.961},
                {20, 0.954, 0.912, 0.976, 0.958},
                {50, 0.952, 0.911, 0.969, 0.953},
        };

        for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
                double wilson = 0, wilson_least = 1, exact = 0, exact_least = 1;
                struct interval wilson_of[51], exact_of[51];
                unsigned steps = 0;

                for (size_t k = 0; k <= measured[i].n; k++) {
                        wilson_of[k] = proportion_wilson(k, measured[i].n, 0.95);
                        exact_of[k] = proportion_clopper_pearson(k, measured[i].n, 0.95);
                }
                for (double p = 0.01; p < 0.9901; p += 0.0049, steps++) {
                        double w = coverage(wilson_of, measured[i].n, p);
                        double e = coverage(exact_of, measured[i].n, p);

                        wilson += w;
                        exact += e;
                        wilson_least = fmin(wilson_least, w);
                        exact_least = fmin(exact_least, e);
                }
                assert_true(exact_least >= 0.95);
                /* The measurement used another grid of p. */
                assert_within(wilson / steps, measured[i].wilson_mean, 0.003);
                assert_within(exact / steps, measured[i].exact_mean, 0.003);
                assert_within(wilson_least, measured[i].wilson_min, 0.03);
                assert_within(exact_least, measured[i].exact_min, 0.01);
        }
}

static void intervals_hold_the_share_and_narrow(void **state)
{
        for (size_t k = 0; k <= 30; k++) {
                struct proportion p = proportion_of(k, 30, 0.95),
                                  q = proportion_of(k * 10, 300, 0.95);

                assert_true(p.exact.low <= p.share && p.share <= p.exact.high);
                assert_true(p.wilson.low <= p.share && p.share <= p.wilson.high);
                assert_true(p.exact.low >= 0 && p.exact.high <= 1);
                assert_true(q.exact.high - q.exact.low < p.exact.high - p.exact.low);
                assert_true(q.wilson.high - q.wilson.low < p.wilson.high - p.wilson.low);
                /* As many misses mirror as many hits. */
                assert_within(p.exact.low, 1 - proportion_of(30 - k, 30, 0.95).exact.high, 1e-12);
                if (k > 0) {
                        struct proportion less = proportion_of(k - 1, 30, 0.95);

                        assert_true(less.exact.high < p.exact.high || k == 30);
                        assert_true(less.wilson.low < p.wilson.low);
                }
        }
}

static void without_data_nothing_is_known(void **state)
{
        const struct proportion none[] = {proportion_of(0, 0, 0.95), proportion_of(3, 2, 0.95),
                proportion_of(1, 2, 0), proportion_of(1, 2, 1), proportion_of(1, 2, NAN)};

        for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
                assert_true(isnan(none[i].share));
                assert_false(interval_known(none[i].wilson));
                assert_false(interval_known(none[i].exact));
        }
        assert_true(isnan(proportion_zero_event_bound(0, 0.95)));
        assert_true(isnan(proportion_zero_event_bound(10, 1)));
        assert_true(isnan(proportion_zero_event_bound(10, NAN)));
}

static void a_million_is_no_trouble(void **state)
{
        struct proportion p = proportion_of(200000, 1000000, 0.95);

        /* Both approach share +- 1.96 sqrt(share (1 - share)/n), by about 1/n. */
        assert_within(p.wilson.low, 0.2 - 1.959964 * 0.0004, 2e-6);
        assert_within(p.exact.low, 0.2 - 1.959964 * 0.0004, 2e-6);
        assert_within(p.exact.high, 0.2 + 1.959964 * 0.0004, 2e-6);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(intervals_agree),
                cmocka_unit_test(zero_event_bounds_agree),
                cmocka_unit_test(mcnemar_agrees),
                cmocka_unit_test(coverage_is_as_measured),
                cmocka_unit_test(intervals_hold_the_share_and_narrow),
                cmocka_unit_test(without_data_nothing_is_known),
                cmocka_unit_test(a_million_is_no_trouble),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
