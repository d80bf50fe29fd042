/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "judge/floor.h"
#include "model/rule.h"
#include "text.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

/* Compared with a baseline whose content it has. */
static struct collection_view *same_content(void)
{
        struct collection_view *v = collection_view_new(0);

        v->baseline = baseline_new(0);
        v->results = v->baseline->results = 10;
        v->epoch.records = v->baseline->epoch.records = 100;
        v->health.recall = .98;
        v->health.recall_places = 50;
        v->health.unreachable = 2;
        v->attribution.cause = CAUSE_NONE;
        v->attribution.evidence.queries = 10;
        v->attribution.evidence.places = 100;
        v->attribution.evidence.recall = .96;
        v->attribution.evidence.overlap = .93;
        return v;
}

static void the_worse_of_both_recalls_is_measured(void **state)
{
        _cleanup_(collection_view_unrefp) struct collection_view *v = same_content();
        struct index_floor f = floor_of_view(v);

        assert_int_equal(f.measured, 1);
        NEAR(f.recall, .96);
        assert_int_equal(f.places, 100);
        NEAR(f.moved, .07);
        assert_int_equal(f.unreachable, 2);
        v->health.recall = .9;
        f = floor_of_view(v);
        NEAR(f.recall, .9);
        assert_int_equal(f.places, 50);
        v->health.recall = NAN;
        NEAR(floor_of_view(v).recall, .96);
        v->health.recall = .9;
        v->attribution.evidence.recall = v->attribution.evidence.overlap = NAN;
        f = floor_of_view(v);
        NEAR(f.recall, .9);
        assert_true(isnan(f.moved));
}

static void replays_tell_what_moves_between_them(void **state)
{
        static const char *const ids[] = {"a", "b", "c"}, *const others[] = {"a", "x", "c"};
        static const float distances[] = {.1f, .2f, .3f};
        _cleanup_(collection_view_unrefp) struct collection_view *v = same_content();
        struct answer *same = answer_new(3, (const char **)ids, distances, NULL);
        struct answer *other = answer_new(3, (const char **)others, distances, NULL);
        struct answer *const first[] = {other, same, NULL}, *const second[] = {same, same, same};
        struct answer *const *const samples[] = {first, second};

        NEAR(floor_of_replays(v, samples, 2, 3).moved, 1. / 6);
        NEAR(floor_of_replays(v, samples + 1, 1, 3).recall, .98);
        assert_true(isnan(floor_of_replays(v, samples + 1, 1, 3).moved));
        answer_unref(same);
        answer_unref(other);
}

static void the_worst_is_kept(void **state)
{
        struct index_floor f = {0};
        const struct index_floor seen[] = {{1, .97, 100, NAN, 2}, {1, .99, 100, .05, -1},
                {1, .95, 50, .02, 1}, {1, NAN, 0, NAN, 5}};

        for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
                floor_keep_worst(&f, &seen[i]);
        assert_int_equal(f.measured, 4);
        NEAR(f.recall, .95);
        assert_int_equal(f.places, 50);
        NEAR(f.moved, .05);
        assert_int_equal(f.unreachable, 5);
        f.recall = NAN;
        floor_keep_worst(&f, &seen[0]);
        NEAR(f.recall, .97);
}

static void no_default_limit_lies_within_the_floor(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = baseline_new(0);

        NEAR(floor_recall_limit(NULL, NAN), RULE_RECALL_LIMIT);
        NEAR(floor_recall_limit(b, NAN), RULE_RECALL_LIMIT);
        NEAR(floor_lost_limit(b), ATTRIBUTION_LOST);
        assert_int_equal(floor_unreachable(NULL), -1);
        b->unreachable = 3;
        assert_int_equal(floor_unreachable(b), 3);
        b->floor = (struct index_floor){1, .99, 500, .01, 2};
        NEAR(floor_recall_limit(b, NAN), RULE_RECALL_LIMIT);
        NEAR(floor_lost_limit(b), ATTRIBUTION_LOST);
        assert_int_equal(floor_unreachable(b), 3);
        b->floor = (struct index_floor){2, .9, 500, .12, 20};
        assert_true(floor_recall_limit(b, NAN) < .87);
        assert_true(floor_recall_limit(b, NAN) > .85);
        NEAR(floor_lost_limit(b), .12);
        assert_int_equal(floor_unreachable(b), 20);
        /* Fewer places leave more to chance. */
        b->floor.places = 50;
        assert_true(floor_recall_limit(b, NAN) < .8);
        /* What somebody wants is what they get. */
        NEAR(floor_recall_limit(b, .97), .97);
        b->floor.recall = b->floor.moved = NAN;
        NEAR(floor_recall_limit(b, NAN), RULE_RECALL_LIMIT);
        NEAR(floor_lost_limit(b), ATTRIBUTION_LOST);
}

static void another_content_is_refused(void **state)
{
        static const struct {
                const char *what;
                size_t evidence; /* offset of a count that is 1 */
        } counts[] = {
                {"its records are not", offsetof(struct evidence, gone)},
                {"its records are not", offsetof(struct evidence, edited)},
                {"its records are not", offsetof(struct evidence, changed)},
                {"its records are not", offsetof(struct evidence, renamed)},
                {"could be looked up", offsetof(struct evidence, unanswered)},
        };
        _cleanup_(collection_view_unrefp) struct collection_view *v = same_content();

        assert_null(floor_refusal(v));
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                size_t *count = (size_t *)((char *)&v->attribution.evidence + counts[i].evidence);

                *count = 1;
                assert_non_null(strstr(floor_refusal(v), counts[i].what));
                *count = 0;
        }
        v->epoch.records = 101;
        assert_non_null(strstr(floor_refusal(v), "its records are not"));
        v->epoch.records = -1;
        assert_non_null(strstr(floor_refusal(v), "its records are not"));
        v->epoch.records = 100;
        v->results = 5;
        assert_non_null(strstr(floor_refusal(v), "what is asked"));
        v->results = 10;
        v->ingesting = true;
        assert_non_null(strstr(floor_refusal(v), "written to"));
        v->ingesting = false;
        v->attribution.unfinished = true;
        assert_non_null(strstr(floor_refusal(v), "could be looked up"));
        v->attribution.unfinished = false;
        v->epoch.dimension = 3;
        v->baseline->epoch.dimension = 2;
        assert_non_null(strstr(floor_refusal(v), "configured otherwise"));
}

static void what_is_no_index_by_itself_is_refused(void **state)
{
        _cleanup_(collection_view_unrefp) struct collection_view *v = same_content();

        for (enum cause c = 0; c < CAUSE_COUNT; c++) {
                bool by_itself = c == CAUSE_NONE || c == CAUSE_ANN_RECALL;

                v->attribution.cause = c;
                assert_true(!floor_refusal(v) == by_itself);
        }
}

static void it_is_described(void **state)
{
        struct index_floor f = {3, .876, 500, .0312, 29};
        _cleanup_text_ struct text t = {0};

        floor_describe(&f, &t);
        assert_string_equal(text_string(&t),
                "recall 0.876 of 500 places, 3.1 % of the places in the answers moved, 29 "
                "unreachable records, in 3 measurements");
        text_done(&t);
        f = (struct index_floor){1, NAN, 0, NAN, -1};
        floor_describe(&f, &t);
        assert_string_equal(text_string(&t), "in 1 measurement");
        text_done(&t);
        f.measured = 0;
        floor_describe(&f, &t);
        assert_int_equal(t.size, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_worse_of_both_recalls_is_measured),
                cmocka_unit_test(replays_tell_what_moves_between_them),
                cmocka_unit_test(the_worst_is_kept),
                cmocka_unit_test(no_default_limit_lies_within_the_floor),
                cmocka_unit_test(another_content_is_refused),
                cmocka_unit_test(what_is_no_index_by_itself_is_refused),
                cmocka_unit_test(it_is_described),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
