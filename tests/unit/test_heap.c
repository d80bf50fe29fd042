/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "heap.h"
#include "judge/bootstrap.h"

static void the_smallest_is_first(void **state)
{
        static const uint64_t keys[] = {7, 3, 9, 3, 0, UINT64_MAX, 5},
                              order[] = {0, 3, 3, 5, 7, 9, UINT64_MAX};
        struct heap_item items[ARRAY_SIZE(keys)] = {0};
        struct heap h = {0};

        assert_null(heap_first(&h));
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                assert_int_equal(heap_put(&h, &items[i], keys[i]), 0);
        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                struct heap_item *first = heap_first(&h);

                assert_int_equal(first->key, order[i]);
                heap_remove(&h, first);
                assert_int_equal(first->place, 0);
        }
        assert_null(heap_first(&h));
        heap_done(&h);
}

static void what_is_in_none_is_not_removed(void **state)
{
        struct heap_item in = {0}, out = {0};
        struct heap h = {0};

        assert_int_equal(heap_put(&h, &in, 1), 0);
        heap_remove(&h, &out);
        assert_ptr_equal(heap_first(&h), &in);
        heap_remove(&h, &in);
        heap_remove(&h, &in);
        assert_int_equal(h.count, 0);
        heap_done(&h);
}

/* Whatever is put, moved and removed, the first is the smallest that is left. */
static void any_sequence_keeps_the_smallest_first(void **state)
{
        enum { ITEMS = 100, STEPS = 20000 };
        struct heap_item items[ITEMS] = {0};
        uint64_t random = 1;
        struct heap h = {0};

        for (unsigned step = 0; step < STEPS; step++) {
                struct heap_item *item = &items[bootstrap_next(&random) % ITEMS];
                uint64_t smallest = UINT64_MAX;
                size_t count = 0;

                if (bootstrap_next(&random) % 3 == 0)
                        heap_remove(&h, item);
                else
                        assert_int_equal(heap_put(&h, item, bootstrap_next(&random) % 50), 0);
                for (size_t i = 0; i < ITEMS; i++)
                        if (items[i].place > 0) {
                                smallest = MIN(smallest, items[i].key);
                                count++;
                        }
                assert_int_equal(h.count, count);
                if (count > 0)
                        assert_int_equal(heap_first(&h)->key, smallest);
        }
        heap_done(&h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_smallest_is_first),
                cmocka_unit_test(what_is_in_none_is_not_removed),
                cmocka_unit_test(any_sequence_keeps_the_smallest_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
