/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "macro.h"
#include "show/metrics/accept.h"

#define OPENMETRICS "application/openmetrics-text"

static void negotiates_the_format(void **state)
{
        static const struct {
                const char *accept;
                enum exposition_format expected;
        } cases[] = {
                {NULL, EXPOSITION_TEXT},
                {"", EXPOSITION_TEXT},
                /* Prometheus 2.42. */
                {OPENMETRICS ";version=1.0.0," OPENMETRICS
                             ";version=0.0.1;q=0.75,text/plain;version=0.0.4;"
                             "q=0.5,*/*;q=0.1",
                        EXPOSITION_OPENMETRICS},
                /* The same with native histograms. */
                {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                 "encoding=delimited," OPENMETRICS ";version=1.0.0;q=0.8," OPENMETRICS
                 ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                        EXPOSITION_OPENMETRICS},
                /* Prometheus 3. */
                {OPENMETRICS
                        ";version=1.0.0;escaping=allow-utf-8;q=0.6," OPENMETRICS
                        ";version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                        EXPOSITION_OPENMETRICS},
                /* A browser, curl. */
                {"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
                        EXPOSITION_TEXT},
                {"*/*", EXPOSITION_TEXT},
                {"text/*", EXPOSITION_TEXT},
                /* The version decides. */
                {OPENMETRICS, EXPOSITION_OPENMETRICS},
                {OPENMETRICS "; version=0.0.1", EXPOSITION_OPENMETRICS},
                {OPENMETRICS "; version=2.0.0", EXPOSITION_TEXT},
                {OPENMETRICS "; version=\"1.0.0\"; charset=utf-8", EXPOSITION_OPENMETRICS},
                {OPENMETRICS "; VERSION = 1.0.0 ;charset=us-ascii", EXPOSITION_OPENMETRICS},
                {"Application/OpenMetrics-Text", EXPOSITION_OPENMETRICS},
                {"text/plain;version=1.0.0;q=1," OPENMETRICS ";q=0.1", EXPOSITION_OPENMETRICS},
                {"text/plain;version=0.0.4;q=1," OPENMETRICS ";q=0.1", EXPOSITION_TEXT},
                {"application/vnd.google.protobuf", EXPOSITION_TEXT},
                {OPENMETRICS "x", EXPOSITION_TEXT},
                /* The weight does; the first of equals wins; 0 is a refusal. */
                {"text/plain;q=0.4," OPENMETRICS ";q=0.5", EXPOSITION_OPENMETRICS},
                {"text/plain;q=0.5," OPENMETRICS ";q=0.4", EXPOSITION_TEXT},
                {"text/plain;q=0.5," OPENMETRICS ";q=0.5", EXPOSITION_TEXT},
                {OPENMETRICS ";q=0.5,text/plain;q=0.5", EXPOSITION_OPENMETRICS},
                {OPENMETRICS ";q=0.501,text/plain;q=0.5", EXPOSITION_OPENMETRICS},
                {OPENMETRICS ";q=0", EXPOSITION_TEXT},
                {OPENMETRICS ";q=0.000", EXPOSITION_TEXT},
                {"text/plain;q=0," OPENMETRICS ";q=0.1", EXPOSITION_OPENMETRICS},
                /* Malformed weights do not count. */
                {OPENMETRICS ";q=2", EXPOSITION_TEXT},
                {OPENMETRICS ";q=1.5", EXPOSITION_TEXT},
                {OPENMETRICS ";q=-1", EXPOSITION_TEXT},
                {OPENMETRICS ";q=inf", EXPOSITION_TEXT},
                {OPENMETRICS ";q=0x1", EXPOSITION_TEXT},
                {OPENMETRICS ";q=1e0", EXPOSITION_TEXT},
                {OPENMETRICS ";q=", EXPOSITION_TEXT},
                {OPENMETRICS ";q", EXPOSITION_TEXT},
                {OPENMETRICS ";q=1.000", EXPOSITION_OPENMETRICS},
                /* Delimiters within quotes are none. */
                {"x/y;a=\"," OPENMETRICS "\"", EXPOSITION_TEXT},
                {"x/y;a=\"\\\",\"," OPENMETRICS, EXPOSITION_OPENMETRICS},
                {"x/y;a=\"" OPENMETRICS, EXPOSITION_TEXT},
                /* Empty clauses and parameters. */
                {",,;;=;,\t" OPENMETRICS "\t;;version=1.0.0", EXPOSITION_OPENMETRICS},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (accept_exposition(cases[i].accept) != cases[i].expected)
                        fail_msg("%s", cases[i].accept ? cases[i].accept : "(null)");
}

static void reads_only_so_many_clauses(void **state)
{
        char header[4096] = "";
        size_t n = 0;

        for (int i = 0; i < 31; i++)
                n += (size_t)snprintf(header + n, sizeof(header) - n, "a/b%d,", i);
        (void)snprintf(header + n, sizeof(header) - n, OPENMETRICS);
        assert_int_equal(accept_exposition(header), EXPOSITION_OPENMETRICS);
        (void)snprintf(header + n, sizeof(header) - n, "a/c," OPENMETRICS);
        assert_int_equal(accept_exposition(header), EXPOSITION_TEXT);
}

static void negotiates_gzip(void **state)
{
        static const struct {
                const char *accept;
                bool expected;
        } cases[] = {
                {NULL, false},
                {"", false},
                {"gzip", true},
                {"GZIP", true},
                {"x-gzip", true},
                {"identity", false},
                {"gzip, deflate, br", true},
                {"deflate,gzip;q=0.001", true},
                {"gzip;q=0", false},
                {"gzip;q=0, *", false},
                {"*;q=0.5", true},
                {"*;q=0", false},
                {"*, gzip;q=0", false},
                {"*;q=0, gzip", true},
                {"gzipped", false},
                {"gzi", false},
                {"\"gzip\"", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (accept_gzip(cases[i].accept) != cases[i].expected)
                        fail_msg("%s", cases[i].accept ? cases[i].accept : "(null)");
}

static void names_the_formats(void **state)
{
        assert_string_equal(exposition_content_type(EXPOSITION_TEXT),
                "text/plain; version=0.0.4; charset=utf-8");
        assert_string_equal(exposition_content_type(EXPOSITION_OPENMETRICS),
                "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(negotiates_the_format),
                cmocka_unit_test(reads_only_so_many_clauses),
                cmocka_unit_test(negotiates_gzip),
                cmocka_unit_test(names_the_formats),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
