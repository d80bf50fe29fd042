/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "duration.h"
#include "judge/bootstrap.h"
#include "text.h"
#include "zone.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

struct change {
        int64_t time;
        unsigned type;
};

static void put(struct text *t, uint64_t value, unsigned size)
{
        while (size-- > 0) {
                char byte = (char)(value >> (8 * size));

                text_append_bytes(t, &byte, 1);
        }
}

static void put_part(struct text *t, unsigned time_size, const struct change *changes,
        uint32_t count, const int32_t *offsets, uint32_t offset_count, uint32_t leaps)
{
        const uint32_t counts[] = {0, 0, leaps, count, offset_count, 4};

        text_append(t, "TZif2");
        put(t, 0, 15 - 8);
        put(t, 0, 8);
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
                put(t, counts[i], 4);
        for (uint32_t i = 0; i < count; i++)
                put(t, (uint64_t)changes[i].time, time_size);
        for (uint32_t i = 0; i < count; i++)
                put(t, changes[i].type, 1);
        for (uint32_t i = 0; i < offset_count; i++) {
                put(t, (uint32_t)offsets[i], 4);
                put(t, 0, 2);
        }
        text_append_bytes(t, "CET", 4);
        for (uint32_t i = 0; i < leaps; i++) {
                put(t, 78796800, time_size);
                put(t, 1, 4);
        }
}

/* As tzdata writes it since 2020: hardly anything but the rule. */
static void build(struct text *t, const struct change *changes, uint32_t count,
        const int32_t *offsets, uint32_t offset_count, const char *rule)
{
        put_part(t, 4, NULL, 0, (const int32_t[]){0}, 1, 0);
        put_part(t, 8, changes, count, offsets, offset_count, 0);
        text_appendf(t, "\n%s\n", rule);
}

static struct zone *parse(const struct text *t)
{
        _cleanup_error_ struct error e = {0};
        struct zone *z = NULL;

        if (zone_parse(t->data, t->size, &z, &e) < 0)
                fail_msg("%s", e.message);
        return z;
}

static struct zone *from_rule(const char *rule)
{
        _cleanup_text_ struct text t = {0};

        build(&t, NULL, 0, (const int32_t[]){3600}, 1, rule);
        return parse(&t);
}

static int64_t at(const char *time)
{
        usec_t usec = 0;

        assert_int_equal(time_parse(time, &usec), 0);
        return (int64_t)(usec / USEC_PER_SEC);
}

static void follows_the_rule(void **state)
{
        static const struct {
                const char *rule, *time;
                long offset;
                const char *next; /* NULL: none */
        } rows[] = {
                {BERLIN, "2026-03-29T00:59:59Z", 3600, "2026-03-29T01:00:00Z"},
                {BERLIN, "2026-03-29T01:00:00Z", 7200, "2026-10-25T01:00:00Z"},
                {BERLIN, "2026-10-25T00:59:59Z", 7200, "2026-10-25T01:00:00Z"},
                {BERLIN, "2026-10-25T01:00:00Z", 3600, "2027-03-28T01:00:00Z"},
                {BERLIN, "2199-12-31T00:00:00Z", 3600, NULL},
                {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18000, "2026-03-08T07:00:00Z"},
                {"EST5EDT,M3.2.0,M11.1.0", "2026-07-01T00:00:00Z", -14400, "2026-11-01T06:00:00Z"},
                {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 39600,
                        "2026-04-04T16:00:00Z"},
                {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-06-01T00:00:00Z", 36000,
                        "2026-10-03T16:00:00Z"},
                {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200,
                        "2026-03-29T01:00:00Z"},
                {"<+0530>-5:30", "2026-03-29T00:00:00Z", 19800, NULL},
                {"LHST-10:30LHDT-11,M10.1.0,M4.1.0", "2026-01-01T00:00:00Z", 39600,
                        "2026-04-04T15:00:00Z"},
                {"AAA0BBB,J60,J300", "2024-02-29T12:00:00Z", 0, "2024-03-01T02:00:00Z"},
                {"AAA0BBB,J60,J300", "2026-02-28T12:00:00Z", 0, "2026-03-01T02:00:00Z"},
                {"AAA0BBB,59,300/26", "2024-02-28T12:00:00Z", 0, "2024-02-29T02:00:00Z"},
                {"AAA0BBB,59,300/26", "2026-03-01T02:00:00Z", 3600, "2026-10-29T01:00:00Z"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(zone_freep) struct zone *z = from_rule(rows[i].rule);
                int64_t time = at(rows[i].time);

                if (zone_offset(z, time) != rows[i].offset)
                        fail_msg("%s %s: %ld", rows[i].rule, rows[i].time, zone_offset(z, time));
                assert_int_equal(zone_next(z, time), rows[i].next ? at(rows[i].next) : INT64_MAX);
        }
}

static void goes_on_after_the_last_change(void **state)
{
        static const struct change changes[] = {{-2000000000, 0}, {1000000000, 1}, {1750000000, 0}};
        static const int32_t offsets[] = {3600, 7200};
        _cleanup_text_ struct text t = {0};
        _cleanup_(zone_freep) struct zone *z = NULL;

        build(&t, changes, ARRAY_SIZE(changes), offsets, ARRAY_SIZE(offsets), BERLIN);
        z = parse(&t);
        assert_int_equal(zone_offset(z, -3000000000), 3600);
        assert_int_equal(zone_offset(z, 999999999), 3600);
        assert_int_equal(zone_offset(z, 1000000000), 7200);
        assert_int_equal(zone_next(z, 1000000000), 1750000000);
        assert_int_equal(zone_next(z, 1750000000), at("2025-10-26T01:00:00Z"));
}

static void nothing_is_utc(void **state)
{
        struct zone *z = (struct zone *)&z;

        assert_int_equal(zone_load("UTC", &z, NULL), 0);
        assert_null(z);
        assert_int_equal(zone_offset(z, 1800000000), 0);
        assert_int_equal(zone_next(z, 1800000000), INT64_MAX);
}

static void assert_refused(const struct text *t, const char *why)
{
        _cleanup_error_ struct error e = {0};
        struct zone *z = NULL;

        assert_int_equal(zone_parse(text_string(t), t->size, &z, &e), -EBADMSG);
        assert_null(z);
        if (!strstr(e.message, why))
                fail_msg("\"%s\", not \"%s\"", e.message, why);
}

static void refuses_rules_that_are_none(void **state)
{
        static const char *const rules[] = {"CET", "C1", "CET-25", "CET-1CEST", "CET-1CEST,M3.5.0",
                "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M0.1.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0",
                "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
                "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,J0,J300", "CET-1CEST,366,1",
                "CET-1CEST,M3.5.0,M10.5.0x", "<+0-1", "CET-1:60", "CET-1CE,M3.5.0,M10.5.0",
                "CET-99999999999999999999", ",", "CET-1CEST,M3.5,M10.5.0"};

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                _cleanup_text_ struct text t = {0};

                build(&t, NULL, 0, (const int32_t[]){0}, 1, rules[i]);
                assert_refused(&t, "ends with a rule that is none of POSIX");
        }
}

static void refuses_what_is_wrong(void **state)
{
        static const struct {
                struct change changes[2];
                int32_t offsets[1];
                const char *why;
        } rows[] = {
                {{{5, 0}, {5, 0}}, {0}, "not in their order"},
                {{{6, 0}, {5, 0}}, {0}, "not in their order"},
                {{{5, 0}, {6, 1}}, {0}, "a change to no type of time"},
                {{{5, 0}, {6, 0}}, {93600}, "has no type of time that could be one"},
                {{{5, 0}, {6, 0}}, {-90000}, "has no type of time that could be one"},
        };
        _cleanup_text_ struct text leaps = {0};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_text_ struct text t = {0};

                build(&t, rows[i].changes, 2, rows[i].offsets, 1, BERLIN);
                assert_refused(&t, rows[i].why);
        }
        put_part(&leaps, 4, NULL, 0, (const int32_t[]){0}, 1, 0);
        put_part(&leaps, 8, NULL, 0, (const int32_t[]){0}, 1, 1);
        text_append(&leaps, "\n\n");
        assert_refused(&leaps, "counts leap seconds");
}

/* Cut anywhere, or with any byte another one: an error, or some zone; never more. */
static void damaged_files_are_harmless(void **state)
{
        static const struct change changes[] = {{1000000000, 1}, {1700000000, 0}};
        static const int32_t offsets[] = {3600, 7200};
        _cleanup_text_ struct text t = {0};
        uint64_t seed = 11;

        build(&t, changes, 2, offsets, 2, BERLIN);
        for (size_t size = 0; size < t.size; size++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_free_ char *copy = malloc(size + 1);
                struct zone *z = NULL;

                memcpy(copy, t.data, size);
                copy = realloc(copy, MAX(size, (size_t)1)); /* so that a byte too far is noticed */
                assert_int_equal(zone_parse(copy, size, &z, &e), -EBADMSG);
        }
        for (int i = 0; i < 20000; i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_(zone_freep) struct zone *z = NULL;
                _cleanup_free_ char *copy = malloc(t.size);

                memcpy(copy, t.data, t.size);
                for (int k = 0; k < 3; k++)
                        copy[bootstrap_next(&seed) % t.size] = (char)bootstrap_next(&seed);
                if (zone_parse(copy, t.size, &z, &e) >= 0)
                        (void)zone_offset(z, zone_next(z, 1500000000));
                else
                        assert_non_null(e.message);
        }
}

static void refuses_names_that_lead_elsewhere(void **state)
{
        static const char *const names[] = {"", "/etc/localtime", "../../etc/localtime",
                "Europe/../UTC", "Europe//Berlin", "Europe/", ".", "Europe/.hidden", "a b",
                "Ünited", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_error_ struct error e = {0};
                struct zone *z = NULL;

                assert_int_equal(zone_load(names[i], &z, &e), -EINVAL);
                assert_non_null(strstr(e.message, "is no name of a time zone"));
        }
}

static void tells_which_zone_is_missing(void **state)
{
        _cleanup_error_ struct error e = {0}, directory = {0};
        struct zone *z = NULL;

        assert_int_equal(zone_load("Europe/Berln", &z, &e), -ENOENT);
        assert_non_null(strstr(e.message, "there is no time zone \"Europe/Berln\""));
        assert_true(zone_load("Europe", &z, &directory) < 0);
        assert_non_null(directory.message);
}

/* The C library reads the same files. */
static void agrees_with_the_c_library(void **state)
{
        static const char *const names[] = {"Europe/Berlin", "Europe/London", "Europe/Dublin",
                "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Tehran",
                "Australia/Lord_Howe", "Africa/Casablanca", "America/Nuuk", "Pacific/Apia",
                "Etc/GMT+5"};
        uint64_t seed = 5;

        if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) < 0)
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(zone_freep) struct zone *z = NULL;
                _cleanup_error_ struct error e = {0};

                if (zone_load(names[i], &z, &e) < 0)
                        fail_msg("%s", e.message);
                assert_int_equal(setenv("TZ", names[i], 1), 0);
                tzset();
                for (int k = 0; k < 2000; k++) {
                        time_t t = (time_t)(bootstrap_next(&seed) % 4102444800); /* until 2100 */
                        struct tm tm;

                        assert_non_null(localtime_r(&t, &tm));
                        if (zone_offset(z, t) != tm.tm_gmtoff)
                                fail_msg("%s at %lld: %ld, not %ld", names[i], (long long)t,
                                        zone_offset(z, t), tm.tm_gmtoff);
                }
        }
        (void)unsetenv("TZ");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(follows_the_rule),
                cmocka_unit_test(goes_on_after_the_last_change),
                cmocka_unit_test(nothing_is_utc),
                cmocka_unit_test(refuses_rules_that_are_none),
                cmocka_unit_test(refuses_what_is_wrong),
                cmocka_unit_test(damaged_files_are_harmless),
                cmocka_unit_test(refuses_names_that_lead_elsewhere),
                cmocka_unit_test(tells_which_zone_is_missing),
                cmocka_unit_test(agrees_with_the_c_library),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
