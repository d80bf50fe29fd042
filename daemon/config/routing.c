/* SPDX-License-Identifier: Apache-2.0 */
#include "config/routing.h"

#include <errno.h>
#include <stdio.h>

#define KEY_MAX 64

struct building {
        const struct schema_reader *reader;
        const struct alerting_config *config;
        struct routing *routing;
        size_t branches;
};

/* Whether the i-th entry of a list is a string; the table has complained when it is not. The key of
 * its place is written to `key`. */
static const char *entry(
        const struct yaml_node *list, size_t i, const char *name, char *key, size_t size)
{
        (void)snprintf(key, size, "%s[%zu]", name, i);
        return list->values[i]->kind == YAML_SCALAR ? list->values[i]->scalar : NULL;
}

/* -ENOMEM is the caller's, everything else a complaint. */
static int complain(const struct building *b, const struct schema_place *place, const char *key,
        const struct yaml_node *node, int r, const struct error *e)
{
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                schema_error(b->reader, place, key, node, "%s", error_text(e, r));
        return 0;
}

static bool too_many(const struct building *b, const struct schema_place *place, const char *key,
        const struct yaml_node *list, size_t max)
{
        if (!list || list->count <= max)
                return false;
        schema_error(b->reader, place, key, list, "has %zu entries, at most %zu are allowed",
                list->count, max);
        return true;
}

static int build_spans(const struct building *b, const struct interval_keys *keys,
        enum calendar_field field, const char *name, const struct yaml_node *list,
        struct calendar_interval *ret)
{
        int r = 0;

        if (!list || too_many(b, &keys->place, name, list, CALENDAR_SPANS_MAX))
                return 0;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                _cleanup_error_ struct error e = {0};
                char key[KEY_MAX];
                const char *text = entry(list, i, name, key, sizeof(key));

                if (!text)
                        continue;
                r = calendar_add_span(ret, field, text, &e);
                r = complain(b, &keys->place, key, list->values[i], r, &e);
        }
        return r;
}

static int build_times(
        const struct building *b, const struct schema_list *list, struct calendar_interval *ret)
{
        const struct times_keys *keys = list->items;
        int r = 0;

        for (size_t i = 0; r == 0 && i < list->count; i++) {
                _cleanup_error_ struct error e = {0};

                if (!keys[i].start || !keys[i].end)
                        continue;
                r = calendar_add_times(ret, keys[i].start, keys[i].end, &e);
                r = complain(b, &keys[i].place, NULL, NULL, r, &e);
        }
        return r;
}

static int build_interval(
        const struct building *b, const struct interval_keys *keys, struct calendar_interval *ret)
{
        const struct {
                enum calendar_field field;
                const char *name;
                const struct yaml_node *list;
        } rows[] = {
                {CALENDAR_WEEKDAYS, "weekdays", keys->weekdays},
                {CALENDAR_DAYS, "days_of_month", keys->days},
                {CALENDAR_MONTHS, "months", keys->months},
                {CALENDAR_YEARS, "years", keys->years},
        };
        _cleanup_error_ struct error e = {0};
        int r = build_times(b, &keys->times, ret);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
                r = build_spans(b, keys, rows[i].field, rows[i].name, rows[i].list, ret);
        if (r < 0)
                return r;
        r = zone_load(keys->location, &ret->zone, &e);
        return complain(b, &keys->place, "location", NULL, r, &e);
}

/* With more of them, looking for the next change would take the loop's time. */
static void check_times(const struct building *b, const struct calendar_keys *keys)
{
        const struct interval_keys *intervals = keys->intervals.items;
        size_t count = 0;

        for (size_t i = 0; i < keys->intervals.count; i++)
                count += intervals[i].times.count;
        if (count > CALENDAR_TIMES_MAX)
                schema_error(b->reader, &keys->place, NULL, NULL,
                        "has %zu times of the day in all, at most %d are allowed", count,
                        CALENDAR_TIMES_MAX);
}

static int build_calendar(
        const struct building *b, const struct calendar_keys *keys, struct calendar *ret)
{
        const struct interval_keys *intervals = keys->intervals.items;
        int r = strdup_to(&ret->name, keys->name);

        if (keys->intervals.count == 0)
                schema_error(b->reader, &keys->place, NULL, NULL,
                        "is never the time; give it time_intervals");
        check_times(b, keys);
        ret->intervals = calloc(keys->intervals.count + 1, sizeof(*ret->intervals));
        if (!ret->intervals)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < keys->intervals.count; i++)
                r = build_interval(b, &intervals[i], &ret->intervals[ret->count++]);
        return r;
}

static int build_calendars(const struct building *b, const struct schema_list *list)
{
        const struct calendar_keys *keys = list->items;
        struct routing *routing = b->routing;
        int r = schema_unique(
                b->reader, list, sizeof(*keys), "name", offsetof(struct calendar_keys, name));

        routing->calendars = calloc(list->count + 1, sizeof(*routing->calendars));
        if (!routing->calendars)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < list->count; i++)
                r = build_calendar(b, &keys[i], &routing->calendars[routing->calendar_count++]);
        return r;
}

/* Place of the name among `names`, `count` when it is none; complains then. */
static size_t find(const struct building *b, const struct schema_place *place, const char *key,
        const struct yaml_node *node, const char *what, const char *name, const char *const *names,
        size_t count)
{
        char hint[SCHEMA_HINT_MAX];
        size_t i = 0;

        while (i < count && !streq(names[i], name))
                i++;
        if (i == count)
                schema_error(b->reader, place, key, node, "there is no %s \"%.200s\"%s", what, name,
                        schema_hint(hint, sizeof(hint), name, names, count));
        return i;
}

static int build_names(const struct building *b, const struct branch_keys *keys, const char *name,
        const struct yaml_node *list, struct branch_calendars *ret)
{
        const struct routing *routing = b->routing;
        const char *names[ROUTING_CALENDARS_MAX];
        size_t count = 0;

        if (!list || too_many(b, &keys->place, name, list, ROUTING_CALENDARS_MAX))
                return 0;
        for (size_t i = 0; i < routing->calendar_count; i++)
                if (routing->calendars[i].name)
                        names[count++] = routing->calendars[i].name;
        ret->places = calloc(list->count + 1, sizeof(*ret->places));
        if (!ret->places)
                return -ENOMEM;
        for (size_t i = 0; i < list->count; i++) {
                char key[KEY_MAX];
                const char *text = entry(list, i, name, key, sizeof(key));
                size_t place = !text ? count
                                     : find(b, &keys->place, key, list->values[i], "time interval",
                                               text, names, count);

                if (place < count)
                        ret->places[ret->count++] = place;
        }
        return 0;
}

static int build_matchers(
        const struct building *b, const struct branch_keys *keys, struct matchers *ret)
{
        const struct yaml_node *list = keys->matchers;
        int r = 0;

        if (!list || too_many(b, &keys->place, "matchers", list, MATCHERS_MAX))
                return 0;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                _cleanup_error_ struct error e = {0};
                char key[KEY_MAX];
                const char *text = entry(list, i, "matchers", key, sizeof(key));

                if (!text)
                        continue;
                r = matchers_parse(ret, text, &e);
                r = complain(b, &keys->place, key, list->values[i], r, &e);
        }
        return r;
}

static int build_receiver(
        const struct building *b, const struct branch_keys *keys, const char *inherited, char **ret)
{
        const struct alerting_config *a = b->config;
        _cleanup_free_ const char **names = calloc(a->receiver_count + 1, sizeof(*names));
        size_t count = 0;

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < a->receiver_count; i++)
                if (a->receivers[i].name)
                        names[count++] = a->receivers[i].name;
        if (keys->receiver)
                (void)find(b, &keys->place, "receiver", NULL, "receiver", keys->receiver, names,
                        count);
        return strdup_to(ret, keys->receiver ? keys->receiver : inherited);
}

/* False, with a complaint, for the first branch that is too many or too deep. */
static bool fits(struct building *b, const struct branch_keys *keys, unsigned depth)
{
        if (depth > ROUTING_DEPTH_MAX)
                schema_error(b->reader, &keys->place, NULL, NULL, "is more than %d routes deep",
                        ROUTING_DEPTH_MAX);
        else if (b->branches++ == ROUTING_BRANCHES_MAX)
                schema_error(b->reader, &keys->place, NULL, NULL,
                        "is one route too many: at most %d are allowed", ROUTING_BRANCHES_MAX);
        return depth <= ROUTING_DEPTH_MAX && b->branches <= ROUTING_BRANCHES_MAX;
}

static int build_branch(struct building *b, const struct branch_keys *keys, const char *inherited,
        unsigned depth, struct branch *ret)
{
        const struct branch_keys *inner = keys->branches.items;
        int r = build_receiver(b, keys, inherited, &ret->receiver);

        ret->goes_on = keys->goes_on;
        if (r == 0)
                r = build_matchers(b, keys, &ret->matchers);
        if (r == 0)
                r = build_names(b, keys, "mute_time_intervals", keys->mute, &ret->mute);
        if (r == 0)
                r = build_names(b, keys, "active_time_intervals", keys->active, &ret->active);
        ret->branches = calloc(keys->branches.count + 1, sizeof(*ret->branches));
        if (!ret->branches)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < keys->branches.count; i++)
                if (fits(b, &inner[i], depth + 1))
                        r = build_branch(b, &inner[i], ret->receiver, depth + 1,
                                &ret->branches[ret->count++]);
        return r;
}

int routing_build(const struct schema_reader *reader, const struct alerting_keys *keys,
        struct alerting_config *ret)
{
        _cleanup_(routing_done) struct routing routing = {0};
        struct building b = {reader, ret, &routing, 0};
        int r = build_calendars(&b, &keys->calendars);

        if (r == 0 && keys->route.place.node)
                r = build_branch(&b, &keys->route, NULL, 0, &routing.root);
        if (r < 0 || !keys->route.place.node)
                return r;
        ret->routing = calloc(1, sizeof(*ret->routing));
        if (!ret->routing)
                return -ENOMEM;
        *ret->routing = routing;
        routing = (struct routing){0};
        return 0;
}
