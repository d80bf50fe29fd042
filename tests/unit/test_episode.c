/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "sample_view.h"

#define MINUTES(n) (SAMPLE_NOW + (n)*USEC_PER_MINUTE)

/* A new view of a collection with `records`, replayed at that minute, after `old`. */
static struct collection_view *next(
        const struct collection_view *old, int64_t records, usec_t minutes)
{
        struct collection_view *c = collection_view_new(0);

        assert_non_null(c);
        if (old)
                assert_int_equal(collection_view_continue(old, c), 0);
        c->interval_usec = USEC_PER_MINUTE;
        c->replayed = c->up = true;
        c->last_finished = MINUTES(minutes);
        c->epoch.records = records;
        return c;
}

static void assert_episode(const struct collection_view *c, size_t i, enum episode_kind kind,
        usec_t at, usec_t until, int64_t before, int64_t after)
{
        const struct episode *e = &c->episodes.episodes[i];

        assert_true(i < c->episodes.count);
        assert_string_equal(episode_name(e->kind), episode_name(kind));
        assert_int_equal(e->at, at);
        assert_int_equal(e->until, until);
        assert_int_equal(e->before, before);
        assert_int_equal(e->after, after);
}

/* What the sequence of views does is done to each of them before it is noted. */
static void replace(struct collection_view **c, struct collection_view *by)
{
        episodes_note(*c, by);
        collection_view_unref(*c);
        *c = by;
}

static void an_ingest_is_one_episode(void **state)
{
        _cleanup_(collection_view_unrefp) struct collection_view *c = NULL;

        replace(&c, next(NULL, 100, 0));
        replace(&c, next(c, 100, 1));
        assert_int_equal(c->episodes.count, 0);
        replace(&c, next(c, 120, 2));
        replace(&c, next(c, 150, 3));
        replace(&c, next(c, 150, 4));
        assert_int_equal(c->episodes.count, 1);
        assert_episode(c, 0, EPISODE_INGEST, MINUTES(2), MINUTES(3), 100, 150);
        /* Much later there is another one, in which the number stays. */
        c->ingesting = true;
        replace(&c, next(c, 150, 60));
        assert_int_equal(c->episodes.count, 2);
        assert_episode(c, 1, EPISODE_INGEST, MINUTES(60), MINUTES(60), 150, 150);
}

static void spans_begin_and_end(void **state)
{
        _cleanup_(collection_view_unrefp) struct collection_view *c = NULL;
        struct collection_view *by;

        replace(&c, next(NULL, 100, 0));
        by = next(c, 100, 5);
        by->incident_since = MINUTES(4);
        by->last_error = strdup("down");
        by->up = false;
        replace(&c, by);
        replace(&c, next(c, 100, 6));
        assert_episode(c, 0, EPISODE_INCIDENT, MINUTES(4), 0, -1, -1);
        assert_episode(c, 1, EPISODE_DOWN, MINUTES(5), 0, -1, -1);
        by = next(c, 100, 9);
        by->incident_since = 0;
        free(by->last_error);
        by->last_error = NULL;
        replace(&c, by);
        assert_int_equal(c->episodes.count, 2);
        assert_episode(c, 0, EPISODE_INCIDENT, MINUTES(4), MINUTES(9), -1, -1);
        assert_episode(c, 1, EPISODE_DOWN, MINUTES(5), MINUTES(9), -1, -1);
}

static void the_past_is_noted_once_and_in_order(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];

        episodes_note(NULL, c);
        episodes_note(c, c);
        assert_int_equal(c->episodes.count, 4);
        assert_episode(c, 0, EPISODE_APPROVED, c->baseline->approved, 0, -1, 3);
        assert_episode(c, 1, EPISODE_REPLACED, c->replaced_at, 0, -1, -1);
        assert_episode(c, 2, EPISODE_CHANGED, c->unprovoked_at, 0, -1, -1);
        assert_episode(c, 3, EPISODE_INCIDENT, c->incident_since, 0, -1, -1);
}

static void the_oldest_are_forgotten(void **state)
{
        _cleanup_(collection_view_unrefp) struct collection_view *c = NULL;

        for (unsigned i = 0; i < EPISODES_MAX + 10; i++)
                replace(&c, next(c, 100 + i, 10 * i));
        assert_int_equal(c->episodes.count, EPISODES_MAX);
        assert_episode(c, EPISODES_MAX - 1, EPISODE_INGEST, MINUTES(10 * (EPISODES_MAX + 9)),
                MINUTES(10 * (EPISODES_MAX + 9)), 100 + EPISODES_MAX + 8, 100 + EPISODES_MAX + 9);
}

static void times_move_with_the_clock(void **state)
{
        struct episodes e = {.episodes = {{EPISODE_DOWN, MINUTES(1), 0, -1, -1},
                                     {EPISODE_INGEST, MINUTES(2), MINUTES(3), 1, 2}},
                .count = 2};

        episodes_jump(&e, (int64_t)USEC_PER_MINUTE);
        assert_int_equal(e.episodes[0].at, MINUTES(2));
        assert_int_equal(e.episodes[0].until, 0);
        assert_int_equal(e.episodes[1].until, MINUTES(4));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_ingest_is_one_episode),
                cmocka_unit_test(spans_begin_and_end),
                cmocka_unit_test(the_past_is_noted_once_and_in_order),
                cmocka_unit_test(the_oldest_are_forgotten),
                cmocka_unit_test(times_move_with_the_clock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
