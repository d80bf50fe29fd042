/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "judge/epoch.h"
#include "tell/condition.h"

/* A collection with a baseline in which nothing is wrong. */
struct world {
        struct query_set *set;
        struct collection_view *view;
        struct rule rules[RULE_COUNT];
};

static int set_up(void **state)
{
        static const char yaml[] = "queries:\n- {id: a, text: b}\n";
        struct world *w = calloc(1, sizeof(*w));
        struct errors errors = {0};
        struct collection_view *v;

        *state = w;
        assert_int_equal(query_set_parse("q", yaml, strlen(yaml), &w->set, &errors), 0);
        v = w->view = collection_view_new(1);
        v->query_set = query_set_ref(w->set);
        v->label = strdup("agents");
        v->server = strdup("main");
        v->url = strdup("http://chroma:8000");
        v->replayed = v->up = true;
        v->results = 10;
        v->epoch.id = strdup("6a2f41a3");
        v->epoch.space = strdup("l2");
        v->epoch.dimension = 384;
        v->epoch.records = 311;
        v->baseline = baseline_new(0);
        v->attribution.cause = CAUSE_NONE;
        v->health.records = 311;
        v->health.unreachable = 0;
        v->health.recall = 1;
        v->embedder.name = strdup("minilm");
        v->embedder.at = 1;
        v->queries[0].judgement.outcome = OUTCOME_PASS;
        v->queries[0].judgement.distance = 0.977f;
        v->queries[0].drift.compared = true;
        assert_int_equal(bands_default(NULL, &v->bands), 0);
        for (enum rule_id i = 0; i < RULE_COUNT; i++)
                w->rules[i] = (struct rule){.enabled = true, .limit = NAN};
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        collection_view_unref(w->view);
        query_set_unref(w->set);
        free(w);
        return 0;
}

static void moved_up(struct collection_view *v)
{
        struct query_drift *d = &v->queries[0].drift;

        d->baseline[LEVEL_TOP1] = 0.764;
        d->judged[LEVEL_TOP1] = 0.213;
        d->shift[LEVEL_TOPK] = 0.1;
        d->moved[LEVEL_TOP1] = MOVED_UP;
        v->attribution.cause = CAUSE_REMOVED;
}

/* As far, but in one replay only. */
static void moved_unconfirmed(struct collection_view *v)
{
        moved_up(v);
        v->queries[0].drift.moved[LEVEL_TOP1] = MOVED_NOT;
}

static void moved_a_little(struct collection_view *v)
{
        moved_up(v);
        v->queries[0].drift.judged[LEVEL_TOP1] = 0.2;
}

/* Too few records came back for a mean. */
static void moved_up_with_short_answer(struct collection_view *v)
{
        moved_up(v);
        v->queries[0].drift.shift[LEVEL_TOPK] = NAN;
}

static void set_shifted(struct collection_view *v)
{
        v->drift.set_shifted = true;
        v->drift.set_shift = 0.0234;
        v->drift.moved_up = 5;
        v->drift.queries = 12;
}

static void share_moved(struct collection_view *v)
{
        v->drift.share_moved = true;
}

static void flooded(struct collection_view *v)
{
        v->attribution.cause = CAUSE_FLOOD;
}

static void four_lost(struct collection_view *v)
{
        v->health.unreachable = 4; /* of 311: above 1 % */
}

static void three_lost(struct collection_view *v)
{
        v->health.unreachable = 3;
}

static void recall_low(struct collection_view *v)
{
        v->health.recall = 0.51;
        v->health.recall_queries = 32;
}

static void replaced(struct collection_view *v)
{
        v->epoch_changes = EPOCH_REPLACED;
}

static void reconfigured(struct collection_view *v)
{
        v->epoch_changes = EPOCH_CONFIGURATION;
        v->epoch.configuration = strdup("{\"hnsw\":{\"ef_search\":10}}");
}

static void grown(struct collection_view *v)
{
        v->epoch_changes = EPOCH_GREW | EPOCH_NEWEST;
}

static void embedder_longer(struct collection_view *v)
{
        v->embedder.changed = true;
        v->embedder.moved = v->embedder.compared = 44;
        v->embedder.median = INFINITY;
}

static void embedder_partial(struct collection_view *v)
{
        v->embedder.partial = true;
        v->embedder.moved = 2;
        v->embedder.compared = 44;
        v->embedder.median = 0.0123;
}

static void each_holds_when_it_should(void **state)
{
        static const struct {
                void (*spoil)(struct collection_view *v);
                enum rule_id rule; /* RULE_COUNT: none */
                const char *description; /* part of it */
                const char *annotation, *value; /* another one; NULL */
        } cases[] = {
                {moved_up, RULE_DISTANCE_DRIFT,
                        "from 0.213 farther away than its baseline: its best answer was at 0.764 "
                        "and is at 0.977",
                        "cause", "REMOVED"},
                {moved_up, RULE_DISTANCE_DRIFT, "Find out who deleted them", "baseline_distance",
                        "0.764"},
                {moved_up_with_short_answer, RULE_DISTANCE_DRIFT, "and is at 0.977. Probable cause",
                        NULL, NULL},
                {moved_unconfirmed, RULE_COUNT, NULL, NULL, NULL},
                {moved_a_little, RULE_COUNT, NULL, NULL, NULL},
                {set_shifted, RULE_SET_DRIFT,
                        "5 of 12 have moved up and 0 down; the mean shift is +0.0234.", NULL, NULL},
                {share_moved, RULE_SET_DRIFT, "0 have moved up and 0 down. Probable cause", NULL,
                        NULL},
                {flooded, RULE_SET_DRIFT, "Near-duplicate records crowd the answers", "cause",
                        "FLOOD"},
                {four_lost, RULE_INDEX_INCOMPLETE, "4 of the 311 records", "unreachable_records",
                        "4"},
                {three_lost, RULE_COUNT, NULL, NULL, NULL},
                {recall_low, RULE_RECALL_LOW, "returns 0.51 of the records", NULL, NULL},
                {replaced, RULE_COLLECTION_REPLACED, "its id is 6a2f41a3 now", NULL, NULL},
                {reconfigured, RULE_CONFIGURATION_CHANGED, "{\"hnsw\":{\"ef_search\":10}}", NULL,
                        NULL},
                {grown, RULE_COUNT, NULL, NULL, NULL},
                {embedder_partial, RULE_EMBEDDER_CHANGED,
                        "Embedder minilm gives other vectors than the pinned ones for 2 of 44",
                        "cause", "EMBEDDER"},
                {embedder_longer, RULE_EMBEDDER_CHANGED, "(they have another length)", NULL, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct signals signals = {0};
                struct world *w;
                void *inner;

                assert_int_equal(set_up(&inner), 0);
                w = inner;
                cases[i].spoil(w->view);
                assert_int_equal(rules_evaluate(w->rules, w->view, NULL, NULL, &signals), 0);
                if (signals.count != (cases[i].rule < RULE_COUNT))
                        fail_msg("case %zu: %zu signals", i, signals.count);
                if (signals.count > 0) {
                        const struct labels *a = &signals.signals[0].annotations;
                        const char *description = labels_get(a, "description");

                        assert_int_equal(signals.signals[0].rule, cases[i].rule);
                        if (!strstr(description, cases[i].description))
                                fail_msg("case %zu: %s", i, description);
                        if (cases[i].annotation)
                                assert_string_equal(
                                        labels_get(a, cases[i].annotation), cases[i].value);
                }
                signals_done(&signals);
                assert_int_equal(tear_down(&inner), 0);
        }
}

/* While nobody knows, alerts stay as they are. */
static void what_is_unknown_is_not_over(void **state)
{
        struct world *w = *state;
        struct signals signals = {0};

        w->view->health.unreachable = -1;
        w->view->health.recall = NAN;
        w->view->embedder.at = 0;
        w->view->up = false;
        w->view->last_error = strdup("no answer");
        assert_int_equal(rules_evaluate(w->rules, w->view, NULL, NULL, &signals), 0);
        assert_int_equal(signals.count, 1); /* the failure itself */
        assert_int_equal(signals.signals[0].rule, RULE_REPLAY_FAILING);
        for (enum rule_id i = 0; i < RULE_COUNT; i++)
                assert_int_equal(signals.unknown_rules[i],
                        i != RULE_REPLAY_FAILING && i != RULE_EXPECTED_RESULT_MISSING &&
                                i != RULE_BAND_CROSSED);
        signals_done(&signals);
}

static void without_an_embedder_its_alert_ends(void **state)
{
        struct world *w = *state;
        struct signals signals = {0};

        free(w->view->embedder.name);
        w->view->embedder = (struct embedder_view){.median = NAN};
        assert_int_equal(rules_evaluate(w->rules, w->view, NULL, NULL, &signals), 0);
        assert_false(signals.unknown_rules[RULE_EMBEDDER_CHANGED]);
        assert_int_equal(signals.count, 0);
        signals_done(&signals);
}

/* A flood is known by its records; a shift by the answers alone. */
static void a_flood_is_not_over_while_the_records_cannot_be_looked_up(void **state)
{
        struct world *w = *state;
        struct signals signals = {0};

        w->view->attribution.cause = CAUSE_GROWTH;
        w->view->attribution.unfinished = true;
        assert_int_equal(rules_evaluate(w->rules, w->view, NULL, NULL, &signals), 0);
        assert_true(signals.unknown_rules[RULE_SET_DRIFT]);
        assert_int_equal(signals.count, 0);
        signals_done(&signals);
        set_shifted(w->view);
        assert_int_equal(rules_evaluate(w->rules, w->view, NULL, NULL, &signals), 0);
        assert_int_equal(signals.count, 1);
        signals_done(&signals);
}

static void a_limit_is_configurable(void **state)
{
        struct world *w = *state;
        struct signals signals = {0};

        moved_a_little(w->view);
        w->rules[RULE_DISTANCE_DRIFT].limit = 0.1;
        assert_int_equal(rules_evaluate(w->rules, w->view, NULL, NULL, &signals), 0);
        assert_int_equal(signals.count, 1);
        signals_done(&signals);
}

static void a_limit_follows_the_space_unless_it_is_configured(void **state)
{
        static const struct {
                const char *space;
                double limit;
                size_t count;
        } rows[] = {{"l2", NAN, 0}, {"cosine", NAN, 1}, {"ip", NAN, 1}, {"cosine", 0.2, 0}};
        struct world *w = *state;

        moved_a_little(w->view);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct baseline *b = w->view->baseline;
                struct signals signals = {0};

                free(b->epoch.space);
                b->epoch.space = strdup(rows[i].space);
                w->rules[RULE_DISTANCE_DRIFT].limit = rows[i].limit;
                assert_int_equal(rules_evaluate(w->rules, w->view, NULL, NULL, &signals), 0);
                assert_int_equal(signals.count, rows[i].count);
                signals_done(&signals);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_holds_when_it_should),
                cmocka_unit_test_setup_teardown(what_is_unknown_is_not_over, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_flood_is_not_over_while_the_records_cannot_be_looked_up, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        without_an_embedder_its_alert_ends, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_limit_is_configurable, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_limit_follows_the_space_unless_it_is_configured, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
