/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "judge/canary.h"
#include "utf8.h"

#define RESULTS 3
static const float unit[] = {.6f, .8f}, longer[] = {3, 4}, nothing[] = {0, 0};

/* Record "own" among others, which are a, b, c … in their order. */
static void judges_by_what_could_stand_there(void **state)
{
        static const struct {
                const char *space;
                const float *vector;
                unsigned count, place; /* of its answer; place beyond it: it is not there */
                float distances[RESULTS];
                enum canary kind;
        } rows[] = {
                {"l2", unit, 3, 0, {0, .2f, .3f}, CANARY_FOUND},
                {"l2", unit, 3, 1, {0, 0, .3f}, CANARY_FOUND},
                {"l2", unit, 3, 9, {.1f, .2f, .3f}, CANARY_LOST},
                {"l2", unit, 3, 9, {0, 0, 0}, CANARY_CROWDED},
                {"l2", unit, 3, 1, {0, 0, 0}, CANARY_CROWDED},
                {"l2", unit, 3, 9, {0, 0, 1e-6f}, CANARY_CROWDED},
                /* All there is, and it is not among it. */
                {"l2", unit, 2, 9, {0, 0}, CANARY_LOST},
                {"l2", unit, 2, 0, {0, 0}, CANARY_FOUND},
                {"l2", unit, 0, 9, {0}, CANARY_LOST},
                {"cosine", unit, 3, 0, {-1e-7f, .2f, .3f}, CANARY_FOUND},
                {"cosine", unit, 3, 9, {.1f, .2f, .3f}, CANARY_LOST},
                {"cosine", longer, 3, 9, {0, 0, 4e-7f}, CANARY_CROWDED},
                {"cosine", nothing, 3, 9, {1, 1, 1}, CANARY_CROWDED},
                {"cosine", nothing, 3, 0, {0, 1, 1}, CANARY_CROWDED},
                /* 1 - 25 is its own. */
                {"ip", longer, 3, 1, {-30, -24, -10}, CANARY_FOUND},
                {"ip", longer, 3, 9, {-40, -30, -25}, CANARY_NEARER},
                {"ip", longer, 3, 9, {-40, -30, -20}, CANARY_LOST},
                {"ip", longer, 3, 9, {-40, -30, -24.0001f}, CANARY_CROWDED},
                {"ip", longer, 3, 2, {-40, -30, -24}, CANARY_CROWDED},
                {"ip", nothing, 3, 9, {-1, .5f, .9f}, CANARY_NEARER},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *ids[RESULTS] = {"a", "b", "c"};
                _cleanup_(answer_unrefp) struct answer *answer = NULL;
                enum canary kind;

                if (rows[i].place < RESULTS)
                        ids[rows[i].place] = "own";
                answer = answer_new(rows[i].count, ids, rows[i].distances, NULL);
                assert_non_null(answer);
                kind = canary_judge(rows[i].space, rows[i].vector, 2, "own", answer, RESULTS);
                if (kind != rows[i].kind)
                        fail_msg("row %zu is %d, expected %d", i, (int)kind, (int)rows[i].kind);
        }
}

/* As long as an id of a query may be, where the record's is longer by one. */
static void ids_are_those_of_queries(void **state)
{
        char record[QUERY_ID_MAX];
        _cleanup_free_ char *plain = canary_id("a/b#1 ä"), *lines = canary_id("a\nb"),
                            *other = canary_id("a\tb"), *most = NULL, *cut = NULL;

        assert_string_equal(plain, "canary-a/b#1 ä");
        assert_string_equal(lines, "canary-a b~7e18f737311b2dc3");
        assert_memory_equal(other, "canary-a b~", 11);
        assert_string_not_equal(lines, other);

        memset(record, 'x', sizeof(record));
        record[QUERY_ID_MAX - 7] = '\0';
        most = canary_id(record);
        assert_string_equal(most + 7, record);
        memcpy(record + QUERY_ID_MAX - 8, "ä", sizeof("ä"));
        cut = canary_id(record);
        assert_int_equal(strlen(cut), QUERY_ID_MAX);
        assert_true(utf8_valid(cut, strlen(cut)));
        assert_memory_equal(cut + 7, record, QUERY_ID_MAX - 7 - 17);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(judges_by_what_could_stand_there),
                cmocka_unit_test(ids_are_those_of_queries),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
