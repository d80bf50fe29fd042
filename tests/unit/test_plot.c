/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "show/report/plot.h"

#define START (1795399200 * USEC_PER_SEC)

static size_t count(const struct text *t, const char *part)
{
        size_t n = 0;

        for (const char *p = text_string(t); (p = strstr(p, part)); p += strlen(part))
                n++;
        return n;
}

/* Every tag is closed, and every number in a tag is one that can be drawn. */
static void assert_svg(const struct text *t)
{
        char open[16][16];
        size_t depth = 0;

        assert_false(text_failed(t));
        for (const char *p = strchr(text_string(t), '<'); p; p = strchr(p, '<')) {
                const char *end = strchr(p, '>');
                bool closing = *++p == '/';
                size_t n = strcspn(p + closing, " />");

                assert_non_null(end);
                for (const char *q = p; q < end; q++)
                        if (strncmp(q, "nan", 3) == 0 || strncmp(q, "inf", 3) == 0)
                                fail_msg("no number in %.80s", p);
                if (closing) {
                        assert_true(depth > 0);
                        assert_memory_equal(open[--depth], p + 1, n);
                } else if (end[-1] != '/') {
                        assert_true(depth < 16 && n < 16);
                        (void)snprintf(open[depth++], 16, "%.*s", (int)n, p);
                }
                p = end;
        }
        assert_int_equal(depth, 0);
        assert_int_equal(
                count(t, "<title>Each") + count(t, "<title>Best") + count(t, "<title>Median"), 1);
        assert_int_equal(count(t, "<desc>"), 1);
        assert_int_equal(count(t, "role=\"img\""), 1);
}

/* Values of an attribute of all elements: the smallest and the largest. */
static void range_of(const struct text *t, const char *attribute, double *ret_low, double *ret_high)
{
        *ret_low = INFINITY;
        *ret_high = -INFINITY;
        for (const char *p = text_string(t); (p = strstr(p, attribute));) {
                double value = strtod(p += strlen(attribute), NULL);

                *ret_low = fmin(*ret_low, value);
                *ret_high = fmax(*ret_high, value);
        }
}

static void draw_points(
        struct text *t, const struct bands *bands, const struct plot_point *points, size_t n)
{
        struct proportion shares[BANDS_MAX];

        for (size_t b = 0; b < bands->count; b++)
                shares[b] = proportion_of(b, n > b ? n : b, 0.95);
        plot_distribution(t, bands, shares, points, n);
}

static void draws_each_distance(void **state)
{
        const struct plot_point points[] = {
                {"first", 0.75, OUTCOME_PASS},
                {"second", 0.75, OUTCOME_DRIFT},
                {"<b>&\"third\"", 1.9, OUTCOME_FAIL},
                {"unknown", NAN, OUTCOME_UNMEASURED},
                {"negative", -0.3, OUTCOME_PASS},
        };
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_text_ struct text t = {0};
        double low, high;

        assert_return_code(bands_default(NULL, &bands), 0);
        draw_points(&t, &bands, points, ARRAY_SIZE(points));
        assert_svg(&t);
        /* Each outcome has its shape: two marks are circles, and the legend's one. */
        assert_int_equal(count(&t, "<circle class=\"mark pass\""), 3);
        assert_int_equal(count(&t, "<path class=\"mark drift\""), 2);
        assert_int_equal(count(&t, "<path class=\"mark fail\""), 2);
        assert_int_equal(count(&t, "unmeasured"), 0);
        assert_int_equal(count(&t, "<title>first: 0.7500, pass</title>"), 1);
        assert_int_equal(count(&t, "<title>&lt;b&gt;&amp;&quot;third&quot;: 1.9000, fail"), 1);
        assert_int_equal(count(&t, "<rect class=\"region\""), 4);
        assert_int_equal(count(&t, ">good 1/5</text>"), 1);
        range_of(&t, " cx=\"", &low, &high);
        assert_true(low > 0 && high < PLOT_WIDTH);
        range_of(&t, " cy=\"", &low, &high);
        assert_true(low > 0 && high < 300);
}

/* A dot must not be seen in another band than its distance lies in. */
static void keeps_to_its_side_of_a_border(void **state)
{
        _cleanup_(bands_done) struct bands bands = {0};

        assert_return_code(bands_default(NULL, &bands), 0);
        for (int i = -20; i < 20; i++) {
                const double value = 1 + 0.0005 * (i + 0.5);
                const struct plot_point points[] = {{"a", value, OUTCOME_PASS},
                        {"b", 0.2, OUTCOME_FAIL}, {"c", 1.7 + 0.0003 * i, OUTCOME_FAIL}};
                _cleanup_text_ struct text t = {0};
                const char *p;
                double x, border;

                draw_points(&t, &bands, points, ARRAY_SIZE(points));
                p = strstr(text_string(&t), " cx=\"");
                assert_non_null(p);
                x = strtod(p + 5, NULL);
                /* The second of three borders. */
                p = strstr(strstr(text_string(&t), "\"border\" x1=") + 1, "\"border\" x1=\"");
                assert_non_null(p);
                border = strtod(p + 13, NULL);
                assert_true(value < 1 ? x <= border : x >= border);
        }
}

static void draws_nothing_of_nothing(void **state)
{
        const struct plot_point points[] = {{"a", NAN, OUTCOME_UNMEASURED}};
        const struct plot_row rows[] = {{"a", NAN, NAN, NAN, NAN, NAN, NAN, NAN, OUTCOME_UNMEASURED,
                MOVED_NOT, MOVED_NOT, false}};
        const struct plot_moment moments[] = {{START, NAN, NAN}, {START + 1, NAN, NAN}};
        const struct plot_moment one[] = {{START, 1, 1}, {START, 1, 1}};
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_text_ struct text t = {0};

        assert_return_code(bands_default(NULL, &bands), 0);
        draw_points(&t, &bands, points, 1);
        draw_points(&t, &bands, points, 0);
        plot_intervals(&t, &bands, rows, 1);
        plot_intervals(&t, &bands, rows, 0);
        plot_course(&t, &bands, moments, 2);
        plot_course(&t, &bands, moments, 0);
        plot_course(&t, &bands, one, 2);
        plot_course(&t, &bands, one, 1);
        assert_int_equal(t.size, 0);
}

static void turns_crowds_into_bars(void **state)
{
        struct plot_point points[3000];
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_text_ struct text t = {0};
        double low, high;

        assert_return_code(bands_default(NULL, &bands), 0);
        for (size_t i = 0; i < ARRAY_SIZE(points); i++)
                points[i] =
                        (struct plot_point){"q", 0.9 + 0.0001 * (double)(i % 100), OUTCOME_PASS};
        draw_points(&t, &bands, points, ARRAY_SIZE(points));
        assert_svg(&t);
        assert_int_equal(count(&t, "<circle"), 0);
        assert_in_range(count(&t, "<rect class=\"bar\""), 1, 3);
        range_of(&t, "height=\"", &low, &high);
        assert_true(high <= 150);
}

/* Names of fifteen narrow bands must not end the drawing. */
static void places_many_bands(void **state)
{
        struct band band[BANDS_MAX];
        struct bands bands = {.bands = band, .count = BANDS_MAX};
        const struct plot_point points[] = {{"a", 0.5, OUTCOME_PASS}};
        _cleanup_text_ struct text t = {0};
        double low, high;

        for (size_t b = 0; b < BANDS_MAX; b++)
                band[b] = (struct band){(char *)"a-rather-long-name",
                        b + 1 < BANDS_MAX ? 0.1f * (float)b : INFINITY};
        draw_points(&t, &bands, points, 1);
        assert_svg(&t);
        assert_int_equal(count(&t, "<rect class=\"region\""), BANDS_MAX);
        range_of(&t, "<text x=\"", &low, &high);
        assert_true(low >= 0 && high <= PLOT_WIDTH);
        band[0].below = INFINITY;
        bands.count = 1;
        text_clear(&t);
        draw_points(&t, &bands, points, 1);
        assert_svg(&t);
}

static void draws_each_row(void **state)
{
        struct plot_row rows[80] = {
                {"up", 0.9, 0.005, 0.85, 0.96, 0.95, 0.05, 0, OUTCOME_DRIFT, MOVED_UP, MOVED_NOT,
                        true},
                {"down", 0.9, 0.02, 0.85, 0.9, 0.8, -0.1, 0, OUTCOME_PASS, MOVED_DOWN, MOVED_NOT,
                        true},
                {"no baseline <i>", NAN, NAN, 0.7, 0.7, 0.7, NAN, NAN, OUTCOME_FAIL, MOVED_NOT,
                        MOVED_NOT, false},
                {"not measured", 0.9, 0.005, NAN, NAN, NAN, NAN, NAN, OUTCOME_UNMEASURED, MOVED_NOT,
                        MOVED_NOT, false},
                {"deeper", 0.9, 0.005, 0.9, 0.9, 0.9, 0, 0.04, OUTCOME_PASS, MOVED_NOT, MOVED_UP,
                        true},
        };
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_text_ struct text t = {0};
        double low, high;

        assert_return_code(bands_default(NULL, &bands), 0);
        plot_intervals(&t, &bands, rows, 5);
        assert_svg(&t);
        assert_int_equal(count(&t, "<g><title>"), 5);
        assert_int_equal(count(&t, "▲ mean +0.0400"), 1);
        assert_int_equal(count(&t, "▲ +0.0500"), 1);
        assert_int_equal(count(&t, "▼ -0.1000"), 1);
        assert_int_equal(count(&t, ">no baseline</text>"), 1);
        assert_int_equal(count(&t, ">not measured</text>"), 2);
        assert_int_equal(count(&t, "no baseline &lt;i&gt;"), 2);
        /* Four boxes and the legend's. */
        assert_int_equal(count(&t, "<rect class=\"tau\""), 5);
        range_of(&t, " x1=\"", &low, &high);
        assert_true(low > 0 && high < PLOT_WIDTH);
        for (size_t i = 5; i < ARRAY_SIZE(rows); i++)
                rows[i] = rows[0];
        text_clear(&t);
        plot_intervals(&t, &bands, rows, ARRAY_SIZE(rows));
        assert_svg(&t);
        assert_int_equal(count(&t, "<g><title>"), PLOT_ROWS_MAX);
}

static void draws_the_course(void **state)
{
        struct plot_moment moments[] = {
                {START, 0.8, 1.0},
                {START + USEC_PER_HOUR, 0.8, 1.05},
                {START + 2 * USEC_PER_HOUR, NAN, NAN},
                {START + 3 * USEC_PER_HOUR, 0.9, 0.91},
        };
        _cleanup_(bands_done) struct bands bands = {0};
        _cleanup_text_ struct text t = {0};

        assert_return_code(bands_default(NULL, &bands), 0);
        plot_course(&t, &bands, moments, ARRAY_SIZE(moments));
        assert_svg(&t);
        assert_int_equal(count(&t, ">worst 0.9100</text>"), 1);
        assert_int_equal(count(&t, ">median 0.9000</text>"), 1);
        assert_int_equal(count(&t, ">11-23 02:00</text>"), 1);
        assert_int_equal(count(&t, ">11-23 05:00</text>"), 1);
        assert_int_equal(count(&t, "<path class=\"median\""), 1);
        assert_int_equal(count(&t, "<path class=\"worst\""), 1);
        /* Two pieces of each line, with a gap between. */
        assert_int_equal(count(&t, "h.1"), 4);
        moments[3].worst = NAN;
        text_clear(&t);
        plot_course(&t, &bands, moments, ARRAY_SIZE(moments));
        assert_svg(&t);
        assert_int_equal(count(&t, ">worst "), 0);
        /* Minutes would be the same at several places of a short course. */
        moments[0].at = moments[ARRAY_SIZE(moments) - 1].at - 4 * USEC_PER_MINUTE;
        for (size_t i = 1; i + 1 < ARRAY_SIZE(moments); i++)
                moments[i].at = moments[0].at + i;
        text_clear(&t);
        plot_course(&t, &bands, moments, ARRAY_SIZE(moments));
        assert_int_equal(count(&t, ">04:57:00</text>"), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(draws_each_distance),
                cmocka_unit_test(keeps_to_its_side_of_a_border),
                cmocka_unit_test(draws_nothing_of_nothing),
                cmocka_unit_test(turns_crowds_into_bars),
                cmocka_unit_test(places_many_bands),
                cmocka_unit_test(draws_each_row),
                cmocka_unit_test(draws_the_course),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
