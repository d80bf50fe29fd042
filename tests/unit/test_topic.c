/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "fleet.h"
#include "judge/topic.h"
#include "text.h"

#define QUERIES_MAX 40

static struct query_set *parse(const char *yaml)
{
        _cleanup_errors_ struct errors errors = {0};
        struct query_set *set = NULL;

        assert_int_equal(query_set_parse("q.yaml", yaml, strlen(yaml), &set, &errors), 0);
        return set;
}

/* A query for each of these mappings. */
static struct query_set *tagged(const char *const *tags, size_t count)
{
        _cleanup_text_ struct text yaml = {0};

        text_append(&yaml, "queries:\n");
        for (size_t i = 0; i < count; i++)
                text_appendf(&yaml, "- {id: q%zu, text: t%zu, tags: {%s}}\n", i, i, tags[i]);
        return parse(text_string(&yaml));
}

static void a_topic_is_three_queries_of_a_tag(void **state)
{
        static const char *const tags[] = {"area: tax, kind: short", "area: law",
                "area: tax, kind: long", "kind: short", "area: tax, kind: short", "area: law",
                "other: tax"};
        _cleanup_(query_set_unrefp) struct query_set *set = tagged(tags, ARRAY_SIZE(tags));
        const struct topic *t = set->topics.topics;

        assert_int_equal(set->topics.count, 2);
        assert_string_equal(t[0].tag->key, "area");
        assert_string_equal(t[0].tag->value, "tax");
        assert_int_equal(t[0].count, 3);
        assert_int_equal(t[0].queries[0], 0);
        assert_int_equal(t[0].queries[1], 2);
        assert_int_equal(t[0].queries[2], 4);
        assert_string_equal(t[1].tag->key, "kind");
        assert_int_equal(t[1].queries[1], 3);
        assert_ptr_equal(topics_find(&set->topics, &set->queries[2].tags[0]), &t[0]);
        assert_null(topics_find(&set->topics, &set->queries[1].tags[0]));
}

static void without_tags_there_is_none(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set =
                parse("queries: [{id: a, text: a}, {id: b, text: b}]");

        assert_int_equal(set->topics.count, 0);
        assert_null(topics_find(&set->topics, &(struct tag){(char *)"a", (char *)"b"}));
}

static void topics_move_with_their_tags(void **state)
{
        static const char *const before[] = {"a: x", "a: x", "a: x", "a: y", "a: y", "a: y"};
        static const char *const after[] = {"a: y", "a: y", "a: y", "a: a", "a: a", "a: a"};
        _cleanup_(query_set_unrefp) struct query_set *from = tagged(before, ARRAY_SIZE(before));
        _cleanup_(query_set_unrefp) struct query_set *to = tagged(after, ARRAY_SIZE(after));
        struct topic_list l = {.count = 2, .told = {{.topic = 0}, {.topic = 1, .portion = {3, 3}}}};

        topic_list_rebase(&l, &from->topics, &to->topics);
        assert_int_equal(l.count, 1);
        assert_int_equal(l.told[0].topic, 1);
        assert_int_equal(l.told[0].portion.hit, 3);
        assert_true(topic_list_names(&l, &to->topics, &to->queries[2]));
        assert_false(topic_list_names(&l, &to->topics, &to->queries[3]));
}

/* What is known of each query. */
struct world {
        struct query_set *set;
        struct topic_watch watch;
        struct query_drift queries[QUERIES_MAX];
        struct drift_view view;
};

static struct world world_new(struct query_set *set)
{
        struct world w = {.set = set};

        assert_in_range(set->count, 1, QUERIES_MAX);
        assert_int_equal(topic_watch_init(set, &w.watch), 0);
        for (size_t i = 0; i < set->count; i++) {
                query_drift_init(&w.queries[i]);
                w.queries[i].compared = w.queries[i].armed = true;
                w.queries[i].tau[LEVEL_TOPK] = .005;
                w.queries[i].shift[LEVEL_TOPK] = 0;
        }
        return w;
}

static void world_done(struct world *w)
{
        topic_watch_done(&w->watch);
        query_set_unref(w->set);
}

/* Confirmed, and so in this replay: the first `count` from `start`, and no other. */
static void move(struct world *w, size_t start, size_t count)
{
        for (size_t i = 0; i < w->set->count; i++) {
                bool up = i >= start && i < start + count;

                w->queries[i].moved[LEVEL_TOPK] = up ? MOVED_UP : MOVED_NOT;
                w->queries[i].shift[LEVEL_TOPK] = up ? .006 : .004;
        }
        topic_watch_update(&w->watch, w->queries, &w->view);
}

static const struct topic_list *moved(const struct world *w, enum topic_look look)
{
        return &w->view.topics[look].list;
}

static void half_of_them_and_three_move_a_topic(void **state)
{
        static const struct {
                size_t size; /* of each topic */
                size_t first, then; /* moved queries of the first topic */
                bool up, kept;
        } rows[] = {
                {3, 2, 2, false, false},
                {3, 3, 2, true, true},
                {3, 3, 1, true, false},
                {4, 2, 2, false, false},
                {6, 3, 2, true, true},
                {7, 3, 3, false, false},
                {7, 4, 2, true, true},
                {10, 4, 4, false, false},
                {10, 5, 3, true, true},
                {10, 5, 2, true, false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct query_set *set = fleet_set(QUERIES_MAX);
                struct world w;

                fleet_tag(set, rows[i].size);
                w = world_new(set);
                move(&w, 0, rows[i].first);
                for (enum topic_look look = 0; look < TOPIC_LOOKS; look++) {
                        const struct topic_list *l = moved(&w, look);

                        if (l->count != rows[i].up)
                                fail_msg("row %zu, look %d: %u topics", i, look, l->count);
                        if (l->count > 0) {
                                assert_string_equal(
                                        set->topics.topics[l->told[0].topic].tag->value, "a0");
                                assert_int_equal(l->told[0].portion.hit, rows[i].first);
                                assert_int_equal(l->told[0].portion.all, rows[i].size);
                        }
                }
                move(&w, 0, rows[i].then);
                assert_int_equal(moved(&w, TOPIC_CONFIRMED)->count, rows[i].kept);
                /* The same again, for a replay that is looked at again. */
                topic_watch_update(&w.watch, w.queries, &w.view);
                assert_int_equal(moved(&w, TOPIC_CONFIRMED)->count, rows[i].kept);
                topic_watch_forget(&w.watch);
                topic_watch_update(&w.watch, w.queries, &w.view);
                assert_int_equal(moved(&w, TOPIC_CONFIRMED)->count,
                        rows[i].then >= 3 && 2 * rows[i].then >= rows[i].size);
                world_done(&w);
        }
}

static void what_is_not_armed_is_no_part(void **state)
{
        struct query_set *set = fleet_set(12);
        struct world w;

        fleet_tag(set, 6);
        w = world_new(set);
        w.queries[0].armed = false;
        move(&w, 0, 3);
        assert_int_equal(moved(&w, TOPIC_CONFIRMED)->count, 0);
        assert_int_equal(moved(&w, TOPIC_NOW)->count, 0);
        for (size_t i = 3; i < 6; i++)
                w.queries[i].armed = false;
        move(&w, 0, 6);
        assert_int_equal(moved(&w, TOPIC_CONFIRMED)->count, 0);
        /* Unmeasured, it says nothing now; what is confirmed stays. */
        for (size_t i = 0; i < 6; i++)
                w.queries[i].armed = true;
        w.queries[5].compared = false;
        w.queries[5].shift[LEVEL_TOPK] = NAN;
        topic_watch_update(&w.watch, w.queries, &w.view);
        assert_int_equal(moved(&w, TOPIC_NOW)->told[0].portion.all, 5);
        assert_int_equal(moved(&w, TOPIC_NOW)->told[0].portion.hit, 5);
        assert_int_equal(moved(&w, TOPIC_CONFIRMED)->told[0].portion.all, 6);
        assert_int_equal(moved(&w, TOPIC_CONFIRMED)->told[0].portion.hit, 6);
        world_done(&w);
}

static void each_moved_query_is_told_of_one_tag(void **state)
{
        static const char *const tags[] = {"area: tax, lang: en, team: t",
                "area: tax, lang: en, team: t", "area: tax, lang: en, team: t",
                "area: tax, team: t", "area: law, lang: en", "area: law, lang: en",
                "area: law, lang: en", "lang: de", "lang: de", "lang: de", "lang: de", "lang: de",
                "lang: de", "lang: de", "lang: de", "lang: de"};
        struct query_set *set = tagged(tags, ARRAY_SIZE(tags));
        struct world w = world_new(set);
        const struct topic_shift *t = &w.view.topics[TOPIC_CONFIRMED];

        /* 4 of 4 of the area - and of the team -, 3 of 6 of the language. */
        move(&w, 0, 4);
        assert_int_equal(t->list.count, 1);
        assert_string_equal(set->topics.topics[t->list.told[0].topic].tag->value, "tax");
        assert_int_equal(t->whole.hit, 4);
        assert_int_equal(t->whole.all, 16);
        assert_int_equal(t->rest.hit, 0);
        assert_int_equal(t->rest.all, 12);
        assert_false(topic_shift_is_set(t));
        /* All 6 of the language, to which each area adds one query at most. */
        move(&w, 0, 7);
        assert_int_equal(t->list.count, 1);
        assert_string_equal(set->topics.topics[t->list.told[0].topic].tag->value, "en");
        assert_int_equal(t->rest.hit, 1);
        /* With a third of another language it is the set. */
        for (size_t i = 7; i < ARRAY_SIZE(tags); i++)
                w.queries[i].moved[LEVEL_TOPK] = i < 10 ? MOVED_UP : MOVED_NOT;
        topic_watch_update(&w.watch, w.queries, &w.view);
        assert_int_equal(t->list.count, 1);
        assert_int_equal(t->rest.hit, 4);
        assert_true(topic_shift_is_set(t));
        world_done(&w);
}

static void a_set_moves_when_others_do(void **state)
{
        static const struct {
                struct topic_shift shift;
                bool is_set;
        } rows[] = {
                {{.whole = {5, 50}, .rest = {0, 45}}, false},
                {{.whole = {9, 50}, .rest = {4, 45}}, false},
                {{.whole = {10, 50}, .rest = {5, 45}}, true},
                {{.whole = {7, 20}, .rest = {2, 15}}, false},
                {{.whole = {8, 20}, .rest = {3, 15}}, true},
                {{.whole = {6, 12}, .rest = {0, 6}}, false},
                {{.whole = {6, 12}, .rest = {0, 5}}, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (topic_shift_is_set(&rows[i].shift) != rows[i].is_set)
                        fail_msg("row %zu", i);
}

static void what_is_up_moves_with_its_tag(void **state)
{
        static const char *const tags[] = {"area: a9", "area: a9", "area: a9", "area: a0",
                "area: a0", "area: a0", "area: a0", "area: a0", "area: a0"};
        struct query_set *set = fleet_set(12);
        struct world old, w = world_new(tagged(tags, ARRAY_SIZE(tags)));

        fleet_tag(set, 6);
        old = world_new(set);
        move(&old, 0, 4);
        topic_watch_adopt(&w.watch, &old.watch);
        move(&w, 3, 2);
        assert_int_equal(moved(&w, TOPIC_CONFIRMED)->count, 1);
        assert_string_equal(
                w.set->topics.topics[moved(&w, TOPIC_CONFIRMED)->told[0].topic].tag->value, "a0");
        world_done(&old);
        world_done(&w);
}

/* Topics of five queries with ten places each. */
static void three_queries_that_lost_a_third_make_a_lost_topic(void **state)
{
        static const struct {
                uint32_t lost[10];
                uint32_t count; /* of topics */
        } rows[] = {
                {{0}, 0},
                {{10, 10}, 0}, /* of two queries */
                {{10, 10, 1}, 1},
                {{5, 5, 5}, 0}, /* 30 % */
                {{5, 5, 6}, 1},
                {{4, 3, 3, 3, 3}, 1},
                {{5, 5, 6, 0, 0, 10, 10, 10}, 2},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct collection_view *c = collection_view_new(10);
                struct topic_list l;

                c->query_set = fleet_set(10);
                fleet_tag(c->query_set, 5);
                assert_int_equal(topics_lost(c, .3, &l), 0);
                assert_int_equal(l.count, 0);
                c->fates = fates_new();
                c->fates->lost = calloc(10, sizeof(*c->fates->lost));
                for (size_t k = 0; k < 10; k++) {
                        c->fates->lost[k] = (struct portion){rows[i].lost[k], 10};
                        c->attribution.evidence.lost += rows[i].lost[k];
                }
                assert_int_equal(topics_lost(c, .3, &l), 0);
                if (l.count != rows[i].count)
                        fail_msg("row %zu: %u topics", i, l.count);
                if (l.count == 2) {
                        assert_string_equal(
                                c->query_set->topics.topics[l.told[0].topic].tag->value, "a1");
                        assert_int_equal(l.told[0].portion.hit, 30);
                        assert_int_equal(l.told[1].portion.hit, 16);
                        assert_int_equal(l.told[1].portion.all, 50);
                }
                collection_view_unref(c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_topic_is_three_queries_of_a_tag),
                cmocka_unit_test(without_tags_there_is_none),
                cmocka_unit_test(topics_move_with_their_tags),
                cmocka_unit_test(half_of_them_and_three_move_a_topic),
                cmocka_unit_test(what_is_not_armed_is_no_part),
                cmocka_unit_test(each_moved_query_is_told_of_one_tag),
                cmocka_unit_test(a_set_moves_when_others_do),
                cmocka_unit_test(what_is_up_moves_with_its_tag),
                cmocka_unit_test(three_queries_that_lost_a_third_make_a_lost_topic),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
