/* SPDX-License-Identifier: Apache-2.0 */
#include "zone_rule.h"

#include <ctype.h>
#include <time.h>

#define HOUR 3600L
#define DAY (24 * HOUR)
/* RFC 8536, 3.3.1. */
#define HOURS_MAX 167
/* Of POSIX; what is farther away is no place on earth. */
#define OFFSET_HOURS_MAX 24

static const char *read_number(const char *s, int most, int *ret)
{
        int value = 0;

        if (!s || !isdigit((unsigned char)*s))
                return NULL;
        for (; isdigit((unsigned char)*s); s++) {
                value = value * 10 + (*s - '0');
                if (value > most)
                        return NULL;
        }
        *ret = value;
        return s;
}

/* "CET" or "<+03>", three characters or more. */
static const char *read_name(const char *s)
{
        const char *begin = s;

        if (*s == '<') {
                s += strcspn(s, ">");
                return *s == '>' && s - begin > 3 ? s + 1 : NULL;
        }
        while (isalpha((unsigned char)*s))
                s++;
        return s - begin >= 3 ? s : NULL;
}

/* "-1", "5:30", "+167:00:00" in seconds. */
static const char *read_time(const char *s, int hours_max, long *ret)
{
        int hours = 0, minutes = 0, seconds = 0;
        bool negative;

        if (!s)
                return NULL;
        negative = *s == '-';
        s = read_number(s + (*s == '-' || *s == '+'), hours_max, &hours);
        if (s && *s == ':')
                s = read_number(s + 1, 59, &minutes);
        if (s && *s == ':')
                s = read_number(s + 1, 59, &seconds);
        *ret = (negative ? -1 : 1) * (hours * HOUR + minutes * 60L + seconds);
        return s;
}

static const char *read_weekday(const char *s, struct zone_day *ret)
{
        s = read_number(s, 12, &ret->month);
        if (!s || *s != '.')
                return NULL;
        s = read_number(s + 1, 5, &ret->week);
        if (!s || *s != '.')
                return NULL;
        s = read_number(s + 1, 6, &ret->day);
        return ret->month > 0 && ret->week > 0 ? s : NULL;
}

static const char *read_day(const char *s, struct zone_day *ret)
{
        if (!s || *s != ',')
                return NULL;
        s++;
        ret->kind = *s == 'J' || *s == 'M' ? *s : 'n';
        ret->time = 2 * HOUR;
        if (ret->kind == 'M')
                s = read_weekday(s + 1, ret);
        else
                s = read_number(s + (ret->kind == 'J'), 365, &ret->day);
        if (ret->kind == 'J' && ret->day == 0)
                return NULL;
        return s && *s == '/' ? read_time(s + 1, HOURS_MAX, &ret->time) : s;
}

bool zone_rule_parse(const char *text, struct zone_rule *ret)
{
        struct zone_rule rule = {0};
        const char *s = read_name(text);

        s = read_time(s, OFFSET_HOURS_MAX, &rule.standard);
        if (!s)
                return false;
        rule.standard = -rule.standard; /* POSIX counts to the west */
        rule.summer = rule.standard + HOUR;
        rule.changes = *s != '\0';
        if (rule.changes) {
                s = read_name(s);
                if (s && *s != ',') {
                        s = read_time(s, OFFSET_HOURS_MAX, &rule.summer);
                        rule.summer = -rule.summer;
                }
                s = read_day(s, &rule.begin);
                s = read_day(s, &rule.end);
        }
        if (!s || *s)
                return false;
        *ret = rule;
        return true;
}

/* Midnight of that day, as if the clocks there showed UTC. */
static int64_t midnight(int year, int month, int day)
{
        struct tm tm = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = day};

        return timegm(&tm);
}

/* The week-th such weekday of the month; the fifth is the last. */
static int64_t weekday_of(const struct zone_day *d, int year)
{
        struct tm tm = {.tm_year = year - 1900, .tm_mon = d->month - 1, .tm_mday = 1};
        int64_t first = timegm(&tm), next = midnight(year, d->month, 1), found;

        found = first + ((d->day - tm.tm_wday + 7) % 7 + 7 * (d->week - 1)) * DAY;
        return found < next ? found : found - 7 * DAY;
}

static bool is_leap(int year)
{
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t local_time(const struct zone_day *d, int year)
{
        bool after_february;

        if (d->kind == 'M')
                return weekday_of(d, year) + d->time;
        if (d->kind == 'n')
                return midnight(year, 0, 1) + d->day * DAY + d->time;
        after_february = d->day > 59 && is_leap(year);
        return midnight(year, 0, 1) + (d->day - 1 + after_february) * DAY + d->time;
}

int64_t zone_rule_begin(const struct zone_rule *rule, int year)
{
        return local_time(&rule->begin, year) - rule->standard;
}

int64_t zone_rule_end(const struct zone_rule *rule, int year)
{
        return local_time(&rule->end, year) - rule->summer;
}
