/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <jansson.h>
#include <math.h>

#include "fleet.h"
#include "json.h"
#include "show/gate/diff.h"

/* Two baselines of four queries; in the candidate the second one answers 0.3 farther away and the
 * third is lost. */
struct world {
        struct query_set *set;
        struct bands bands;
        struct baseline *approved, *candidate;
};

static struct baseline *record(const struct query_set *set, double second)
{
        struct answer *answers[4], *const *samples[1] = {answers};
        struct baseline *b;

        for (size_t i = 0; i < 4; i++)
                answers[i] = fleet_answer(
                        i == 1 && second > 0.5 ? "wxyz" : "abcd", i == 1 ? second : 0.5);
        b = fleet_baseline(set, samples, 1, 4);
        for (size_t i = 0; i < 4; i++) {
                answer_unref(answers[i]);
                b->queries[i].outcome = OUTCOME_PASS;
        }
        b->number = second > 0.5 ? 2 : 1;
        b->recorded = 1795305594123456;
        return b;
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        w->set = fleet_set(4);
        assert_int_equal(bands_default(NULL, &w->bands), 0);
        w->approved = record(w->set, 0.5);
        w->candidate = record(w->set, 0.85);
        w->approved->approved = w->approved->recorded;
        w->approved->approved_by = strdup("Ada");
        w->approved->reason = strdup("first");
        w->candidate->queries[2].outcome = OUTCOME_FAIL;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        baseline_unref(w->approved);
        baseline_unref(w->candidate);
        query_set_unref(w->set);
        bands_done(&w->bands);
        free(w);
        return 0;
}

static char *render(const struct world *w, const char *format, bool alone)
{
        struct text t = {0};

        diff_format_find(format)->render(alone ? NULL : w->approved, w->candidate, &w->bands, &t);
        assert_false(text_failed(&t));
        return text_take(&t, NULL);
}

static void numbers_are_those_of_the_two(void **state)
{
        const struct world *w = *state;
        _cleanup_free_ char *text = render(w, "json", false);
        _cleanup_json_ json_t *root = NULL;
        const json_t *diff, *first;
        double shift;

        assert_int_equal(json_parse("diff", text, strlen(text), &root, NULL), 0);
        diff = json_object_get(root, "diff");
        assert_int_equal(json_integer_value(json_object_get(diff, "compared")), 4);
        assert_int_equal(json_integer_value(json_object_get(diff, "moved_up")), 1);
        assert_int_equal(json_integer_value(json_object_get(diff, "pass_to_fail")), 1);
        assert_int_equal(json_integer_value(json_object_get(diff, "fail_to_pass")), 0);
        first = json_array_get(json_object_get(diff, "queries"), 0);
        assert_string_equal(json_string_value(json_object_get(first, "id")), "q0001");
        assert_string_equal(json_string_value(json_object_get(first, "band_before")), "excellent");
        assert_string_equal(json_string_value(json_object_get(first, "band_after")), "good");
        assert_int_equal(json_to_double(json_object_get(first, "shift"), &shift), 0);
        assert_true(fabs(shift - 0.35) < 1e-6);
        assert_int_equal(json_to_double(json_object_get(first, "overlap"), &shift), 0);
        assert_true(fabs(shift) < 1e-12);
        assert_int_equal(
                json_to_double(
                        json_object_get(json_object_get(diff, "mean_shift"), "value"), &shift),
                0);
        assert_true(fabs(shift - 0.35 / 4) < 1e-6);
}

static void text_tells_what_matters(void **state)
{
        const struct world *w = *state;
        _cleanup_free_ char *text = render(w, "text", false);
        _cleanup_free_ char *markdown = render(w, "markdown", false);

        assert_non_null(strstr(text, " by Ada: first"));
        assert_non_null(strstr(text, "pass to fail: 1, fail to pass: 0"));
        assert_non_null(strstr(text, "band transitions: excellent to good: 1"));
        assert_non_null(strstr(text,
                "   BEST     MEAN  OVERLAP  MOVED  QUERY\n"
                "+0.3500  +0.3500   0.0000  up     "));
        assert_non_null(strstr(text, "  excellent to good\n"));
        assert_non_null(strstr(text, "  pass to fail\n"));
        assert_non_null(
                strstr(markdown, "| +0.3500 | +0.3500 | 0.0000 | up | excellent to good |"));
}

static size_t moved_up(const struct world *w)
{
        _cleanup_free_ char *text = render(w, "json", false);
        _cleanup_json_ json_t *root = NULL;

        assert_int_equal(json_parse("diff", text, strlen(text), &root, NULL), 0);
        return (size_t)json_integer_value(
                json_object_get(json_object_get(root, "diff"), "moved_up"));
}

/* A step of 0.003 is beyond 0.0025, not beyond 0.005. */
static void floors_are_those_of_the_space(void **state)
{
        static const struct {
                const char *space;
                size_t up;
        } cases[] = {{"l2", 0}, {NULL, 0}, {"cosine", 1}, {"ip", 1}};
        const struct world *w = *state;

        for (size_t k = 0; k < LEVEL_COUNT; k++)
                w->candidate->queries[1].levels[k].location =
                        w->approved->queries[1].levels[k].location + 0.003;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                free(w->candidate->epoch.space);
                w->candidate->epoch.space = cases[i].space ? strdup(cases[i].space) : NULL;
                assert_int_equal(moved_up(w), cases[i].up);
        }
}

static void another_text_is_another_query(void **state)
{
        const struct world *w = *state;
        _cleanup_free_ char *text = NULL, *json = NULL;

        free(w->candidate->queries[1].text);
        w->candidate->queries[1].text = strdup("something else");
        text = render(w, "text", false);
        json = render(w, "json", false);
        assert_non_null(strstr(text, "compared: 3, moved up: 0, moved down: 0, new: 1, gone: 1\n"));
        assert_non_null(strstr(text, "\nnew: q0001\ngone: q0001\n"));
        assert_non_null(strstr(json, "\"compared\": 3"));
}

static void a_first_candidate_stands_alone(void **state)
{
        const struct world *w = *state;
        _cleanup_free_ char *text = render(w, "text", true), *json = render(w, "json", true);

        assert_non_null(strstr(text, "no baseline is approved yet"));
        assert_non_null(strstr(text, "q0003"));
        assert_non_null(strstr(json, "\"diff\": null"));
}

/* An id is the query set's, which is a file of somebody else. */
static void a_table_cannot_be_broken(void **state)
{
        struct world *w = *state;
        _cleanup_free_ char *markdown = NULL;

        for (size_t i = 0; i < 4; i++) {
                free(w->approved->queries[i].id);
                free(w->candidate->queries[i].id);
                w->approved->queries[i].id = strdup(i == 0 ? "a|b\n::error::" : "z");
                w->candidate->queries[i].id = strdup(i == 0 ? "a|b\n::error::" : "z");
        }
        markdown = render(w, "markdown", false);
        assert_non_null(strstr(markdown, "a\\|b ::error::"));
        assert_null(strstr(markdown, "\n::error"));
}

static void one_baseline_is_shown(void **state)
{
        const struct world *w = *state;
        _cleanup_text_ struct text t = {0}, json = {0};

        diff_show(w->approved, &w->bands, false, &t);
        assert_non_null(strstr(text_string(&t), "0.5000   0.00000"));
        diff_show(w->approved, &w->bands, true, &json);
        assert_non_null(strstr(text_string(&json), "\"approved_by\": \"Ada\""));
        assert_non_null(strstr(text_string(&json), "\"band\": \"excellent\""));
}

/* What is found now stands below each query; what was, where that was something else. */
static void what_was_found_is_shown(void **state)
{
        struct world *w = *state;
        struct baseline_query *lost = &w->candidate->queries[2];
        _cleanup_text_ struct text t = {0};
        _cleanup_free_ char *text = NULL, *markdown = NULL, *json = NULL;

        w->approved->queries[1].excerpts[0] = (struct excerpt){NULL, strdup("Then.")};
        w->candidate->queries[1].excerpts[0] =
                (struct excerpt){strdup("file: ``` a.md"), strdup("Now.")};
        w->candidate->queries[0].excerpts[1] = (struct excerpt){NULL, strdup("Second.")};
        lost->searched = 100;
        text = render(w, "text", false);
        markdown = render(w, "markdown", false);
        json = render(w, "json", false);
        assert_non_null(strstr(text, "\n    was 1. a Then.\n"));
        assert_non_null(strstr(text, "    now 1. w (file: ``` a.md) Now.\n"));
        assert_non_null(strstr(text, "\n    2. b Second.\n"));
        assert_non_null(strstr(markdown, "    now 1. w (file: ''' a.md) Now.\n"));
        assert_non_null(strstr(json, "\"words\": \"Now.\""));
        diff_show(w->candidate, &w->bands, false, &t);
        assert_non_null(strstr(text_string(&t), "  expected record: not among the first 100\n"));
        lost->deep_rank = 37;
        text_clear(&t);
        diff_show(w->candidate, &w->bands, false, &t);
        assert_non_null(strstr(text_string(&t), "  expected record: rank 37\n"));
        lost->expected_rank = 6; /* found, but too late */
        text_clear(&t);
        diff_show(w->candidate, &w->bands, false, &t);
        assert_non_null(strstr(text_string(&t), "  expected record: rank 6\n"));
}

/* Every cause of a mixed fault, with counts and ids, as the daemon tells them. */
static void all_causes_are_told(void **state)
{
        static const char *const lines[] = {"Probable causes: REMOVED (2 queries): ",
                "EDIT (1 query): ", "Records gone: \"r12\" and 1 more;",
                "edited: \"r*7\" (\"How?\").", "Restore the deleted records first"};
        struct world *w = *state;
        struct baseline *b = w->candidate;
        _cleanup_free_ char *text = NULL, *markdown = NULL, *json = NULL;

        b->attribution.cause = b->causes[0] = CAUSE_REMOVED;
        b->causes[1] = CAUSE_EDIT;
        b->cause_count = 2;
        b->fates = fates_new();
        b->fates->records = calloc(2, sizeof(*b->fates->records));
        b->fates->records[b->fates->count++] =
                (struct touched_record){.id = strdup("r12"), .fate = FATE_GONE};
        b->fates->records[b->fates->count++] = (struct touched_record){
                .id = strdup("r*7"), .excerpt = strdup("How?"), .fate = FATE_EDITED};
        b->fates->expected_lost = true;
        b->fates->totals[FATE_GONE] = b->fates->cause_queries[CAUSE_REMOVED] = 2;
        b->fates->totals[FATE_EDITED] = b->fates->cause_queries[CAUSE_EDIT] = 1;
        text = render(w, "text", false);
        markdown = render(w, "markdown", false);
        json = render(w, "json", false);
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                assert_non_null(strstr(text, lines[i]));
        assert_non_null(strstr(markdown, "\n- EDIT \\(1 query\\)&#58; "));
        assert_non_null(strstr(markdown, "\n- edited&#58; \"r\\*7\""));
        assert_non_null(strstr(json, "\"causes\": [\n    \"REMOVED\",\n    \"EDIT\"\n  ]"));
        assert_non_null(strstr(json, "\"cause\": \"EDIT\",\n        \"queries\": 1,"));
        assert_non_null(strstr(json, "\"r12\""));
}

int main(void)
{
#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                world_test(numbers_are_those_of_the_two),
                world_test(text_tells_what_matters),
                world_test(floors_are_those_of_the_space),
                world_test(another_text_is_another_query),
                world_test(a_first_candidate_stands_alone),
                world_test(a_table_cannot_be_broken),
                world_test(one_baseline_is_shown),
                world_test(what_was_found_is_shown),
                world_test(all_causes_are_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
