/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "watch/freshness.h"

#define NOW USEC_PER_DAY

static struct freshness begin(const struct collection_config *config)
{
        struct freshness f;

        assert_int_equal(freshness_init(&f, config), 0);
        return f;
}

static struct query queries[] = {{.id = (char *)"a", .text = (char *)"A"},
        {.id = (char *)"b", .text = (char *)"B"}, {.id = (char *)"c", .text = (char *)"C"},
        {.id = (char *)"d", .text = (char *)"D"}};
static struct query_set set = {.queries = queries, .count = ARRAY_SIZE(queries)};
static struct embedder_config minilm = {
        .name = (char *)"minilm", .model = (char *)"m", .query_prefix = (char *)"q: ", .batch = 32};
static const struct collection_config hourly = {.label = (char *)"c",
        .queries = &set,
        .embedder = &minilm,
        .replay = {.interval = USEC_PER_MINUTE, .embed_interval = USEC_PER_HOUR}};

static void the_texts_are_asked_for_at_once(void **state)
{
        struct freshness f = begin(&hourly);

        assert_int_equal(f.due, 0);
        assert_string_equal(f.target.ids[1], "b");
        assert_string_equal(f.target.texts[1], "B");
        assert_int_equal(f.target.count, 4);
        assert_string_equal(f.target.options.prefix, "q: ");
        freshness_done(&f);
}

static void nobody_is_asked_without_an_embedder(void **state)
{
        const struct collection_config none = {.label = (char *)"c", .queries = &set};
        struct freshness f = begin(&none);

        assert_int_equal(f.due, USEC_INFINITY);
        freshness_want(&f, NOW, FRESHNESS_PAUSE);
        assert_int_equal(f.due, USEC_INFINITY);
        freshness_done(&f);
}

static void a_failure_is_repeated_soon(void **state)
{
        static const unsigned waits[] = {30, 60, 120, 240, 300, 300};
        struct freshness f = begin(&hourly);

        for (int round = 0; round < 2; round++) {
                for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
                        freshness_on_failed(&f, NOW);
                        assert_int_equal(f.due, NOW + waits[i] * USEC_PER_SEC);
                }
                assert_false(freshness_on_answered(&f, NOW));
                assert_in_range(f.due, NOW + USEC_PER_HOUR / 2, NOW + USEC_PER_HOUR * 3 / 2);
        }
        freshness_done(&f);
}

static void a_short_interval_is_not_made_longer(void **state)
{
        struct collection_config often = hourly;
        struct freshness f;

        often.replay.interval = USEC_PER_SEC;
        often.replay.embed_interval = 0;
        f = begin(&often);
        freshness_on_failed(&f, NOW);
        assert_int_equal(f.due, NOW + USEC_PER_SEC);
        freshness_on_failed(&f, NOW);
        assert_int_equal(f.due, NOW + 2 * USEC_PER_SEC);
        for (int i = 0; i < 100; i++)
                freshness_on_failed(&f, NOW);
        assert_int_equal(f.due, NOW + FRESHNESS_RETRY_MAX);
        freshness_done(&f);
}

static void who_wants_to_know_is_told_once_a_minute(void **state)
{
        struct freshness f = begin(&hourly);

        freshness_on_asked(&f, NOW);
        assert_false(freshness_on_answered(&f, NOW));
        freshness_want(&f, NOW + 1, FRESHNESS_PAUSE);
        assert_int_equal(f.due, NOW + FRESHNESS_PAUSE);
        assert_false(freshness_on_answered(&f, NOW + FRESHNESS_PAUSE));
        freshness_want(&f, NOW + 2 * FRESHNESS_PAUSE, FRESHNESS_PAUSE);
        assert_int_equal(f.due, NOW + 2 * FRESHNESS_PAUSE);
        /* Unless he waits for it. */
        freshness_on_asked(&f, f.due);
        assert_false(freshness_on_answered(&f, f.due));
        freshness_want(&f, NOW + 2 * FRESHNESS_PAUSE + 1, 0);
        assert_int_equal(f.due, NOW + 2 * FRESHNESS_PAUSE + 1);
        freshness_done(&f);
}

static void repeats_use_other_batches(void **state)
{
        struct freshness f = begin(&hourly);

        freshness_repeat(&f, 3);
        assert_int_equal(f.target.batch, 3); /* of four texts */
        assert_true(freshness_on_answered(&f, NOW));
        assert_int_equal(f.due, NOW);
        assert_int_equal(f.target.batch, 2);
        assert_true(freshness_on_answered(&f, NOW));
        assert_int_equal(f.target.batch, 32);
        assert_false(freshness_on_answered(&f, NOW));
        assert_true(f.due > NOW);
        freshness_done(&f);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_texts_are_asked_for_at_once),
                cmocka_unit_test(nobody_is_asked_without_an_embedder),
                cmocka_unit_test(a_failure_is_repeated_soon),
                cmocka_unit_test(a_short_interval_is_not_made_longer),
                cmocka_unit_test(who_wants_to_know_is_told_once_a_minute),
                cmocka_unit_test(repeats_use_other_batches),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
