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
#include "show/check.h"

static const struct collection_view *const *collections_of(const struct view *view)
{
        return (const struct collection_view *const *)view->collections;
}

/* Gives the first queries of the sample's first collection these outcomes and all others a pass. */
static void set_outcomes(struct view *view, size_t count, const enum outcome *outcomes)
{
        struct collection_view *c = view->collections[0];

        for (size_t i = 0; i < c->query_set->count; i++)
                c->queries[i].verdict.outcome = i < count ? outcomes[i] : OUTCOME_PASS;
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
        assert_int_equal(check_format_count, 2);
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
        struct verdict *v = &view->collections[0]->queries[0].verdict;
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(judges_a_collection),
                cmocka_unit_test(a_failed_replay_is_unmeasured),
                cmocka_unit_test(judges_the_run),
                cmocka_unit_test(has_names_and_statuses),
                cmocka_unit_test(writes_text),
                cmocka_unit_test(text_moves_no_cursor),
                cmocka_unit_test(writes_json),
                cmocka_unit_test(json_knows_the_gate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
