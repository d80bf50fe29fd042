/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <errno.h>
#include <stdio.h>

#include "judge/bootstrap.h"
#include "judge/paired.h"
#include "judge/sample.h"

/* "loss20_30": data.loss20_30 minus data.base30. */
static size_t differences_of(const char *name, double *ret)
{
        size_t n = reference_array(reference("data.%s", name), ret, 100);
        double before[100];

        assert_int_equal(
                reference_array(reference("data.base%s", strrchr(name, '_') + 1), before, 100), n);
        for (size_t i = 0; i < n; i++)
                ret[i] -= before[i];
        return n;
}

static void check_wilcoxon(const struct wilcoxon *w, const json_t *expected)
{
        double p = reference_number(expected, "p_exact_ge");

        assert_near((double)w->n, reference_number(expected, "n_nonzero"));
        assert_near(w->w, reference_number(expected, "W_plus_deadzone"));
        assert_near(w->z, reference_number(expected, "z_nocorr"));
        assert_near(w->z_corrected, reference_number(expected, "z_corr"));
        assert_int_equal(w->exact, w->n <= WILCOXON_EXACT_MAX);
        if (!isnan(p))
                assert_digits(w->p_greater, p);
}

static void check_shares(const struct paired *p, const char *name)
{
        assert_near(p->share_up.exact.low, reference_at("paired.%s.share_up_cp95.0", name));
        assert_near(p->share_up.exact.high, reference_at("paired.%s.share_up_cp95.1", name));
        assert_near(p->share_up.wilson.low, reference_at("paired.%s.share_up_wilson95.0", name));
        assert_near(p->share_up.wilson.high, reference_at("paired.%s.share_up_wilson95.1", name));
}

static void comparisons_agree(void **state)
{
        json_t *cases = (json_t *)reference("paired"), *expected;
        const char *name;

        assert_int_equal(json_object_size(cases), 6);
        json_object_foreach (cases, name, expected) {
                double d[100];
                size_t n = differences_of(name, d);
                struct paired p;

                assert_int_equal(paired_compute(d, n, reference_number(expected, "delta"), &p), 0);
                assert_near((double)p.up, reference_number(expected, "n_up"));
                assert_near((double)p.down, reference_number(expected, "n_down"));
                assert_near(p.mean, reference_number(expected, "mean"));
                assert_near(p.median, reference_number(expected, "median"));
                assert_near(p.sd, reference_number(expected, "sd"));
                assert_near(p.t, reference_number(expected, "t"));
                assert_digits(p.p_t_greater, reference_number(expected, "p_t_one_sided"));
                assert_digits(p.p_sign_greater, reference_number(expected, "sign_p_ge"));
                assert_near(p.log_e, reference_number(expected, "log_e_sign_mixture"));
                assert_near(
                        p.hodges_lehmann, reference_number(expected, "hodges_lehmann_all_pairs"));
                check_wilcoxon(&p.wilcoxon, expected);
                check_shares(&p, name);
                assert_true(p.hodges_lehmann_interval.low <= p.hodges_lehmann &&
                        p.hodges_lehmann <= p.hodges_lehmann_interval.high);
        }
}

static void sign_mixtures_agree(void **state)
{
        const json_t *row;
        size_t i;

        json_array_foreach (reference("sign_e_mixture.values"), i, row) {
                assert_near(paired_log_e((size_t)reference_number(row, "u"),
                                    (size_t)reference_number(row, "d")),
                        reference_number(row, "logE"));
        }
        assert_int_equal(i, 12);
        assert_near(paired_log_e(0, 0), 0);
        /* Nothing but improvements must stay far from evidence, however many. */
        assert_true(paired_log_e(0, 100000) < -10);
        assert_true(paired_log_e(100000, 0) > 69000 && paired_log_e(100000, 0) < 69315);
}

/* An e-value's mean under the null is 1: the sum over every outcome of n fair signs. */
static void sign_mixtures_are_e_values(void **state)
{
        for (size_t n = 1; n <= 40; n += 3) {
                double mean = 0, choices = 1;

                for (size_t u = 0; u <= n; u++) {
                        mean += choices * ldexp(1, -(int)n) * exp(paired_log_e(u, n - u));
                        choices = choices * (double)(n - u) / (double)(u + 1);
                }
                assert_near(mean, 1);
        }
}

static void nonsense_is_refused(void **state)
{
        const double bad[][2] = {{0.1, NAN}, {-0.1, 0.5}, {INFINITY, 1}};
        struct paired p = {.n = 17};

        assert_int_equal(paired_compute(bad[0], 2, 0.005, &p), -EINVAL);
        assert_int_equal(paired_compute(bad[2], 2, 0.005, &p), -EINVAL);
        assert_int_equal(paired_compute(bad[1], 0, 0.005, &p), -EINVAL);
        assert_int_equal(paired_compute(bad[1], 2, -1, &p), -EINVAL);
        assert_int_equal(paired_compute(bad[1], 2, NAN, &p), -EINVAL);
        assert_int_equal(p.n, 17);
}

static void nothing_moved_is_no_evidence(void **state)
{
        static const double d[500];
        struct paired p;

        for (size_t n = 1; n <= ARRAY_SIZE(d); n += 499) {
                assert_int_equal(paired_compute(d, n, 0.005, &p), 0);
                assert_int_equal(p.up + p.down, 0);
                assert_true(isnan(p.t) && isnan(p.p_t_greater));
                assert_within(p.p_sign_greater, 1, 0);
                assert_within(p.wilcoxon.p_greater, 1, 0);
                assert_within(p.log_e, 0, 0);
                assert_within(p.hodges_lehmann, 0, 0);
                assert_within(p.mean, 0, 0);
        }
        assert_near(p.share_up.exact.high, 1 - pow(0.025, 1. / 500));
}

static void the_dead_zone_includes_its_border(void **state)
{
        const double d[] = {0.005, -0.005, 0.00500001, -0.2};
        struct paired p;

        assert_int_equal(paired_compute(d, 4, 0.005, &p), 0);
        assert_int_equal(p.up, 1);
        assert_int_equal(p.down, 1);
        assert_int_equal(p.wilcoxon.n, 2);
        assert_within(p.wilcoxon.w, 1, 0);
        assert_near(p.p_sign_greater, 0.75);
}

/* Mirrored differences mirror every statement. */
static void up_mirrors_down(void **state)
{
        double d[40], mirrored[40];
        uint64_t seed = 9;
        struct paired p, m;

        for (size_t i = 0; i < ARRAY_SIZE(d); i++) {
                d[i] = ((double)bootstrap_index(&seed, 1000) - 300) / 1e4;
                mirrored[i] = -d[i];
        }
        assert_int_equal(paired_compute(d, ARRAY_SIZE(d), 0.005, &p), 0);
        assert_int_equal(paired_compute(mirrored, ARRAY_SIZE(d), 0.005, &m), 0);
        assert_int_equal(p.up, m.down);
        assert_near(p.mean, -m.mean);
        assert_near(p.hodges_lehmann, -m.hodges_lehmann);
        assert_near(p.hodges_lehmann_interval.low, -m.hodges_lehmann_interval.high);
        assert_near(p.mean_interval.low, -m.mean_interval.high);
        assert_near(p.p_t_greater, 1 - m.p_t_greater);
        assert_near(p.wilcoxon.w + m.wilcoxon.w, (double)(p.wilcoxon.n * (p.wilcoxon.n + 1)) / 2);
        assert_near(p.wilcoxon.z, -m.wilcoxon.z);
        assert_true(p.p_t_greater < 0.05 && p.wilcoxon.p_greater < 0.05);
}

static void ten_thousand_are_no_trouble(void **state)
{
        static double d[10000];
        struct paired p;

        for (size_t i = 0; i < ARRAY_SIZE(d); i++)
                d[i] = 0.01 + sin((double)i) / 10;
        assert_int_equal(paired_compute(d, ARRAY_SIZE(d), 0.005, &p), 0);
        assert_within(p.mean, 0.01, 1e-4);
        assert_within(p.hodges_lehmann, 0.01, 1e-4);
        assert_true(p.hodges_lehmann_interval.low > 0.007);
        assert_true(p.p_t_greater < 1e-30 && p.p_sign_greater < 1e-6 && p.log_e > 10);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(comparisons_agree),
                cmocka_unit_test(sign_mixtures_agree),
                cmocka_unit_test(sign_mixtures_are_e_values),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(nothing_moved_is_no_evidence),
                cmocka_unit_test(the_dead_zone_includes_its_border),
                cmocka_unit_test(up_mirrors_down),
                cmocka_unit_test(ten_thousand_are_no_trouble),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
