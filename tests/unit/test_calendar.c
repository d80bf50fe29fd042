/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "judge/bootstrap.h"
#include "tell/calendar.h"

/* Whether Europe/Berlin; a row may have one span of each field, times as "09:00-17:00". */
struct row {
        bool berlin;
        const char *times, *weekdays, *days, *months, *years;
};

/* A TZif file that says nothing but its rule: the system's need not be there. */
static struct zone *berlin(void)
{
        static const char file[] =
                "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"
                "\0\0\0\0\0\0"
                "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"
                "\0\0\x0e\x10\0\0"
                "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
        _cleanup_error_ struct error e = {0};
        struct zone *z = NULL;

        if (zone_parse(file, sizeof(file) - 1, &z, &e) < 0)
                fail_msg("%s", e.message);
        return z;
}

static void add_times(struct calendar_interval *i, const char *times)
{
        char start[6] = "", end[6] = "";

        memcpy(start, times, 5);
        memcpy(end, times + 6, 5);
        assert_int_equal(calendar_add_times(i, start, end, NULL), 0);
}

static struct calendar make(const struct row *rows, size_t count)
{
        struct calendar c = {.intervals = calloc(count, sizeof(*c.intervals)), .count = count};

        for (size_t i = 0; i < count; i++) {
                struct calendar_interval *interval = &c.intervals[i];
                const char *const texts[CALENDAR_FIELD_COUNT] = {
                        [CALENDAR_WEEKDAYS] = rows[i].weekdays,
                        [CALENDAR_DAYS] = rows[i].days,
                        [CALENDAR_MONTHS] = rows[i].months,
                        [CALENDAR_YEARS] = rows[i].years};

                interval->zone = rows[i].berlin ? berlin() : NULL;
                if (rows[i].times)
                        add_times(interval, rows[i].times);
                for (enum calendar_field f = 0; f < CALENDAR_FIELD_COUNT; f++)
                        if (texts[f])
                                assert_int_equal(calendar_add_span(interval, f, texts[f], NULL), 0);
        }
        return c;
}

static usec_t at(const char *time)
{
        usec_t usec = 0;

        assert_int_equal(time_parse(time, &usec), 0);
        return usec;
}

static void assert_at(const struct calendar *c, const char *now, bool holds, const char *next)
{
        char found[TIME_TEXT_MAX] = "never";
        usec_t when = calendar_next(c, at(now));

        if (when != USEC_INFINITY)
                (void)time_format(found, sizeof(found), when);
        if (calendar_holds(c, at(now)) != holds || !streq(found, next ? next : "never"))
                fail_msg("%s: %s until %s, not %s until %s", now, holds ? "does not hold" : "holds",
                        found, holds ? "holds" : "does not hold", next ? next : "never");
}

static void knows_when(void **state)
{
        static const struct {
                struct row row;
                const char *now;
                bool holds;
                const char *next; /* NULL: never */
        } rows[] = {
                {{false}, "2026-11-26T08:00:00Z", true, NULL},
                {{false, "09:00-17:00"}, "2026-11-26T08:59:59Z", false, "2026-11-26T09:00:00Z"},
                {{false, "09:00-17:00"}, "2026-11-26T09:00:00Z", true, "2026-11-26T17:00:00Z"},
                {{false, "09:00-17:00"}, "2026-11-26T16:59:59.900Z", true, "2026-11-26T17:00:00Z"},
                {{false, "09:00-17:00"}, "2026-11-26T17:00:00Z", false, "2026-11-27T09:00:00Z"},
                {{false, "22:00-24:00"}, "2026-11-26T23:30:00Z", true, "2026-11-27T00:00:00Z"},
                {{false, "00:00-24:00"}, "2026-11-26T23:30:00Z", true, NULL},
                /* A Thursday. */
                {{false, NULL, "monday:friday"}, "2026-11-26T08:00:00Z", true,
                        "2026-11-28T00:00:00Z"},
                {{false, NULL, "Saturday"}, "2026-11-26T08:00:00Z", false, "2026-11-28T00:00:00Z"},
                {{false, NULL, "sunday:saturday"}, "2026-11-26T08:00:00Z", true, NULL},
                {{false, "09:00-17:00", "monday:friday"}, "2026-11-27T18:00:00Z", false,
                        "2026-11-30T09:00:00Z"},
                /* Days of months, from both ends. */
                {{false, NULL, NULL, "1:5"}, "2026-11-05T23:59:59Z", true, "2026-11-06T00:00:00Z"},
                {{false, NULL, NULL, "-1"}, "2026-11-26T08:00:00Z", false, "2026-11-30T00:00:00Z"},
                {{false, NULL, NULL, "-3:-1"}, "2026-02-25T23:00:00Z", false,
                        "2026-02-26T00:00:00Z"},
                {{false, NULL, NULL, "-3:-1"}, "2024-02-26T23:00:00Z", false,
                        "2024-02-27T00:00:00Z"},
                {{false, NULL, NULL, "1:-1"}, "2026-02-10T00:00:00Z", true, NULL},
                {{false, NULL, NULL, "31"}, "2026-11-01T00:00:00Z", false, "2026-12-31T00:00:00Z"},
                {{false, NULL, NULL, "28:31"}, "2026-02-28T00:00:00Z", true,
                        "2026-03-01T00:00:00Z"},
                {{false, NULL, NULL, "-31"}, "2026-11-01T00:00:00Z", false, "2026-12-01T00:00:00Z"},
                /* Leap days. */
                {{false, NULL, NULL, "29", "february"}, "2028-02-28T12:00:00Z", false,
                        "2028-02-29T00:00:00Z"},
                {{false, NULL, NULL, "29", "february"}, "2028-02-29T12:00:00Z", true,
                        "2028-03-01T00:00:00Z"},
                {{false, NULL, NULL, "29", "february"}, "2026-02-01T00:00:00Z", false, NULL},
                {{false, NULL, NULL, "-1", "2"}, "2027-02-27T12:00:00Z", false,
                        "2027-02-28T00:00:00Z"},
                /* Months and years. */
                {{false, NULL, NULL, NULL, "May:august"}, "2026-11-26T08:00:00Z", false,
                        "2027-05-01T00:00:00Z"},
                {{false, NULL, NULL, NULL, "12"}, "2026-12-26T08:00:00Z", true,
                        "2027-01-01T00:00:00Z"},
                {{false, NULL, NULL, NULL, NULL, "2027:2028"}, "2026-12-31T23:59:59Z", false,
                        "2027-01-01T00:00:00Z"},
                {{false, NULL, NULL, NULL, NULL, "2027:2028"}, "2027-06-01T00:00:00Z", true, NULL},
                {{false, NULL, NULL, NULL, NULL, "2025"}, "2026-12-31T23:59:59Z", false, NULL},
                /* Berlin: local days and hours. */
                {{true, "09:00-17:00"}, "2026-11-26T08:00:00Z", true, "2026-11-26T16:00:00Z"},
                {{true, "09:00-17:00"}, "2026-07-26T08:00:00Z", true, "2026-07-26T15:00:00Z"},
                {{true, NULL, "friday"}, "2026-11-26T22:59:59Z", false, "2026-11-26T23:00:00Z"},
                {{true, NULL, NULL, NULL, NULL, "2027"}, "2026-12-31T12:00:00Z", false,
                        "2026-12-31T23:00:00Z"},
                /* In spring the hour from two to three is none: */
                {{true, "01:30-02:30"}, "2026-03-29T00:45:00Z", true, "2026-03-29T01:00:00Z"},
                {{true, "02:00-03:00"}, "2026-03-29T00:30:00Z", false, "2026-03-30T00:00:00Z"},
                {{true, "02:30-03:30"}, "2026-03-29T00:30:00Z", false, "2026-03-29T01:00:00Z"},
                {{true, "02:30-03:30"}, "2026-03-29T01:00:00Z", true, "2026-03-29T01:30:00Z"},
                {{true, NULL, "sunday"}, "2026-03-29T00:00:00Z", true, "2026-03-29T22:00:00Z"},
                /* in autumn it is twice. */
                {{true, "02:00-03:00"}, "2026-10-25T00:00:00Z", true, "2026-10-25T02:00:00Z"},
                {{true, "02:30-03:00"}, "2026-10-25T00:45:00Z", true, "2026-10-25T01:00:00Z"},
                {{true, "02:30-03:00"}, "2026-10-25T01:00:00Z", false, "2026-10-25T01:30:00Z"},
                {{true, NULL, "sunday"}, "2026-10-25T00:00:00Z", true, "2026-10-25T23:00:00Z"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(calendar_done) struct calendar c = make(&rows[i].row, 1);

                assert_at(&c, rows[i].now, rows[i].holds, rows[i].next);
        }
}

/* From the evening to the morning, and the whole weekend: what goes over midnight is two. */
static void one_interval_is_enough(void **state)
{
        static const struct row rows[] = {{true, "18:00-24:00"}, {true, "00:00-08:00"},
                {true, NULL, "saturday"}, {true, NULL, "sunday"}};
        _cleanup_(calendar_done) struct calendar c = make(rows, ARRAY_SIZE(rows));
        _cleanup_(calendar_done) struct calendar none = {0};

        assert_at(&c, "2026-11-26T12:00:00Z", false, "2026-11-26T17:00:00Z");
        assert_at(&c, "2026-11-26T17:00:00Z", true, "2026-11-27T07:00:00Z");
        assert_at(&c, "2026-11-27T17:00:00Z", true, "2026-11-30T07:00:00Z");
        assert_at(&none, "2026-11-27T17:00:00Z", false, NULL);
}

/* Minute by minute it is what was said to come next. */
static void next_is_the_first_change(void **state)
{
        static const struct row rows[] = {{true, "02:10-02:50", "sunday"},
                {true, NULL, NULL, "-2", "3:10"}, {false, "01:20-04:00"}};
        _cleanup_(calendar_done) struct calendar c = make(rows, ARRAY_SIZE(rows));
        uint64_t seed = 3;

        for (int i = 0; i < 300; i++) {
                usec_t now = at("2026-01-01T00:00:00Z") +
                        bootstrap_next(&seed) % (400 * 1440) * USEC_PER_MINUTE;
                usec_t minute = now, next = calendar_next(&c, now);
                bool was = calendar_holds(&c, now);

                while (calendar_holds(&c, minute) == was)
                        minute += USEC_PER_MINUTE;
                assert_int_equal(next, minute);
        }
}

/* Each day until 2199 has the date that the C library gives it. */
static void dates_are_those_of_the_c_library(void **state)
{
        uint64_t seed = 17;

        for (int i = 0; i < 20000; i++) {
                time_t t = (time_t)(bootstrap_next(&seed) % (229 * 31556952ULL));
                struct calendar_interval interval = {0};
                struct calendar c = {NULL, &interval, 1};
                struct calendar_span *span;
                struct tm tm;

                assert_non_null(gmtime_r(&t, &tm));
                const int fields[CALENDAR_FIELD_COUNT] = {
                        [CALENDAR_TIMES] = tm.tm_hour * 60 + tm.tm_min,
                        [CALENDAR_WEEKDAYS] = tm.tm_wday,
                        [CALENDAR_DAYS] = tm.tm_mday,
                        [CALENDAR_MONTHS] = tm.tm_mon + 1,
                        [CALENDAR_YEARS] = tm.tm_year + 1900};

                for (enum calendar_field f = 0; f < CALENDAR_FIELD_COUNT; f++) {
                        span = &interval.fields[f].spans[interval.fields[f].count++];
                        span->first = span->last = fields[f];
                }
                assert_true(calendar_holds(&c, (usec_t)t * USEC_PER_SEC));
                span = &interval.fields[CALENDAR_DAYS].spans[0];
                tm.tm_mon++;
                tm.tm_mday = 0;
                (void)timegm(&tm); /* the last day of the month */
                span->first = span->last = fields[CALENDAR_DAYS] - tm.tm_mday - 1;
                assert_true(calendar_holds(&c, (usec_t)t * USEC_PER_SEC));
        }
}

static void refuses_with_the_reason(void **state)
{
        static const struct {
                enum calendar_field field;
                const char *text, *why;
        } rows[] = {
                {CALENDAR_WEEKDAYS, "mon",
                        "\"mon\" is no day of the week or range of them, such as"},
                {CALENDAR_WEEKDAYS, "1:5", "is no day of the week"},
                {CALENDAR_WEEKDAYS, "0", "is no day of the week"},
                {CALENDAR_WEEKDAYS, "friday:monday", "\"friday:monday\" ends before it begins"},
                {CALENDAR_WEEKDAYS, "", "is no day of the week"},
                {CALENDAR_WEEKDAYS, "monday:", "is no day of the week"},
                {CALENDAR_WEEKDAYS, "monday:tuesday:friday", "is no day of the week"},
                {CALENDAR_DAYS, "0", "is no day of a month"},
                {CALENDAR_DAYS, "32", "is no day of a month"},
                {CALENDAR_DAYS, "-32", "is no day of a month"},
                {CALENDAR_DAYS, "5:1", "ends before it begins"},
                {CALENDAR_DAYS, "-1:-3", "ends before it begins"},
                {CALENDAR_DAYS, "-3:5", "ends before it begins"},
                {CALENDAR_DAYS, "first", "is no day of a month"},
                {CALENDAR_MONTHS, "13", "is no month"},
                {CALENDAR_MONTHS, "-1", "is no month"},
                {CALENDAR_MONTHS, "jan", "is no month"},
                {CALENDAR_MONTHS, "october:march", "ends before it begins"},
                {CALENDAR_YEARS, "26", "is no year"},
                {CALENDAR_YEARS, "99999999999", "is no year"},
                {CALENDAR_YEARS, "2028:2027", "ends before it begins"},
        };
        static const struct {
                const char *start, *end, *why;
        } times[] = {
                {"9:00", "17:00", "is no time of day"},
                {"09:00", "24:01", "is no time of day"},
                {"09:60", "17:00", "is no time of day"},
                {"09.00", "17:00", "is no time of day"},
                {"-9:00", "17:00", "is no time of day"},
                {"22:00", "06:00", "22:00 is not before 06:00; what goes over midnight is two"},
                {"09:00", "09:00", "09:00 is not before 09:00"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows) + ARRAY_SIZE(times); i++) {
                struct calendar_interval interval = {0};
                _cleanup_error_ struct error e = {0};
                bool time = i >= ARRAY_SIZE(rows);
                size_t k = time ? i - ARRAY_SIZE(rows) : i;
                int r = time ? calendar_add_times(&interval, times[k].start, times[k].end, &e)
                             : calendar_add_span(&interval, rows[k].field, rows[k].text, &e);

                assert_int_equal(r, -EINVAL);
                if (!strstr(e.message, time ? times[k].why : rows[k].why))
                        fail_msg("\"%s\"", e.message);
        }
}

static void is_bounded(void **state)
{
        struct calendar_interval interval = {0};
        _cleanup_error_ struct error e = {0};

        for (int i = 0; i < CALENDAR_SPANS_MAX; i++)
                assert_int_equal(calendar_add_span(&interval, CALENDAR_DAYS, "1", NULL), 0);
        assert_int_equal(calendar_add_span(&interval, CALENDAR_DAYS, "1", &e), -EINVAL);
        assert_string_equal(e.message, "more than 16 of them");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_when),
                cmocka_unit_test(one_interval_is_enough),
                cmocka_unit_test(next_is_the_first_change),
                cmocka_unit_test(dates_are_those_of_the_c_library),
                cmocka_unit_test(refuses_with_the_reason),
                cmocka_unit_test(is_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
