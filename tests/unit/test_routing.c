/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "tell/routing.h"

enum { NIGHT, WEEKEND, ALWAYS, NEVER, CALENDARS };

static struct calendar calendar(const char *name, const char *start, const char *end,
        const char *weekday, const char *years)
{
        struct calendar c = {strdup(name), calloc(1, sizeof(*c.intervals)), 1};

        if (start)
                assert_int_equal(calendar_add_times(c.intervals, start, end, NULL), 0);
        if (weekday)
                assert_int_equal(
                        calendar_add_span(c.intervals, CALENDAR_WEEKDAYS, weekday, NULL), 0);
        if (years)
                assert_int_equal(calendar_add_span(c.intervals, CALENDAR_YEARS, years, NULL), 0);
        return c;
}

/* A branch of the tree below; those that follow and are deeper are within it. */
struct row {
        unsigned depth;
        const char *matchers, *receiver; /* NULL: that of the branch around it */
        bool goes_on;
        const char *mute, *active; /* digits: places of calendars */
};

static void set_calendars(struct branch_calendars *c, const char *digits)
{
        c->places = calloc(8, sizeof(*c->places));
        for (; digits && *digits; digits++)
                c->places[c->count++] = (size_t)(*digits - '0');
}

/* Makes the branches within `b` of the rows of its depth; yields how many rows they took. */
static size_t grow(struct branch *b, const struct row *rows, size_t count, unsigned depth)
{
        size_t i = 0;

        b->branches = calloc(count + 1, sizeof(*b->branches));
        while (i < count && rows[i].depth == depth) {
                struct branch *inner = &b->branches[b->count++];

                inner->receiver = strdup(rows[i].receiver ? rows[i].receiver : b->receiver);
                inner->goes_on = rows[i].goes_on;
                assert_int_equal(matchers_parse(&inner->matchers, rows[i].matchers, NULL), 0);
                set_calendars(&inner->mute, rows[i].mute);
                set_calendars(&inner->active, rows[i].active);
                i++;
                i += grow(inner, &rows[i], count - i, depth + 1);
        }
        return i;
}

static struct routing make(const struct row *rows, size_t count)
{
        struct routing r = {
                .calendars = calloc(CALENDARS, sizeof(*r.calendars)), .calendar_count = CALENDARS};

        r.calendars[NIGHT] = calendar("night", "00:00", "07:00", NULL, NULL);
        r.calendars[WEEKEND] = calendar("weekend", NULL, NULL, "saturday", NULL);
        r.calendars[ALWAYS] = calendar("always", NULL, NULL, NULL, NULL);
        r.calendars[NEVER] = calendar("never", NULL, NULL, NULL, "1971");
        r.root.receiver = strdup("default");
        assert_int_equal(grow(&r.root, rows, count, 0), count);
        return r;
}

static void assert_routed(
        const struct routing *r, const char *labels, const char *now, const char *expected)
{
        _cleanup_(recipients_done) struct recipients found = {0};
        _cleanup_(matchers_done) struct matchers pairs = {0};
        _cleanup_(labels_done) struct labels l = {0};
        _cleanup_text_ struct text t = {0};
        usec_t at = 0;

        assert_int_equal(matchers_parse(&pairs, labels, NULL), 0);
        for (size_t i = 0; i < pairs.count; i++)
                assert_int_equal(
                        labels_set(&l, pairs.matchers[i].name, pairs.matchers[i].value), 0);
        assert_int_equal(time_parse(now, &at), 0);
        assert_int_equal(routing_find(r, &l, at, &found), 0);
        for (size_t i = 0; i < found.count; i++)
                text_appendf(&t, "%s%s%s%s", i > 0 ? "; " : "", found.routed[i].receiver,
                        found.routed[i].reason ? " " : "",
                        found.routed[i].reason ? found.routed[i].reason : "");
        if (!streq(text_string(&t), expected))
                fail_msg("%s at %s: \"%s\", not \"%s\"", labels, now, text_string(&t), expected);
}

#define DAY_TIME "2026-11-26T12:00:00Z" /* a Thursday */

static void follows_the_first_that_matches(void **state)
{
        static const struct row rows[] = {
                {0, "severity=critical", "pager", false},
                {1, "collection=docs", "docs-pager", false},
                {1, "collection=~wiki.*", NULL, true},
                {1, "collection=wiki-2", "wiki", false},
                {0, "severity=warning", "mail", true},
                {1, "collection=docs", "docs-mail", false},
                {0, "collection=docs", "docs", false},
                {0, "collection=docs", "never", false},
                {0, "team=\"\",collection=shop", "shop", true},
        };
        static const struct {
                const char *labels, *receivers;
        } cases[] = {
                {"severity=critical", "pager"},
                {"severity=critical,collection=docs", "docs-pager"},
                {"severity=critical,collection=wiki", "pager"},
                {"severity=critical,collection=wiki-2", "pager; wiki"},
                {"severity=critical,collection=shop", "pager"},
                {"severity=warning", "mail"},
                {"severity=warning,collection=docs", "docs-mail; docs"},
                {"severity=warning,collection=other", "mail"},
                {"severity=info,collection=docs", "docs"},
                {"severity=info", "default"},
                {"collection=shop", "shop"},
                {"collection=shop,team=a", "default"},
                {"severity=warning,collection=shop", "mail; shop"},
                {"", "default"},
        };
        _cleanup_(routing_done) struct routing r = make(rows, ARRAY_SIZE(rows));

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_routed(&r, *cases[i].labels ? cases[i].labels : "{}", DAY_TIME,
                        cases[i].receivers);
}

static void mutes_in_calendars(void **state)
{
        static const struct row rows[] = {
                {0, "a=1", "night-free", false, "0"},
                {1, "b=1", "not-inherited", false},
                {0, "a=2", "working-days", false, "01"},
                {0, "a=3", "weekend-only", false, NULL, "1"},
                {0, "a=4", "nights-and-weekends", false, NULL, "01"},
                {0, "a=5", "nobody", false, "2"},
                {0, "a=6", "nobody", false, NULL, "3"},
                {0, "a=7", "both", false, "0", "1"},
                {0, "a=8", "never-muted", false, "3", "2"},
                {0, "a=9", "twice", true, "2"},
                {0, "a=9", "twice", true},
                {0, "a=9", "twice", true, "2"},
        };
        static const struct {
                const char *labels, *now, *expected;
        } cases[] = {
                {"a=1", DAY_TIME, "night-free"},
                {"a=1", "2026-11-26T03:00:00Z",
                        "night-free muted by the time interval \"night\" until 2026-11-26T07:00:00Z"},
                {"a=1", "2026-11-26T07:00:00Z", "night-free"},
                {"a=1,b=1", "2026-11-26T03:00:00Z", "not-inherited"},
                {"a=2", "2026-11-26T03:00:00Z",
                        "working-days muted by the time interval \"night\" until 2026-11-26T07:00:00Z"},
                {"a=2", "2026-11-28T12:00:00Z",
                        "working-days muted by the time interval \"weekend\" until 2026-11-29T00:00:00Z"},
                {"a=2", DAY_TIME, "working-days"},
                {"a=3", DAY_TIME,
                        "weekend-only muted outside of the time interval \"weekend\" until "
                        "2026-11-28T00:00:00Z"},
                {"a=3", "2026-11-28T12:00:00Z", "weekend-only"},
                {"a=4", DAY_TIME,
                        "nights-and-weekends muted outside of the time interval \"night\" and "
                        "\"weekend\" until 2026-11-27T00:00:00Z"},
                {"a=4", "2026-11-26T03:00:00Z", "nights-and-weekends"},
                {"a=4", "2026-11-28T12:00:00Z", "nights-and-weekends"},
                {"a=5", DAY_TIME,
                        "nobody muted by the time interval \"always\", for a year at least"},
                {"a=6", DAY_TIME,
                        "nobody muted outside of the time interval \"never\", for a year at least"},
                {"a=7", "2026-11-28T03:00:00Z",
                        "both muted by the time interval \"night\" until 2026-11-28T07:00:00Z"},
                {"a=7", "2026-11-28T08:00:00Z", "both"},
                {"a=8", DAY_TIME, "never-muted"},
                {"a=9", DAY_TIME, "twice"},
        };
        _cleanup_(routing_done) struct routing r = make(rows, ARRAY_SIZE(rows));

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_routed(&r, cases[i].labels, cases[i].now, cases[i].expected);
}

static void says_when_it_changes(void **state)
{
        _cleanup_(routing_done) struct routing r = make(NULL, 0), none = {0};
        usec_t now = 0, next = 0;

        assert_int_equal(time_parse("2026-11-27T12:00:00Z", &now), 0);
        assert_int_equal(time_parse("2026-11-28T00:00:00Z", &next), 0);
        assert_int_equal(routing_next(&r, now), next);
        assert_int_equal(routing_next(&none, now), USEC_INFINITY);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(follows_the_first_that_matches),
                cmocka_unit_test(mutes_in_calendars),
                cmocka_unit_test(says_when_it_changes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
