/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/ingest.h"

#include "model/view.h"
#include "unit.h"

#define LOOK (30 * USEC_PER_SEC)
#define STILL (INGEST_LOOKS * LOOK)
#define GRACE (5 * USEC_PER_MINUTE)
#define NOW USEC_PER_DAY

static int set_up(void **state)
{
        struct ingest *i = calloc(1, sizeof(*i));

        ingest_init(i, LOOK, GRACE);
        *state = i;
        return 0;
}

static int tear_down(void **state)
{
        ingest_done(*state);
        free(*state);
        return 0;
}

static unsigned look(struct ingest *i, int64_t records, usec_t now)
{
        struct epoch epoch = {.id = (char *)"1", .records = records};

        return ingest_look(i, &epoch, now);
}

static void the_first_look_has_nothing_to_compare_with(void **state)
{
        struct ingest *i = *state;

        ingest_look_away(i, NOW); /* there never was one */
        assert_int_equal(look(i, 100, NOW), 0);
        assert_int_equal(look(i, 100, NOW + LOOK), 0);
        assert_false(ingest_under_way(i, NOW + LOOK));
}

static void one_that_lost_nothing_is_over_after_two_looks(void **state)
{
        struct ingest *i = *state;

        (void)look(i, 100, NOW);
        assert_int_equal(look(i, 120, NOW + LOOK), EPOCH_GREW);
        assert_int_equal(look(i, 120, NOW + LOOK + 1), 0);
        assert_true(ingest_under_way(i, NOW + LOOK + STILL - 1));
        assert_false(ingest_under_way(i, NOW + LOOK + STILL));
        /* A batch each 40 s is one ingest. */
        for (usec_t t = NOW; t < NOW + 4 * USEC_PER_MINUTE; t += 40 * USEC_PER_SEC) {
                (void)look(i, 121 + (int64_t)((t - NOW) / USEC_PER_SEC), t);
                assert_true(ingest_under_way(i, t + LOOK));
        }
}

/* Deleted, and what is added again is still being embedded. */
static void what_was_there_before_it_is_waited_for(void **state)
{
        struct ingest *i = *state;

        (void)look(i, 100, NOW);
        assert_int_equal(look(i, 0, NOW + LOOK), EPOCH_SHRANK);
        assert_true(ingest_under_way(i, NOW + LOOK + GRACE - 1));
        assert_false(ingest_under_way(i, NOW + LOOK + GRACE));
        (void)look(i, 60, NOW + 5 * LOOK);
        assert_true(ingest_under_way(i, NOW + 5 * LOOK + STILL));
        (void)look(i, 100, NOW + 6 * LOOK);
        assert_true(ingest_under_way(i, NOW + 6 * LOOK + STILL - 1));
        assert_false(ingest_under_way(i, NOW + 6 * LOOK + STILL));
        /* Fewer, and it stayed so: that is what the next one finds. */
        (void)look(i, 80, NOW + USEC_PER_HOUR);
        (void)look(i, 90, NOW + 2 * USEC_PER_HOUR);
        assert_false(ingest_under_way(i, NOW + 2 * USEC_PER_HOUR + STILL));
}

static void one_that_is_away_is_being_created_again(void **state)
{
        struct ingest *i = *state;

        (void)look(i, 100, NOW);
        ingest_look_away(i, NOW + LOOK);
        assert_true(ingest_under_way(i, NOW + LOOK + GRACE - 1));
        assert_false(ingest_under_way(i, NOW + LOOK + GRACE));
        (void)look(i, 30, NOW + 2 * LOOK);
        assert_true(ingest_under_way(i, NOW + 2 * LOOK + STILL));
        (void)look(i, 100, NOW + 3 * LOOK);
        assert_false(ingest_under_way(i, NOW + 3 * LOOK + STILL));
}

/* The same number at two looks, while a replay saw another one between its own two counts. */
static void what_a_replay_saw_counts(void **state)
{
        struct ingest *i = *state;

        (void)look(i, 100, NOW);
        ingest_note(i, NOW);
        assert_true(ingest_under_way(i, NOW + STILL - 1));
        assert_false(ingest_under_way(i, NOW + STILL));
}

static void who_knows_that_it_is_over_ends_it(void **state)
{
        struct ingest *i = *state;

        (void)look(i, 100, NOW);
        (void)look(i, 50, NOW + LOOK);
        ingest_end(i);
        assert_false(ingest_under_way(i, NOW + LOOK));
        assert_int_equal(look(i, 60, NOW + LOOK), 0);
        assert_false(ingest_under_way(i, NOW + LOOK));
        assert_int_equal(look(i, 70, NOW + 2 * LOOK), EPOCH_GREW);
        assert_true(ingest_under_way(i, NOW + 2 * LOOK));
}

/* It is written to all the time: its answers are samples all the same. */
static void one_that_never_ends_hides_nothing(void **state)
{
        struct ingest *i = *state;
        usec_t end = NOW + LOOK + GRACE;

        (void)look(i, 0, NOW);
        for (usec_t t = NOW + LOOK; t <= end; t += LOOK) {
                (void)look(i, (int64_t)((t - NOW) / LOOK), t);
                assert_true(ingest_under_way(i, t));
                assert_int_equal(ingest_young(i, t), t < end);
        }
}

static void a_clock_that_is_set_changes_nothing(void **state)
{
        const usec_t ahead = 400 * USEC_PER_DAY;
        struct ingest *i = *state;

        ingest_jump(i, (int64_t)ahead); /* of none */
        assert_false(ingest_under_way(i, NOW + ahead));
        (void)look(i, 100, NOW);
        (void)look(i, 120, NOW + LOOK);
        ingest_jump(i, (int64_t)ahead);
        assert_true(ingest_under_way(i, NOW + ahead + LOOK + STILL - 1));
        assert_false(ingest_under_way(i, NOW + ahead + LOOK + STILL));
        for (usec_t t = 2 * LOOK; t < 2 * GRACE; t += LOOK)
                (void)look(i, 120 + (int64_t)(t / LOOK), NOW + ahead + t);
        ingest_jump(i, -(int64_t)ahead);
        assert_true(ingest_under_way(i, NOW + 2 * GRACE));
        assert_false(ingest_young(i, NOW + 2 * GRACE));
}

static void a_successor_goes_on_in_its_own_times(void **state)
{
        struct ingest *i = *state, successor;

        (void)look(i, 100, NOW);
        (void)look(i, 120, NOW + LOOK);
        ingest_init(&successor, LOOK / 2, GRACE);
        ingest_adopt(&successor, i);
        assert_true(ingest_under_way(&successor, NOW + LOOK + STILL / 2 - 1));
        assert_false(ingest_under_way(&successor, NOW + LOOK + STILL / 2));
        assert_int_equal(look(&successor, 121, NOW + 2 * LOOK), EPOCH_GREW);
        ingest_done(&successor);
}

/* Told by a replay that ends after the grace: until there was one, one is due. */
static void what_waits_is_told_by_a_replay(void **state)
{
        struct collection_view *c = collection_view_new(0);
        struct finding f = {.since = NOW, .waiting = true, .sentence = (char *)""};

        (void)state;
        c->last_started = c->last_finished = NOW;
        c->ingest_under_way = true;
        assert_true(ingest_excuse_ends(c, GRACE) == USEC_INFINITY);
        c->findings = findings_new();
        assert_int_equal(findings_add(c->findings, &f), 0);
        f.since = NOW - LOOK;
        assert_int_equal(findings_add(c->findings, &f), 0);
        f = (struct finding){.since = NOW - GRACE / 2, .sentence = (char *)""};
        assert_int_equal(findings_add(c->findings, &f), 0);
        assert_true(ingest_excuse_ends(c, GRACE) == NOW - LOOK + GRACE);
        c->last_started = c->last_finished = NOW - LOOK + GRACE;
        assert_true(ingest_excuse_ends(c, GRACE) == NOW + GRACE);
        c->last_started = c->last_finished = NOW + GRACE;
        assert_true(ingest_excuse_ends(c, GRACE) == USEC_INFINITY);
        c->last_started = c->last_finished = NOW;
        c->ingest_under_way = false;
        assert_true(ingest_excuse_ends(c, GRACE) == USEC_INFINITY);
        c->last_started = NOW - 1;
        assert_true(ingest_excuse_ends(c, GRACE) == NOW);
        c->looking_up = true;
        assert_true(ingest_excuse_ends(c, GRACE) == USEC_INFINITY);
        collection_view_unref(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(the_first_look_has_nothing_to_compare_with),
                TEST(one_that_lost_nothing_is_over_after_two_looks),
                TEST(what_was_there_before_it_is_waited_for),
                TEST(one_that_is_away_is_being_created_again),
                TEST(what_a_replay_saw_counts),
                TEST(who_knows_that_it_is_over_ends_it),
                TEST(one_that_never_ends_hides_nothing),
                TEST(a_clock_that_is_set_changes_nothing),
                TEST(a_successor_goes_on_in_its_own_times),
                cmocka_unit_test(what_waits_is_told_by_a_replay),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
