/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "judge/rank.h"

static struct answer *four_records(void)
{
        static const char *const ids[] = {"a", "b", "c", "d"};
        static const float distances[] = {.1f, .2f, .3f, .4f};

        return answer_new(4, ids, distances,
                json_loads(
                        "[{\"file\":\"x.md\",\"page\":1},null,{\"file\":\"y.md\",\"page\":2.0,\"ok\":true},"
                        "{\"tags\":[\"billing\",\"refund\",1.0]}]",
                        0, NULL));
}

static void finds_metadata(void **state)
{
        static const struct {
                const char *metadata;
                unsigned rank;
        } rows[] = {
                {"[{\"file\":\"y.md\"}]", 3},
                {"[{\"file\":\"y.md\",\"page\":2}]", 3}, /* 2 is 2.0 */
                {"[{\"file\":\"y.md\",\"page\":1}]", 0},
                {"[{\"file\":\"z.md\"},{\"page\":1}]", 1},
                {"[{\"ok\":true}]", 3},
                {"[{\"ok\":1}]", 0},
                {"[{\"file\":\"X.md\"}]", 0},
                {"[{\"missing\":null}]", 0},
                /* A value is an element of a list; a list means all of its elements. */
                {"[{\"tags\":\"refund\"}]", 4},
                {"[{\"tags\":1}]", 4}, /* 1.0 */
                {"[{\"tags\":\"ref\"}]", 0},
                {"[{\"tags\":[\"refund\",\"billing\"]}]", 4},
                {"[{\"tags\":[\"refund\",\"other\"]}]", 0},
                {"[{\"file\":[\"x.md\"]}]", 1},
                {"[{\"file\":[\"x.md\",\"y.md\"]}]", 0},
        };
        _cleanup_(answer_unrefp) struct answer *a = four_records();

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct expectation e = {.metadata = json_loads(rows[i].metadata, 0, NULL)};
                unsigned rank = rank_expected(&e, a);

                json_decref(e.metadata);
                if (rank != rows[i].rank)
                        fail_msg("%s: rank %u", rows[i].metadata, rank);
        }
}

static void finds_the_first_listed_id_by_place_in_the_answer(void **state)
{
        char *ids[] = {(char *)"c", (char *)"b", (char *)"nowhere"};
        struct expectation e = {.ids = ids, .id_count = 3};
        _cleanup_(answer_unrefp) struct answer *a = four_records();

        assert_int_equal(rank_expected(&e, a), 2);
        e.ids = &ids[2];
        e.id_count = 1;
        assert_int_equal(rank_expected(&e, a), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_metadata),
                cmocka_unit_test(finds_the_first_listed_id_by_place_in_the_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
