/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "judge/unfinished.h"

#define RECORDS 40
#define WORDS "Packages are installed by the system administrator, who"

/* Suspects by hand: records of one query, "g…" gone. */
struct scene {
        struct suspects s;
        struct suspect records[RECORDS];
        struct place places[RECORDS];
        size_t starts[2], wanted[RECORDS];
        char ids[RECORDS][8];
};

static void add(struct scene *c, enum fate fate, enum presence presence)
{
        size_t i = c->s.count++;
        bool left = presence != PRESENCE_ENTERED;

        (void)snprintf(c->ids[i], sizeof(c->ids[i]), "%c%zu", fate == FATE_GONE ? 'g' : 'r', i);
        c->records[i] = (struct suspect){.id = c->ids[i],
                .left = left,
                .entered = !left,
                .fate = fate,
                .left_fate = left ? fate : FATE_UNKNOWN};
        c->places[i] = (struct place){.suspect = (uint32_t)i, .presence = (uint8_t)presence};
        c->starts[1]++;
        if (left)
                c->wanted[c->s.wanted_count++] = i;
}

static void scene_init(struct scene *c)
{
        *c = (struct scene){0};
        c->s.records = c->records;
        c->s.places = c->places;
        c->s.starts = c->starts;
        c->s.wanted = c->wanted;
        c->s.query_count = 1;
        c->s.baseline = baseline_new(1);
}

static void scene_done(struct scene *c)
{
        baseline_unref(c->s.baseline);
}

/* As the baseline knows it. */
static void keep_words(struct scene *c, size_t record, const char *words)
{
        struct baseline_query *q = &c->s.baseline->queries[0];
        const char *id = c->ids[record];
        const float distance = .5f;

        q->answer = answer_new(1, &id, &distance, NULL);
        assert_int_equal(strdup_to(&q->excerpts[0].words, words), 0);
}

static void words_are_looked_for_in_what_came_into_the_answer(void **state)
{
        static const char *const texts[] = {
                NULL, "Packages are nice.", "Introduction. " WORDS " decides alone."};
        static const size_t found[] = {0, 0, 0, 1};
        _cleanup_(scene_done) struct scene c;
        size_t list[UNFINISHED_TEXTS];

        scene_init(&c);
        add(&c, FATE_GONE, PRESENCE_HOLE);
        add(&c, FATE_EDITED, PRESENCE_CHANGED);
        add(&c, FATE_NEW, PRESENCE_ENTERED);
        keep_words(&c, 0, WORDS "…");
        assert_int_equal(unfinished_texts(&c.s, list), 1);
        assert_int_equal(list[0], 2);
        for (size_t n = 0; n <= ARRAY_SIZE(texts); n++) {
                struct evidence e = {0};

                unfinished_seek(&c.s, texts, n);
                unfinished_count(&c.s, &e);
                assert_int_equal(e.sought, 1);
                assert_int_equal(e.recut, found[n]);
        }
}

static void few_words_tell_nothing(void **state)
{
        static const char *const texts[] = {"It says: Yes and no. That is all."};
        _cleanup_(scene_done) struct scene c;
        size_t list[UNFINISHED_TEXTS];
        struct evidence e = {0};

        scene_init(&c);
        add(&c, FATE_GONE, PRESENCE_HOLE);
        add(&c, FATE_NEW, PRESENCE_ENTERED);
        keep_words(&c, 0, "Yes and no.");
        assert_int_equal(unfinished_texts(&c.s, list), 0);
        unfinished_seek(&c.s, texts, 1);
        unfinished_count(&c.s, &e);
        assert_int_equal(e.sought, 0);
}

/* '.': stands where it stood; g: gone; e: edited; r: renamed; u: not looked up. */
static void only_the_end_of_the_order_is_trailing(void **state)
{
        static const struct {
                const char *order;
                size_t ordered, trailing;
        } rows[] = {
                {"", 0, 0},
                {".....", 5, 0},
                {".....ggg", 8, 3},
                {"..e..ggg", 8, 3},
                {"..u..grgg", 7, 3}, /* of two nothing is known */
                {"..g..gg", 7, 0},
                {"ggg.....", 8, 0},
                {"....................g...ggggggggggggggggggg", 43,
                        19}, /* one of twenty: a stray */
                {"........g...........g...ggggggggggggggggggg", 43, 0},
        };
        static const enum fate fates[] = {
                ['g'] = FATE_GONE, ['e'] = FATE_EDITED, ['r'] = FATE_REKEYED, ['u'] = FATE_UNKNOWN};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(scene_done) struct scene c;
                struct evidence e = {0};

                scene_init(&c);
                for (const char *p = rows[i].order; *p; p++) {
                        uint32_t index = (uint32_t)c.s.count;

                        if (*p != '.')
                                add(&c, fates[(unsigned char)*p], PRESENCE_HOLE);
                        c.s.order[c.s.order_count++] = *p == '.' ? SUSPECTS_THERE : index;
                }
                unfinished_count(&c.s, &e);
                assert_int_equal(e.ordered, rows[i].ordered);
                assert_int_equal(e.trailing, rows[i].trailing);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(words_are_looked_for_in_what_came_into_the_answer),
                cmocka_unit_test(few_words_tell_nothing),
                cmocka_unit_test(only_the_end_of_the_order_is_trailing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
