/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "fleet.h"
#include "judge/drift.h"
#include "judge/similarity.h"

#define QUERIES 20
#define FIRST .9 /* of the best record of every answer at first */
#define TOP5 "abcde"

#define assert_close(a, b) assert_true(fabs((double)(a) - (b)) < 1e-6)

/* QUERIES queries, each with its answer, replay by replay. */
struct world {
        struct query_set *set;
        struct drift *drift;
        struct answer *answers[QUERIES];
        struct drift_view view;
        struct query_drift queries[QUERIES];
        int64_t records;
        bool ingesting, ingested; /* in the next replay */
};

static void give(struct world *w, size_t i, const char *letters, double first)
{
        answer_unref(w->answers[i]);
        w->answers[i] = letters ? fleet_answer(letters, first) : NULL;
}

static void give_all(struct world *w, size_t count, const char *letters, double first)
{
        for (size_t i = 0; i < count; i++)
                give(w, i, letters, first);
}

static struct world world_new(void)
{
        struct world w = {.set = fleet_set(QUERIES), .records = 1000};

        fleet_tag(w.set, 5);
        w.drift = drift_new(w.set);
        assert_non_null(w.drift);
        give_all(&w, QUERIES, TOP5, FIRST);
        return w;
}

static void world_done(struct world *w)
{
        drift_free(w->drift);
        give_all(w, QUERIES, NULL, 0);
        query_set_unref(w->set);
}

/* What the answers are now, as a baseline; levels with this scale. */
static struct baseline *record(struct world *w, double scale)
{
        struct answer *const *samples[] = {w->answers};
        struct baseline *b = fleet_baseline(w->set, samples, 1, 5);

        for (size_t i = 0; i < b->count; i++)
                for (size_t s = 0; s < LEVEL_COUNT; s++)
                        b->queries[i].levels[s].scale = scale;
        return b;
}

static void approve(struct world *w, double scale, const char *space, double limit)
{
        _cleanup_(baseline_unrefp) struct baseline *b = record(w, scale);

        drift_set_baseline(w->drift, b, space, limit);
}

/* That many replays; whether an answer changed for no reason in any of them. */
static bool replay(struct world *w, unsigned times)
{
        bool unprovoked = false;

        while (times-- > 0) {
                drift_update(w->drift, w->answers, w->records, w->ingesting, w->ingested, &w->view,
                        w->queries);
                w->ingesting = w->ingested = false;
                unprovoked = unprovoked || w->view.unprovoked;
        }
        return unprovoked;
}

/* Compared with a baseline, and settled. */
static struct world world_settled(void)
{
        struct world w = world_new();

        approve(&w, 0, "l2", NAN);
        assert_false(replay(&w, DRIFT_SETTLED));
        return w;
}

static void ingest(struct world *w)
{
        w->ingested = true;
}

static void the_same_means_the_same_distances_and_ids_between_ties(void **state)
{
        static const struct {
                const char *ids[3];
                float distances[3];
                unsigned count;
                bool same;
        } rows[] = {
                {{"a", "b", "c"}, {.5f, .5f, .75f}, 3, true},
                {{"b", "a", "c"}, {.5f, .5f, .75f}, 3, true},
                {{"b", "a", "c"}, {.5000005f, .5000007f, .75f}, 3, true},
                {{"a", "b", "c"}, {.5f, .500002f, .75f}, 3, false},
                {{"a", "c", "b"}, {.5f, .5f, .75f}, 3, false},
                {{"a", "b", "d"}, {.5f, .5f, .75f}, 3, false},
                {{"a", "a", "c"}, {.5f, .5f, .75f}, 3, false},
                {{"a", "b"}, {.5f, .5f}, 2, false},
        };
        _cleanup_(answer_unrefp) struct answer *first =
                answer_new(3, rows[0].ids, rows[0].distances, NULL);

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(answer_unrefp) struct answer *a =
                        answer_new(rows[i].count, rows[i].ids, rows[i].distances, NULL);

                if (drift_same(first, a) != rows[i].same || drift_same(a, first) != rows[i].same)
                        fail_msg("row %zu", i);
        }
}

static void equality_is_relative_beyond_one(void **state)
{
        _cleanup_(answer_unrefp) struct answer *a = fleet_answer("a", 400);
        _cleanup_(answer_unrefp) struct answer *near = fleet_answer("a", 400.0002);
        _cleanup_(answer_unrefp) struct answer *far = fleet_answer("a", 400.001);

        assert_true(drift_same(a, near));
        assert_false(drift_same(a, far));
}

static void a_query_moves_after_four_replays_and_is_back_after_five(void **state)
{
        static const struct {
                double shift;
                enum moved moved;
        } rows[] = {{.006, MOVED_UP}, {-.006, MOVED_DOWN}, {.0049, MOVED_NOT}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct world w = world_settled();

                give(&w, 3, TOP5, FIRST + rows[i].shift);
                ingest(&w);
                assert_false(replay(&w, 3));
                assert_int_equal(w.queries[3].moved[LEVEL_TOP1], MOVED_NOT);
                assert_false(replay(&w, 1));
                for (size_t s = 0; s < LEVEL_COUNT; s++) {
                        assert_int_equal(w.queries[3].moved[s], rows[i].moved);
                        assert_int_equal(w.view.up[s], rows[i].moved == MOVED_UP);
                        assert_int_equal(w.view.down[s], rows[i].moved == MOVED_DOWN);
                        assert_close(w.queries[3].shift[s], rows[i].shift);
                }
                assert_int_equal(w.view.moved_up, rows[i].moved == MOVED_UP);
                assert_int_equal(w.view.moved_down, rows[i].moved == MOVED_DOWN);
                assert_int_equal(w.queries[2].moved[LEVEL_TOPK], MOVED_NOT);
                give(&w, 3, TOP5, FIRST);
                ingest(&w);
                assert_false(replay(&w, 4));
                assert_int_equal(w.queries[3].moved[LEVEL_TOPK], rows[i].moved);
                assert_false(replay(&w, 1));
                assert_int_equal(w.queries[3].moved[LEVEL_TOPK], MOVED_NOT);
                world_done(&w);
        }
}

static void with_too_few_answers_nothing_is_judged_and_nothing_forgotten(void **state)
{
        struct world w = world_settled();

        give_all(&w, QUERIES, TOP5, FIRST + .02);
        replay(&w, 4);
        assert_true(w.view.set_shifted && w.view.share_moved);
        give_all(&w, QUERIES, TOP5, FIRST);
        give_all(&w, 5, NULL, 0);
        assert_false(replay(&w, 20));
        assert_int_equal(w.view.valid, 15);
        assert_int_equal(w.view.queries, QUERIES);
        assert_int_equal(w.view.compared, 0);
        assert_true(isnan(w.view.set_shift) && isnan(w.view.overlap));
        assert_false(w.view.changed || w.view.unprovoked);
        assert_true(w.view.set_shifted && w.view.share_moved);
        assert_int_equal(w.view.up[LEVEL_TOPK], QUERIES);
        for (size_t i = 0; i < QUERIES; i += (size_t)QUERIES - 1) {
                assert_false(w.queries[i].compared);
                assert_true(isnan(w.queries[i].shift[LEVEL_TOP1]) && isnan(w.queries[i].rbo));
                assert_int_equal(w.queries[i].moved[LEVEL_TOP1], MOVED_UP);
                assert_close(w.queries[i].judged[LEVEL_TOP1], .02);
                assert_close(w.queries[i].baseline[LEVEL_TOP1], FIRST);
        }
        /* 16 of 20 are enough. */
        give(&w, 0, TOP5, FIRST);
        replay(&w, 5);
        assert_false(w.view.set_shifted);
        assert_int_equal(w.view.compared, 16);
        world_done(&w);
}

/* Queries that were added without vectors do not stop the others from being judged. */
static void what_was_never_measured_is_not_missed(void **state)
{
        struct world w = world_new();

        approve(&w, 0, "l2", 0);
        give_all(&w, QUERIES / 2, NULL, 0);
        replay(&w, 1);
        assert_int_equal(w.view.compared, QUERIES / 2);
        for (size_t i = QUERIES / 2; i < QUERIES; i++)
                give(&w, i, TOP5, FIRST + .02);
        replay(&w, 4);
        assert_int_equal(w.view.moved_up, QUERIES / 2);
        world_done(&w);
}

static void the_set_moves_when_the_clipped_mean_does(void **state)
{
        static const struct {
                size_t count;
                double shift, mean;
                bool moves;
        } rows[] = {
                {QUERIES, .011, .011, true},
                {QUERIES, .009, .009, false},
                {QUERIES, -.5, -.1, false},
                {4, .06, .012, true},
                /* However far two queries are off, they are 10 % of the set. */
                {2, 5, .01, false},
                {3, 5, .015, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct world w = world_settled();

                give_all(&w, rows[i].count, TOP5, FIRST + rows[i].shift);
                replay(&w, 3);
                assert_close(w.view.set_shift, rows[i].mean);
                assert_false(w.view.set_shifted);
                replay(&w, 1);
                if (w.view.set_shifted != rows[i].moves)
                        fail_msg("row %zu", i);
                give_all(&w, QUERIES, TOP5, FIRST + .0051);
                replay(&w, 10);
                assert_int_equal(w.view.set_shifted, rows[i].moves);
                give_all(&w, QUERIES, TOP5, FIRST + .0049);
                replay(&w, 5);
                assert_false(w.view.set_shifted);
                world_done(&w);
        }
}

static void three_queries_or_a_tenth_are_a_share(void **state)
{
        static const struct {
                size_t first, then; /* moved queries */
                bool reached, kept;
        } rows[] = {{2, 2, false, false}, {3, 2, true, true}, {3, 1, true, false}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct world w = world_settled();

                give_all(&w, rows[i].first, TOP5, FIRST + .006);
                replay(&w, 4);
                assert_int_equal(w.view.share_moved, rows[i].reached);
                give_all(&w, QUERIES, TOP5, FIRST);
                give_all(&w, rows[i].then, TOP5, FIRST + .006);
                replay(&w, 5);
                assert_int_equal(w.view.share_moved, rows[i].kept);
                world_done(&w);
        }
}

static unsigned topics(const struct world *w, enum topic_look look)
{
        return w->view.topics[look].list.count;
}

/* What search had missed was put back: the states move by that, and by nothing else. */
static void a_sample_that_is_better_known_counts_in_place_of_the_first(void **state)
{
        struct world w = world_settled();

        give_all(&w, QUERIES, TOP5, FIRST + .02);
        replay(&w, 4);
        assert_int_equal(w.view.moved_up, QUERIES);
        assert_true(w.view.set_shifted && w.view.share_moved);
        give_all(&w, QUERIES, TOP5, FIRST);
        drift_revise(w.drift, w.answers, w.records, &w.view, w.queries);
        assert_int_equal(w.view.moved_up, 0);
        assert_false(w.view.set_shifted || w.view.share_moved || w.view.pending);
        assert_int_equal(topics(&w, TOPIC_CONFIRMED), 0);
        /* Three beyond, one that was none, and one more. */
        give_all(&w, QUERIES, TOP5, FIRST + .02);
        replay(&w, 1);
        assert_int_equal(w.view.moved_up, QUERIES);
        assert_true(w.view.set_shifted && w.view.share_moved);
        /* Of a replay that was no sample, and against another baseline, only the numbers are. */
        w.ingesting = true;
        replay(&w, 1);
        give_all(&w, QUERIES, TOP5, FIRST);
        drift_revise(w.drift, w.answers, w.records, &w.view, w.queries);
        assert_int_equal(w.view.moved_up, QUERIES);
        assert_true(w.view.set_shifted);
        assert_close(w.view.set_shift, 0);
        give_all(&w, QUERIES, TOP5, FIRST + .02);
        replay(&w, 1);
        give_all(&w, QUERIES, TOP5, FIRST);
        approve(&w, 0, "l2", NAN);
        drift_revise(w.drift, w.answers, w.records, &w.view, w.queries);
        assert_int_equal(w.view.moved_up, QUERIES);
        world_done(&w);
}

/* Three of the five queries of a tag. */
static void a_topic_moves_after_four_replays(void **state)
{
        struct world w = world_settled(), next = world_new();
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;

        give_all(&w, 3, TOP5, FIRST + .006);
        replay(&w, 3);
        assert_int_equal(topics(&w, TOPIC_NOW), 1);
        assert_int_equal(topics(&w, TOPIC_CONFIRMED), 0);
        replay(&w, 1);
        assert_int_equal(topics(&w, TOPIC_CONFIRMED), 1);
        assert_int_equal(w.view.topics[TOPIC_CONFIRMED].list.told[0].portion.hit, 3);
        assert_int_equal(w.view.topics[TOPIC_CONFIRMED].list.told[0].portion.all, 5);
        /* Looked at again, and with too few answers. */
        drift_revise(w.drift, w.answers, w.records, &w.view, w.queries);
        assert_int_equal(topics(&w, TOPIC_NOW), 1);
        assert_int_equal(topics(&w, TOPIC_CONFIRMED), 1);
        give_all(&w, 10, NULL, 0);
        replay(&w, 1);
        assert_int_equal(topics(&w, TOPIC_NOW), 0);
        assert_int_equal(topics(&w, TOPIC_CONFIRMED), 1);
        /* Two of them are back, which is not over yet; then another set takes over. */
        give_all(&w, 10, TOP5, FIRST);
        give(&w, 0, TOP5, FIRST + .006);
        give(&w, 1, TOP5, FIRST + .006);
        replay(&w, 5);
        assert_int_equal(topics(&w, TOPIC_NOW), 0);
        assert_int_equal(topics(&w, TOPIC_CONFIRMED), 1);
        assert_int_equal(drift_adopt(next.drift, w.drift), 0);
        give(&next, 0, TOP5, FIRST + .006);
        give(&next, 1, TOP5, FIRST + .006);
        replay(&next, 1);
        assert_int_equal(topics(&next, TOPIC_CONFIRMED), 1);
        /* Another query has its baseline elsewhere: what is over by half starts afresh. */
        b = record(&next, 0);
        for (size_t s = 0; s < LEVEL_COUNT; s++) {
                b->queries[0].levels[s].location -= .006;
                b->queries[1].levels[s].location -= .006;
                b->queries[10].levels[s].location += .006;
        }
        drift_set_baseline(next.drift, b, "l2", NAN);
        replay(&next, 1);
        assert_int_equal(next.queries[0].moved[LEVEL_TOPK], MOVED_UP);
        assert_int_equal(topics(&next, TOPIC_CONFIRMED), 0);
        world_done(&next);
        world_done(&w);
}

static void cosine_halves_floors_and_limits(void **state)
{
        static const struct {
                const char *space;
                double limit, shift;
                bool query, set;
        } rows[] = {
                {"l2", NAN, .004, false, false},
                {"cosine", NAN, .004, true, false},
                {"ip", NAN, .006, true, true},
                {NULL, NAN, .006, true, false},
                {"cosine", .008, .006, true, false},
                {"l2", .003, .004, false, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct world w = world_new();

                approve(&w, 0, rows[i].space, rows[i].limit);
                give_all(&w, QUERIES, TOP5, FIRST + rows[i].shift);
                replay(&w, 4);
                if (w.view.set_shifted != rows[i].set ||
                        (w.view.moved_up == QUERIES) != rows[i].query)
                        fail_msg("row %zu", i);
                world_done(&w);
        }
}

static void noisy_queries_are_not_armed(void **state)
{
        static const struct {
                const char *space;
                double scale;
                bool armed;
        } rows[] = {{"l2", .01, true}, {"l2", .0101, false}, {"cosine", .0051, false}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct world w = world_new();

                approve(&w, rows[i].scale, rows[i].space, NAN);
                give_all(&w, QUERIES, TOP5, FIRST + 1);
                replay(&w, 10);
                assert_int_equal(w.queries[0].armed, rows[i].armed);
                assert_int_equal(w.view.moved_up, rows[i].armed ? QUERIES : 0);
                assert_true(isnan(w.view.set_shift) == !rows[i].armed);
                assert_close(w.queries[0].shift[LEVEL_TOP1], 1);
                assert_close(w.queries[0].tau[LEVEL_TOP1], 5 * rows[i].scale);
                world_done(&w);
        }
}

static void samples_during_an_ingest_move_nothing(void **state)
{
        struct world w = world_settled();

        give_all(&w, QUERIES, TOP5, FIRST + .02);
        for (int i = 0; i < 10; i++) {
                w.ingesting = true;
                assert_false(replay(&w, 1));
        }
        assert_close(w.view.set_shift, .02);
        assert_int_equal(w.view.moved_up, 0);
        assert_false(w.view.set_shifted);
        replay(&w, 4);
        assert_int_equal(w.view.moved_up, QUERIES);
        world_done(&w);
}

static void a_change_of_a_settled_answer_without_ingest_is_unprovoked(void **state)
{
        struct world w = world_settled();

        give(&w, 0, TOP5, FIRST + .001);
        assert_true(replay(&w, 1));
        assert_true(w.view.changed && w.view.unprovoked);
        assert_true(w.queries[0].changed);
        assert_false(w.queries[1].changed);
        /* It did not settle meanwhile: this one is always different. */
        give(&w, 0, TOP5, FIRST + .002);
        assert_false(replay(&w, 1));
        assert_true(w.view.changed && w.queries[0].changed);
        assert_false(w.view.unprovoked);
        assert_false(replay(&w, 2));
        assert_false(w.view.changed);
        give(&w, 0, TOP5, FIRST);
        assert_true(replay(&w, 1));
        world_done(&w);
}

static void an_ingest_explains_changes_until_a_replay_saw_its_end(void **state)
{
        struct world w = world_settled();

        give(&w, 0, TOP5, FIRST + .001);
        ingest(&w);
        assert_false(replay(&w, 1));
        assert_true(w.view.changed);
        /* One that is under way explains what the next replay finds, too. */
        assert_false(replay(&w, 3));
        w.ingesting = true;
        assert_false(replay(&w, 1));
        give(&w, 1, TOP5, FIRST + .001);
        assert_false(replay(&w, 1));
        assert_true(w.view.changed);
        assert_false(w.view.unprovoked);
        /* As does one in a replay that failed, and for a query that was not measured then. */
        give_all(&w, QUERIES, NULL, 0);
        ingest(&w);
        assert_false(replay(&w, 1));
        give_all(&w, QUERIES, TOP5, FIRST + .002);
        give(&w, 5, NULL, 0);
        assert_false(replay(&w, 1));
        give(&w, 5, TOP5, FIRST + .002);
        assert_false(replay(&w, 1));
        assert_true(w.view.changed);
        world_done(&w);
}

static void other_records_lower_the_overlap(void **state)
{
        struct world w = world_settled();

        /* One of five records in 5 of 20 queries is an overlap of .95. */
        give_all(&w, 5, "abcdx", FIRST);
        ingest(&w);
        assert_false(replay(&w, 1));
        assert_close(w.view.overlap, .95);
        give(&w, 5, "abcdx", FIRST);
        ingest(&w);
        assert_false(replay(&w, 1));
        assert_close(w.view.overlap, .94);
        assert_close(w.queries[0].overlap, .8);
        assert_close(
                w.queries[0].rbo, similarity_rbo(w.answers[0], w.answers[9], RBO_P, DRIFT_EQUAL));
        assert_true(w.queries[9].overlap == 1 && w.queries[9].rbo == 1);
        world_done(&w);
}

static void likeness_may_be_left_out(void **state)
{
        struct world w = world_settled();

        drift_omit_likeness(w.drift);
        give_all(&w, 5, "abcdx", FIRST + .02);
        ingest(&w);
        assert_false(replay(&w, 1));
        assert_true(isnan(w.queries[0].overlap) && isnan(w.queries[0].rbo));
        /* What is judged is there. */
        assert_close(w.queries[0].shift[LEVEL_TOPK], .02);
        assert_close(w.view.set_shift, .02 * 5 / QUERIES);
        world_done(&w);
}

static void within_the_noise_there_is_no_order(void **state)
{
        struct world w = world_new();

        approve(&w, .005, "l2", NAN);
        give(&w, 0, "edcba", FIRST);
        replay(&w, 1);
        assert_close(w.queries[0].rbo, 1);
        approve(&w, .003, "l2", NAN);
        give(&w, 0, "abcde", FIRST);
        replay(&w, 1);
        assert_true(w.queries[0].overlap == 1);
        assert_true(w.queries[0].rbo < .9);
        world_done(&w);
}

static void short_answers_are_no_sample_of_the_mean(void **state)
{
        struct world w = world_settled();

        give_all(&w, QUERIES, "abcd", FIRST);
        replay(&w, 1);
        assert_true(isnan(w.queries[0].shift[LEVEL_TOPK]) && isnan(w.view.set_shift));
        assert_true(!isnan(w.queries[0].shift[LEVEL_TOP1]));
        assert_int_equal(w.view.compared, QUERIES);
        /* The same objects, but now the collection holds no more. */
        w.records = 4;
        replay(&w, 1);
        assert_close(w.view.set_shift, -.005);
        assert_close(w.queries[0].judged[LEVEL_TOPK], -.005);
        w.records = 1000;
        replay(&w, 1);
        assert_true(isnan(w.view.set_shift));
        assert_close(w.queries[0].judged[LEVEL_TOPK], -.005);
        /* A few short ones do not hide what the others say. */
        give_all(&w, QUERIES, TOP5, FIRST);
        give_all(&w, 4, "abcd", FIRST);
        replay(&w, 1);
        assert_close(w.view.set_shift, 0);
        give(&w, 4, "abcd", FIRST);
        replay(&w, 1);
        assert_true(isnan(w.view.set_shift));
        world_done(&w);
}

/* As many as the baseline has are compared. */
static void longer_answers_are_compared_as_far_as_the_baseline_goes(void **state)
{
        struct world w = world_settled();

        give_all(&w, QUERIES, "abcdef", FIRST);
        replay(&w, 4);
        assert_close(w.view.overlap, 1);
        assert_close(w.view.set_shift, 0);
        world_done(&w);
}

static void without_baseline_only_changes_are_noticed(void **state)
{
        struct world w = world_new();

        assert_false(replay(&w, DRIFT_SETTLED));
        assert_false(replay(&w, 1));
        assert_int_equal(w.view.compared, 0);
        assert_true(isnan(w.view.set_shift) && isnan(w.view.overlap));
        assert_true(isnan(w.queries[0].tau[LEVEL_TOP1]));
        assert_false(w.queries[0].armed);
        give_all(&w, QUERIES, "vwxyz", FIRST + 1);
        assert_true(replay(&w, 1));
        assert_true(w.view.unprovoked);
        replay(&w, 10);
        assert_int_equal(w.view.moved_up, 0);
        world_done(&w);
}

static void states_survive_a_baseline_at_the_same_place(void **state)
{
        struct world w = world_settled();
        _cleanup_(baseline_unrefp) struct baseline *same = record(&w, 0), *other = NULL;

        other = record(&w, 0);
        for (size_t s = 0; s < LEVEL_COUNT; s++)
                other->queries[0].levels[s].location += .0051;
        give_all(&w, QUERIES, TOP5, FIRST + .02);
        replay(&w, 4);
        assert_int_equal(w.view.moved_up, QUERIES);
        drift_set_baseline(w.drift, same, "l2", NAN);
        replay(&w, 1);
        assert_int_equal(w.view.moved_up, QUERIES);
        assert_true(w.view.set_shifted && w.view.share_moved);
        drift_set_baseline(w.drift, other, "l2", NAN);
        replay(&w, 1);
        assert_int_equal(w.queries[0].moved[LEVEL_TOP1], MOVED_NOT);
        assert_int_equal(w.view.moved_up, QUERIES - 1);
        assert_false(w.view.set_shifted);
        replay(&w, 3);
        assert_int_equal(w.view.moved_up, QUERIES);
        assert_true(w.view.set_shifted);
        drift_set_baseline(w.drift, NULL, "l2", NAN);
        replay(&w, 1);
        assert_int_equal(w.view.moved_up, 0);
        assert_false(w.view.set_shifted || w.view.share_moved);
        world_done(&w);
}

static void a_query_that_was_never_armed_starts_nothing_afresh(void **state)
{
        struct world w = world_new();
        _cleanup_(baseline_unrefp) struct baseline *b = record(&w, 0);

        b->queries[4].levels[LEVEL_TOP1].scale = .02;
        drift_set_baseline(w.drift, b, "l2", NAN);
        give_all(&w, QUERIES, TOP5, FIRST + .02);
        replay(&w, 4);
        drift_set_baseline(w.drift, b, "l2", NAN);
        replay(&w, 1);
        assert_int_equal(w.view.moved_up, QUERIES - 1);
        assert_true(w.view.set_shifted && w.view.share_moved);
        world_done(&w);
}

static void another_text_under_the_same_id_is_another_query(void **state)
{
        struct world w = world_new();
        _cleanup_(baseline_unrefp) struct baseline *b = record(&w, 0);

        b->queries[7].text[0] = 'T';
        drift_set_baseline(w.drift, b, "l2", NAN);
        replay(&w, 1);
        assert_int_equal(w.view.compared, QUERIES - 1);
        assert_false(w.queries[7].compared || w.queries[7].armed);
        world_done(&w);
}

/* The first four queries of a set in another order, one of them with another text. */
static void states_are_adopted_by_query_id(void **state)
{
        static const size_t order[] = {2, 0, 3, 1};
        struct world old = world_settled(), w = {.set = fleet_set(4), .records = 1000};

        for (size_t i = 0; i < 4; i++) {
                snprintf(w.set->queries[i].id, 6, "q%04zu", order[i]);
                snprintf(w.set->queries[i].text, 7, "%s %zu", i == 3 ? "test" : "text", order[i]);
                give(&w, i, TOP5, FIRST + (order[i] == 2 ? .5 : 0));
        }
        give(&old, 2, TOP5, FIRST + .5);
        give(&old, 5, TOP5, FIRST + .5);
        give(&old, 6, TOP5, FIRST + .5);
        replay(&old, 8);
        assert_true(old.view.set_shifted && old.view.share_moved);
        w.drift = drift_new(w.set);
        assert_int_equal(drift_adopt(w.drift, old.drift), 0);
        world_done(&old);
        assert_false(replay(&w, 1));
        assert_false(w.view.changed);
        assert_int_equal(w.view.queries, 4);
        assert_int_equal(w.view.compared, 3);
        assert_int_equal(w.view.moved_up, 1);
        assert_int_equal(w.queries[0].moved[LEVEL_TOPK], MOVED_UP);
        assert_true(w.view.set_shifted);
        give(&w, 1, TOP5, FIRST + .001);
        assert_true(replay(&w, 1));
        world_done(&w);
}

static void adopting_keeps_a_baseline_of_its_own(void **state)
{
        struct world old = world_settled(), w = world_new();

        give_all(&old, QUERIES, TOP5, FIRST + .02);
        replay(&old, 4);
        give_all(&w, QUERIES, TOP5, FIRST + .02);
        approve(&w, 0, "l2", NAN);
        assert_int_equal(drift_adopt(w.drift, old.drift), 0);
        world_done(&old);
        replay(&w, 1);
        assert_int_equal(w.view.moved_up, 0);
        assert_false(w.view.set_shifted || w.view.share_moved);
        assert_close(w.queries[0].baseline[LEVEL_TOP1], FIRST + .02);
        world_done(&w);
}

static void a_query_that_flaps_is_unstable(void **state)
{
        struct world w = world_settled();

        for (int i = 0; i < 4; i++) {
                assert_false(w.queries[0].unstable);
                give(&w, 0, TOP5, FIRST + .01);
                replay(&w, 4);
                give(&w, 0, TOP5, FIRST);
                replay(&w, 40);
        }
        assert_true(w.queries[0].unstable);
        assert_false(w.queries[1].unstable);
        world_done(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_same_means_the_same_distances_and_ids_between_ties),
                cmocka_unit_test(equality_is_relative_beyond_one),
                cmocka_unit_test(a_query_moves_after_four_replays_and_is_back_after_five),
                cmocka_unit_test(with_too_few_answers_nothing_is_judged_and_nothing_forgotten),
                cmocka_unit_test(what_was_never_measured_is_not_missed),
                cmocka_unit_test(a_sample_that_is_better_known_counts_in_place_of_the_first),
                cmocka_unit_test(the_set_moves_when_the_clipped_mean_does),
                cmocka_unit_test(three_queries_or_a_tenth_are_a_share),
                cmocka_unit_test(a_topic_moves_after_four_replays),
                cmocka_unit_test(cosine_halves_floors_and_limits),
                cmocka_unit_test(noisy_queries_are_not_armed),
                cmocka_unit_test(samples_during_an_ingest_move_nothing),
                cmocka_unit_test(a_change_of_a_settled_answer_without_ingest_is_unprovoked),
                cmocka_unit_test(an_ingest_explains_changes_until_a_replay_saw_its_end),
                cmocka_unit_test(other_records_lower_the_overlap),
                cmocka_unit_test(likeness_may_be_left_out),
                cmocka_unit_test(within_the_noise_there_is_no_order),
                cmocka_unit_test(short_answers_are_no_sample_of_the_mean),
                cmocka_unit_test(longer_answers_are_compared_as_far_as_the_baseline_goes),
                cmocka_unit_test(without_baseline_only_changes_are_noticed),
                cmocka_unit_test(states_survive_a_baseline_at_the_same_place),
                cmocka_unit_test(a_query_that_was_never_armed_starts_nothing_afresh),
                cmocka_unit_test(another_text_under_the_same_id_is_another_query),
                cmocka_unit_test(states_are_adopted_by_query_id),
                cmocka_unit_test(adopting_keeps_a_baseline_of_its_own),
                cmocka_unit_test(a_query_that_flaps_is_unstable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
