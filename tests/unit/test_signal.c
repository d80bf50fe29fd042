/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "file.h"
#include "judge/epoch.h"
#include "judge/finding.h"
#include "judge/incident.h"
#include "tell/signal.h"
#include "text.h"

#define QUERIES 60
#define NOW (1800000000 * USEC_PER_SEC)

/* A collection with a baseline in which nothing is wrong. */
struct world {
        struct query_set *set;
        struct collection_view *c;
        struct finding_policy judging;
        struct rule rules[RULE_COUNT];
        struct signal_policy policy;
        struct signals signals;
};

static struct query_set *make_set(void)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text yaml = {0};
        struct query_set *set = NULL;

        text_append(&yaml, "queries:\n");
        for (int i = 0; i < QUERIES; i++)
                text_appendf(&yaml,
                        "  - {id: q%d, text: \"How do I compose\\nReact hooks?\", tags: {area: "
                        "\"a\\nb%d\"}, expect: {ids: [r%d]}}\n",
                        i, i / 6, i);
        assert_int_equal(
                query_set_parse("q.yaml", text_string(&yaml), yaml.size, &set, &errors), 0);
        return set;
}

static void set_up_queries(struct collection_view *c)
{
        for (int i = 0; i < QUERIES; i++) {
                struct query_view *q = &c->queries[i];

                q->judgement.expected = q->judgement.outcome = OUTCOME_PASS;
                q->judgement.distance = .977f;
                q->judgement.home_distance = .764f;
                q->judgement.home_band = q->judgement.confirmed_band = 0;
                q->drift.compared = q->drift.armed = true;
                for (size_t s = 0; s < LEVEL_COUNT; s++) {
                        q->drift.baseline[s] = .764;
                        q->drift.shift[s] = q->drift.judged[s] = 0;
                        q->drift.tau[s] = .005;
                }
        }
}

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        struct collection_view *c = collection_view_new(QUERIES);

        w->set = make_set();
        w->c = c;
        c->query_set = query_set_ref(w->set);
        c->label = strdup("docs & more");
        c->name = strdup("docs");
        c->server = strdup("main");
        c->url = strdup("http://chroma:8000");
        assert_int_equal(bands_default(NULL, &c->bands), 0);
        c->baseline = baseline_new(0);
        c->baseline->results = c->results = 10;
        c->baseline->epoch.records = c->epoch.records = c->health.records = 311;
        c->epoch.id = strdup("6a2f41a3");
        c->epoch.space = strdup("l2");
        c->epoch.dimension = 384;
        c->health.unreachable = 0;
        c->health.recall = 1;
        c->embedder.name = strdup("minilm");
        c->embedder.at = 1;
        c->replayed = c->up = true;
        c->last_started = NOW;
        c->drift.compared = c->drift.queries = QUERIES;
        c->drift.set_shift = 0;
        c->attribution.cause = CAUSE_NONE;
        set_up_queries(c);
        finding_policy_init(&w->judging);
        for (int i = 0; i < RULE_COUNT; i++)
                w->rules[i] = (struct rule){.enabled = true, .limit = NAN};
        w->policy = (struct signal_policy){.rules = w->rules, .query_alerts_max = 5};
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        signals_done(&w->signals);
        collection_view_unref(w->c);
        query_set_unref(w->set);
        free(w);
        return 0;
}

static void evaluate(struct world *w, usec_t now)
{
        assert_int_equal(findings_judge(w->c, &w->judging, w->c->findings, now), 0);
        w->c->judged = now;
        signals_done(&w->signals);
        assert_int_equal(signals_build(&w->policy, w->c, &w->signals), 0);
}

static const struct signal *only(const struct world *w)
{
        assert_int_equal(w->signals.count, 1);
        return &w->signals.signals[0];
}

static const char *annotation(const struct signal *s, const char *name)
{
        return labels_get(&s->annotations, name);
}

static void assert_label(const struct signal *s, const char *name, const char *expected)
{
        const char *value = labels_get(&s->labels, name);

        if (expected)
                assert_string_equal(value ? value : "absent", expected);
        else
                assert_null(value);
}

static void fail_query(struct collection_view *c, size_t i)
{
        struct judgement *j = &c->queries[i].judgement;

        j->expected = OUTCOME_FAIL;
        free(j->reason);
        j->reason = strdup("expected record \"x\", but none of the 10 answers is it");
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
        struct world *w = *state;

        evaluate(w, NOW);
        assert_int_equal(w->signals.count, 0);
        assert_string_equal(w->signals.collection, "docs & more");
        assert_string_equal(w->signals.server, "main");
        assert_false(w->signals.server_down);
}

static void before_the_first_replay_there_is_nothing_to_say(void **state)
{
        struct world *w = *state;

        w->c->replayed = false;
        assert_int_equal(signals_build(&w->policy, w->c, &w->signals), -ENODATA);
        assert_null(w->signals.collection);
}

static void one_query_has_an_alert_of_its_own(void **state)
{
        struct world *w = *state;
        const struct signal *s;

        fail_query(w->c, 7);
        evaluate(w, NOW);
        s = only(w);
        assert_int_equal(s->rule, RULE_EXPECTED_RESULT_MISSING);
        assert_label(s, "alertname", "RetrievalExpectedResultMissing");
        assert_label(s, "severity", "critical");
        assert_label(s, "collection", "docs & more");
        assert_label(s, "incident", "docs & more");
        assert_label(s, "query", "q7");
        assert_int_equal(s->labels.count, 5);
        assert_string_equal(
                annotation(s, "summary"), "A canonical query does not find its expected result.");
        assert_non_null(strstr(annotation(s, "description"),
                "Query \"q7\" (How do I compose React hooks?) of collection docs & more: expected "
                "record \"x\", but none of the 10 answers is it; its best answer was at distance "
                "0.7640 and is at 0.9770."));
        assert_null(annotation(s, "runbook_url"));
        assert_null(annotation(s, "dashboard_url"));
        /* That nothing moved is no news. */
        w->c->queries[7].drift.baseline[LEVEL_TOP1] = .977;
        evaluate(w, NOW);
        assert_null(strstr(annotation(only(w), "description"), "its best answer"));
}

static void a_crossing_has_its_figures(void **state)
{
        struct world *w = *state;
        struct judgement *j = &w->c->queries[0].judgement;
        const struct signal *s;

        j->crossed = true;
        j->band = 3;
        j->confirmed_band = 2;
        j->distance = 1.034f;
        evaluate(w, NOW);
        s = only(w);
        assert_label(s, "alertname", "RetrievalBandCrossed");
        assert_label(s, "severity", "warning");
        assert_non_null(strstr(annotation(s, "description"),
                "the best answer moved from band \"excellent\" (0.7640) to \"okay\" (1.0340)."));
        assert_string_equal(annotation(s, "distance"), "1.034");
        assert_string_equal(annotation(s, "previous_distance"), "0.764");
        assert_string_equal(annotation(s, "band"), "okay");
        assert_string_equal(annotation(s, "previous_band"), "excellent");
}

static void a_failing_replay_says_what_the_server_said(void **state)
{
        struct world *w = *state;
        const struct signal *s;

        for (size_t i = 0; i < QUERIES; i++)
                w->c->queries[i].judgement.expected = OUTCOME_UNMEASURED;
        w->c->up = false;
        w->c->last_error = strdup("no answer within 10s");
        evaluate(w, NOW);
        s = only(w);
        assert_true(w->signals.server_down);
        assert_label(s, "alertname", "RetrievalReplayFailing");
        assert_label(s, "query", NULL);
        assert_non_null(strstr(annotation(s, "description"),
                "The replay of collection docs & more on server main (http://chroma:8000) failed: "
                "no answer within 10s."));
}

static void moved_up(struct collection_view *c)
{
        c->queries[3].drift.judged[LEVEL_TOP1] = 0.213;
        c->queries[3].drift.moved[LEVEL_TOP1] = MOVED_UP;
        c->attribution.cause = CAUSE_REMOVED;
}

static void moved_unconfirmed(struct collection_view *c)
{
        moved_up(c);
        c->queries[3].drift.moved[LEVEL_TOP1] = MOVED_NOT;
}

static void set_shifted(struct collection_view *c)
{
        c->drift.set_shifted = true;
        c->drift.set_shift = 0.0234;
        c->drift.moved_up = 5;
}

static void share_moved(struct collection_view *c)
{
        c->drift.share_moved = true;
        c->drift.moved_up = 7;
}

/* Of which only one has a finding of its own. */
static void topic_moved(struct collection_view *c)
{
        moved_up(c);
        c->drift.topics[TOPIC_CONFIRMED] = (struct topic_shift){
                .list = {.count = 1, .told = {{.topic = 0, .portion = {5, 6}}}},
                .whole = {5, QUERIES},
                .rest = {0, QUERIES - 6},
        };
}

static void flooded(struct collection_view *c)
{
        c->attribution.cause = CAUSE_FLOOD;
}

static void seven_lost(struct collection_view *c)
{
        c->health.unreachable = 7; /* of 311: above 2 % */
}

static void six_lost(struct collection_view *c)
{
        c->health.unreachable = 6;
}

static void recall_low(struct collection_view *c)
{
        c->health.recall = 0.51;
        c->health.recall_queries = 32;
}

static void replaced(struct collection_view *c)
{
        c->epoch_changes = EPOCH_REPLACED;
        c->attribution.cause = CAUSE_REEMBED;
}

static void rebuilt(struct collection_view *c)
{
        c->epoch_changes = EPOCH_REPLACED;
}

static void reconfigured(struct collection_view *c)
{
        c->epoch_changes = EPOCH_CONFIGURATION;
        c->epoch.configuration = strdup("{\"hnsw\":{\"ef_search\":10}}");
}

static void grown(struct collection_view *c)
{
        c->epoch_changes = EPOCH_GREW | EPOCH_NEWEST;
}

static void embedder_partial(struct collection_view *c)
{
        c->embedder.partial = true;
        c->embedder.moved = 2;
        c->embedder.compared = 44;
        c->embedder.median = 0.0123;
}

static void embedder_longer(struct collection_view *c)
{
        embedder_partial(c);
        c->embedder.changed = true;
        c->embedder.median = INFINITY;
}

static void embedder_refuses(struct collection_view *c)
{
        c->embedder.unanswered = 2;
        c->embedder.unanswered_query = strdup("hooks");
        c->embedder.unanswered_reason = strdup("HTTP 500: oops");
}

static void embedder_away(struct collection_view *c)
{
        c->embedder.error = strdup("http://e/embed: connection refused");
}

static void each_kind_raises_its_rule(void **state)
{
        static const struct {
                void (*spoil)(struct collection_view *c);
                enum rule_id rule; /* RULE_COUNT: none */
                const char *severity, *description; /* part of it */
                const char *annotation, *value; /* another one; NULL */
        } cases[] = {
                {moved_up, RULE_DISTANCE_DRIFT, "warning",
                        "the best answer lies at 0.9770, 0.2130 above its baseline 0.7640", "cause",
                        "REMOVED"},
                {moved_up, RULE_DISTANCE_DRIFT, "warning", "Restore the deleted records",
                        "baseline_distance", "0.764"},
                {moved_unconfirmed, RULE_COUNT},
                {set_shifted, RULE_SET_DRIFT, "warning", "5 of 60 queries moved up and 0 down",
                        "shift", "0.0234"},
                {share_moved, RULE_SET_DRIFT, "warning",
                        "7 of 60 canonical queries of collection docs & more moved up"},
                {topic_moved, RULE_SET_DRIFT, "warning",
                        "5 of 6 canonical queries tagged area=a b0 of collection docs & more moved "
                        "up from their baseline. The worst queries: \"q3\": the best answer",
                        "cause", "REMOVED"},
                {flooded, RULE_SET_DRIFT, "warning", "New records crowd the answers", "cause",
                        "FLOOD"},
                {seven_lost, RULE_INDEX_INCOMPLETE, "critical", "7 of the 311 records",
                        "unreachable_records", "7"},
                {six_lost, RULE_COUNT},
                {recall_low, RULE_RECALL_LOW, "warning", "returns 0.510 of the records"},
                {replaced, RULE_COLLECTION_REPLACED, "warning",
                        "its id is 6a2f41a3 now, and its content is not the baseline's"},
                {rebuilt, RULE_COLLECTION_REPLACED, "info", "with the content of its baseline"},
                {reconfigured, RULE_CONFIGURATION_CHANGED, "critical",
                        "{\"hnsw\":{\"ef_search\":10}}"},
                {grown, RULE_COUNT},
                {embedder_partial, RULE_EMBEDDER_CHANGED, "critical",
                        "Embedder minilm gives other vectors than the pinned ones for 2 of 44",
                        "cause", "EMBEDDER"},
                {embedder_longer, RULE_EMBEDDER_CHANGED, "critical",
                        "(they have another number of components)"},
                {embedder_away, RULE_EMBEDDER_UNREACHABLE, "warning", "connection refused"},
                {embedder_refuses, RULE_EMBEDDER_UNREACHABLE, "warning",
                        "query \"hooks\": HTTP 500: oops"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct signal *s;
                struct world *w;
                void *inner;

                assert_int_equal(setup(&inner), 0);
                w = inner;
                cases[i].spoil(w->c);
                evaluate(w, NOW);
                if (w->signals.count != (cases[i].rule < RULE_COUNT))
                        fail_msg("case %zu: %zu signals", i, w->signals.count);
                s = w->signals.signals;
                if (s) {
                        assert_int_equal(s->rule, cases[i].rule);
                        assert_label(s, "severity", cases[i].severity);
                        if (!strstr(annotation(s, "description"), cases[i].description))
                                fail_msg("case %zu: %s", i, annotation(s, "description"));
                }
                if (cases[i].annotation)
                        assert_string_equal(annotation(s, cases[i].annotation), cases[i].value);
                assert_int_equal(teardown(&inner), 0);
        }
}

static void rules_can_be_switched_off_and_relevelled(void **state)
{
        struct world *w = *state;

        fail_query(w->c, 0);
        w->c->queries[1].judgement.crossed = true;
        w->rules[RULE_BAND_CROSSED].enabled = false;
        w->rules[RULE_EXPECTED_RESULT_MISSING].severity = (char *)"page";
        evaluate(w, NOW);
        assert_label(only(w), "alertname", "RetrievalExpectedResultMissing");
        assert_label(only(w), "severity", "page");
        /* A rebuild is information, whatever the rule's level is for other content. */
        w->rules[RULE_EXPECTED_RESULT_MISSING].enabled = false;
        w->rules[RULE_COLLECTION_REPLACED].severity = (char *)"page";
        w->c->queries[0].judgement.expected = OUTCOME_PASS;
        rebuilt(w->c);
        evaluate(w, NOW);
        assert_label(only(w), "severity", "info");
}

/* Each alert is of a rule, and the queries of a rule are one from a number on. */
static void many_queries_are_told_together(void **state)
{
        static const struct {
                size_t failing;
                unsigned most;
                size_t alerts;
        } rows[] = {{1, 5, 1}, {5, 5, 5}, {6, 5, 1}, {60, 5, 1}, {2, 1, 1}, {6, 100, 6},
                {7, 100, 1} /* more than a tenth of the set */};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct world *w;
                void *inner;

                assert_int_equal(setup(&inner), 0);
                w = inner;
                w->policy.query_alerts_max = rows[i].most;
                for (size_t k = 0; k < rows[i].failing; k++)
                        fail_query(w->c, k);
                evaluate(w, NOW);
                if (w->signals.count != rows[i].alerts)
                        fail_msg("row %zu: %zu alerts", i, w->signals.count);
                assert_label(&w->signals.signals[0], "query",
                        rows[i].alerts == rows[i].failing ? "q0" : NULL);
                assert_int_equal(teardown(&inner), 0);
        }
}

static void together_the_worst_are_named(void **state)
{
        struct world *w = *state;
        const struct signal *s;
        const char *description;
        char name[16];

        for (size_t i = 10; i < 30; i++) {
                w->c->queries[i].judgement.crossed = true;
                w->c->queries[i].judgement.confirmed_band = 2;
                w->c->queries[i].judgement.distance = 1.0f + .005f * (float)i;
        }
        fail_query(w->c, 29); /* its band is a consequence */
        w->c->attribution.cause = CAUSE_EDIT;
        evaluate(w, NOW);
        assert_int_equal(w->signals.count, 2);
        s = &w->signals.signals[1];
        assert_label(s, "alertname", "RetrievalBandCrossed");
        assert_label(s, "query", NULL);
        assert_null(annotation(s, "distance"));
        assert_string_equal(annotation(s, "cause"), "EDIT");
        description = annotation(s, "description");
        assert_non_null(strstr(description,
                "19 of 60 canonical queries of collection docs & more have left their home band "
                "for a worse one. The worst: \"q28\": the best answer moved"));
        for (int i = 10; i < 30; i++) {
                (void)snprintf(name, sizeof(name), "\"q%d\"", i);
                assert_int_equal(strstr(description, name) != NULL, i >= 24 && i < 29);
        }
        assert_non_null(strstr(description, "Probable cause: EDIT: "));
}

/* Who has no alert of its own is named by that of what it suffers from. */
static void consequences_are_named(void **state)
{
        struct world *w = *state;
        const char *description;

        set_shifted(w->c);
        w->c->queries[5].judgement.crossed = true;
        w->c->queries[5].judgement.confirmed_band = 2;
        w->c->attribution.cause = CAUSE_EDIT;
        evaluate(w, NOW);
        description = annotation(only(w), "description");
        assert_label(only(w), "alertname", "RetrievalSetDrift");
        assert_non_null(strstr(description,
                "5 of 60 queries moved up and 0 down. The worst queries: \"q5\": the best answer "
                "moved from band \"excellent\" (0.7640) to \"okay\" (0.9770). Probable cause: "
                "EDIT: "));
}

static void consequences_raise_no_alert(void **state)
{
        struct world *w = *state;

        fail_query(w->c, 4);
        w->c->queries[4].judgement.crossed = true;
        w->c->queries[4].drift.moved[LEVEL_TOP1] = MOVED_UP;
        w->c->queries[4].drift.judged[LEVEL_TOP1] = .3;
        w->c->queries[5].judgement.crossed = true;
        set_shifted(w->c);
        evaluate(w, NOW);
        assert_int_equal(w->signals.count, 2);
        assert_int_equal(w->signals.signals[0].rule, RULE_SET_DRIFT);
        assert_int_equal(w->signals.signals[1].rule, RULE_EXPECTED_RESULT_MISSING);
}

static void who_waits_or_is_excused_raises_no_alert(void **state)
{
        struct world *w = *state;

        w->judging.grace = USEC_PER_MINUTE;
        w->c->ingest_under_way = true;
        fail_query(w->c, 4);
        evaluate(w, NOW);
        assert_int_equal(w->signals.count, 0);
        w->c->last_finished = NOW + USEC_PER_MINUTE;
        evaluate(w, NOW + USEC_PER_MINUTE);
        assert_label(only(w), "query", "q4");
        w->c->findings->findings[0].excused = true;
        signals_done(&w->signals);
        assert_int_equal(signals_build(&w->policy, w->c, &w->signals), 0);
        assert_int_equal(w->signals.count, 0);
}

/* While nobody knows, alerts stay and keep their words. */
static void what_was_not_looked_at_is_stale(void **state)
{
        struct world *w = *state;

        fail_query(w->c, 4);
        w->c->queries[5].judgement.crossed = true;
        evaluate(w, NOW);
        assert_int_equal(w->signals.count, 2);
        assert_false(w->signals.signals[0].stale);
        w->c->queries[4].judgement.expected = OUTCOME_UNMEASURED;
        evaluate(w, NOW + USEC_PER_MINUTE);
        assert_int_equal(w->signals.count, 2);
        assert_true(w->signals.signals[0].stale);
        assert_false(w->signals.signals[1].stale);
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
                {"http://d:9820", "", "http://d:9820/?collection=docs%20%26%20more", NULL},
                {"http://d:9820", NULL, "http://d:9820/?collection=docs%20%26%20more",
                        "http://d:9820/runbook/retrievalreplayfailing"},
                {"http://d/drift//", NULL, "http://d/drift/?collection=docs%20%26%20more",
                        "http://d/drift/runbook/retrievalreplayfailing"},
                {NULL, NULL, NULL, NULL},
        };
        struct world *w = *state;

        w->c->last_error = strdup("x");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_free_ char *base = NULL;
                const struct signal *s;

                assert_int_equal(signal_runbook_base(rows[i].runbook, rows[i].external, &base), 0);
                w->policy.external_url = rows[i].external;
                w->policy.runbook_url = base;
                evaluate(w, NOW);
                w->policy.runbook_url = NULL;
                s = only(w);
                assert_string_equal(annotation(s, "dashboard_url") ?: "",
                        rows[i].dashboard_url ? rows[i].dashboard_url : "");
                assert_string_equal(annotation(s, "runbook_url") ?: "",
                        rows[i].runbook_url ? rows[i].runbook_url : "");
        }
}

/* Whatever a query's text or a server's words hold: one line, bounded, valid UTF-8. */
static void hostile_texts_stay_bounded_lines(void **state)
{
        static const char *const pieces[] = {"ß", "\x01\n\x1b[31m", "\"", "{{ .Labels }}", "\\"};
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
                _cleanup_text_ struct text long_text = {0};
                const char *description;

                while (long_text.size < 20000)
                        text_append(&long_text, pieces[i]);
                free(w->set->queries[4].text);
                w->set->queries[4].text = strdup(text_string(&long_text));
                free(w->c->queries[4].judgement.reason);
                w->c->queries[4].judgement.expected = OUTCOME_FAIL;
                w->c->queries[4].judgement.reason = strdup(text_string(&long_text));
                w->c->attribution.cause = CAUSE_REMOVED;
                evaluate(w, NOW);
                description = annotation(only(w), "description");
                assert_true(strlen(description) <= SIGNAL_DESCRIPTION_MAX);
                assert_true(utf8_valid(description, strlen(description)));
                assert_non_null(strstr(description, "… Probable cause: REMOVED: "));
                assert_int_equal(description[strlen(description) - 1], '.');
                for (const char *p = description; *p; p++)
                        assert_false(iscntrl((unsigned char)*p));
        }
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_found),
                TEST(all_is_well),
                TEST(before_the_first_replay_there_is_nothing_to_say),
                TEST(one_query_has_an_alert_of_its_own),
                TEST(a_crossing_has_its_figures),
                TEST(a_failing_replay_says_what_the_server_said),
                cmocka_unit_test(each_kind_raises_its_rule),
                TEST(rules_can_be_switched_off_and_relevelled),
                cmocka_unit_test(many_queries_are_told_together),
                TEST(together_the_worst_are_named),
                TEST(consequences_are_named),
                TEST(consequences_raise_no_alert),
                TEST(who_waits_or_is_excused_raises_no_alert),
                TEST(what_was_not_looked_at_is_stale),
                TEST(links),
                TEST(hostile_texts_stay_bounded_lines),
                cmocka_unit_test(the_reference_is_complete),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
