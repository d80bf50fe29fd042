/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/command.h"
#include "commands/reach.h"
#include "commands/say.h"
#include "commands/terminal.h"
#include "json.h"
#include "model/verdict.h"
#include "text.h"

/* Notifications that were lost, the last ones. */
#define LOST_SHOWN 5

static const char *text_of(const json_t *object, const char *key)
{
        const char *s = json_string_value(json_object_get(object, key));

        return s ? s : "-";
}

static void print_number(struct text *t, const json_t *object, const char *key, int width)
{
        double value;

        if (json_to_double(json_object_get(object, key), &value) < 0)
                say_to(t, " %*s", width, "-");
        else
                say_to(t, " %*.6g", width, value);
}

static void print_causes(struct text *t, const json_t *causes)
{
        char line[256] = "";
        const json_t *one;
        size_t i, size = 0;

        json_array_foreach (causes, i, one)
                if (size < sizeof(line))
                        size += (size_t)snprintf(line + size, sizeof(line) - size, "%s%s",
                                i > 0 ? "," : "", json_string_value(one));
        say_to(t, "  %-13s", size > 0 ? line : "-");
}

/* What is wrong with the collection as a whole, or with a tag; NULL for nothing. */
static const char *first_told(const json_t *findings)
{
        const json_t *one;
        size_t i;

        json_array_foreach (findings, i, one)
                if (json_is_null(json_object_get(one, "query")) &&
                        streq(text_of(one, "state"), "open"))
                        return text_of(one, "sentence");
        return NULL;
}

/* Why the verdict is no pass, and what to do where nothing is wrong with retrieval; NULL: it is a
 * pass. Of an incident `*ret_told` is what is wrong beside single queries, where that is anything.
 */
static const char *remark_of(const json_t *c, const char **ret_told)
{
        const json_t *incident = json_object_get(c, "incident");
        const char *error = json_string_value(json_object_get(c, "last_error"));
        const char *waiting = json_string_value(json_object_get(c, "waiting"));
        json_int_t unjudged = json_integer_value(
                json_object_get(json_object_get(c, "outcomes"), outcome_name(OUTCOME_UNJUDGED)));

        if (error)
                return error;
        if (!json_is_true(json_object_get(c, "up")))
                return "not replayed yet";
        if (json_is_object(incident)) {
                *ret_told = first_told(json_object_get(c, "findings"));
                return text_of(incident, "summary");
        }
        if (waiting)
                return waiting;
        if (unjudged > 0)
                return "write what the unjudged queries expect, or driftwatch baseline propose";
        if (streq(text_of(c, "verdict"), verdict_name(VERDICT_UNJUDGED)))
                return "every query is known to fail: nothing here could fail the gate";
        return streq(text_of(c, "verdict"), verdict_name(VERDICT_PASS))
                ? NULL
                : "/api/v1/queries says why";
}

static void print_remark(struct text *t, const json_t *c, const char *before)
{
        const char *told = NULL, *remark = remark_of(c, &told);

        if (remark) {
                text_append(t, before);
                say_to(t, "%s%s%s", remark, told ? "; " : "", told ? told : "");
        }
        say_to(t, "\n");
}

/* One line of what a terminal of 80 columns has room for, and the remark in its own. */
static void print_narrow(struct text *t, const json_t *c)
{
        const json_t *outcomes = json_object_get(c, "outcomes");
        json_int_t all = 0;
        char passed[48];

        for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
                all += json_integer_value(json_object_get(outcomes, outcome_name(o)));
        (void)snprintf(passed, sizeof(passed), "%lld of %lld",
                (long long)json_integer_value(
                        json_object_get(outcomes, outcome_name(OUTCOME_PASS))),
                (long long)all);
        say_to(t, "%-24s %-10s %-4s", text_of(c, "collection"), text_of(c, "verdict"),
                json_is_true(json_object_get(c, "up")) ? "up" : "down");
        print_number(t, c, "records", 9);
        say_to(t, " %12s", passed);
        print_causes(t, json_object_get(c, "causes"));
        print_remark(t, c, "\n    ");
}

static void print_collection(struct text *t, const json_t *c)
{
        const json_t *outcomes = json_object_get(c, "outcomes");

        say_to(t, "%-24s %-12s %-10s %-4s", text_of(c, "collection"), text_of(c, "server"),
                text_of(c, "verdict"), json_is_true(json_object_get(c, "up")) ? "up" : "down");
        print_number(t, c, "records", 9);
        for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
                print_number(t, outcomes, outcome_name(o), 10);
        print_causes(t, json_object_get(c, "causes"));
        print_remark(t, c, "  ");
}

/* Names came from a server, and through a daemon that made them harmless. */
static void print_unwatched(struct text *t, const json_t *server)
{
        const json_t *unwatched = json_object_get(server, "unwatched"), *name;
        const json_t *names = json_object_get(unwatched, "names");
        json_int_t count = json_integer_value(json_object_get(unwatched, "count"));
        json_int_t more = count - (json_int_t)json_array_size(names);
        size_t i;

        if (count == 0)
                return;
        say_to(t, "%s: %lld collection%s not watched: ", text_of(server, "server"),
                (long long)count, count == 1 ? " is" : "s are");
        json_array_foreach (names, i, name)
                say_to(t, "%s%s", i > 0 ? ", " : "", json_string_value(name));
        if (more > 0)
                say_to(t, " and %lld more", (long long)more);
        say_to(t, "\n");
}

static void print_shard(struct text *t, const json_t *shard)
{
        json_int_t of = json_integer_value(json_object_get(shard, "of"));
        json_int_t elsewhere = json_integer_value(json_object_get(shard, "elsewhere"));

        if (of > 1)
                say_to(t, "shard %lld of %lld: %lld %s watched by the other daemons\n",
                        (long long)json_integer_value(json_object_get(shard, "index")),
                        (long long)of, (long long)elsewhere,
                        plural((uint64_t)elsewhere, "collection is", "collections are"));
}

static void print_lease(struct text *t, const json_t *lease)
{
        const char *holder = json_string_value(json_object_get(lease, "holder"));
        const char *error = json_string_value(json_object_get(lease, "error"));

        if (!json_is_object(lease))
                return;
        say_to(t, "receivers are told by %s%s\n",
                json_is_true(json_object_get(lease, "held")) ? "this daemon, " : "",
                holder ? holder : "nobody");
        if (error)
                say_to(t, "the lease cannot be looked at: %s\n", error);
}

static void print_destination(struct text *t, const json_t *c)
{
        if (!json_is_true(json_object_get(c, "failing")))
                return;
        say_to(t, "notifications to %s (%s, %s) %s since %s: %s; %lld wait\n",
                text_of(c, "receiver"), text_of(c, "channel"), text_of(c, "peer"),
                json_is_true(json_object_get(c, "disabled")) ? "are switched off" : "fail",
                text_of(c, "failing_since"),
                json_is_string(json_object_get(c, "last_error")) ? text_of(c, "last_error")
                                                                 : "something was lost",
                (long long)json_integer_value(json_object_get(c, "queued")));
}

/* Of a daemon that knows the resource. */
static void print_notifications(struct text *t, const json_t *data)
{
        const json_t *lost = json_object_get(data, "lost"), *one;
        size_t i, count = json_array_size(lost);

        json_array_foreach (json_object_get(data, "destinations"), i, one)
                print_destination(t, one);
        json_array_foreach (lost, i, one)
                if (i < LOST_SHOWN)
                        say_to(t, "lost at %s: %s %s for %s (%s, %s): %s\n", text_of(one, "time"),
                                text_of(one, "incident"), text_of(one, "kind"),
                                text_of(one, "receiver"), text_of(one, "channel"),
                                text_of(one, "peer"), text_of(one, "sentence"));
        if (count > LOST_SHOWN)
                say_to(t, "and %zu more were lost: /api/v1/notifications\n", count - LOST_SHOWN);
}

/* How an open incident stands with people, in the daemon's words; one of no collection is not in
 * the table. */
static void print_incident(struct text *t, const json_t *incident)
{
        const char *sentence = json_string_value(
                json_object_get(json_object_get(incident, "escalation"), "sentence"));
        bool own = json_is_null(json_object_get(incident, "collection"));

        if (!streq(text_of(incident, "state"), "open") || (!sentence && !own))
                return;
        say_to(t, "incident %s: %s%s%s\n", text_of(incident, "id"),
                own ? text_of(incident, "summary") : "", own && sentence ? "; " : "",
                sentence ? sentence : "");
}

static void print_flapping(struct text *t, const json_t *alert)
{
        const json_t *labels = json_object_get(alert, "labels");
        const char *query = json_string_value(json_object_get(labels, "query"));

        if (json_is_object(json_object_get(alert, "flapping")))
                say_to(t, "%s of %s%s%s is %s\n", text_of(labels, "alertname"),
                        text_of(labels, "incident"), query ? ", query " : "", query ? query : "",
                        text_of(json_object_get(alert, "flapping"), "sentence"));
}

static void print_silence(struct text *t, const json_t *s)
{
        if (streq(text_of(json_object_get(s, "status"), "state"), "active"))
                say_to(t, "silenced until %s by %s: %s %s\n", text_of(s, "endsAt"),
                        text_of(s, "createdBy"), text_of(s, "text"), text_of(s, "comment"));
}

/* What a daemon says besides its collections; where it does not know a resource, nothing. */
struct besides {
        struct reached incidents, alerts, silences, notifications;
};

static void besides_done(struct besides *b)
{
        reached_done(&b->incidents);
        reached_done(&b->alerts);
        reached_done(&b->silences);
        reached_done(&b->notifications);
}

static void besides_ask(const struct options *options, struct besides *b)
{
        const struct {
                const char *path;
                struct reached *reached;
        } all[] = {
                {"/api/v1/incidents", &b->incidents},
                {"/api/v1/alerts", &b->alerts},
                {"/api/v1/silences", &b->silences},
                {"/api/v1/notifications", &b->notifications},
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                (void)!reach(options, "GET", all[i].path, NULL, all[i].reached);
}

/* A terminal that has no room for the whole table gets one with less in a line. */
#define TABLE_COLUMNS 150

static int print_table(const json_t *data, const struct besides *besides)
{
        const size_t room = terminal_of_stdout().columns;
        const bool narrow = room > 0 && room < TABLE_COLUMNS;
        _cleanup_text_ struct text text = {0};
        struct text *t = &text;
        const json_t *c;
        size_t i;

        if (narrow)
                say_to(t, "%-24s %-10s %-4s %9s %12s  %s\n", "COLLECTION", "VERDICT", "UP",
                        "RECORDS", "PASS", "CAUSES");
        else
                say_to(t, "%-24s %-12s %-10s %-4s %9s %10s %10s %10s %10s %10s  %-13s  %s\n",
                        "COLLECTION", "SERVER", "VERDICT", "UP", "RECORDS", "PASS", "DRIFT", "FAIL",
                        "UNMEASURED", "UNJUDGED", "CAUSES", "REMARK");
        json_array_foreach (json_object_get(data, "collections"), i, c) {
                if (narrow)
                        print_narrow(t, c);
                else
                        print_collection(t, c);
        }
        json_array_foreach (json_object_get(besides->incidents.data, "incidents"), i, c)
                print_incident(t, c);
        json_array_foreach (json_object_get(besides->alerts.data, "alerts"), i, c)
                print_flapping(t, c);
        json_array_foreach (json_object_get(besides->silences.data, "silences"), i, c)
                print_silence(t, c);
        json_array_foreach (json_object_get(data, "servers"), i, c)
                print_unwatched(t, c);
        print_shard(t, json_object_get(data, "shard"));
        print_lease(t, json_object_get(data, "lease"));
        print_notifications(t, besides->notifications.data);
        return say_document(t) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int print_json(const json_t *data)
{
        _cleanup_free_ char *s = json_text(data, JSON_INDENT(2), NULL);

        if (!s || fwrite(s, 1, strlen(s), stdout) != strlen(s) || fwrite("\n", 1, 1, stdout) != 1)
                return EXIT_FAILURE;
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* As `check` ends; a daemon that says none is none of ours. */
static int verdict_of(const json_t *data)
{
        const char *name = json_string_value(json_object_get(data, "verdict"));

        for (enum verdict v = 0; v < VERDICT_COUNT; v++)
                if (streq(name, verdict_name(v)))
                        return verdict_exit_status(v);
        return EXIT_UNMEASURED;
}

int command_status(const struct options *options)
{
        _cleanup_(reached_done) struct reached reached = {0};
        _cleanup_(besides_done) struct besides besides = {0};
        int r;

        if (reach_check(options) < 0)
                return EXIT_USAGE;
        r = reach(options, "GET", "/api/v1/collections", NULL, &reached);
        if (r < 0) {
                complain("driftwatch: %s\n", error_text(&reached.error, r));
                return EXIT_UNMEASURED;
        }
        if (!options->json)
                besides_ask(options, &besides);
        r = options->json ? print_json(reached.data) : print_table(reached.data, &besides);
        return r != EXIT_SUCCESS ? r : verdict_of(reached.data);
}
