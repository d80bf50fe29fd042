/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "ask/lane.h"

/* Waits in the lane at a turn of its own, which is the one after the last. */
static void join(struct lanes *l, const char *name, unsigned limit, struct ticket *t)
{
        assert_int_equal(lanes_join(l, name, limit, lanes_turn(l), t), 0);
}

static void so_many_go_and_the_next_when_one_leaves(void **state)
{
        struct ticket t[4] = {0};
        struct lanes l = {0};

        for (size_t i = 0; i < ARRAY_SIZE(t); i++)
                join(&l, "a", 2, &t[i]);
        assert_ptr_equal(lanes_admit(&l, t[0].lane), &t[0]);
        assert_ptr_equal(lanes_admit(&l, t[0].lane), &t[1]);
        assert_null(lanes_admit(&l, t[0].lane));
        lanes_leave(&l, &t[1]);
        assert_ptr_equal(lanes_admit(&l, NULL), &t[2]);
        assert_null(lanes_admit(&l, NULL));
        for (size_t i = 0; i < ARRAY_SIZE(t); i++)
                lanes_leave(&l, &t[i]);
        assert_true(LIST_EMPTY(&l.all));
        assert_int_equal(l.going, 0);
}

static void a_full_lane_holds_up_no_other(void **state)
{
        struct ticket slow[600] = {0}, quick = {0};
        struct lanes l = {0};

        for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
                join(&l, "slow", 8, &slow[i]);
        for (size_t i = 0; i < 8; i++)
                assert_ptr_equal(lanes_admit(&l, NULL), &slow[i]);
        join(&l, "quick", 8, &quick);
        assert_ptr_equal(lanes_admit(&l, NULL), &quick);
        assert_null(lanes_admit(&l, NULL));
        lanes_leave(&l, &quick);
        for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
                lanes_leave(&l, &slow[i]);
        assert_true(LIST_EMPTY(&l.all));
}

/* Who began something goes on with it before others begin. */
static void an_earlier_turn_comes_first(void **state)
{
        struct ticket first = {0}, second = {0}, third = {0};
        struct lanes l = {0};
        uint64_t turn = lanes_turn(&l);

        assert_int_equal(lanes_join(&l, "a", 1, turn, &first), 0);
        join(&l, "a", 1, &second);
        join(&l, "a", 1, &third);
        assert_ptr_equal(lanes_admit(&l, NULL), &first);
        lanes_leave(&l, &first);
        assert_int_equal(lanes_join(&l, "a", 1, turn, &first), 0);
        assert_ptr_equal(lanes_admit(&l, NULL), &first);
        lanes_leave(&l, &first);
        assert_ptr_equal(lanes_admit(&l, NULL), &second);
        lanes_leave(&l, &third); /* while it waits */
        lanes_leave(&l, &second);
        lanes_leave(&l, &second);
        assert_null(lanes_admit(&l, NULL));
        assert_true(LIST_EMPTY(&l.all));
}

static void beyond_the_most_of_all_a_lane_has_one(void **state)
{
        enum { LANES = LANES_GOING_MAX / 8, MORE = 3 };
        struct ticket going[LANES][8] = {0}, more[MORE] = {0};
        struct lanes l = {0};
        char name[16];

        for (size_t i = 0; i < LANES; i++)
                for (size_t k = 0; k < 8; k++) {
                        (void)snprintf(name, sizeof(name), "lane %zu", i);
                        join(&l, name, 8, &going[i][k]);
                        assert_ptr_equal(lanes_admit(&l, NULL), &going[i][k]);
                }
        assert_int_equal(l.going, LANES_GOING_MAX);
        for (size_t i = 0; i < MORE; i++)
                join(&l, "one more", 8, &more[i]);
        assert_ptr_equal(lanes_admit(&l, NULL), &more[0]);
        assert_null(lanes_admit(&l, NULL));
        lanes_leave(&l, &more[0]);
        assert_ptr_equal(lanes_admit(&l, NULL), &more[1]);
        lanes_leave(&l, &going[0][0]);
        lanes_leave(&l, &going[0][1]);
        assert_ptr_equal(lanes_admit(&l, NULL), &more[2]);
        for (size_t i = 0; i < MORE; i++)
                lanes_leave(&l, &more[i]);
        for (size_t i = 0; i < LANES; i++)
                for (size_t k = 0; k < 8; k++)
                        lanes_leave(&l, &going[i][k]);
        assert_true(LIST_EMPTY(&l.all));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(so_many_go_and_the_next_when_one_leaves),
                cmocka_unit_test(a_full_lane_holds_up_no_other),
                cmocka_unit_test(an_earlier_turn_comes_first),
                cmocka_unit_test(beyond_the_most_of_all_a_lane_has_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
