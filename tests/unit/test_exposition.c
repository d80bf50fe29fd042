/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "show/metrics/exposition.h"

static const struct metric_family counter = {
        "x_requests", METRIC_COUNTER, NULL, "A \"quoted\" help, a \\ and a line\nfeed."};
static const struct metric_family seconds = {"x_age_seconds", METRIC_GAUGE, "seconds", "Age."};
static const struct metric_family build = {"x_build", METRIC_INFO, NULL, "Build."};
static const struct metric_family latency = {
        "x_latency_seconds", METRIC_HISTOGRAM, "seconds", "Latency."};

static void render(struct exposition *x)
{
        static const struct metric_label none = {NULL, NULL};

        exposition_family(x, &counter);
        exposition_sample(
                x, "", metric_labels({"a", "1"}, {"empty", ""}, {"null", NULL}, {"b", "2"}), 3);
        exposition_family(x, &seconds);
        exposition_sample(x, "", &none, 1700000000.123);
        exposition_sample_float(x, metric_labels({"a", "f"}), 0.91968507f);
        exposition_sample_float(x, metric_labels({"a", "inf"}), INFINITY);
        exposition_family(x, &build);
        exposition_sample(x, "", metric_labels({"empty", ""}), 1);
        exposition_family(x, &latency);
        exposition_sample(x, "_bucket", metric_labels({"le", "+Inf"}), 2);
        exposition_sample(x, "_sum", &none, 0.1);
        exposition_sample(x, "_count", &none, 2);
        exposition_end(x);
}

static void writes_text(void **state)
{
        _cleanup_text_ struct text text = {0};
        struct exposition x = {.text = &text, .format = EXPOSITION_TEXT};

        render(&x);
        assert_string_equal(text_string(&text),
                "# TYPE x_requests_total counter\n"
                "# HELP x_requests_total A \"quoted\" help, a \\\\ and a line\\nfeed.\n"
                "x_requests_total{a=\"1\",b=\"2\"} 3\n"
                "# TYPE x_age_seconds gauge\n"
                "# HELP x_age_seconds Age.\n"
                "x_age_seconds 1700000000.123\n"
                "x_age_seconds{a=\"f\"} 0.91968507\n"
                "x_age_seconds{a=\"inf\"} +Inf\n"
                "# TYPE x_build_info gauge\n"
                "# HELP x_build_info Build.\n"
                "x_build_info 1\n"
                "# TYPE x_latency_seconds histogram\n"
                "# HELP x_latency_seconds Latency.\n"
                "x_latency_seconds_bucket{le=\"+Inf\"} 2\n"
                "x_latency_seconds_sum 0.1\n"
                "x_latency_seconds_count 2\n");
}

static void writes_openmetrics(void **state)
{
        _cleanup_text_ struct text text = {0};
        struct exposition x = {.text = &text, .format = EXPOSITION_OPENMETRICS};

        render(&x);
        assert_string_equal(text_string(&text),
                "# TYPE x_requests counter\n"
                "# HELP x_requests A \\\"quoted\\\" help, a \\\\ and a line\\nfeed.\n"
                "x_requests_total{a=\"1\",b=\"2\"} 3\n"
                "# TYPE x_age_seconds gauge\n"
                "# UNIT x_age_seconds seconds\n"
                "# HELP x_age_seconds Age.\n"
                "x_age_seconds 1700000000.123\n"
                "x_age_seconds{a=\"f\"} 0.91968507\n"
                "x_age_seconds{a=\"inf\"} +Inf\n"
                "# TYPE x_build info\n"
                "# HELP x_build Build.\n"
                "x_build_info 1\n"
                "# TYPE x_latency_seconds histogram\n"
                "# UNIT x_latency_seconds seconds\n"
                "# HELP x_latency_seconds Latency.\n"
                "x_latency_seconds_bucket{le=\"+Inf\"} 2\n"
                "x_latency_seconds_sum 0.1\n"
                "x_latency_seconds_count 2\n"
                "# EOF\n");
}

static void escapes_labels(void **state)
{
        static const struct {
                const char *value, *expected;
        } cases[] = {
                {"plain", "plain"},
                {"\"", "\\\""},
                {"a\\b", "a\\\\b"},
                {"a\nb\n", "a\\nb\\n"},
                {"\\n", "\\\\n"},
                {"{},=# ", "{},=# "},
                {"ü\"日本\"𝄞", "ü\\\"日本\\\"𝄞"},
                /* Invalid UTF-8: alone, cut by the end, cut by something that needs escaping,
                   overlong, surrogate. */
                {"\xff", "\xef\xbf\xbd"},
                {"a\xc3", "a\xef\xbf\xbd"},
                {"\xe6\x97\"", "\xef\xbf\xbd\xef\xbf\xbd\\\""},
                {"\xc0\xaf!", "\xef\xbf\xbd\xef\xbf\xbd!"},
                {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                {"\x80\n", "\xef\xbf\xbd\\n"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text text = {0};
                struct exposition x = {.text = &text, .family = &seconds};
                char expected[200];

                (void)snprintf(expected, sizeof(expected), "x_age_seconds{v=\"%s\"} 1\n",
                        cases[i].expected);
                exposition_sample(&x, "", metric_labels({"v", cases[i].value}), 1);
                assert_string_equal(text_string(&text), expected);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_text),
                cmocka_unit_test(writes_openmetrics),
                cmocka_unit_test(escapes_labels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
