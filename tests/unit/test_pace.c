/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "watch/pace.h"

#define SEC USEC_PER_SEC

static struct server_config server = {.name = "main"};
static struct collection_config config = {.label = "agents",
        .server = &server,
        .replay = {.survey_interval = 30 * SEC, .server_share = 0.01}};

static void surveys_and_probes_are_held_back_and_replays_are_not(void **state)
{
        static const bool held_back[TASK_COUNT] = {[TASK_PROBE] = true, [TASK_SURVEY] = true};

        for (enum task task = 0; task < TASK_COUNT; task++) {
                struct allowances all = {0};
                struct timer t;
                struct pace p;

                assert_int_equal(pace_init(&p, &config, &all), 0);
                timer_set(&t, "agents", 30 * SEC, 100 * SEC);
                assert_true(pace_lets(&p, task, &t, 100 * SEC));
                pace_add(&p, task, SEC);
                pace_end(&p, task);
                assert_int_equal(allowances_find(&all, "main")->busy[task], SEC);
                t.due = 130 * SEC;
                assert_int_equal(pace_lets(&p, task, &t, 130 * SEC), !held_back[task]);
                /* Half of the share is for its kind: 200 s for the one before, as many for itself.
                 */
                assert_int_equal(t.due, (held_back[task] ? 500 : 130) * SEC);
                /* What is hastened, an ingest, say, waits all the same. */
                timer_hasten(&t, 131 * SEC);
                assert_int_equal(pace_lets(&p, task, &t, 131 * SEC), !held_back[task]);
                assert_true(pace_lets(&p, task, &t, 500 * SEC));
                pace_done(&p);
                allowances_done(&all);
        }
}

static void surveys_do_not_wait_for_probes(void **state)
{
        struct allowances all = {0};
        struct timer t;
        struct pace p;

        assert_int_equal(pace_init(&p, &config, &all), 0);
        timer_set(&t, "agents", 30 * SEC, SEC);
        assert_true(pace_lets(&p, TASK_PROBE, &t, SEC));
        pace_add(&p, TASK_PROBE, 100 * SEC);
        pace_end(&p, TASK_PROBE);
        assert_false(pace_lets(&p, TASK_PROBE, &t, 2 * SEC));
        t.due = 2 * SEC;
        assert_true(pace_lets(&p, TASK_SURVEY, &t, 2 * SEC));
        pace_done(&p);
        allowances_done(&all);
}

static void without_allowances_nothing_is_held_back(void **state)
{
        struct timer t;
        struct pace p;

        assert_int_equal(pace_init(&p, &config, NULL), 0);
        timer_set(&t, "agents", 30 * SEC, SEC);
        for (unsigned i = 0; i < 3; i++) {
                assert_true(pace_lets(&p, TASK_SURVEY, &t, SEC));
                pace_add(&p, TASK_SURVEY, 1000 * SEC);
                pace_end(&p, TASK_SURVEY);
        }
}

static void with_all_of_the_server_nothing_is_held_back_but_counted(void **state)
{
        struct collection_config all_of_it = config;
        struct allowances all = {0};
        struct timer t;
        struct pace p;

        all_of_it.replay.server_share = 1;
        assert_int_equal(pace_init(&p, &all_of_it, &all), 0);
        timer_set(&t, "agents", 30 * SEC, SEC);
        for (unsigned i = 0; i < 3; i++) {
                assert_true(pace_lets(&p, TASK_SURVEY, &t, SEC));
                pace_add(&p, TASK_SURVEY, 1000 * SEC);
                pace_end(&p, TASK_SURVEY);
        }
        assert_int_equal(allowances_find(&all, "main")->busy[TASK_SURVEY], 3000 * SEC);
        allowances_done(&all);
}

static void a_reload_forgets_no_cost(void **state)
{
        struct allowances all = {0};
        struct pace before, after;
        struct timer t;

        assert_int_equal(pace_init(&before, &config, &all), 0);
        assert_int_equal(pace_init(&after, &config, &all), 0);
        timer_set(&t, "agents", 30 * SEC, SEC);
        assert_true(pace_lets(&before, TASK_PROBE, &t, SEC));
        pace_add(&before, TASK_PROBE, 2 * SEC);
        pace_adopt(&after, &before);
        assert_false(pace_lets(&after, TASK_PROBE, &t, 2 * SEC));
        assert_int_equal(t.due, 401 * SEC);
        allowances_done(&all);
}

/* One in ten surveys of what stands still, and the one after each that saw a change or failed. */
static void most_surveys_do_without_the_newest_record(void **state)
{
        struct pace p = {.config = &config};
        unsigned asked = 0;

        for (unsigned i = 0; i < 100; i++) {
                asked += !pace_skips_walk(&p);
                assert_false(pace_looked(&p, false, true));
        }
        assert_int_equal(asked, 100 / PACE_WALK_EVERY);
        assert_false(pace_looked(&p, false, true));
        assert_true(pace_skips_walk(&p));
        assert_true(pace_looked(&p, true, true));
        assert_false(pace_skips_walk(&p));
        assert_false(pace_looked(&p, false, true));
        assert_true(pace_skips_walk(&p));
        assert_false(pace_looked(&p, false, false));
        assert_false(pace_skips_walk(&p));
}

static void a_collection_that_never_stands_still_is_not_replayed_at_each_look(void **state)
{
        struct pace p = {.config = &config};

        for (unsigned round = 0; round < 2; round++) {
                for (unsigned i = 0; i < 20; i++)
                        assert_int_equal(pace_looked(&p, true, true), i < PACE_CHANGES_MAX);
                assert_false(pace_looked(&p, false, false));
                assert_false(pace_looked(&p, true, true));
                assert_false(pace_looked(&p, false, true));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(surveys_and_probes_are_held_back_and_replays_are_not),
                cmocka_unit_test(surveys_do_not_wait_for_probes),
                cmocka_unit_test(without_allowances_nothing_is_held_back),
                cmocka_unit_test(with_all_of_the_server_nothing_is_held_back_but_counted),
                cmocka_unit_test(a_reload_forgets_no_cost),
                cmocka_unit_test(most_surveys_do_without_the_newest_record),
                cmocka_unit_test(a_collection_that_never_stands_still_is_not_replayed_at_each_look),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
