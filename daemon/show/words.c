/* SPDX-License-Identifier: Apache-2.0 */
#include "show/words.h"

#include <inttypes.h>
#include <stdio.h>

static struct words number(double x, int decimals, const char *unit)
{
        struct words w = {"unknown"};

        if (fabs(x) < 0.5 * pow(10, -decimals))
                x = 0; /* and no -0 */
        if (!isnan(x))
                (void)snprintf(w.s, sizeof(w.s), "%.*f%s", decimals, x, unit);
        return w;
}

static struct words interval(struct interval i, struct words low, struct words high)
{
        struct words w;

        if (isnan(i.low) && isnan(i.high))
                (void)snprintf(w.s, sizeof(w.s), "not estimable");
        else
                (void)snprintf(w.s, sizeof(w.s), "%.24s to %.24s",
                        isnan(i.low) ? "not estimable" : low.s,
                        isnan(i.high) ? "not estimable" : high.s);
        return w;
}

struct words words_distance(double distance)
{
        return number(distance, 4, "");
}

struct words words_shift(double shift)
{
        struct words w = {"unknown"};

        if (fabs(shift) < 0.00005)
                return (struct words){"0.0000"};
        if (!isnan(shift))
                (void)snprintf(w.s, sizeof(w.s), "%+.4f", shift);
        return w;
}

struct words words_share(double share)
{
        if (share > 0 && share < 0.0005)
                return (struct words){"< 0.1 %"};
        if (share < 1 && share >= 0.9995)
                return (struct words){"> 99.9 %"};
        return number(share * 100, 1, " %");
}

struct words words_interval(struct interval i)
{
        return interval(i, words_distance(i.low), words_distance(i.high));
}

struct words words_shift_interval(struct interval i)
{
        return interval(i, words_shift(i.low), words_shift(i.high));
}

struct words words_share_interval(struct interval i)
{
        return interval(i, words_share(i.low), words_share(i.high));
}

struct words words_probability(double p)
{
        struct words w = {"unknown"};

        if (p < 0.001)
                return (struct words){"< 0.001"};
        if (!isnan(p))
                (void)snprintf(w.s, sizeof(w.s), "= %.3f", p);
        return w;
}

struct words words_time(usec_t t)
{
        struct words w = {"never"};

        if (t > 0)
                time_format(w.s, sizeof(w.s), t / USEC_PER_SEC * USEC_PER_SEC);
        return w;
}

struct words words_age(usec_t then, usec_t now)
{
        static const struct {
                usec_t unit;
                const char *name;
        } units[] = {
                {USEC_PER_DAY, "day"},
                {USEC_PER_HOUR, "hour"},
                {USEC_PER_MINUTE, "minute"},
                {USEC_PER_SEC, "second"},
        };
        usec_t age = now > then ? now - then : 0, n;
        struct words w;
        size_t i = 0;

        while (i + 1 < ARRAY_SIZE(units) && age < units[i].unit)
                i++;
        n = age / units[i].unit;
        (void)snprintf(w.s, sizeof(w.s), "%" PRIu64 " %s%s", n, units[i].name, n == 1 ? "" : "s");
        return w;
}

struct words words_count(int64_t n)
{
        struct words w = {"unknown"};

        if (n >= 0)
                (void)snprintf(w.s, sizeof(w.s), "%" PRId64, n);
        return w;
}
