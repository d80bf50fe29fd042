/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/calendar.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#define DAY 86400
#define MINUTES_A_DAY (24 * 60)
#define WORD_MAX 24

static const char *const weekdays[] = {
        "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", NULL};
static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july",
        "august", "september", "october", "november", "december", NULL};

static const struct {
        const char *kind, *example; /* for messages */
        const char *const *names; /* the first means `named` */
        int named, min, max; /* the last two of numbers; equal: there are none */
        bool from_end; /* -max to -1 are counted from the end */
} fields[CALENDAR_FIELD_COUNT] = {
        [CALENDAR_WEEKDAYS] = {"day of the week", "monday:friday", weekdays, 0, 0, 0, false},
        [CALENDAR_DAYS] = {"day of a month", "1:5 or -3:-1", NULL, 0, 1, 31, true},
        [CALENDAR_MONTHS] = {"month", "may:august or 12", months, 1, 1, 12, false},
        [CALENDAR_YEARS] = {"year", "2026:2028", NULL, 0, 1970, ZONE_YEAR_MAX, false},
};

void calendar_done(struct calendar *c)
{
        for (size_t i = 0; i < c->count; i++)
                zone_free(c->intervals[i].zone);
        free(c->intervals);
        free(c->name);
        *c = (struct calendar){0};
}

static int add(struct calendar_spans *spans, int first, int last, struct error *e)
{
        if (spans->count == CALENDAR_SPANS_MAX)
                return error_set(e, -EINVAL, "more than %d of them", CALENDAR_SPANS_MAX);
        spans->spans[spans->count++] = (struct calendar_span){first, last};
        return 0;
}

static bool read_number(const char *s, int *ret)
{
        bool negative = *s == '-';
        size_t digits = strspn(s + negative, "0123456789");
        int value = 0;

        if (digits == 0 || digits > 4 || s[negative + digits])
                return false;
        for (size_t i = 0; i < digits; i++)
                value = value * 10 + (s[negative + i] - '0');
        *ret = negative ? -value : value;
        return true;
}

static bool read_word(enum calendar_field f, const char *word, int *ret)
{
        for (int i = 0; fields[f].names && fields[f].names[i]; i++)
                if (strcasecmp(fields[f].names[i], word) == 0) {
                        *ret = fields[f].named + i;
                        return true;
                }
        if (!read_number(word, ret) || fields[f].min == fields[f].max)
                return false;
        return (*ret >= fields[f].min && *ret <= fields[f].max) ||
                (fields[f].from_end && *ret >= -fields[f].max && *ret < 0);
}

/* A day that is counted from the end is the earlier one in the longest month. */
static bool backwards(enum calendar_field f, int first, int last)
{
        int length = fields[f].max + 1;

        if (first < 0 && last > 0)
                return true;
        return (first < 0 ? first + length : first) > (last < 0 ? last + length : last);
}

int calendar_add_span(
        struct calendar_interval *i, enum calendar_field field, const char *text, struct error *e)
{
        char first[WORD_MAX], last[WORD_MAX];
        const char *colon = strchr(text, ':');
        size_t length = colon ? (size_t)(colon - text) : strlen(text);
        int from, to;

        (void)snprintf(first, sizeof(first), "%.*s", (int)MIN(length, sizeof(first)), text);
        (void)snprintf(last, sizeof(last), "%s", colon ? colon + 1 : first);
        if (length >= sizeof(first) || (colon && strlen(colon + 1) >= sizeof(last)) ||
                !read_word(field, first, &from) || !read_word(field, last, &to))
                return error_set(e, -EINVAL, "\"%.60s\" is no %s or range of them, such as %s",
                        text, fields[field].kind, fields[field].example);
        if (backwards(field, from, to))
                return error_set(
                        e, -EINVAL, "\"%s\" ends before it begins; write two ranges instead", text);
        return add(&i->fields[field], from, to, e);
}

/* "09:00" in minutes. */
static bool read_minute(const char *s, int *ret)
{
        int hours, minutes;

        if (strlen(s) != 5 || s[2] != ':')
                return false;
        for (size_t i = 0; i < 5; i++)
                if (i != 2 && !isdigit((unsigned char)s[i]))
                        return false;
        hours = (s[0] - '0') * 10 + (s[1] - '0');
        minutes = (s[3] - '0') * 10 + (s[4] - '0');
        *ret = hours * 60 + minutes;
        return minutes < 60 && *ret <= MINUTES_A_DAY;
}

int calendar_add_times(
        struct calendar_interval *i, const char *start, const char *end, struct error *e)
{
        int from, to;

        if (!read_minute(start, &from) || !read_minute(end, &to))
                return error_set(e, -EINVAL,
                        "\"%.20s\" to \"%.20s\" is no time of day, from 00:00 to 24:00", start,
                        end);
        if (from >= to)
                return error_set(e, -EINVAL,
                        "%s is not before %s; what goes over midnight is two ranges, the first one "
                        "until 24:00",
                        start, end);
        return add(&i->fields[CALENDAR_TIMES], from, to - 1, e);
}

/* A day of the calendar; its weekday is 0 on Sundays. */
struct date {
        int year, month, day, weekday, month_length;
};

/* Of days since 1970, which was a Thursday (E. G. Richards, Mapping Time, 1998: a year that begins
 * in March has its leap day at its end). The C library takes ten times as long for it, and a year
 * of days is looked at. */
static struct date date_of(int64_t days)
{
        int64_t from_era = days + 719468, era = from_era / 146097, in_era = from_era % 146097;
        int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
        int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
        int month = (int)(5 * in_year + 2) / 153; /* 0 is March */
        struct date d = {
                .year = (int)(year + era * 400) + (month >= 10),
                .month = month + (month < 10 ? 3 : -9),
                .day = (int)in_year - (153 * month + 2) / 5 + 1,
                .weekday = (int)((days + 4) % 7),
        };
        bool leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;

        d.month_length = d.month == 2 ? 28 + leap : 30 + (d.month + d.month / 8) % 2;
        return d;
}

static bool spans_have(const struct calendar_spans *spans, int value)
{
        for (size_t i = 0; i < spans->count; i++)
                if (value >= spans->spans[i].first && value <= spans->spans[i].last)
                        return true;
        return spans->count == 0;
}

/* As Alertmanager does: a day that a month does not have is its last, but nothing begins there. */
static bool days_have(const struct calendar_spans *spans, const struct date *d)
{
        for (size_t i = 0; i < spans->count; i++) {
                int first = spans->spans[i].first, last = spans->spans[i].last;

                first = first < 0 ? first + d->month_length + 1 : first;
                last = last < 0 ? last + d->month_length + 1 : last;
                if (d->day >= first && d->day <= last)
                        return true;
        }
        return spans->count == 0;
}

static bool day_holds(const struct calendar_interval *i, const struct date *d)
{
        return spans_have(&i->fields[CALENDAR_YEARS], d->year) &&
                spans_have(&i->fields[CALENDAR_MONTHS], d->month) &&
                spans_have(&i->fields[CALENDAR_WEEKDAYS], d->weekday) &&
                days_have(&i->fields[CALENDAR_DAYS], d);
}

/* Whether it holds, and until when that cannot change. */
struct look {
        bool holds;
        int64_t until;
};

/* The next second of the day at which one of the times begins or ends: midnight, if not before. */
static int next_second(const struct calendar_spans *times, int second)
{
        int next = DAY;

        for (size_t k = 0; k < times->count; k++) {
                int first = times->spans[k].first * 60, end = (times->spans[k].last + 1) * 60;

                next = first > second ? MIN(next, first) : next;
                next = end > second ? MIN(next, end) : next;
        }
        return next;
}

/* As long as the zone has no change, local time goes on as UTC does. */
static struct look look_at(const struct calendar_interval *i, int64_t now)
{
        const struct calendar_spans *times = &i->fields[CALENDAR_TIMES];
        int64_t local = MAX(now + zone_offset(i->zone, now), (int64_t)0);
        int second = (int)(local % DAY);
        struct date date = date_of(local / DAY);
        bool today = day_holds(i, &date);
        int next = today ? next_second(times, second) : DAY;

        return (struct look){
                .holds = today && spans_have(times, second / 60),
                .until = MIN(zone_next(i->zone, now), now + next - second),
        };
}

static struct look look(const struct calendar *c, int64_t now)
{
        struct look all = {false, INT64_MAX};

        for (size_t i = 0; i < c->count; i++) {
                struct look one = look_at(&c->intervals[i], now);

                all.holds = all.holds || one.holds;
                all.until = MIN(all.until, one.until);
        }
        return all;
}

/* A time that nobody can have is one that dates can be counted for. */
static int64_t seconds(usec_t now)
{
        return (int64_t)MIN(now / USEC_PER_SEC, (usec_t)1 << 40);
}

bool calendar_holds(const struct calendar *c, usec_t now)
{
        return look(c, seconds(now)).holds;
}

usec_t calendar_next(const struct calendar *c, usec_t now)
{
        int64_t until = seconds(now + CALENDAR_AHEAD_MAX), at;
        struct look first = look(c, seconds(now)), next = first;

        while (next.until <= until) {
                at = next.until;
                next = look(c, at);
                if (next.holds != first.holds)
                        return (usec_t)at * USEC_PER_SEC;
        }
        return USEC_INFINITY;
}
