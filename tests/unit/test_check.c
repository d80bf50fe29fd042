/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "sample_view.h"
#include "show/gate/check.h"

static const struct collection_view *const *collections_of(const struct view *view)
{
        return (const struct collection_view *const *)view->collections;
}

/* Gives the first queries of the sample's first collection these outcomes and all others a pass. */
static void set_outcomes(struct view *view, size_t count, const enum outcome *outcomes)
{
        struct collection_view *c = view->collections[0];

        for (size_t i = 0; i < c->query_set->count; i++)
                c->queries[i].judgement.outcome = i < count ? outcomes[i] : OUTCOME_PASS;
}

static void judges_a_collection(void **state)
{
        static const struct {
                enum outcome outcomes[2];
                bool fail_only;
                enum check_verdict expected;
        } cases[] = {
                {{OUTCOME_PASS, OUTCOME_PASS}, false, CHECK_PASS},
                {{OUTCOME_PASS, OUTCOME_DRIFT}, false, CHECK_FAIL},
                {{OUTCOME_PASS, OUTCOME_DRIFT}, true, CHECK_PASS},
                {{OUTCOME_FAIL, OUTCOME_PASS}, false, CHECK_FAIL},
                {{OUTCOME_FAIL, OUTCOME_DRIFT}, true, CHECK_FAIL},
                {{OUTCOME_UNMEASURED, OUTCOME_PASS}, false, CHECK_UNMEASURED},
                {{OUTCOME_UNMEASURED, OUTCOME_FAIL}, false, CHECK_FAIL},
                {{OUTCOME_UNMEASURED, OUTCOME_DRIFT}, true, CHECK_UNMEASURED},
        };
        _cleanup_view_ struct view *view = sample_view();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct check check = {.fail_only = cases[i].fail_only};

                set_outcomes(view, 2, cases[i].outcomes);
                assert_int_equal(check_collection(&check, view->collections[0]), cases[i].expected);
        }
}

/* Too few answers say nothing, neither good nor bad. */
static void a_failed_replay_is_unmeasured(void **state)
{
        static const enum outcome outcomes[] = {OUTCOME_FAIL};
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];
        const struct check check = {0};
        size_t count = c->query_set->count;

        set_outcomes(view, 1, outcomes);
        assert_int_equal(check_collection(&check, c), CHECK_FAIL);
        c->last_error = strdup("only 1 of 7 queries got a valid answer");
        assert_int_equal(check_collection(&check, c), CHECK_UNMEASURED);
        free(c->last_error);
        c->last_error = NULL;
        c->replayed = false;
        assert_int_equal(check_collection(&check, c), CHECK_UNMEASURED);
        c->replayed = true;
        c->query_set->count = 0;
        assert_int_equal(check_collection(&check, c), CHECK_UNMEASURED);
        c->query_set->count = count;
        set_outcomes(view, 0, NULL);
        assert_int_equal(check_collection(&check, c), CHECK_PASS);
}

static void judges_the_run(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct check check = {.collections = collections_of(view), .count = 3};

        assert_int_equal(check_verdict(&check), CHECK_FAIL);
        set_outcomes(view, 0, NULL);
        assert_int_equal(check_verdict(&check), CHECK_UNMEASURED);
        check.count = 1;
        assert_int_equal(check_verdict(&check), CHECK_PASS);
        check.count = 0;
        assert_int_equal(check_verdict(&check), CHECK_UNMEASURED);
}

static void has_names_and_statuses(void **state)
{
        assert_int_equal(check_exit_status(CHECK_PASS), 0);
        assert_int_equal(check_exit_status(CHECK_FAIL), 1);
        assert_int_equal(check_exit_status(CHECK_UNMEASURED), 3);
        assert_string_equal(check_verdict_name(CHECK_PASS), "pass");
        assert_string_equal(check_verdict_name(CHECK_FAIL), "fail");
        assert_string_equal(check_verdict_name(CHECK_UNMEASURED), "unmeasured");
        assert_int_equal(check_format_count, 5);
}

static void render(const char *format, const struct check *check, struct text *text)
{
        for (size_t i = 0; i < check_format_count; i++)
                if (streq(check_formats[i].name, format))
                        check_formats[i].render(check, text);
        assert_false(text_failed(text));
}

static void writes_text(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        const struct check check = {
                .collections = collections_of(view),
                .count = 3,
                .started = SAMPLE_NOW,
                .duration = 31250,
        };

        render("text", &check, &text);
        assert_string_equal(text_string(&text),
                "original_agents on main: fail, 311 records, replayed in 31ms\n"
                "  cause REMOVED: Records that used to answer have been deleted. 5 baseline "
                "records are missing: 5 of 5 looked up no longer exist. Restore the deleted "
                "records, or change the expectations of the queries that asked for them.\n"
                "  OUTCOME     QUERY                                           BAND       "
                "DISTANCE    EXPECTED    RANK  REASON\n"
                "  fail        bundle-budget                                   okay       "
                "1.0312      -           -     expected a record with "
                "{\"filename\":\"frontend-architect.md\"}, but none of the 10 answers is it; "
                "the best is \"sre.md#4\" at distance 1.0312\n"
                "  fail        quo\"te\\back </td><script>alert('1')</script> ü  excellent  "
                "-0.25       -0.2        2     <b>\"reason\"</b> &  [31mmore\n"
                "  drift       dialog-focus                                    okay       "
                "1.1407      1.1407      1     distance moved from band \"good\" (0.91) to "
                "\"okay\" (1.1407)\n"
                "  unmeasured  slow-query                                      -          -      "
                "     -           -     the answer to this query holds a distance that is null\n"
                "  pass        react-hooks                                     good       "
                "0.91968507  0.91968507  1\n"
                "  pass        cooking                                         poor       "
                "1.3125      -           -\n"
                "  pass        threat-model                                    excellent  0.75   "
                "     0.75        1\n"
                "  with 6 queries, a fault that touches less than 23.5 % of questions would be "
                "missed with a probability of more than 20 %\n"
                "\n"
                "we\"ird\\la bel <b>&amp;</b> 日本 on spare: unmeasured\n"
                "  OUTCOME     QUERY  BAND  DISTANCE  EXPECTED  RANK  REASON\n"
                "  unmeasured  a      -     -         -         -     not replayed yet\n"
                "  unmeasured  b      -     -         -         -     not replayed yet\n"
                "\n"
                "tickets on spare: unmeasured, replayed in 2ms\n"
                "  tickets: cannot connect to http://127.0.0.1:8001: connection refused\n"
                "  OUTCOME     QUERY   BAND  DISTANCE  EXPECTED  RANK  REASON\n"
                "  unmeasured  refund  -     -         -         -     the request failed\n"
                "\n"
                "verdict: fail (10 queries: 3 pass, 1 drift, 2 fail, 4 unmeasured)\n");
}

/* C0, C1 and invalid bytes, as a server may put them into record ids that reasons quote. */
static void text_moves_no_cursor(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct judgement *v = &view->collections[0]->queries[0].judgement;
        const struct check check = {.collections = collections_of(view), .count = 1};

        v->outcome = OUTCOME_FAIL;
        v->reason = strdup("a\x1b[2J\r\n\tb\xc2\x9b"
                           "31mc\xff\x7f é");
        render("text", &check, &text);
        assert_non_null(strstr(text.data, "a [2J   b  31mc\xef\xbf\xbd  é\n"));
        for (size_t i = 0; i < text.size; i++)
                assert_true(text.data[i] == '\n' || (unsigned char)text.data[i] >= ' ');
}

static void writes_json(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        _cleanup_json_ json_t *object = NULL;
        const json_t *list;
        const struct check check = {
                .collections = collections_of(view),
                .count = 3,
                .started = SAMPLE_NOW,
                .duration = 31250,
        };

        render("json", &check, &text);
        assert_int_equal(text.data[text.size - 1], '\n');
        assert_int_equal(json_parse("json", text.data, text.size, &object, NULL), 0);
        assert_int_equal(json_object_size(object), 5);
        assert_string_equal(json_string_value(json_object_get(object, "verdict")), "fail");
        assert_int_equal(json_integer_value(json_object_get(object, "exit_status")), 1);
        assert_string_equal(
                json_string_value(json_object_get(object, "started")), "2026-11-23T02:00:00Z");
        assert_float_equal(
                json_real_value(json_object_get(object, "duration_seconds")), 0.03125, 0);
        list = json_object_get(object, "collections");
        assert_int_equal(json_array_size(list), 3);
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, 2), "verdict")),
                "unmeasured");
        /* A float keeps its shortest decimal, what is unknown is null. */
        assert_non_null(strstr(text.data, "\"distance\": 0.91968507,"));
        assert_non_null(strstr(text.data, "\"cause\": null,"));
}

/* The JSON's collections are judged by the gate that was asked for. */
static void json_knows_the_gate(void **state)
{
        static const enum outcome outcomes[] = {OUTCOME_DRIFT};
        _cleanup_view_ struct view *view = sample_view();
        struct check check = {.collections = collections_of(view), .count = 1, .fail_only = true};

        set_outcomes(view, 1, outcomes);
        for (int i = 0; i < 2; i++) {
                const char *expected = check.fail_only ? "pass" : "fail";
                _cleanup_json_ json_t *object = check_json(&check);
                const json_t *c = json_array_get(json_object_get(object, "collections"), 0);

                assert_string_equal(
                        json_string_value(json_object_get(object, "verdict")), expected);
                assert_string_equal(json_string_value(json_object_get(c, "verdict")), expected);
                check.fail_only = false;
        }
}

/* The first collection, all passing, compared with a baseline that it equals. */
static struct collection_view *with_baseline(struct view *view)
{
        struct collection_view *c = view->collections[0];

        set_outcomes(view, 0, NULL);
        baseline_unref(c->baseline);
        c->baseline = baseline_new(c->query_set->count);
        assert_non_null(c->baseline);
        c->baseline->epoch.space = strdup("l2");
        c->baseline->epoch.dimension = 384;
        c->drift.set_shift = 0;
        for (size_t i = 0; i < c->query_set->count; i++) {
                struct query_drift *d = &c->queries[i].drift;
                double distance = i == 3 ? 0.9 : (double)c->queries[i].judgement.distance;

                c->queries[i].judgement.distance = (float)distance;
                c->baseline->queries[i].id = strdup(c->query_set->queries[i].id);
                c->baseline->queries[i].outcome = OUTCOME_PASS;
                d->compared = true;
                for (unsigned l = 0; l < LEVEL_COUNT; l++) {
                        d->baseline[l] = distance;
                        d->shift[l] = 0;
                        d->tau[l] = 0.005;
                }
        }
        baseline_sort(c->baseline);
        return c;
}

static void rise(struct collection_view *c, size_t i, double by)
{
        c->queries[i].drift.shift[LEVEL_TOPK] = by;
}

static void compares_with_the_baseline(void **state)
{
        enum kind {
                NOTHING,
                TOPK,
                TOP1,
                BAND,
                BORDER,
                SET,
                SHARE,
                TWO_MOVED,
                FLOOD,
                SPACE,
                DIMENSION,
                EMBEDDER
        };
        static const struct {
                enum kind kind;
                double by;
                enum check_verdict expected, fail_only;
                const char *words;
        } cases[] = {
                {NOTHING, 0, CHECK_PASS, CHECK_PASS, "verdict: pass"},
                {TOPK, 0.21, CHECK_FAIL, CHECK_PASS, "mean of the answers"},
                {TOPK, 0.19, CHECK_PASS, CHECK_PASS, "verdict: pass"},
                {TOP1, 0.21, CHECK_FAIL, CHECK_PASS, "best answer"},
                {BAND, 0.02, CHECK_FAIL, CHECK_PASS, "its baseline 0.995 is in \"good\""},
                {BORDER, 0.009, CHECK_PASS, CHECK_PASS, "verdict: pass"},
                {SET, 0.011, CHECK_FAIL, CHECK_PASS, "the whole set"},
                {SET, 0.009, CHECK_PASS, CHECK_PASS, "verdict: pass"},
                {SHARE, 0.006, CHECK_FAIL, CHECK_PASS, "3 of 7 queries moved up"},
                {TWO_MOVED, 0.006, CHECK_PASS, CHECK_PASS, "verdict: pass"},
                {FLOOD, 0, CHECK_FAIL, CHECK_PASS, "near-duplicates crowd the answers"},
                {SPACE, 0, CHECK_FAIL, CHECK_FAIL, "distance cosine to l2"},
                {DIMENSION, 0, CHECK_FAIL, CHECK_FAIL, "dimension 768 to 384"},
                {EMBEDDER, 0, CHECK_FAIL, CHECK_FAIL, "the embedder gives other vectors"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_view_ struct view *view = sample_view();
                _cleanup_text_ struct text text = {0};
                struct collection_view *c = with_baseline(view);
                struct check check = {
                        .collections = collections_of(view), .count = 1, .baseline = true};
                enum kind kind = cases[i].kind;

                if (kind == TOPK || kind == TOP1)
                        c->queries[1].drift.shift[kind == TOPK ? LEVEL_TOPK : LEVEL_TOP1] =
                                cases[i].by;
                if (kind == BAND || kind == BORDER) {
                        c->queries[1].drift.baseline[LEVEL_TOP1] = 0.995;
                        c->queries[1].judgement.distance = (float)(0.995 + cases[i].by);
                }
                if (kind == SET)
                        c->drift.set_shift = cases[i].by;
                for (size_t k = 0; (kind == SHARE && k < 3) || (kind == TWO_MOVED && k < 2); k++)
                        rise(c, k, cases[i].by);
                if (kind == SPACE) {
                        free(c->baseline->epoch.space);
                        c->baseline->epoch.space = strdup("cosine");
                }
                if (kind == DIMENSION)
                        c->baseline->epoch.dimension = 768;
                c->embedder.changed = kind == EMBEDDER;
                c->attribution.cause = kind == FLOOD ? CAUSE_FLOOD : CAUSE_NONE;
                assert_int_equal(check_collection(&check, c), cases[i].expected);
                check_formats[0].render(&check, &text);
                assert_non_null(strstr(text.data, cases[i].words));
                check.fail_only = true;
                assert_int_equal(check_collection(&check, c), cases[i].fail_only);
                check.fail_only = false;
                check.baseline = false;
                assert_int_equal(check_collection(&check, c), CHECK_PASS);
        }
}

static void limits_follow_the_space(void **state)
{
        static const struct check_limits set = {.distance = 0.2, .set_shift = 0.01, .index = 0.01};
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        struct check check = {.baseline = true};

        for (unsigned by_set = 0; by_set <= 1; by_set++) {
                free(c->baseline->epoch.space);
                free(c->epoch.space);
                c->baseline->epoch.space = strdup("l2");
                c->epoch.space = strdup("l2");
                rise(c, 1, by_set ? 0 : 0.15);
                c->drift.set_shift = by_set ? 0.007 : 0;
                check.limits = NULL;
                assert_int_equal(check_collection(&check, c), CHECK_PASS);
                (void)memcpy(c->baseline->epoch.space, "ip", sizeof("ip"));
                (void)memcpy(c->epoch.space, "ip", sizeof("ip"));
                assert_int_equal(check_collection(&check, c), CHECK_FAIL);
                check.limits = &set;
                assert_int_equal(check_collection(&check, c), CHECK_PASS);
        }
}

/* A failed query is not made a drift by its baseline. */
static void never_better_than_its_own_outcome(void **state)
{
        static const enum outcome outcomes[] = {OUTCOME_FAIL, OUTCOME_UNMEASURED};
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        const struct check check = {.baseline = true};

        rise(c, 0, 0.3);
        rise(c, 1, 0.3);
        set_outcomes(view, 2, outcomes);
        assert_int_equal(check_outcome(&check, c, 0), OUTCOME_FAIL);
        assert_int_equal(check_outcome(&check, c, 1), OUTCOME_UNMEASURED);
}

static void needs_a_baseline_to_compare(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        const struct check check = {.baseline = true};
        struct check_findings findings;

        c->results = 5;
        c->baseline->results = 10;
        c->drift.set_shift = NAN;
        assert_int_equal(check_collection(&check, c), CHECK_UNMEASURED);
        check_find(&check, c, &findings);
        assert_non_null(strstr(findings.sentences[0], "recorded with 10 results and 5 are asked"));
        c->results = 10;
        check_find(&check, c, &findings);
        assert_non_null(strstr(findings.sentences[0], "too few queries have a mean"));
        c->drift.set_shift = 0;
        assert_int_equal(check_collection(&check, c), CHECK_PASS);
        for (size_t i = 0; i < c->query_set->count; i++)
                c->queries[i].drift.compared = false;
        assert_int_equal(check_collection(&check, c), CHECK_UNMEASURED);
        c->baseline = baseline_unref(c->baseline);
        assert_int_equal(check_collection(&check, c), CHECK_UNMEASURED);
}

static void judges_the_index(void **state)
{
        static const struct check_limits wide = {.distance = 0.2, .set_shift = 0.01, .index = 0.5};
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];
        struct check check = {.fail_only = true};

        set_outcomes(view, 0, NULL);
        c->health.records = 300;
        c->health.unreachable = 3;
        assert_int_equal(check_collection(&check, c), CHECK_PASS);
        c->health.unreachable = 4;
        assert_int_equal(check_collection(&check, c), CHECK_FAIL);
        check.limits = &wide;
        assert_int_equal(check_collection(&check, c), CHECK_PASS);
        check.limits = NULL;
        c->health.unreachable = -1;
        assert_int_equal(check_collection(&check, c), CHECK_PASS);
}

static void lists_what_broke_and_mended(void **state)
{
        static const enum outcome outcomes[] = {OUTCOME_FAIL};
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = with_baseline(view);
        const struct check check = {
                .collections = collections_of(view), .count = 1, .baseline = true};
        _cleanup_text_ struct text text = {0};
        _cleanup_json_ json_t *object = NULL;
        const json_t *lists;

        set_outcomes(view, 1, outcomes);
        for (size_t i = 0; i < c->baseline->count; i++)
                if (streq(c->baseline->queries[i].id, "cooking"))
                        c->baseline->queries[i].outcome = OUTCOME_FAIL;
        check_formats[0].render(&check, &text);
        assert_non_null(
                strstr(text.data, "  pass -> fail: react-hooks\n  fail -> pass: cooking\n"));
        c->attribution.cause = CAUSE_FLOOD;
        object = check_json(&check);
        lists = json_array_get(json_object_get(object, "collections"), 0);
        assert_string_equal(json_string_value(json_object_get(lists, "cause")), "FLOOD");
        assert_true(json_is_object(json_object_get(lists, "evidence")));
        lists = json_object_get(lists, "lists");
        assert_int_equal(json_array_size(json_object_get(lists, "pass_to_fail")), 1);
        assert_int_equal(json_array_size(json_object_get(lists, "fail_to_pass")), 1);
}

static void knows_what_it_could_not_have_seen(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(44, 1);
        char sentence[CHECK_SENTENCE_MAX];
        struct check_sensitivity s = check_sensitivity(view->collections[0]);

        assert_int_equal(s.queries, 44);
        assert_true(fabs(s.detectable - (1 - pow(0.2, 1.0 / 44))) < 1e-9);
        assert_true(fabs(s.excluded - (1 - pow(0.05, 1.0 / 44))) < 1e-9);
        assert_true(check_sensitivity_text(s, sentence));
        assert_string_equal(sentence,
                "with 44 queries, a fault that touches less than 3.6 % of questions would be "
                "missed with a probability of more than 20 %");
        assert_false(check_sensitivity_text((struct check_sensitivity){0}, sentence));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(judges_a_collection),
                cmocka_unit_test(a_failed_replay_is_unmeasured),
                cmocka_unit_test(judges_the_run),
                cmocka_unit_test(compares_with_the_baseline),
                cmocka_unit_test(limits_follow_the_space),
                cmocka_unit_test(never_better_than_its_own_outcome),
                cmocka_unit_test(needs_a_baseline_to_compare),
                cmocka_unit_test(judges_the_index),
                cmocka_unit_test(lists_what_broke_and_mended),
                cmocka_unit_test(knows_what_it_could_not_have_seen),
                cmocka_unit_test(has_names_and_statuses),
                cmocka_unit_test(writes_text),
                cmocka_unit_test(text_moves_no_cursor),
                cmocka_unit_test(writes_json),
                cmocka_unit_test(json_knows_the_gate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
