/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <errno.h>

#include "judge/confidence.h"
#include "judge/power.h"

static const double borders[] = {0.8, 1.0, 1.2};

/* Queries of one collection, as the reference has them; what a test does not set is as in an
 * ordinary one. */
struct queries {
        double distances[100], baselines[100];
        enum outcome outcomes[100];
        struct confidence_input input;
};

static void queries_init(struct queries *q, size_t n)
{
        *q = (struct queries){
                .input = {.count = n,
                        .distances = q->distances,
                        .outcomes = q->outcomes,
                        .borders = borders,
                        .border_count = ARRAY_SIZE(borders),
                        .floor = CONFIDENCE_FLOOR,
                        .hysteresis = 0.01},
        };
        if (n > 0)
                reference_array(reference("data.base%zu", n), q->distances, 100);
}

static void compute(const struct queries *q, struct confidence *ret)
{
        assert_int_equal(confidence_compute(&q->input, ret), 0);
}

static void assert_pair(struct interval actual, const json_t *expected)
{
        assert_near(actual.low, reference_number(json_array_get(expected, 0), NULL));
        assert_near(actual.high, reference_number(json_array_get(expected, 1), NULL));
}

static void bands_are_counted(void **state)
{
        static const size_t sizes[] = {10, 30, 100};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                const json_t *expected = reference("band_counts.base%zu", sizes[i]);
                _cleanup_(confidence_done) struct confidence c = {};
                struct queries q;

                queries_init(&q, sizes[i]);
                compute(&q, &c);
                assert_int_equal(c.band_count, 4);
                for (size_t b = 0; b < c.band_count; b++) {
                        assert_near((double)c.bands[b].hits,
                                reference_at("band_counts.base%zu.counts.%zu", sizes[i], b));
                        assert_int_equal(c.bands[b].of, sizes[i]);
                        assert_pair(c.bands[b].wilson,
                                json_array_get(json_object_get(expected, "wilson95"), b));
                        assert_pair(c.bands[b].exact,
                                json_array_get(json_object_get(expected, "cp95"), b));
                }
        }
}

static void given_bands_come_before_distances(void **state)
{
        static const int bands[10] = {3, 3, 3, -1, -1, 0, 0, 1, 3, 3};
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;

        queries_init(&q, 10);
        q.input.bands = bands;
        compute(&q, &c);
        assert_int_equal(c.bands[3].hits, 5);
        assert_int_equal(c.bands[2].hits, 0);
        assert_int_equal(c.bands[3].of, 8);
}

static void location_is_described(void **state)
{
        _cleanup_(confidence_done) struct confidence ten = {}, hundred = {};
        struct queries q;

        queries_init(&q, 10);
        compute(&q, &ten);
        assert_near(ten.mean, reference_at("summary.base10.mean"));
        assert_near(ten.sd, reference_at("summary.base10.sd"));
        assert_pair(ten.mean_interval, reference("summary.base10.t95_mean"));
        assert_false(interval_known(ten.mean_bca));
        assert_near(ten.median.estimate, reference_at("summary.base10.median"));
        assert_int_equal(ten.median.low_rank, 2);
        assert_int_equal(ten.median.high_rank, 9);
        assert_near(ten.p95.estimate, reference_at("summary.base10.p95"));
        assert_true(!isnan(ten.p95.interval.low));
        assert_true(isnan(ten.p95.interval.high) && isnan(ten.p95_at_most));

        queries_init(&q, 100);
        compute(&q, &hundred);
        assert_pair(hundred.mean_bca, reference("bca.base100|mean.bca"));
        assert_int_equal(hundred.p95.low_rank, 90);
        assert_int_equal(hundred.p95.high_rank, 100);
        assert_near(hundred.p95.interval.high, reference_at("summary.base100.max"));
        assert_true(hundred.p95_at_least >= hundred.p95.interval.low);
        assert_true(hundred.p95_at_most <= hundred.p95.interval.high);
}

/* The published minima are the first n at which something can be said. */
static void minima_are_the_first_n(void **state)
{
        struct queries q;

        queries_init(&q, 100);
        for (size_t n = 45; n < 80; n++) {
                _cleanup_(confidence_done) struct confidence c = {};

                q.input.count = n;
                compute(&q, &c);
                assert_int_equal(interval_known(c.mean_bca), n >= CONFIDENCE_BCA_NEEDS);
                assert_int_equal(!isnan(c.p95_at_most), n >= CONFIDENCE_P95_NEEDS_ONE_SIDED);
                assert_int_equal(!isnan(c.p95.interval.high), n >= CONFIDENCE_P95_NEEDS_TWO_SIDED);
        }
        assert_int_equal(roc_tolerance_rank(CONFIDENCE_TOLERANCE_NEEDS - 1, ROC_TOLERANCE_CONTENT,
                                 ROC_TOLERANCE_CONFIDENCE),
                0);
        assert_int_equal(roc_tolerance_rank(CONFIDENCE_TOLERANCE_NEEDS, ROC_TOLERANCE_CONTENT,
                                 ROC_TOLERANCE_CONFIDENCE),
                CONFIDENCE_TOLERANCE_NEEDS);
        assert_int_equal(CONFIDENCE_P95_NEEDS_ONE_SIDED,
                (int)reference_at("p95_upper_estimable_min_n.one_sided_95"));
        assert_int_equal(CONFIDENCE_P95_NEEDS_TWO_SIDED,
                (int)reference_at("p95_upper_estimable_min_n.two_sided_95"));
}

static void margins_agree(void **state)
{
        const json_t *rows = reference("margin_to_border"), *row;
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;
        size_t i;

        queries_init(&q, 0);
        q.input.count = json_array_size(rows);
        json_array_foreach (rows, i, row)
                q.distances[i] = reference_number(row, "d");
        compute(&q, &c);
        json_array_foreach (rows, i, row) {
                assert_near(c.margins[i].above, reference_number(row, "margin_up"));
                assert_near(c.margins[i].below, reference_number(row, "margin_down"));
        }
        assert_int_equal(i, 7);
        /* 0.795, 0.8, 1.0 and 1.1999. */
        assert_int_equal(c.close, 4);
        assert_true(c.margins[1].close && !c.margins[0].close && !c.margins[6].close);
}

static void a_noisy_query_needs_more_room(void **state)
{
        static const double distances[] = {0.95, 0.95, 0.95, NAN, 0.992},
                            taus[] = {NAN, 0.06, 0.04, 0.06, NAN};
        static const bool close[] = {false, true, false, false, true};
        static const enum outcome outcomes[5] = {};
        _cleanup_(confidence_done) struct confidence c = {}, narrow = {};
        struct queries q;

        queries_init(&q, 0);
        q.input.count = 5;
        q.input.distances = distances;
        q.input.taus = taus;
        q.input.outcomes = outcomes;
        compute(&q, &c);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(c.margins[i].close, close[i]);
        assert_near(c.margins[0].needed, 0.01);
        assert_near(c.margins[1].needed, 0.06);
        assert_true(isnan(c.margins[3].above) && isnan(c.margins[3].below));
        assert_int_equal(c.close, 2);
        assert_int_equal(c.measured, 4);
        assert_int_equal(c.queries, 5);
        /* Without hysteresis the floor remains. */
        q.input.hysteresis = 0;
        compute(&q, &narrow);
        assert_near(narrow.margins[4].needed, CONFIDENCE_FLOOR);
        assert_int_equal(narrow.close, 1);
}

static void sensitivity_follows_from_the_number_of_queries(void **state)
{
        _cleanup_(confidence_done) struct confidence c = {}, many = {};
        struct queries q;

        queries_init(&q, 10);
        compute(&q, &c);
        assert_near(c.zero_event_bound, reference_at("zero_event_upper.1.2"));
        assert_near(c.detectable_one, reference_at("power.affected_share_for_power.0.share"));
        assert_int_equal(c.set_needs, 3);
        assert_near(c.detectable_set, power_detectable_share(10, 3, 0.8));
        /* A tenth of the set, when that is more than three. */
        queries_init(&q, 100);
        compute(&q, &many);
        assert_int_equal(many.set_needs, 10);
        assert_near(many.detectable_set, power_detectable_share(100, 10, 0.8));
}

static void shifts_are_compared(void **state)
{
        double before[100];
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;

        queries_init(&q, 30);
        memcpy(before, q.distances, sizeof(before));
        reference_array(reference("data.loss20_30"), q.distances, 100);
        q.input.baselines = before;
        compute(&q, &c);
        assert_true(c.shift_known);
        assert_near(c.shift.mean, reference_at("paired.loss20_30.mean"));
        assert_int_equal(c.shift.up, 5);
        assert_near(c.shift.sd, reference_at("paired.loss20_30.sd"));
        /* To a worse band: 0.827108 to 1.006819 and one more; nothing came back. */
        assert_int_equal(c.band_worse, 2);
        assert_int_equal(c.band_better, 0);
        assert_near(c.band_p, 0.5);
}

static void bands_are_compared_with_the_baselines(void **state)
{
        static const double before[10] = {0.79, 0.81, 1.3, 0.7, NAN, 1.1, 1.1, 1.1, 1.1, 0.7},
                            now[10] = {0.81, 0.79, 0.7, 0.7, 1.3, NAN, 1.3, 1.3, 1.3, 1.3};
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;

        queries_init(&q, 10);
        q.input.baselines = before;
        q.input.distances = now;
        compute(&q, &c);
        assert_int_equal(c.band_worse, 5);
        assert_int_equal(c.band_better, 2);
        assert_near(c.band_p, 2 * (1 + 7 + 21) / 128.);
        assert_int_equal(c.shift.n, 8);
}

static void shifts_may_be_given(void **state)
{
        static const double shifts[10] = {NAN, 0.1, 0, 0, 0, 0.2, 0, 0, -0.006, NAN};
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;

        queries_init(&q, 10);
        q.input.shifts = shifts;
        compute(&q, &c);
        assert_int_equal(c.shift.n, 8);
        assert_int_equal(c.shift.up, 2);
        assert_int_equal(c.shift.down, 1);
        /* There is no baseline to compare bands with. */
        assert_true(isnan(c.band_p));
}

static void borders_are_calibrated(void **state)
{
        double relevant[30], irrelevant[25];
        _cleanup_(confidence_done) struct confidence c = {}, half = {};
        struct queries q;

        queries_init(&q, 10);
        q.input.relevant = relevant;
        q.input.relevant_count = reference_array(reference("roc.relevant"), relevant, 30);
        compute(&q, &half);
        assert_false(half.calibrated);
        assert_int_equal(half.relevant, 30);
        q.input.irrelevant = irrelevant;
        q.input.irrelevant_count = reference_array(reference("roc.irrelevant"), irrelevant, 25);
        compute(&q, &c);
        assert_true(c.calibrated && c.border_uncertain);
        assert_near(c.border.cut, reference_at("roc.youden_cut_first_max"));
        assert_pair(c.border.logit, reference("roc.ci95_logit"));
        assert_true(interval_known(c.border.cut_interval));
}

static void a_border_is_certain_from_fifty_of_each(void **state)
{
        struct queries q;

        queries_init(&q, 100);
        q.input.relevant = q.input.irrelevant = q.distances;
        for (size_t m = 49; m <= 50; m++)
                for (size_t n = 49; n <= 50; n++) {
                        _cleanup_(confidence_done) struct confidence c = {};

                        q.input.relevant_count = m;
                        q.input.irrelevant_count = n;
                        compute(&q, &c);
                        assert_int_equal(c.border_uncertain, m < 50 || n < 50);
                }
}

static void passes_are_counted_by_kind(void **state)
{
        static const int kinds[10] = {0, 0, 0, 1, 1, -1, -1, -1, 3, 3};
        static const enum outcome outcomes[10] = {OUTCOME_PASS, OUTCOME_PASS, OUTCOME_UNMEASURED,
                OUTCOME_FAIL, OUTCOME_DRIFT, OUTCOME_PASS, OUTCOME_PASS, OUTCOME_PASS, OUTCOME_PASS,
                OUTCOME_FAIL};
        static const struct {
                size_t hits, of;
        } expected[] = {{2, 2}, {0, 2}, {0, 0}, {1, 2}};
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;

        queries_init(&q, 10);
        q.input.outcomes = outcomes;
        q.input.kinds = kinds;
        q.input.kind_count = 4;
        compute(&q, &c);
        assert_int_equal(c.passed.hits, 6);
        assert_int_equal(c.passed.of, 9);
        assert_near(c.passed.exact.low, proportion_clopper_pearson(6, 9, 0.95).low);
        assert_int_equal(c.kind_count, 4);
        for (size_t k = 0; k < 4; k++) {
                assert_int_equal(c.kinds[k].hits, expected[k].hits);
                assert_int_equal(c.kinds[k].of, expected[k].of);
        }
        assert_true(isnan(c.kinds[2].share));
}

static void no_query_says_nothing(void **state)
{
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;

        queries_init(&q, 0);
        compute(&q, &c);
        assert_int_equal(c.measured, 0);
        assert_null(c.margins);
        assert_null(c.kinds);
        assert_true(isnan(c.mean) && isnan(c.sd) && isnan(c.median.estimate));
        assert_true(isnan(c.zero_event_bound) && isnan(c.detectable_one));
        assert_true(isnan(c.passed.share) && isnan(c.bands[0].share));
}

static void one_and_two_queries_say_little(void **state)
{
        _cleanup_(confidence_done) struct confidence one = {}, two = {};
        struct queries q;

        queries_init(&q, 10);
        q.input.count = 1;
        q.input.baselines = q.distances;
        compute(&q, &one);
        assert_false(interval_known(one.mean_interval));
        assert_true(isnan(one.detectable_set));
        assert_near(one.detectable_one, 0.8);
        q.input.count = 2;
        compute(&q, &two);
        assert_true(interval_known(two.mean_interval));
        assert_true(isnan(two.median.interval.low) && isnan(two.median.interval.high));
}

/* Each row breaks one thing of a valid input. */
static void nonsense_is_refused(void **state)
{
        static const double infinite[10] = {INFINITY}, crossed[] = {1.0, 0.8, 1.2},
                            unknown[] = {0.8, NAN, 1.2};
        static const int wild[10] = {4}, negative[10] = {-2};
        static const enum outcome strange[10] = {OUTCOME_COUNT};
        struct confidence c = {.queries = 17};
        struct queries q;

        queries_init(&q, 10);
#define REFUSED(member, value) \
        do { \
                struct queries bad = q; \
                bad.input.member = value; \
                assert_int_equal(confidence_compute(&bad.input, &c), -EINVAL); \
        } while (0)
        REFUSED(count, CONFIDENCE_QUERIES_MAX + 1);
        REFUSED(kind_count, CONFIDENCE_KINDS_MAX + 1);
        REFUSED(border_count, BANDS_MAX);
        REFUSED(borders, crossed);
        REFUSED(borders, unknown);
        REFUSED(distances, infinite);
        REFUSED(baselines, infinite);
        REFUSED(shifts, infinite);
        REFUSED(taus, infinite);
        REFUSED(bands, wild);
        REFUSED(bands, negative);
        REFUSED(kinds, wild);
        REFUSED(outcomes, strange);
        REFUSED(floor, 0);
        REFUSED(floor, NAN);
        REFUSED(floor, INFINITY);
        REFUSED(hysteresis, -0.01);
        REFUSED(hysteresis, NAN);
        q.input.relevant = infinite;
        q.input.irrelevant = q.distances;
        q.input.relevant_count = q.input.irrelevant_count = 10;
        REFUSED(relevant_count, 10);
        q.input.relevant = q.distances;
        REFUSED(relevant_count, ROC_CLASS_MAX + 1);
        assert_true(c.queries == 17);
}

static void the_largest_input_is_no_trouble(void **state)
{
        static double distances[CONFIDENCE_QUERIES_MAX], baselines[CONFIDENCE_QUERIES_MAX];
        static int kinds[CONFIDENCE_QUERIES_MAX];
        static enum outcome outcomes[CONFIDENCE_QUERIES_MAX];
        _cleanup_(confidence_done) struct confidence c = {};
        struct queries q;

        queries_init(&q, 0);
        for (size_t i = 0; i < CONFIDENCE_QUERIES_MAX; i++) {
                distances[i] = 1 + sin((double)i) / 2;
                baselines[i] = distances[i] - fmax(0, cos((double)i) / 10);
                kinds[i] = (int)i % CONFIDENCE_KINDS_MAX;
        }
        q.input.count = CONFIDENCE_QUERIES_MAX;
        q.input.distances = distances;
        q.input.baselines = baselines;
        q.input.kinds = kinds;
        q.input.kind_count = CONFIDENCE_KINDS_MAX;
        q.input.outcomes = outcomes;
        q.input.relevant = baselines;
        q.input.irrelevant = distances;
        q.input.relevant_count = q.input.irrelevant_count = ROC_CLASS_MAX;
        compute(&q, &c);
        assert_true(c.mean_interval.high - c.mean_interval.low < 0.02);
        assert_false(c.border_uncertain);
        assert_true(c.border.auc > 0.5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bands_are_counted),
                cmocka_unit_test(given_bands_come_before_distances),
                cmocka_unit_test(location_is_described),
                cmocka_unit_test(minima_are_the_first_n),
                cmocka_unit_test(margins_agree),
                cmocka_unit_test(a_noisy_query_needs_more_room),
                cmocka_unit_test(sensitivity_follows_from_the_number_of_queries),
                cmocka_unit_test(shifts_are_compared),
                cmocka_unit_test(bands_are_compared_with_the_baselines),
                cmocka_unit_test(shifts_may_be_given),
                cmocka_unit_test(borders_are_calibrated),
                cmocka_unit_test(a_border_is_certain_from_fifty_of_each),
                cmocka_unit_test(passes_are_counted_by_kind),
                cmocka_unit_test(no_query_says_nothing),
                cmocka_unit_test(one_and_two_queries_say_little),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(the_largest_input_is_no_trouble),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
