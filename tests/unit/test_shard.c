/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "model/shard.h"

#define LABELS 10000

/* Fixed for ever: daemons of different releases must agree on who watches what. */
static void a_label_falls_where_it_always_did(void **state)
{
        static const unsigned of[] = {1, 2, 3, 4, 10, 1000};
        static const struct {
                const char *label;
                unsigned index[ARRAY_SIZE(of)];
        } vectors[] = {
                {"", {0, 1, 1, 1, 9, 218}},
                {"a", {0, 1, 1, 3, 3, 701}},
                {"docs", {0, 1, 1, 1, 5, 576}},
                {"handbook", {0, 0, 2, 2, 2, 440}},
                {"docs_v2", {0, 1, 2, 3, 8, 962}},
                {"Ünïcode", {0, 1, 1, 1, 9, 807}},
                {"東京", {0, 0, 0, 0, 5, 119}},
                {"c-0", {0, 1, 1, 1, 1, 683}},
                {"c-1", {0, 1, 1, 1, 5, 317}},
                {"c-2", {0, 0, 0, 3, 9, 263}},
                {"c-999", {0, 1, 1, 1, 1, 871}},
                {"a label with spaces", {0, 1, 1, 1, 1, 241}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
                for (size_t k = 0; k < ARRAY_SIZE(of); k++)
                        assert_int_equal(shard_of(vectors[i].label, of[k]), vectors[i].index[k]);
}

static const char *label_at(unsigned i)
{
        static char label[32];

        (void)snprintf(label, sizeof(label), "collection-%u", i);
        return label;
}

/* Within five standard deviations of what chance would have it, and so less than 7 % off. */
static void assert_share(unsigned found, double share)
{
        double expected = LABELS * share;

        assert_true(fabs(found - expected) <= 5 * sqrt(expected * (1 - share)));
}

static void the_shards_are_equal(void **state)
{
        for (unsigned of = 1; of <= 10; of++) {
                unsigned counts[10] = {0};

                for (unsigned i = 0; i < LABELS; i++)
                        counts[shard_of(label_at(i), of)]++;
                for (unsigned i = 0; i < of; i++)
                        assert_share(counts[i], 1.0 / of);
        }
}

/* The fourth takes a quarter, and nothing moves between the other three. */
static void one_more_moves_its_own_part_and_no_more(void **state)
{
        for (unsigned of = 1; of < 10; of++) {
                unsigned moved = 0;

                for (unsigned i = 0; i < LABELS; i++) {
                        unsigned before = shard_of(label_at(i), of);
                        unsigned after = shard_of(label_at(i), of + 1);

                        assert_true(after == before || after == of);
                        moved += after != before;
                }
                assert_share(moved, 1.0 / (of + 1));
        }
}

static void each_label_has_one_shard(void **state)
{
        for (unsigned i = 0; i < 100; i++) {
                unsigned holders = 0;

                for (unsigned k = 0; k < 3; k++)
                        holders += shard_has(&(struct shard){k, 3}, label_at(i));
                assert_int_equal(holders, 1);
                assert_true(shard_has(&(struct shard){0, 1}, label_at(i)));
                assert_true(shard_has(&(struct shard){0, 0}, label_at(i)));
        }
}

static void a_flag_says_which(void **state)
{
        static const char *const wrong[] = {"", "0", "/", "0/", "/3", "3/3", "4/3", "-1/3", "0/0",
                "0/1001", "+0/3", " 0/3", "0/3 ", "0 /3", "0/3/1", "a/3", "0/4294967297",
                "4294967296/3"};
        struct shard s = {7, 9};

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(shard_parse(wrong[i], &s), -EINVAL);
        assert_int_equal(s.index, 7);
        assert_int_equal(shard_parse("0/3", &s), 0);
        assert_int_equal(s.index, 0);
        assert_int_equal(s.of, 3);
        assert_int_equal(shard_parse("999/1000", &s), 0);
        assert_int_equal(s.index, 999);
        assert_int_equal(s.of, SHARDS_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_label_falls_where_it_always_did),
                cmocka_unit_test(the_shards_are_equal),
                cmocka_unit_test(one_more_moves_its_own_part_and_no_more),
                cmocka_unit_test(each_label_has_one_shard),
                cmocka_unit_test(a_flag_says_which),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
