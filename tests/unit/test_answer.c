/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/answer.h"

static const char *const ids[] = {"a", "b"};
static const float distances[] = {0.5f, 0.75f};

static void identical_means_bit_identical(void **state)
{
        static const char *const other_ids[] = {"a", "c"};
        static const float other_distances[] = {0.5f, 0.75000006f};
        _cleanup_(answer_unrefp) struct answer *a = answer_new(2, ids, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *same = answer_new(2, ids, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *id = answer_new(2, other_ids, distances, NULL);
        _cleanup_(answer_unrefp) struct answer *distance =
                answer_new(2, ids, other_distances, NULL);
        _cleanup_(answer_unrefp) struct answer *shorter = answer_new(1, ids, distances, NULL);

        assert_true(answer_equal(a, same));
        assert_false(answer_equal(a, id));
        assert_false(answer_equal(a, distance));
        assert_false(answer_equal(a, shorter));
        assert_false(answer_equal(a, NULL));
        assert_true(answer_equal(NULL, NULL));
}

static void copies_what_it_is_given(void **state)
{
        char id[] = "x";
        const char *const list[] = {id};
        _cleanup_(answer_unrefp) struct answer *a = answer_new(1, list, distances, json_array());

        id[0] = 'y';
        assert_string_equal(a->ids[0], "x");
        assert_non_null(a->metadatas);
        answer_drop_metadata(a);
        assert_null(a->metadatas);
}

static void empty_answer_is_an_answer(void **state)
{
        _cleanup_(answer_unrefp) struct answer *a = answer_new(0, NULL, NULL, NULL);
        struct answer *shared = answer_ref(a);

        assert_int_equal(shared->count, 0);
        assert_null(answer_unref(shared));
        assert_true(answer_equal(a, a));
}

static void what_rounds_to_nothing_is_shown_without_a_sign(void **state)
{
        static const struct {
                double distance;
                const char *shown;
        } rows[] = {{-1.1920929e-7, "0.0000"}, {-0.0, "0.0000"}, {-0.00006, "-0.0001"},
                {0.00004, "0.0000"}, {0.00006, "0.0001"}, {-1.25, "-1.2500"}, {NAN, "nan"}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char shown[16];

                (void)snprintf(shown, sizeof(shown), "%.4f", answer_shown(rows[i].distance));
                assert_string_equal(shown, rows[i].shown);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(identical_means_bit_identical),
                cmocka_unit_test(what_rounds_to_nothing_is_shown_without_a_sign),
                cmocka_unit_test(copies_what_it_is_given),
                cmocka_unit_test(empty_answer_is_an_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
