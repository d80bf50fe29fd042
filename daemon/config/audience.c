/* SPDX-License-Identifier: Apache-2.0 */
#include "config/audience.h"

#include "config/keys.h"
#include "config/table.h"
#include "model/escalation.h"
#include "tell/routing.h"

/* Whom nobody told of it within that, nobody will. */
#define ESCALATION_WAIT_MAX (30 * USEC_PER_DAY)

static const struct schema_key step_table[] = {
        KEY(step_keys, after, "after", SCHEMA_DURATION, BETWEEN(0, ESCALATION_WAIT_MAX),
                .inherits = "0s of the first step, else required",
                .doc = "How long after the step before it; of the first, after the incident was "
                       "to be told."),
        KEY(step_keys, notify, "notify", SCHEMA_STRINGS, .required = true,
                .doc = "Names of receivers, at most 10."),
};
static const struct schema step_schema = SCHEMA(step_table, step_keys);

static const struct schema_key policy_table[] = {
        KEY(policy_keys, severities, "severities", SCHEMA_STRINGS, .required = true,
                .doc = "Of the incidents that it is for; the first policy for a severity counts."),
        KEY(policy_keys, steps, "steps", SCHEMA_OBJECTS, .object = &step_schema,
                BETWEEN(0, ESCALATION_STEPS_MAX),
                .doc = "Who is told until somebody acknowledges it; at least one."),
        KEY(policy_keys, repeat, "repeat", SCHEMA_INTEGER, .fallback = "0",
                BETWEEN(0, ESCALATION_REPEAT_MAX),
                .doc = "How often all steps are run through again after the last one."),
        KEY(policy_keys, ack_timeout, "ack_timeout", SCHEMA_DURATION, .fallback = "0s",
                BETWEEN(0, ESCALATION_WAIT_MAX),
                .doc = "How long an acknowledgement holds before the first step is told again; "
                       "0s for as long as the incident lasts."),
};
const struct schema policy_schema = SCHEMA(policy_table, policy_keys);

static const struct schema_key times_table[] = {
        KEY(times_keys, start, "start_time", SCHEMA_STRING, .required = true,
                .check = schema_check_value, .doc = "When it begins, such as `09:00`."),
        KEY(times_keys, end, "end_time", SCHEMA_STRING, .required = true,
                .check = schema_check_value,
                .doc = "When it is over, such as `17:00`; at most `24:00`."),
};
static const struct schema times_schema = SCHEMA(times_table, times_keys);

static const struct schema_key interval_table[] = {
        KEY(interval_keys, times, "times", SCHEMA_OBJECTS, .object = &times_schema,
                BETWEEN(0, CALENDAR_SPANS_MAX), .doc = "Times of the day."),
        KEY(interval_keys, weekdays, "weekdays", SCHEMA_STRINGS,
                .doc = "Days of the week, or ranges such as `monday:friday`; a week begins with "
                       "Sunday."),
        KEY(interval_keys, days, "days_of_month", SCHEMA_STRINGS,
                .doc = "Days, or ranges such as `1:5`; `-1` is the last day of a month."),
        KEY(interval_keys, months, "months", SCHEMA_STRINGS,
                .doc = "Months by name or number, or ranges such as `may:august`."),
        KEY(interval_keys, years, "years", SCHEMA_STRINGS,
                .doc = "Years, or ranges such as `2026:2028`."),
        KEY(interval_keys, location, "location", SCHEMA_STRING, .fallback = "UTC",
                .check = schema_check_value,
                .doc = "Time zone by its IANA name, such as `Europe/Berlin`; `Local` is the "
                       "machine's."),
};
static const struct schema interval_schema = SCHEMA(interval_table, interval_keys);

static const struct schema_key calendar_table[] = {
        KEY(calendar_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "What routes call it."),
        KEY(calendar_keys, intervals, "time_intervals", SCHEMA_OBJECTS, .object = &interval_schema,
                BETWEEN(0, CALENDAR_INTERVALS_MAX),
                .doc = "It is the time when it is the time of one of them: of all that one says."),
};
const struct schema calendar_schema = SCHEMA(calendar_table, calendar_keys);

static const struct schema branch_schema;
static const struct schema_key branch_table[] = {
        KEY(branch_keys, matchers, "matchers", SCHEMA_STRINGS,
                .doc = "Which alerts it is for, such as `severity=\"critical\"`; all of them must "
                       "match."),
        KEY(branch_keys, receiver, "receiver", SCHEMA_STRING, .check = schema_check_value,
                .inherits = "the route around it", .doc = "Who hears of them."),
        KEY(branch_keys, goes_on, "continue", SCHEMA_BOOLEAN, .fallback = "false",
                .doc = "Whether the routes after it are looked at, too, when it matches."),
        KEY(branch_keys, mute, "mute_time_intervals", SCHEMA_STRINGS,
                .doc = "Names of time intervals in which nobody is told."),
        KEY(branch_keys, active, "active_time_intervals", SCHEMA_STRINGS,
                .doc = "Names of time intervals outside of which nobody is told."),
        KEY(branch_keys, branches, "routes", SCHEMA_OBJECTS, .object = &branch_schema,
                BETWEEN(0, ROUTING_BRANCHES_MAX),
                .doc = "Routes within it, with the same keys; the first that matches counts."),
};
static const struct schema branch_schema = SCHEMA(branch_table, branch_keys);

static const struct schema_key route_table[] = {
        KEY(branch_keys, receiver, "receiver", SCHEMA_STRING, .required = true,
                .check = schema_check_value, .doc = "Who hears of what no route is for."),
        KEY(branch_keys, branches, "routes", SCHEMA_OBJECTS, .object = &branch_schema,
                BETWEEN(0, ROUTING_BRANCHES_MAX), .doc = "The first that matches counts."),
};
const struct schema route_schema = SCHEMA(route_table, branch_keys);
