/* SPDX-License-Identifier: Apache-2.0 */

#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/* What fits into Prometheus' signed 64 bits of nanoseconds. */
#define DURATION_MAX ((usec_t)(INT64_MAX / 1000))

static const struct unit {
        const char *name;
        usec_t usec;
        bool whole_only; /* written only when nothing is left over: 10d, not 1w3d */
} units[] = {
        {"y", 365 * USEC_PER_DAY, true},
        {"w", 7 * USEC_PER_DAY, true},
        {"d", USEC_PER_DAY, false},
        {"h", USEC_PER_HOUR, false},
        {"m", USEC_PER_MINUTE, false},
        {"s", USEC_PER_SEC, false},
        {"ms", USEC_PER_MSEC, false},
};

/* Reads digits; stops counting (and sets *overflow) when they exceed 64 bits. */
static const char *read_digits(const char *s, uint64_t *ret, bool *overflow)
{
        uint64_t value = 0;

        for (; isdigit((unsigned char)*s); s++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                        __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
                        *overflow = true;
        *ret = value;
        return s;
}

/* Index of the unit at `s` whose name is `length` letters long, ARRAY_SIZE(units) when unknown. */
static size_t find_unit(const char *s, size_t length)
{
        size_t i = 0;

        while (i < ARRAY_SIZE(units) &&
                (strlen(units[i].name) != length || memcmp(units[i].name, s, length) != 0))
                i++;
        return i;
}

int duration_parse(const char *s, usec_t *ret)
{
        bool overflow = false;
        usec_t total = 0;
        size_t next = 0;

        if (streq(s, "0")) {
                *ret = 0;
                return 0;
        }
        if (*s == '\0')
                return -EINVAL;
        while (*s) {
                const char *digits = s;
                size_t length = 0, unit;
                uint64_t value;
                usec_t part;

                s = read_digits(s, &value, &overflow);
                while (isalpha((unsigned char)s[length]))
                        length++;
                unit = find_unit(s, length);
                if (s == digits || unit < next || unit == ARRAY_SIZE(units))
                        return -EINVAL;
                if (__builtin_mul_overflow(value, units[unit].usec, &part) ||
                        __builtin_add_overflow(total, part, &total))
                        overflow = true;
                next = unit + 1;
                s += length;
        }
        if (overflow || total > DURATION_MAX)
                return -ERANGE;
        *ret = total;
        return 0;
}

char *duration_format(char *buffer, size_t size, usec_t duration)
{
        usec_t left = duration - duration % USEC_PER_MSEC;
        size_t used = 0;

        (void)snprintf(buffer, size, "0s");
        for (size_t i = 0; i < ARRAY_SIZE(units) && left > 0; i++) {
                usec_t count = left / units[i].usec;
                int n;

                if (count == 0 || (units[i].whole_only && left % units[i].usec != 0))
                        continue;
                n = snprintf(buffer + used, size - used, "%llu%s", (unsigned long long)count,
                        units[i].name);
                used = MIN(used + (size_t)MAX(n, 0), size - 1);
                left -= count * units[i].usec;
        }
        return buffer;
}

char *time_format(char *buffer, size_t size, usec_t realtime)
{
        time_t seconds = (time_t)(realtime / USEC_PER_SEC);
        unsigned milliseconds = (unsigned)(realtime % USEC_PER_SEC / USEC_PER_MSEC);
        char fraction[8] = "";
        struct tm tm;

        if (!gmtime_r(&seconds, &tm)) {
                (void)snprintf(buffer, size, "%llds", (long long)seconds);
                return buffer;
        }
        if (milliseconds > 0)
                (void)snprintf(fraction, sizeof(fraction), ".%03u", milliseconds % 1000);
        (void)snprintf(buffer, size, "%04lld-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900LL,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
        return buffer;
}

/* ".25" as 250000; digits beyond microseconds are dropped. NULL when a digit is missing. */
static const char *read_fraction(const char *s, usec_t *ret)
{
        usec_t unit = USEC_PER_SEC / 10, value = 0;

        if (!isdigit((unsigned char)*s))
                return NULL;
        for (; isdigit((unsigned char)*s); s++, unit /= 10)
                value += (usec_t)(*s - '0') * unit;
        *ret = value;
        return s;
}

static int seconds_parse(const char *s, usec_t *ret)
{
        bool overflow = false;
        usec_t seconds, fraction = 0, total;

        s = read_digits(s, &seconds, &overflow);
        if (*s == '.')
                s = read_fraction(s + 1, &fraction);
        if (!s || *s)
                return -EINVAL;
        if (overflow || __builtin_mul_overflow(seconds, USEC_PER_SEC, &total) ||
                __builtin_add_overflow(total, fraction, &total))
                return -ERANGE;
        *ret = total;
        return 0;
}

/* Fills fields from `s` by a pattern: '0' is a digit of the current field, '|' ends the field, any
 * other character stands for itself. NULL when `s` does not match. */
static const char *read_pattern(const char *s, const char *pattern, int *fields)
{
        *fields = 0;
        for (; *pattern; pattern++) {
                if (*pattern == '|') {
                        *++fields = 0;
                        continue;
                }
                if (*pattern == '0' ? !isdigit((unsigned char)*s) : *s != *pattern)
                        return NULL;
                if (*pattern == '0')
                        *fields = *fields * 10 + (*s - '0');
                s++;
        }
        return s;
}

/* "Z" or "+01:30" as seconds east of UTC; NULL when it is neither, or more follows. */
static const char *read_offset(const char *s, long *ret)
{
        bool west = *s == '-';
        int fields[2];

        *ret = 0;
        if (*s == 'Z' || *s == 'z')
                return s[1] ? NULL : s + 1;
        if (*s != '+' && !west)
                return NULL;
        s = read_pattern(s + 1, "00:|00", fields);
        if (!s || *s || fields[0] > 23 || fields[1] > 59)
                return NULL;
        *ret = (west ? -60L : 60L) * (fields[0] * 60L + fields[1]);
        return s;
}

int time_parse(const char *s, usec_t *ret)
{
        int fields[6]; /* year, month, day, hour, minute, second */
        usec_t fraction = 0, seconds;
        const char *p;
        long offset;
        struct tm tm;
        time_t t;

        if (isdigit((unsigned char)*s) && s[strspn(s, "0123456789.")] == '\0')
                return seconds_parse(s, ret);
        p = read_pattern(s, "0000-|00-|00", fields);
        if (!p || (*p != 'T' && *p != 't'))
                return -EINVAL;
        p = read_pattern(p + 1, "00:|00:|00", fields + 3);
        if (p && *p == '.')
                p = read_fraction(p + 1, &fraction);
        if (!p || !read_offset(p, &offset))
                return -EINVAL;
        /* 60 is a leap second: timegm() carries it over to the next minute, as POSIX time does. */
        if (fields[3] > 23 || fields[4] > 59 || fields[5] > 60 || fields[2] < 1 || fields[1] < 1)
                return -EINVAL;
        tm = (struct tm){
                .tm_year = fields[0] - 1900, .tm_mon = fields[1] - 1, .tm_mday = fields[2]};
        t = timegm(&tm);
        if (tm.tm_mon != fields[1] - 1 || tm.tm_mday != fields[2])
                return -EINVAL;
        t += fields[3] * 3600L + fields[4] * 60L + fields[5] - offset;
        if (t < 0)
                return -ERANGE;
        seconds = (usec_t)t;
        *ret = seconds * USEC_PER_SEC + fraction;
        return 0;
}
