/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "duration.h"

static void parses_durations(void **state)
{
        static const struct {
                const char *s;
                int r;
                usec_t usec;
        } cases[] = {
                {"0", 0, 0},
                {"0s", 0, 0},
                {"30s", 0, 30 * USEC_PER_SEC},
                {"5m", 0, 5 * USEC_PER_MINUTE},
                {"250ms", 0, 250 * USEC_PER_MSEC},
                {"1h30m", 0, 90 * USEC_PER_MINUTE},
                {"1h30m15s250ms", 0, 5415250 * USEC_PER_MSEC},
                {"7d", 0, 7 * USEC_PER_DAY},
                {"1w", 0, 7 * USEC_PER_DAY},
                {"1y2w", 0, 379 * USEC_PER_DAY},
                {"90m", 0, 90 * USEC_PER_MINUTE},
                {"292y", 0, 292 * 365 * USEC_PER_DAY},
                {"293y", -ERANGE, 0},
                {"9223372036854775807s", -ERANGE, 0},
                {"99999999999999999999999s", -ERANGE, 0},
                {"18446744073709551617ms", -ERANGE, 0},
                {"292y9223372036854ms", -ERANGE, 0},
                {"", -EINVAL, 0},
                {"5", -EINVAL, 0},
                {"00", -EINVAL, 0},
                {"-1s", -EINVAL, 0},
                {"+1s", -EINVAL, 0},
                {"1.5s", -EINVAL, 0},
                {"1m1h", -EINVAL, 0},
                {"1m1m", -EINVAL, 0},
                {"1ms1s", -EINVAL, 0},
                {"1h30", -EINVAL, 0},
                {"s", -EINVAL, 0},
                {"1 s", -EINVAL, 0},
                {"1s ", -EINVAL, 0},
                {" 1s", -EINVAL, 0},
                {"1S", -EINVAL, 0},
                {"1us", -EINVAL, 0},
                {"1sec", -EINVAL, 0},
                {"soon", -EINVAL, 0},
                {"99999999999999999999999x", -EINVAL, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                usec_t usec = 12345;
                int r = duration_parse(cases[i].s, &usec);

                if (r != cases[i].r || usec != (r == 0 ? cases[i].usec : 12345))
                        fail_msg("%s: %d, %ju", cases[i].s, r, (uintmax_t)usec);
        }
}

static void formats_durations(void **state)
{
        static const struct {
                usec_t usec;
                const char *s;
        } cases[] = {
                {0, "0s"},
                {999, "0s"},
                {1000, "1ms"},
                {1500999, "1s500ms"},
                {30 * USEC_PER_SEC, "30s"},
                {90 * USEC_PER_MINUTE, "1h30m"},
                {USEC_PER_DAY, "1d"},
                {7 * USEC_PER_DAY, "1w"},
                {10 * USEC_PER_DAY, "10d"},
                {365 * USEC_PER_DAY, "1y"},
                {366 * USEC_PER_DAY, "366d"},
                {100 * USEC_PER_DAY + USEC_PER_SEC, "100d1s"},
        };
        char buffer[DURATION_TEXT_MAX], small[4];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_string_equal(
                        duration_format(buffer, sizeof(buffer), cases[i].usec), cases[i].s);
        assert_true(strlen(duration_format(buffer, sizeof(buffer), USEC_INFINITY)) > 10);
        assert_string_equal(duration_format(small, sizeof(small), 90 * USEC_PER_MINUTE), "1h3");
}

static void durations_survive_the_way_back(void **state)
{
        for (usec_t usec = 1000; usec < 290 * 365 * USEC_PER_DAY; usec += usec / 7 + 1000) {
                char buffer[DURATION_TEXT_MAX];
                usec_t again = 0;

                assert_int_equal(
                        duration_parse(duration_format(buffer, sizeof(buffer), usec), &again), 0);
                assert_int_equal(again, usec - usec % 1000);
        }
}

static void formats_times(void **state)
{
        static const struct {
                usec_t usec;
                const char *s;
        } cases[] = {
                {0, "1970-01-01T00:00:00Z"},
                {1795399200 * USEC_PER_SEC, "2026-11-23T02:00:00Z"},
                {1795399200 * USEC_PER_SEC + 250 * USEC_PER_MSEC, "2026-11-23T02:00:00.250Z"},
                {1795399200 * USEC_PER_SEC + 999, "2026-11-23T02:00:00Z"},
                {951782400 * USEC_PER_SEC, "2000-02-29T00:00:00Z"},
                {USEC_INFINITY, "586524-01-19T08:01:49.551Z"},
        };
        char buffer[TIME_TEXT_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_string_equal(time_format(buffer, sizeof(buffer), cases[i].usec), cases[i].s);
}

static void parses_times(void **state)
{
        static const struct {
                const char *s;
                int r;
                usec_t usec;
        } cases[] = {
                {"1970-01-01T00:00:00Z", 0, 0},
                {"2026-11-23T02:00:00Z", 0, 1795399200000000},
                {"2026-11-23t02:00:00z", 0, 1795399200000000},
                {"2026-11-23T02:00:00.25Z", 0, 1795399200250000},
                {"2026-11-23T02:00:00.1234567Z", 0, 1795399200123456},
                {"2026-11-23T03:30:00+01:30", 0, 1795399200000000},
                {"2026-11-22T21:00:00-05:00", 0, 1795399200000000},
                {"2016-12-31T23:59:60Z", 0, 1483228800000000},
                {"2000-02-29T00:00:00Z", 0, 951782400000000},
                {"1795399200", 0, 1795399200000000},
                {"1795399200.5", 0, 1795399200500000},
                {"0", 0, 0},
                {"1969-12-31T23:59:59Z", -ERANGE, 0},
                {"1970-01-01T00:00:00+00:01", -ERANGE, 0},
                {"99999999999999", -ERANGE, 0},
                {"99999999999999999999999", -ERANGE, 0},
                {"", -EINVAL, 0},
                {"now", -EINVAL, 0},
                {"-1", -EINVAL, 0},
                {"1.", -EINVAL, 0},
                {"1.2.3", -EINVAL, 0},
                {".5", -EINVAL, 0},
                {"1e9", -EINVAL, 0},
                {"2026-11-23", -EINVAL, 0},
                {"2026-11-23T02:00:00", -EINVAL, 0},
                {"2026-11-23T02:00Z", -EINVAL, 0},
                {"2026-11-23T02:00:00.Z", -EINVAL, 0},
                {"2026-11-23T02:00:00Zx", -EINVAL, 0},
                {"2026-11-23T02:00:00+0100", -EINVAL, 0},
                {"2026-11-23T02:00:00+01:00x", -EINVAL, 0},
                {"2026-11-23T02:00:00+24:00", -EINVAL, 0},
                {"2026-11-23T02:00:00+01:60", -EINVAL, 0},
                {"2026-1-23T02:00:00Z", -EINVAL, 0},
                {"2026-13-01T02:00:00Z", -EINVAL, 0},
                {"2026-00-01T02:00:00Z", -EINVAL, 0},
                {"2026-11-31T02:00:00Z", -EINVAL, 0},
                {"2026-11-00T02:00:00Z", -EINVAL, 0},
                {"2026-02-29T00:00:00Z", -EINVAL, 0},
                {"2026-11-23T24:00:00Z", -EINVAL, 0},
                {"2026-11-23T02:60:00Z", -EINVAL, 0},
                {"2026-11-23T02:00:61Z", -EINVAL, 0},
                {"2026-11-23 02:00:00Z", -EINVAL, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                usec_t usec = 12345;
                int r = time_parse(cases[i].s, &usec);

                if (r != cases[i].r || usec != (r == 0 ? cases[i].usec : 12345))
                        fail_msg("%s: %d, %ju", cases[i].s, r, (uintmax_t)usec);
        }
}

static void times_survive_the_way_back(void **state)
{
        for (usec_t usec = 0; usec < 8000 * 365 * USEC_PER_DAY; usec += 9876543 * USEC_PER_SEC) {
                char buffer[TIME_TEXT_MAX];
                usec_t again = 1;

                assert_int_equal(time_parse(time_format(buffer, sizeof(buffer), usec), &again), 0);
                assert_int_equal(again, usec);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parses_durations),
                cmocka_unit_test(formats_durations),
                cmocka_unit_test(durations_survive_the_way_back),
                cmocka_unit_test(formats_times),
                cmocka_unit_test(parses_times),
                cmocka_unit_test(times_survive_the_way_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
