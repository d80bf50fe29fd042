/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "config/config.h"
#include "file.h"
#include "files.h"
#include "tell/escalation.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)

static const struct test_file files[] = {
        {"queries.yaml", "queries: [{id: a, text: A}]\n"},
        {"vectors.json", "{\"dimension\": 2, \"vectors\": {\"a\": [1, 0]}}"},
};

static char directory[] = "/tmp/test_policies.XXXXXX";

static int set_up_files(void **state)
{
        if (!mkdtemp(directory) || chdir(directory) < 0)
                return -1;
        write_files(files, ARRAY_SIZE(files));
        return 0;
}

static int tear_down_files(void **state)
{
        return remove_files(files, ARRAY_SIZE(files)) < 0 || chdir("/") < 0 || rmdir(directory) < 0;
}

/* Its second line is what a case adds. */
#define ONE_LINE \
        "{servers: [{name: main, url: 'http://127.0.0.1:8000'}], collections: [{name: faq, " \
        "queries: queries.yaml, vectors: vectors.json}], alerting: {receivers: [{name: search, " \
        "webhook_configs: [{url: 'http://127.0.0.1:1/'}]}, {name: lead, webhook_configs: [{url: " \
        "'http://127.0.0.1:1/'}]}], escalation:\n"
#define END "}}\n"
#define TWELVE "search, lead, search, lead, search, lead, search, lead, search, lead, search, lead"

static int parse(const char *text, struct config **ret, struct errors *errors)
{
        return config_parse("d.yaml", text, strlen(text), NULL, ret, errors);
}

static struct config *parsed(const char *text)
{
        _cleanup_errors_ struct errors errors = {0};
        struct config *c = NULL;

        if (parse(text, &c, &errors) < 0)
                fail_msg("%s", errors.count > 0 ? errors.messages[0] : "no message");
        return c;
}

static void what_the_keys_mean(void **state)
{
        _cleanup_(config_freep) struct config *c = parsed(
                ONE_LINE "[{severities: [critical, high], steps: [{notify: [search]}, {after: "
                         "1h30m, notify: [lead, search]}], repeat: 20, ack_timeout: 30m}, "
                         "{severities: [high, warning, info], steps: [{after: 5m, notify: "
                         "[lead]}], repeat: 1}]" END);
        const struct escalation_policy *p = c->alerting.escalation;

        assert_int_equal(c->alerting.escalation_count, 2);
        assert_int_equal(p[0].severities.count, 2);
        assert_int_equal(p[0].step_count, 2);
        assert_int_equal(p[0].steps[0].after, 0);
        assert_int_equal(p[0].steps[1].after, 90 * USEC_PER_MINUTE);
        assert_int_equal(p[0].steps[1].receivers.count, 2);
        assert_string_equal(p[0].steps[1].receivers.names[0], "lead");
        assert_int_equal(p[0].repeat, 20);
        assert_int_equal(p[0].ack_timeout, 30 * USEC_PER_MINUTE);
        assert_int_equal(p[1].repeat, 1);
        assert_true(p[1].ack_timeout == USEC_INFINITY);
        assert_ptr_equal(escalation_match(p, 2, "high"), &p[0]);
        assert_ptr_equal(escalation_match(p, 2, "info"), &p[1]);
        assert_null(escalation_match(p, 1, "info"));
}

static void without_policies(void **state)
{
        _cleanup_(config_freep) struct config *absent = parsed(ONE_LINE "" END),
                                              *none = parsed(ONE_LINE "[]" END);

        assert_int_equal(absent->alerting.escalation_count, 0);
        assert_int_equal(none->alerting.escalation_count, 0);
}

#define STEPS ", steps: [{notify: [search]}]"
#define A "2:2: alerting.escalation[0]"

static const struct refusal {
        const char *yaml;
        const char *errors[3]; /* without "d.yaml:"; beginnings */
} refusals[] = {
        {"[{severities: [criticel]" STEPS "}]",
                {"2:16: alerting.escalation[0].severities[0]: no severity is called \"criticel\"; "
                 "did you mean \"critical\"?"}},
        {"[{severities: [high, \"\", 5]" STEPS "}]",
                {"2:22: alerting.escalation[0].severities[1]: \"\" is not a non-empty string",
                        "2:26: alerting.escalation[0].severities[2]: no severity is called \"5\""}},
        {"[{severities: []" STEPS "}]",
                {"2:15: alerting.escalation[0].severities: is empty: name at least one"}},
        {"[{"
         "steps: [{notify: [search]}]}]",
                {A ".severities: is required"}},
        {"[{severities: [high]}]", {A ".steps: tells nobody; give it a step"}},
        {"[{severities: [high], steps: []}]",
                {"2:30: alerting.escalation[0].steps: tells nobody; give it a step"}},
        {"[{severities: [high], steps: [{after: 0s}]}]",
                {"2:31: alerting.escalation[0].steps[0].notify: is required"}},
        {"[{severities: [high], steps: [{notify: [serch]}]}]",
                {"2:41: alerting.escalation[0].steps[0].notify[0]: no receiver is called "
                 "\"serch\"; did you mean \"search\"?"}},
        {"[{severities: [high], steps: [{notify: [[search]]}]}]",
                {"2:41: alerting.escalation[0].steps[0].notify[0]: a list is not a non-empty "
                 "string"}},
        {"[{severities: [high], steps: [{notify: [" TWELVE "]}]}]",
                {"2:40: alerting.escalation[0].steps[0].notify: has 12 receivers, at most 10 are "
                 "allowed"}},
        {"[{severities: [high], steps: [{notify: [search]}, {notify: [lead]}]}]",
                {"2:51: alerting.escalation[0].steps[1].after: is required: how long after"}},
        {"[{severities: [high], steps: [{notify: [search]}, {after: 0s, notify: [lead]}]}]",
                {"2:59: alerting.escalation[0].steps[1].after: must be more than 0s"}},
        {"[{severities: [high], steps: [{after: 31d, notify: [search]}, {after: soon, notify: "
         "[lead]}]}]",
                {"2:39: alerting.escalation[0].steps[0].after: \"31d\" is out of range (0s … 30d)",
                        "2:71: alerting.escalation[0].steps[1].after: \"soon\" is not a duration"}},
        {"[{severities: [high]" STEPS ", repeat: 21, ack_timeout: 31d}]",
                {"2:60: alerting.escalation[0].repeat: \"21\" is out of range (0 … 20)",
                        "2:77: alerting.escalation[0].ack_timeout: \"31d\" is out of range (0s … "
                        "30d)"}},
        {"[{severities: [high]" STEPS ", repeat: 2}]",
                {"2:60: alerting.escalation[0].repeat: a chain without a wait would be told 3 "
                 "times at once"}},
        {"[{severities: [high, info]" STEPS "}, {severities: [info, high]" STEPS "}]",
                {"2:72: alerting.escalation[1].severities: the policies before it are for all of "
                 "them"}},
        {"[{severities: [high]" STEPS ", unless: acked}]",
                {"2:52: alerting.escalation[0].unless: unknown key"}},
        {"{severities: [high]}", {"2:1: alerting.escalation: a mapping is not a list"}},
        {"[high]", {"2:2: alerting.escalation[0]: \"high\" is not a mapping"}},
};

static void what_cannot_be_meant(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                _cleanup_errors_ struct errors errors = {0};
                _cleanup_text_ struct text t = {0};
                struct config *c = NULL;
                size_t expected = 0;

                text_appendf(&t, ONE_LINE "%s" END, refusals[i].yaml);
                assert_int_equal(parse(text_string(&t), &c, &errors), -EBADMSG);
                for (; expected < 3 && refusals[i].errors[expected]; expected++) {
                        const char *wanted = refusals[i].errors[expected];
                        const char *found =
                                expected < errors.count ? errors.messages[expected] : "d.yaml:";

                        if (strncmp(found + strlen("d.yaml:"), wanted, strlen(wanted)) != 0)
                                fail_msg("%s\nis\n%s\nnot\n%s", refusals[i].yaml, found, wanted);
                }
                if (errors.count != expected)
                        fail_msg("%s\nunexpected %s", refusals[i].yaml, errors.messages[expected]);
        }
}

static void too_many_are_refused(void **state)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text t = {0};
        struct config *c = NULL;

        text_append(&t, ONE_LINE "[{severities: [high], steps: [{notify: [search]}");
        for (int i = 0; i < ESCALATION_STEPS_MAX; i++)
                text_append(&t, ", {after: 1m, notify: [lead]}");
        text_append(&t, "]}]" END);
        assert_int_equal(parse(text_string(&t), &c, &errors), -EBADMSG);
        assert_non_null(strstr(errors.messages[0], "has 21 entries, at most 20 are allowed"));
}

/* docs/examples/escalation.yaml, as it is installed. */
static struct config *example(void)
{
        const char *source = getenv("DRIFTWATCH_SOURCE");
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;

        if (!source)
                fail_msg("DRIFTWATCH_SOURCE is not set");
        assert_true(asprintf(&path, "%s/docs/examples/escalation.yaml", source) > 0);
        if (file_read(path, 1 << 20, &text, &size, &error) < 0)
                fail_msg("%s", error.message);
        return parsed(text);
}

static void look(struct escalations *e, unsigned minutes, const char *expected)
{
        _cleanup_(escalation_actions_done) struct escalation_actions actions = {0};
        _cleanup_text_ struct text t = {0};

        assert_int_equal(escalations_update(e, T0 + minutes * USEC_PER_MINUTE, &actions), 0);
        for (size_t i = 0; i < actions.count; i++)
                text_appendf(&t, "%s%s: %s", i > 0 ? "; " : "", actions.actions[i].receiver,
                        actions.actions[i].reason);
        assert_string_equal(text_string(&t), expected);
}

static struct escalations *opened(const struct config *c, enum rule_id rule)
{
        const char *severity = c->alerting.rules[rule].severity;
        struct roster none = {0};
        struct escalations *e = escalations_new();

        escalations_configure(e, c->alerting.escalation, c->alerting.escalation_count);
        assert_int_equal(escalations_open(e, "handbook",
                                 severity ? severity : rule_defaults[rule].severity, &none, T0),
                0);
        look(e, 0, "level-1: the incident opened: step 1 of 3");
        return e;
}

/* Drift: a warning, four hours. */
static void the_example_when_answers_drift(void **state)
{
        _cleanup_(config_freep) struct config *c = example();
        _cleanup_(escalations_freep) struct escalations *e = opened(c, RULE_DISTANCE_DRIFT);

        look(e, 239, "");
        look(e, 240, "level-2: nobody acknowledged within 4h: step 2 of 3");
        look(e, 479, "");
        look(e, 480, "level-3: nobody acknowledged within 4h: step 3 of 3");
        assert_true(escalations_next(e) == USEC_INFINITY);
        escalations_close(e, "handbook");
        look(e, 9999,
                "level-1: the incident is over; level-2: the incident is over; "
                "level-3: the incident is over");
}

/* A test fails: critical, a quarter of an hour. */
static void the_example_when_a_test_fails(void **state)
{
        _cleanup_(config_freep) struct config *c = example();
        _cleanup_(escalations_freep) struct escalations *e =
                opened(c, RULE_EXPECTED_RESULT_MISSING);

        look(e, 14, "");
        look(e, 15, "level-2: nobody acknowledged within 15m: step 2 of 3");
        assert_int_equal(
                escalations_acknowledge(e, "handbook", "anna", "on it", T0 + 20 * USEC_PER_MINUTE),
                0);
        look(e, 20, "level-1: acknowledged by anna; level-2: acknowledged by anna");
        look(e, 49, "");
        look(e, 50, "level-1: acknowledged by anna 30m ago, and it goes on: step 1 of 3");
        look(e, 65, "level-2: nobody acknowledged within 15m: step 2 of 3");
        look(e, 80, "level-3: nobody acknowledged within 15m: step 3 of 3");
        look(e, 95, "level-1: nobody acknowledged within 15m: step 1 of 3 in round 2 of 4");
}

/* The validation does not answer: high, half an hour; and then it does, and a test fails. */
static void the_example_when_nothing_is_measured(void **state)
{
        _cleanup_(config_freep) struct config *c = example();
        _cleanup_(escalations_freep) struct escalations *e = opened(c, RULE_REPLAY_FAILING);
        struct roster none = {0};

        assert_string_equal(c->alerting.rules[RULE_REPLAY_FAILING].severity, "high");
        look(e, 29, "");
        look(e, 30, "level-2: nobody acknowledged within 30m: step 2 of 3");
        assert_int_equal(
                escalations_open(e, "handbook", "critical", &none, T0 + 40 * USEC_PER_MINUTE), 0);
        look(e, 40, "level-1: severity rose from high to critical: step 1 of 3");
        look(e, 55, "level-2: nobody acknowledged within 15m: step 2 of 3");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_the_keys_mean),
                cmocka_unit_test(without_policies),
                cmocka_unit_test(what_cannot_be_meant),
                cmocka_unit_test(too_many_are_refused),
                cmocka_unit_test(the_example_when_answers_drift),
                cmocka_unit_test(the_example_when_a_test_fails),
                cmocka_unit_test(the_example_when_nothing_is_measured),
        };

        return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
