/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "judge/verdict.h"
#include "model/verdict.h"

#define QUERIES 20

struct fixture {
        struct query queries[QUERIES];
        struct query_set set;
        struct collection_view *c;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        f->set = (struct query_set){.queries = f->queries, .count = QUERIES};
        atomic_init(&f->set.references, 2);
        f->c = collection_view_new(QUERIES);
        f->c->query_set = &f->set;
        f->c->findings = findings_new();
        f->c->replayed = true;
        for (size_t i = 0; i < QUERIES; i++)
                f->c->queries[i].judgement.outcome = OUTCOME_PASS;
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        collection_view_unref(f->c);
        free(f);
        return 0;
}

static void names_and_exit_statuses(void **state)
{
        static const struct {
                const char *name;
                int status;
        } expected[VERDICT_COUNT] = {
                [VERDICT_PASS] = {"pass", 0},
                [VERDICT_UNJUDGED] = {"unjudged", 3},
                [VERDICT_UNMEASURED] = {"unmeasured", 3},
                [VERDICT_FAIL] = {"fail", 1},
        };

        for (enum verdict v = 0; v < VERDICT_COUNT; v++) {
                assert_string_equal(verdict_name(v), expected[v].name);
                assert_int_equal(verdict_exit_status(v), expected[v].status);
        }
}

static void the_worst_outcome_counts(void **state)
{
        static const struct {
                enum outcome a, b;
                enum verdict strict, drift_passes;
        } rows[] = {
                {OUTCOME_PASS, OUTCOME_PASS, VERDICT_PASS, VERDICT_PASS},
                {OUTCOME_PASS, OUTCOME_UNJUDGED, VERDICT_UNJUDGED, VERDICT_UNJUDGED},
                {OUTCOME_UNJUDGED, OUTCOME_UNMEASURED, VERDICT_UNMEASURED, VERDICT_UNMEASURED},
                {OUTCOME_UNMEASURED, OUTCOME_DRIFT, VERDICT_FAIL, VERDICT_UNMEASURED},
                {OUTCOME_PASS, OUTCOME_DRIFT, VERDICT_FAIL, VERDICT_PASS},
                {OUTCOME_UNMEASURED, OUTCOME_FAIL, VERDICT_FAIL, VERDICT_FAIL},
        };
        static const struct verdict_policy lenient = {.drift_passes = true, .pass_share = 1};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                f->c->queries[3].judgement.outcome = rows[i].a;
                f->c->queries[7].judgement.outcome = rows[i].b;
                assert_int_equal(verdict_judge(f->c, NULL), rows[i].strict);
                assert_int_equal(verdict_judge(f->c, &lenient), rows[i].drift_passes);
        }
}

static void what_was_not_replayed_is_never_green(void **state)
{
        struct fixture *f = *state;

        f->c->replayed = false;
        assert_int_equal(verdict_judge(f->c, NULL), VERDICT_UNMEASURED);
        f->c->replayed = true;
        f->c->last_error = strdup("no answer");
        f->c->queries[0].judgement.outcome = OUTCOME_FAIL;
        assert_int_equal(verdict_judge(f->c, NULL), VERDICT_UNMEASURED);
        free(take_ptr(f->c->last_error));
        assert_null(verdict_void(f->c));
        f->set.count = 0;
        assert_string_equal(verdict_void(f->c), "the query set is empty");
        assert_int_equal(verdict_judge(f->c, NULL), VERDICT_UNMEASURED);
        f->set.count = QUERIES;
}

static void findings_of_the_collection_count(void **state)
{
        static const struct {
                enum effect effect;
                bool excused;
                enum verdict verdict;
        } rows[] = {
                {EFFECT_NONE, false, VERDICT_PASS},
                {EFFECT_DRIFT, false, VERDICT_FAIL},
                {EFFECT_FAIL, false, VERDICT_FAIL},
                {EFFECT_UNMEASURED, false, VERDICT_UNMEASURED},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct finding one = {.kind = FINDING_SET_SHIFTED,
                        .query = FINDING_COLLECTION,
                        .effect = rows[i].effect,
                        .excused = rows[i].excused};

                findings_unref(f->c->findings);
                f->c->findings = findings_new();
                assert_int_equal(findings_add(f->c->findings, &one), 0);
                assert_int_equal(verdict_judge(f->c, NULL), rows[i].verdict);
        }
}

static void a_share_of_the_judged_queries_may_fail(void **state)
{
        static const struct verdict_policy most = {.pass_share = .9};
        struct fixture *f = *state;

        f->c->queries[0].judgement.outcome = OUTCOME_FAIL;
        f->c->queries[1].judgement.outcome = OUTCOME_DRIFT;
        assert_int_equal(verdict_judge(f->c, NULL), VERDICT_FAIL);
        assert_int_equal(verdict_judge(f->c, &most), VERDICT_PASS);
        f->c->queries[2].judgement.outcome = OUTCOME_FAIL;
        assert_int_equal(verdict_judge(f->c, &most), VERDICT_FAIL);
        f->c->queries[2].excused = true;
        assert_int_equal(verdict_judge(f->c, &most), VERDICT_FAIL); /* 17 of 19 */
        f->c->queries[1].excused = true;
        assert_int_equal(verdict_judge(f->c, &most), VERDICT_PASS); /* 17 of 18 */
}

/* However they came out: what may not fail says nothing when it passes. */
static void queries_that_are_all_known_to_fail_are_never_green(void **state)
{
        static const struct verdict_policy lenient = {.drift_passes = true, .pass_share = 0};
        struct fixture *f = *state;

        for (size_t i = 0; i < QUERIES; i++) {
                f->c->queries[i].excused = true;
                f->c->queries[i].judgement.outcome = i % 2 == 0 ? OUTCOME_PASS : OUTCOME_FAIL;
        }
        assert_int_equal(verdict_judge(f->c, NULL), VERDICT_UNJUDGED);
        assert_int_equal(verdict_judge(f->c, &lenient), VERDICT_UNJUDGED);
        assert_non_null(strstr(verdict_void(f->c), "every query is known to fail"));
        f->c->queries[0].excused = false;
        assert_null(verdict_void(f->c));
        assert_int_equal(verdict_judge(f->c, NULL), VERDICT_PASS);
        f->c->queries[0].judgement.outcome = OUTCOME_FAIL;
        assert_int_equal(verdict_judge(f->c, NULL), VERDICT_FAIL);
        assert_int_equal(verdict_judge(f->c, &lenient), VERDICT_PASS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_and_exit_statuses),
                cmocka_unit_test_setup_teardown(the_worst_outcome_counts, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_was_not_replayed_is_never_green, setup, teardown),
                cmocka_unit_test_setup_teardown(findings_of_the_collection_count, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_share_of_the_judged_queries_may_fail, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        queries_that_are_all_known_to_fail_are_never_green, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
