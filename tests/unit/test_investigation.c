/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/investigation.h"

#include "unit.h"

#include <math.h>

/* A baseline with one query and three records, and a replay that lacks one of them; and a query
 * that it does not know. */
struct world {
        struct query_set *set;
        struct baseline *baseline;
        struct answer *same, *missing;
        struct answer *answers[2];
        enum outcome outcomes[2];
        bool farther[2];
        struct investigation investigation;
        struct attribution attribution;
        enum cause causes[2];
        struct fates *fates;
        struct conclusion conclusion;
        struct drift_view drift;
        struct attribution_input input;
};

static int set_up(void **state)
{
        static const char yaml[] = "queries:\n- {id: a, text: b}\n- {id: c, text: d}\n";
        static const char *const before[] = {"x", "y", "z"}, *const after[] = {"x", "z", "w"};
        static const float distances[] = {.1f, .2f, .3f}, farther[] = {.1f, .3f, .4f};
        struct world *w = calloc(1, sizeof(*w));
        struct errors errors = {0};

        *state = w;
        assert_int_equal(query_set_parse("q", yaml, strlen(yaml), &w->set, &errors), 0);
        w->same = answer_new(3, before, distances, NULL);
        w->missing = answer_new(3, after, farther, NULL);
        w->baseline = baseline_new(1);
        w->baseline->queries[0].id = strdup("a");
        w->baseline->queries[0].text = strdup("b");
        w->baseline->queries[0].answer = answer_ref(w->same);
        w->baseline->results = 3;
        w->baseline->vectors = vector_set_new("v", NULL, 1, 1);
        w->baseline->vectors->ids[0] = strdup("a");
        attribution_init(&w->attribution);
        w->conclusion = (struct conclusion){&w->attribution, w->causes, &w->fates};
        drift_view_init(&w->drift);
        w->answers[0] = w->same;
        w->outcomes[0] = w->outcomes[1] = OUTCOME_PASS;
        w->input = (struct attribution_input){.set = w->set,
                .baseline = w->baseline,
                .answers = w->answers,
                .outcomes = w->outcomes,
                .farther = w->farther,
                .results = 3};
        epoch_init(&w->input.epoch);
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        investigation_done(&w->investigation);
        fates_unref(w->fates);
        baseline_unref(w->baseline);
        query_set_unref(w->set);
        answer_unref(w->same);
        answer_unref(w->missing);
        free(w);
        return 0;
}

static bool consider(struct world *w, bool changed, bool news, usec_t now)
{
        bool ask = false;

        w->drift.changed = changed;
        assert_int_equal(investigation_consider(&w->investigation, &w->input, &w->drift, news, now,
                                 &w->conclusion, &ask),
                0);
        return ask;
}

static void nothing_to_ask_is_decided_at_once(void **state)
{
        struct world *w = *state;

        assert_false(consider(w, false, false, USEC_PER_MINUTE));
        assert_int_equal(w->attribution.cause, CAUSE_NONE);
}

static void a_hole_is_asked_for_and_then_decided(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        assert_int_equal(w->attribution.cause, CAUSE_UNKNOWN);
        assert_int_equal(w->investigation.suspects.wanted_count, 1);
        w->investigation.suspects.records[0].looked_up = true; /* and it does not exist */
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_int_equal(w->attribution.cause, CAUSE_REMOVED);
        /* Unchanged answers are not judged again. */
        attribution_init(&w->attribution);
        assert_false(consider(w, false, false, 2 * USEC_PER_MINUTE));
        assert_int_equal(w->attribution.cause, CAUSE_UNKNOWN);
}

static void a_lookup_under_way_is_left_alone(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        w->investigation.suspects.records[0].looked_up = true;
        assert_false(consider(w, true, true, USEC_PER_MINUTE));
        assert_true(w->investigation.suspects.records[0].looked_up);
        assert_true(w->investigation.news);
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_false(w->investigation.news);
        assert_int_equal(w->attribution.cause, CAUSE_REMOVED);
}

static void the_clock_that_is_set_brings_no_lookup_nearer(void **state)
{
        const usec_t now = 500 * USEC_PER_DAY;
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, now));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        investigation_jump(&w->investigation, -400 * (int64_t)USEC_PER_DAY);
        assert_false(consider(w, true, false, 100 * USEC_PER_DAY + INVESTIGATION_INTERVAL - 1));
        assert_true(consider(w, true, false, 100 * USEC_PER_DAY + INVESTIGATION_INTERVAL));
}

/* Answers that vary ask now and then; a query that begins to fail asks at once. */
static void asking_is_rare_unless_something_new_went_wrong(void **state)
{
        struct world *w = *state;
        usec_t now = USEC_PER_MINUTE;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, now));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_false(consider(w, true, false, now + INVESTIGATION_INTERVAL - 1));
        assert_true(w->investigation.owed);
        /* Owed: asked for later even though nothing changes any more. */
        assert_true(consider(w, false, false, now + INVESTIGATION_INTERVAL));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_false(consider(w, false, false, now + 3 * INVESTIGATION_INTERVAL));
        now += 3 * INVESTIGATION_INTERVAL;
        assert_false(consider(w, false, false, now + 1));
        w->farther[0] = true;
        assert_true(consider(w, false, false, now + 2));
}

/* Whatever became of the others: what its record's fate is nobody knows. */
static void a_query_that_fails_anew_is_asked_about_while_another_recovers(void **state)
{
        struct world *w = *state;
        usec_t now = USEC_PER_MINUTE;

        w->answers[0] = w->missing;
        for (size_t failing = 0; failing < 4; failing++) {
                w->outcomes[failing % 2] = OUTCOME_FAIL;
                w->outcomes[(failing + 1) % 2] = OUTCOME_PASS;
                assert_true(consider(w, false, false, now++));
                assert_int_equal(
                        investigation_decide(&w->investigation, &w->input, true, &w->conclusion),
                        0);
                assert_false(consider(w, false, false, now++));
        }
        /* Not measured it has not recovered. */
        w->outcomes[0] = OUTCOME_FAIL;
        assert_true(consider(w, false, false, now++));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        w->outcomes[1] = OUTCOME_UNMEASURED;
        assert_false(consider(w, false, false, now++));
        w->outcomes[1] = OUTCOME_FAIL;
        assert_false(consider(w, false, false, now++));
}

static void a_query_that_moves_anew_is_asked_about_while_another_recovers(void **state)
{
        struct world *w = *state;
        usec_t now = USEC_PER_MINUTE;

        w->answers[0] = w->missing;
        for (size_t moved = 0; moved < 4; moved++) {
                w->farther[moved % 2] = true;
                w->farther[(moved + 1) % 2] = false;
                assert_true(consider(w, false, false, now++));
                assert_int_equal(
                        investigation_decide(&w->investigation, &w->input, true, &w->conclusion),
                        0);
                assert_false(consider(w, false, false, now++));
        }
}

/* Search misses a record, which is put back; the next time another one. */
static void what_was_put_right_is_asked_about_when_it_is_wrong_again(void **state)
{
        struct world *w = *state;
        usec_t now = USEC_PER_MINUTE;

        w->answers[0] = w->missing;
        for (unsigned i = 0; i < 3; i++) {
                w->farther[0] = true;
                assert_true(consider(w, true, false, now++));
                assert_int_equal(
                        investigation_decide(&w->investigation, &w->input, true, &w->conclusion),
                        0);
                w->farther[0] = false;
                investigation_settled(&w->investigation, &w->input);
        }
        w->farther[0] = true;
        assert_true(consider(w, true, false, now++));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        investigation_settled(&w->investigation, &w->input);
        assert_false(consider(w, true, false, now++));
}

/* The cause of what was put right is none of what is left. */
static void when_no_query_fails_any_more_it_is_asked_again(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        w->outcomes[0] = OUTCOME_FAIL;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_false(consider(w, true, false, USEC_PER_MINUTE + 1));
        w->outcomes[0] = OUTCOME_PASS;
        assert_true(consider(w, true, false, USEC_PER_MINUTE + 2));
}

static void what_could_not_be_looked_up_is_asked_for_again(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, false, &w->conclusion), 0);
        assert_int_equal(w->attribution.cause, CAUSE_UNKNOWN);
        assert_true(w->attribution.unfinished);
        assert_false(consider(w, false, false, INVESTIGATION_INTERVAL));
        assert_true(consider(w, false, false, USEC_PER_MINUTE + INVESTIGATION_INTERVAL));
        w->investigation.suspects.records[0].looked_up = true;
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_int_equal(w->attribution.cause, CAUSE_REMOVED);
        assert_false(w->attribution.unfinished);
        assert_false(consider(w, false, false, 3 * INVESTIGATION_INTERVAL));
}

/* What was found in the middle of an ingest is not true after it. */
static void the_end_of_an_ingest_is_asked_about_at_once(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        w->input.ingesting = true;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_false(consider(w, true, false, USEC_PER_MINUTE + 1));
        w->input.ingesting = false;
        assert_true(consider(w, false, false, USEC_PER_MINUTE + 2));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_false(consider(w, true, false, USEC_PER_MINUTE + 3));
}

/* Nor is what was found before it: a label says how many records there are. */
static void an_ingest_makes_what_was_found_before_it_old(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        w->input.ingested = w->input.ingesting = true;
        assert_false(consider(w, true, false, USEC_PER_MINUTE + 1));
        w->input.ingested = false;
        assert_false(consider(w, false, false, USEC_PER_MINUTE + 2));
        w->input.ingesting = false;
        assert_true(consider(w, false, false, USEC_PER_MINUTE + 3));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_false(consider(w, false, false, USEC_PER_MINUTE + 4));
}

/* One that never ends is asked about now and then. */
static void the_beginning_of_an_ingest_is_asked_about_by_every_replay_that_sees_it(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        w->input.ingesting = w->input.young = w->input.ingested = true;
        assert_true(consider(w, false, false, USEC_PER_MINUTE + 1));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        w->input.ingested = false;
        assert_false(consider(w, true, false, USEC_PER_MINUTE + 2));
        w->input.ingested = true;
        w->input.young = false;
        assert_false(consider(w, true, false, USEC_PER_MINUTE + 3));
}

static void news_of_the_embedder_never_asks(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_false(consider(w, false, true, USEC_PER_MINUTE));
        assert_true(consider(w, false, false, USEC_PER_MINUTE));
}

/* What was found out about the collection still holds, and is weighed with the news. */
static void news_are_judged_with_what_was_found(void **state)
{
        static const double distances[] = {0.5, NAN}, limits[] = {0.001, 0.001};
        struct world *w = *state;

        w->outcomes[0] = OUTCOME_FAIL; /* so that there always is something to ask */
        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        w->investigation.suspects.records[0].looked_up = true;
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        assert_int_equal(w->attribution.evidence.embedder_compared, 0);
        w->input.embedder_distances = distances;
        w->input.embedder_limits = limits;
        assert_false(consider(w, false, true, USEC_PER_MINUTE + 1));
        assert_int_equal(w->attribution.cause, CAUSE_REMOVED);
        assert_int_equal(w->attribution.evidence.embedder_moved, 1);
}

static void a_reset_forgets_what_was_asked(void **state)
{
        struct world *w = *state;

        w->answers[0] = w->missing;
        assert_true(consider(w, true, false, USEC_PER_MINUTE));
        assert_int_equal(
                investigation_decide(&w->investigation, &w->input, true, &w->conclusion), 0);
        investigation_reset(&w->investigation);
        assert_true(consider(w, false, false, USEC_PER_MINUTE + 1));
}

int main(void)
{
#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                world_test(nothing_to_ask_is_decided_at_once),
                world_test(a_hole_is_asked_for_and_then_decided),
                world_test(a_lookup_under_way_is_left_alone),
                world_test(asking_is_rare_unless_something_new_went_wrong),
                world_test(a_query_that_fails_anew_is_asked_about_while_another_recovers),
                world_test(a_query_that_moves_anew_is_asked_about_while_another_recovers),
                world_test(the_clock_that_is_set_brings_no_lookup_nearer),
                world_test(what_was_put_right_is_asked_about_when_it_is_wrong_again),
                world_test(when_no_query_fails_any_more_it_is_asked_again),
                world_test(what_could_not_be_looked_up_is_asked_for_again),
                world_test(the_end_of_an_ingest_is_asked_about_at_once),
                world_test(an_ingest_makes_what_was_found_before_it_old),
                world_test(the_beginning_of_an_ingest_is_asked_about_by_every_replay_that_sees_it),
                world_test(news_of_the_embedder_never_asks),
                world_test(news_are_judged_with_what_was_found),
                world_test(a_reset_forgets_what_was_asked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
