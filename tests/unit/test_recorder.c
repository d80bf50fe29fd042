/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "fleet.h"
#include "watch/recorder.h"

struct world {
        struct query_set *set;
        struct collection_view *view;
        struct recorder *recorder;
        struct vector_set *vectors;
};

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        w->set = fleet_set(2);
        w->recorder = recorder_new(w->set);
        w->vectors = vector_set_new("v", NULL, 2, 0);
        w->view = collection_view_new(2);
        w->view->query_set = query_set_ref(w->set);
        w->view->label = strdup("agents");
        w->view->name = strdup("agents");
        w->view->results = 4;
        w->view->epoch.id = strdup("x");
        w->view->epoch.records = 100;
        w->view->health.unreachable = 3;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        recorder_free(w->recorder);
        collection_view_unref(w->view);
        vector_set_unref(w->vectors);
        query_set_unref(w->set);
        free(w);
        return 0;
}

static enum recorder_state take(struct world *w, double distance)
{
        enum recorder_state state;

        for (size_t i = 0; i < 2; i++) {
                answer_unref(w->view->queries[i].answer);
                w->view->queries[i].answer = fleet_answer("abcd", distance);
                w->view->queries[i].judgement.outcome = OUTCOME_PASS;
                w->view->queries[i].judgement.expected_rank = 1;
        }
        assert_int_equal(recorder_take(w->recorder, w->view, &state), 0);
        return state;
}

static void three_equal_replays_suffice(void **state)
{
        struct world *w = *state;
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;

        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_int_equal(take(w, 0.5), RECORDER_DONE);
        assert_true(recorder_stable(w->recorder));
        assert_int_equal(
                recorder_candidate(w->recorder, w->view, w->vectors, NULL, false, &b, NULL), 0);
        assert_int_equal(b->number, 1);
        assert_int_equal(b->samples, 3);
        assert_int_equal(b->approved, 0);
        assert_int_equal(b->unreachable, 3);
        assert_int_equal(b->epoch.records, 100);
        assert_true(fabs(b->queries[0].levels[LEVEL_TOP1].location - 0.5) < 1e-6);
        assert_true(b->queries[0].levels[LEVEL_TOP1].scale <= 0);
        assert_int_equal(b->queries[1].expected_rank, 1);
}

static void a_change_begins_anew(void **state)
{
        struct world *w = *state;

        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        w->view->epoch.records = 101;
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_non_null(strstr(recorder_changes(w->recorder), "100 to 101"));
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_int_equal(take(w, 0.5), RECORDER_DONE);
}

static void an_ingest_is_waited_for(void **state)
{
        struct world *w = *state;

        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        w->view->ingesting = true;
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        w->view->ingesting = false;
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_int_equal(take(w, 0.5), RECORDER_WAIT);
        assert_int_equal(take(w, 0.5), RECORDER_DONE);
}

static void noise_is_measured_by_a_burst(void **state)
{
        struct world *w = *state;
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        enum recorder_state s = RECORDER_WAIT;
        unsigned n = 0;

        for (; s != RECORDER_DONE && n < 100; n++) {
                s = take(w, n % 2 ? 0.5 : 0.51);
                assert_int_equal(s,
                        n < 2            ? RECORDER_WAIT
                                : n < 23 ? RECORDER_AGAIN
                                         : RECORDER_DONE);
        }
        assert_int_equal(n, 24);
        assert_false(recorder_stable(w->recorder));
        assert_int_equal(
                recorder_candidate(w->recorder, w->view, w->vectors, NULL, false, &b, NULL), 0);
        assert_int_equal(b->samples, 24);
        assert_true(b->queries[0].levels[LEVEL_TOP1].scale > 0.001);
}

/* Sparse noise: one of the first three differs, the others agree. */
static void noise_that_pauses_is_noise(void **state)
{
        struct world *w = *state;

        assert_int_equal(take(w, 0.51), RECORDER_WAIT);
        for (unsigned n = 1; n < 23; n++)
                assert_int_equal(take(w, 0.5), n < 2 ? RECORDER_WAIT : RECORDER_AGAIN);
        assert_int_equal(take(w, 0.5), RECORDER_DONE);
        assert_false(recorder_stable(w->recorder));
}

static enum recorder_state take_moving(struct world *w, double distance)
{
        w->view->epoch.records++;
        return take(w, distance);
}

static void a_collection_that_never_stands_still_has_medians(void **state)
{
        struct world *w = *state;
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;

        for (unsigned n = 0; n < 40; n++)
                assert_int_equal(take_moving(w, 0.7), RECORDER_WAIT);
        for (unsigned n = 0; n < 23; n++)
                assert_int_equal(take_moving(w, n % 2 ? 0.5 : 0.51), RECORDER_WAIT);
        recorder_hurry(w->recorder);
        w->view->ingesting = true;
        assert_int_equal(take(w, 0.52), RECORDER_DONE);
        assert_true(recorder_moving(w->recorder));
        assert_false(recorder_stable(w->recorder));
        assert_int_equal(
                recorder_candidate(w->recorder, w->view, w->vectors, NULL, false, &b, NULL), 0);
        assert_int_equal(b->samples, 24);
        assert_int_equal(b->epoch.records, 100 + 40 + 23);
        assert_in_range((long)(b->queries[0].levels[LEVEL_TOP1].location * 1000), 500, 510);
        assert_true(b->queries[0].levels[LEVEL_TOP1].scale > 0.001);
}

static void a_few_replays_are_made_do_with(void **state)
{
        struct world *w = *state;

        for (unsigned n = 0; n < RECORDER_MOVING_MIN - 1; n++)
                assert_int_equal(take_moving(w, 0.5), RECORDER_WAIT);
        assert_false(recorder_settle(w->recorder));
        assert_false(recorder_moving(w->recorder));
        assert_int_equal(take_moving(w, 0.5), RECORDER_WAIT);
        assert_true(recorder_settle(w->recorder));
        assert_true(recorder_moving(w->recorder));
}

/* Answers of the collection before it tell nothing of this one. */
static void another_collection_begins_anew(void **state)
{
        struct world *w = *state;

        for (unsigned n = 0; n < RECORDER_MOVING_MIN; n++)
                assert_int_equal(take_moving(w, 0.5), RECORDER_WAIT);
        free(w->view->epoch.id);
        w->view->epoch.id = strdup("y");
        assert_int_equal(take_moving(w, 0.5), RECORDER_WAIT);
        assert_false(recorder_settle(w->recorder));
}

static void a_failed_replay_ends_it(void **state)
{
        struct world *w = *state;

        w->view->last_error = strdup("no answer");
        assert_int_equal(take(w, 0.5), RECORDER_FAILED);
}

/* Of the replays that were taken; what is approved keeps its own where only queries are added. */
static void what_the_index_does_by_itself_is_kept(void **state)
{
        static const struct {
                bool new_only;
                unsigned measured;
                double recall;
                int64_t unreachable;
        } rows[] = {{false, 1, .95, 3}, {true, 3, .9, 3}};
        struct world *w = *state;
        _cleanup_(baseline_unrefp) struct baseline *approved = baseline_new(0);

        w->view->health.recall = .95;
        w->view->health.recall_places = 8;
        approved->results = 4;
        approved->floor = (struct index_floor){2, .9, 8, .1, 1};
        for (int i = 0; i < 3; i++)
                (void)take(w, 0.5);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(baseline_unrefp) struct baseline *b = NULL;

                assert_int_equal(recorder_candidate(w->recorder, w->view, w->vectors, approved,
                                         rows[i].new_only, &b, NULL),
                        0);
                assert_int_equal(b->floor.measured, rows[i].measured);
                assert_true(fabs(b->floor.recall - rows[i].recall) < 1e-9);
                assert_int_equal(b->floor.places, 8);
                assert_true(fabs(b->floor.moved - (rows[i].new_only ? .1 : 0)) < 1e-9);
                assert_int_equal(b->floor.unreachable, rows[i].unreachable);
        }
}

int main(void)
{
#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                world_test(three_equal_replays_suffice),
                world_test(a_change_begins_anew),
                world_test(an_ingest_is_waited_for),
                world_test(noise_is_measured_by_a_burst),
                world_test(noise_that_pauses_is_noise),
                world_test(a_collection_that_never_stands_still_has_medians),
                world_test(a_few_replays_are_made_do_with),
                world_test(another_collection_begins_anew),
                world_test(a_failed_replay_ends_it),
                world_test(what_the_index_does_by_itself_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
