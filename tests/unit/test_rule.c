/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "file.h"
#include "tell/rule.h"

#define QUERIES 3

struct fixture {
        struct query queries[QUERIES];
        struct query_set set;
        struct query_view views[QUERIES];
        struct collection_view collection;
        struct rule rules[RULE_COUNT];
        struct signals signals;
};

/* Three queries that pass. */
static int setup(void **state)
{
        static const char *const ids[QUERIES] = {"react-hooks", "b", "a"};
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        for (size_t i = 0; i < QUERIES; i++) {
                f->queries[i] = (struct query){
                        .id = (char *)ids[i],
                        .text = (char *)"How do I compose\nReact hooks?",
                        .expect = {.distance_min = -INFINITY, .distance_max = INFINITY},
                };
                judgement_init(&f->views[i].judgement);
                f->views[i].judgement.outcome = OUTCOME_PASS;
        }
        f->set = (struct query_set){.queries = f->queries, .count = QUERIES};
        f->collection = (struct collection_view){
                .label = (char *)"docs & more",
                .name = (char *)"docs",
                .server = (char *)"main",
                .url = (char *)"http://chroma:8000",
                .query_set = &f->set,
                .queries = f->views,
                .replayed = true,
                .up = true,
        };
        assert_int_equal(bands_default(NULL, &f->collection.bands), 0);
        for (int i = 0; i < RULE_COUNT; i++)
                f->rules[i].enabled = true;
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        signals_done(&f->signals);
        bands_done(&f->collection.bands);
        free(f);
        return 0;
}

static void evaluate(struct fixture *f, const char *external_url, const char *runbook_url)
{
        signals_done(&f->signals);
        assert_int_equal(
                rules_evaluate(f->rules, &f->collection, external_url, runbook_url, &f->signals),
                0);
}

static void assert_annotation(const struct fixture *f, const char *name, const char *expected)
{
        const char *value;

        assert_int_equal(f->signals.count, 1);
        value = labels_get(&f->signals.signals[0].annotations, name);
        if (!expected)
                assert_null(value);
        else if (!value)
                fail_msg("no annotation %s", name);
        else
                assert_string_equal(value, expected);
}

static void assert_label(const struct fixture *f, const char *name, const char *expected)
{
        const char *value = labels_get(&f->signals.signals[0].labels, name);

        if (expected)
                assert_string_equal(value, expected);
        else
                assert_null(value);
}

static void names_are_found(void **state)
{
        enum rule_id rule = RULE_COUNT;

        for (enum rule_id i = 0; i < RULE_COUNT; i++) {
                const struct rule_default *d = &rule_defaults[i];

                assert_int_equal(rule_find(d->name, &rule), 0);
                assert_int_equal(rule, i);
                assert_true(strlen(d->name) <= 40);
                /* Mixin conventions: a static sentence. */
                assert_true(d->summary[0] >= 'A' && d->summary[0] <= 'Z');
                assert_int_equal(d->summary[strlen(d->summary) - 1], '.');
                assert_null(strchr(d->summary, '{'));
                assert_non_null(d->doc);
        }
        rule = RULE_COUNT;
        assert_int_equal(rule_find("retrievalbandcrossed", &rule), -ENOENT);
        assert_int_equal(rule_find("", &rule), -ENOENT);
        assert_int_equal(rule, RULE_COUNT);
}

static void all_is_well(void **state)
{
        struct fixture *f = *state;

        evaluate(f, NULL, NULL);
        assert_int_equal(f->signals.count, 0);
        assert_int_equal(f->signals.unknown_count, 0);
        assert_string_equal(f->signals.collection, "docs & more");
        assert_string_equal(f->signals.server, "main");
        assert_false(f->signals.server_down);
}

static void before_the_first_replay_there_is_nothing_to_say(void **state)
{
        struct fixture *f = *state;

        f->collection.replayed = false;
        assert_int_equal(
                rules_evaluate(f->rules, &f->collection, NULL, NULL, &f->signals), -ENODATA);
        assert_null(f->signals.collection);
}

static void expected_result_missing(void **state)
{
        struct fixture *f = *state;

        f->views[0].judgement.outcome = OUTCOME_FAIL;
        f->views[0].judgement.reason =
                (char *)"expected record \"x\", but none of the 10 answers is it";
        evaluate(f, NULL, NULL);
        assert_int_equal(f->signals.count, 1);
        assert_int_equal(f->signals.signals[0].rule, RULE_EXPECTED_RESULT_MISSING);
        assert_label(f, "alertname", "RetrievalExpectedResultMissing");
        assert_label(f, "severity", "critical");
        assert_label(f, "collection", "docs & more");
        assert_label(f, "query", "react-hooks");
        assert_int_equal(f->signals.signals[0].labels.count, 4);
        assert_annotation(f, "summary", "A canonical query does not find its expected result.");
        assert_annotation(f, "description",
                "Query \"react-hooks\" (How do I compose React hooks?) of collection docs & more: "
                "expected record \"x\", but none of the 10 answers is it.");
        assert_annotation(f, "runbook_url", NULL);
        assert_annotation(f, "dashboard_url", NULL);
        assert_int_equal(f->signals.signals[0].annotations.count, 2);
        f->views[0].judgement.home_distance = .764f;
        f->views[0].judgement.distance = 1.25f;
        evaluate(f, NULL, NULL);
        assert_annotation(f, "description",
                "Query \"react-hooks\" (How do I compose React hooks?) of collection docs & more: "
                "expected record \"x\", but none of the 10 answers is it. Its best answer was at "
                "distance 0.764 and is at 1.25 now.");
}

static void band_crossed(void **state)
{
        struct fixture *f = *state;
        struct judgement *v = &f->views[0].judgement;

        v->crossed = true;
        v->outcome = OUTCOME_DRIFT;
        v->band = 3;
        v->confirmed_band = 2;
        v->home_band = 0;
        v->distance = 1.034f;
        v->home_distance = .764f;
        evaluate(f, NULL, NULL);
        assert_int_equal(f->signals.count, 1);
        assert_label(f, "alertname", "RetrievalBandCrossed");
        assert_label(f, "severity", "warning");
        assert_label(f, "query", "react-hooks");
        assert_annotation(f, "description",
                "Query \"react-hooks\" (How do I compose React hooks?) of collection docs & more "
                "has moved from band excellent to okay: its best answer was at distance 0.764 "
                "and is at 1.034 now.");
        assert_annotation(f, "distance", "1.034");
        assert_annotation(f, "previous_distance", "0.764");
        assert_annotation(f, "band", "okay");
        assert_annotation(f, "previous_band", "excellent");
        v->home_distance = NAN;
        evaluate(f, NULL, NULL);
        assert_annotation(f, "previous_distance", NULL);
        assert_annotation(f, "distance", "1.034");
}

static void replay_failing(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < QUERIES; i++)
                f->views[i].judgement.outcome = OUTCOME_UNMEASURED;
        f->collection.up = false;
        f->collection.last_error = (char *)"no answer within 10s";
        evaluate(f, NULL, NULL);
        assert_int_equal(f->signals.count, 1);
        assert_true(f->signals.server_down);
        assert_label(f, "alertname", "RetrievalReplayFailing");
        assert_label(f, "severity", "critical");
        assert_label(f, "collection", "docs & more");
        assert_label(f, "query", NULL);
        assert_annotation(f, "description",
                "The replay of collection docs & more on server main (http://chroma:8000) failed: "
                "no answer within 10s.");
        assert_int_equal(f->signals.unknown_count, 3);
        assert_string_equal(f->signals.unknown[0], "a");
        assert_string_equal(f->signals.unknown[1], "b");
        assert_string_equal(f->signals.unknown[2], "react-hooks");
}

/* What was measured counts, whatever became of the replay; what was not says nothing at all. */
static void measured_queries_of_a_failed_replay_count(void **state)
{
        struct fixture *f = *state;

        f->collection.last_error = (char *)"the second batch was refused";
        f->views[0].judgement.outcome = OUTCOME_FAIL;
        f->views[1].judgement.outcome = OUTCOME_UNMEASURED;
        f->views[1].judgement.crossed = true;
        evaluate(f, NULL, NULL);
        assert_int_equal(f->signals.count, 2);
        assert_int_equal(f->signals.signals[0].rule, RULE_REPLAY_FAILING);
        assert_int_equal(f->signals.signals[1].rule, RULE_EXPECTED_RESULT_MISSING);
        assert_false(f->signals.server_down);
        assert_int_equal(f->signals.unknown_count, 1);
        assert_string_equal(f->signals.unknown[0], "b");
}

static void rules_can_be_switched_off_and_relevelled(void **state)
{
        struct fixture *f = *state;

        f->views[0].judgement.outcome = OUTCOME_FAIL;
        f->views[0].judgement.crossed = true;
        f->rules[RULE_BAND_CROSSED].enabled = false;
        f->rules[RULE_EXPECTED_RESULT_MISSING].severity = (char *)"info";
        evaluate(f, NULL, NULL);
        assert_int_equal(f->signals.count, 1);
        assert_label(f, "alertname", "RetrievalExpectedResultMissing");
        assert_label(f, "severity", "info");
}

static void links(void **state)
{
        static const struct {
                const char *external, *runbook, *dashboard_url, *runbook_url;
        } rows[] = {
                {"http://d:9820", "https://wiki/books",
                        "http://d:9820/?collection=docs%20%26%20more",
                        "https://wiki/books/retrievalreplayfailing"},
                {"http://d/drift///", "https://wiki/books/",
                        "http://d/drift/?collection=docs%20%26%20more",
                        "https://wiki/books/retrievalreplayfailing"},
                {"", "https://wiki/page#", NULL, "https://wiki/page#retrievalreplayfailing"},
                {NULL, "https://wiki/?p=", NULL, "https://wiki/?p=retrievalreplayfailing"},
                {NULL, "", NULL, NULL},
        };
        struct fixture *f = *state;

        f->collection.last_error = (char *)"x";
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                evaluate(f, rows[i].external, rows[i].runbook);
                assert_annotation(f, "dashboard_url", rows[i].dashboard_url);
                assert_annotation(f, "runbook_url", rows[i].runbook_url);
        }
}

static void long_texts_are_cut_between_characters(void **state)
{
        struct fixture *f = *state;
        char text[1001];
        const char *description;

        for (size_t i = 0; i < 1000; i += 2)
                memcpy(text + i, "ß", 2);
        text[1000] = '\0';
        f->queries[0].text = text;
        f->views[0].judgement.outcome = OUTCOME_FAIL;
        evaluate(f, NULL, NULL);
        description = labels_get(&f->signals.signals[0].annotations, "description");
        assert_non_null(strstr(description, "ß…)"));
        assert_true(strlen(description) < 300);
}

/* The reference names each rule with its defaults. */
static void the_reference_is_complete(void **state)
{
        const char *source = getenv("DRIFTWATCH_SOURCE");
        _cleanup_free_ char *path = NULL, *page = NULL;
        size_t size;

        if (!source)
                skip();
        assert_true(asprintf(&path, "%s/docs/alerts.md", source) > 0);
        assert_int_equal(file_read(path, 1 << 20, &page, &size, NULL), 0);
        for (enum rule_id i = 0; i < RULE_COUNT; i++) {
                const struct rule_default *d = &rule_defaults[i];
                _cleanup_free_ char *row = NULL;
                char for_text[DURATION_TEXT_MAX], keep_text[DURATION_TEXT_MAX];

                assert_true(asprintf(&row, "| `%s` | %s | %s | %s | %s |", d->name, d->severity,
                                    duration_format(for_text, sizeof(for_text), d->for_usec),
                                    duration_format(
                                            keep_text, sizeof(keep_text), d->keep_firing_for_usec),
                                    d->doc) > 0);
                if (!strstr(page, row))
                        fail_msg("not in docs/alerts.md: %s", row);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_found),
                cmocka_unit_test_setup_teardown(all_is_well, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        before_the_first_replay_there_is_nothing_to_say, setup, teardown),
                cmocka_unit_test_setup_teardown(expected_result_missing, setup, teardown),
                cmocka_unit_test_setup_teardown(band_crossed, setup, teardown),
                cmocka_unit_test_setup_teardown(replay_failing, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        measured_queries_of_a_failed_replay_count, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        rules_can_be_switched_off_and_relevelled, setup, teardown),
                cmocka_unit_test_setup_teardown(links, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        long_texts_are_cut_between_characters, setup, teardown),
                cmocka_unit_test(the_reference_is_complete),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
