/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "keep/past.h"
#include "kept.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)
#define DAYS(n) ((usec_t)(n)*USEC_PER_DAY)

static void put(struct state *s, struct history *h, struct past_mark *mark)
{
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *snapshot = history_snapshot(h);

        assert_int_equal(past_put(s, "kb", "q 1", snapshot, mark), 0);
        kept_commit(s);
}

static int take(
        const char *collection, const char *query, const struct history_run *run, void *userdata)
{
        assert_string_equal(collection, "kb");
        assert_string_equal(query, "q 1");
        return history_restore(userdata, run);
}

static size_t restore(struct state *s, usec_t horizon, struct history *h)
{
        size_t refused = 0;

        assert_int_equal(past_restore(s, horizon, take, h, &refused, NULL), 0);
        return refused;
}

static void assert_same(struct history *a, struct history *b, size_t without)
{
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *x = history_snapshot(a);
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *y = history_snapshot(b);

        assert_int_equal(history_snapshot_runs(x) - without, history_snapshot_runs(y));
        for (size_t i = 0; i < history_snapshot_runs(y); i++) {
                struct history_run p = history_snapshot_run(x, i + without);
                struct history_run q = history_snapshot_run(y, i);

                assert_int_equal(p.first, q.first);
                assert_int_equal(p.last, q.last);
                assert_int_equal(p.samples, q.samples);
                assert_true(p.distance == q.distance || (isnan(p.distance) && isnan(q.distance)));
                assert_int_equal(p.expected_rank, q.expected_rank);
                assert_int_equal(p.band, q.band);
                assert_int_equal(p.outcome, q.outcome);
        }
}

static struct history *sample(usec_t step, unsigned count, unsigned alike)
{
        struct history *h = history_new();

        for (unsigned i = 0; i < count; i++) {
                struct judgement v = {.outcome = i / alike % OUTCOME_COUNT,
                        .distance = i / alike % 7 == 3 ? NAN : .1f * (float)(i / alike % 9),
                        .expected_distance = NAN,
                        .expected_rank = i / alike % 5,
                        .band = (int)(i / alike % 4) - 1};

                assert_int_equal(
                        history_add(h, T0 + i * step, &v, i % alike > 0, USEC_INFINITY), 0);
        }
        return h;
}

static void what_is_put_comes_back(void **unused)
{
        static const unsigned alikes[] = {1, 10, 1000};

        for (size_t i = 0; i < ARRAY_SIZE(alikes); i++) {
                _cleanup_(history_freep) struct history *h =
                        sample(USEC_PER_MINUTE, 3000, alikes[i]);
                _cleanup_(history_freep) struct history *again = history_new();
                struct state *s = kept_open();
                struct past_mark mark = {0};

                put(s, h, &mark);
                state_free(s);
                s = kept_open();
                assert_int_equal(restore(s, 0, again), 0);
                assert_same(h, again, 0);
                state_free(s);
                (void)kept_clear(NULL);
        }
}

/* What is added to a history is all that is written of it. */
static void only_the_end_is_written_again(void **unused)
{
        _cleanup_(history_freep) struct history *h = sample(USEC_PER_MINUTE, 3000, 1);
        _cleanup_(history_freep) struct history *again = history_new();
        _cleanup_(history_snapshot_unrefp) struct history_snapshot *snapshot = NULL;
        struct judgement v = {.outcome = OUTCOME_PASS, .distance = .5f, .band = -1};
        struct state *s = kept_open();
        struct past_mark mark = {0};
        unsigned rows;

        put(s, h, &mark);
        assert_int_equal(history_add(h, T0 + DAYS(3), &v, false, USEC_INFINITY), 0);
        put(s, h, &mark);
        assert_int_equal(history_add(h, T0 + DAYS(3) + 1000, &v, true, USEC_INFINITY), 0);
        put(s, h, &mark);
        /* Nor by another life. */
        state_free(s);
        s = kept_open();
        mark = (struct past_mark){0};
        assert_int_equal(history_add(h, T0 + DAYS(3) + USEC_PER_DAY, &v, false, USEC_INFINITY), 0);
        snapshot = history_snapshot(h);
        assert_int_equal(past_put(s, "kb", "q 1", snapshot, &mark), 0);
        for (rows = 0; state_pending(s, true); rows++)
                assert_true(state_commit_bulk(s, NULL) >= 0);
        assert_int_equal(rows, 1);
        assert_int_equal(restore(s, 0, again), 0);
        assert_same(h, again, 0);
        state_free(s);
}

static void what_is_too_old_goes(void **unused)
{
        _cleanup_(history_freep) struct history *h = history_new();
        _cleanup_(history_freep) struct history *again = history_new();
        struct state *s = kept_open();
        struct past_mark mark = {0};

        for (unsigned i = 0; i < 20 * 288; i++) {
                struct judgement v = {.distance = (float)i, .band = -1};

                assert_int_equal(
                        history_add(h, T0 + i * 5 * USEC_PER_MINUTE, &v, false, DAYS(2)), 0);
                if (i % 12 == 0)
                        put(s, h, &mark);
        }
        put(s, h, &mark);
        assert_in_range(kept_count(), 24, 50);
        assert_int_equal(restore(s, T0 + DAYS(40), again), 0);
        kept_commit(s);
        assert_int_equal(kept_count(), 0);
        state_free(s);
}

static void what_is_none_is_refused(void **unused)
{
        static const struct {
                const char *key, *value;
        } rows[] = {
                {"kb", "[]"},
                {"kb\nq 1", "[]"},
                {"kb\nq 1\nx", "[]"},
                {"kb\nq 1\n5", "{}"},
                {"kb\nq 1\n5", "[1]"},
                {"kb\nq 1\n5", "[[1,2,3,null,null,0,-1]]"},
                {"kb\nq 1\n5", "[[1,2,0,null,null,0,-1,0]]"},
                {"kb\nq 1\n5", "[[2,1,1,null,null,0,-1,0]]"},
                {"kb\nq 1\n5", "[[1,2,65536,null,null,0,-1,0]]"},
                {"kb\nq 1\n5", "[[1,2,1,\"a\",null,0,-1,0]]"},
                {"kb\nq 1\n5", "[[1,2,1,null,null,512,-1,0]]"},
                {"kb\nq 1\n5", "[[1,2,1,null,null,0,15,0]]"},
                {"kb\nq 1\n5", "[[1,2,1,null,null,0,-1,9]]"},
                {"kb\nq 1\n5", "[[1,9223372036854775807,1,null,null,0,-1,0]]"},
                {"kb\nq 1\n5", "[[5,6,1,null,null,0,-1,0],[1,2,1,null,null,0,-1,0]]"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(history_freep) struct history *h = history_new();
                struct state *s = kept_open();

                kept_write(s, "history", true, rows[i].key, rows[i].value, strlen(rows[i].value));
                if (restore(s, 0, h) != 1)
                        fail_msg("%s", rows[i].value);
                state_free(s);
                (void)kept_clear(NULL);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(what_is_put_comes_back, kept_clear),
                cmocka_unit_test_teardown(only_the_end_is_written_again, kept_clear),
                cmocka_unit_test_teardown(what_is_too_old_goes, kept_clear),
                cmocka_unit_test_teardown(what_is_none_is_refused, kept_clear),
        };

        return cmocka_run_group_tests(tests, kept_set_up, kept_tear_down);
}
