/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/view.h"

static void reasons_beyond_the_table_count_as_other(void **state)
{
        static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k",
                "l", "m", "n", "o", "p", "q", "r"};
        struct reason_count counts[REASONS_MAX] = {{NULL, 0}};
        uint64_t total = 0;

        for (int round = 0; round < 2; round++)
                for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                        reason_count_add(counts, names[i]);
        for (size_t i = 0; i < REASONS_MAX; i++)
                total += counts[i].count;
        assert_int_equal(total, 2 * ARRAY_SIZE(names));
        assert_string_equal(counts[0].reason, "a");
        assert_int_equal(counts[0].count, 2);
        assert_string_equal(counts[REASONS_MAX - 1].reason, "other");
}

static void latencies_fall_into_the_bucket_that_holds_their_bound(void **state)
{
        struct latency l = {0};

        latency_observe(&l, 1000); /* 1 ms: the first bucket's bound belongs to it */
        latency_observe(&l, 1001);
        latency_observe(&l, 31 * USEC_PER_SEC); /* above all bounds */
        assert_int_equal(l.buckets[0], 1);
        assert_int_equal(l.buckets[1], 1);
        assert_int_equal(l.buckets[LATENCY_BUCKET_COUNT], 1);
        assert_true(l.sum_seconds > 31.002 && l.sum_seconds < 31.0021);
}

static void collections_are_shared_between_views(void **state)
{
        struct collection_view *c = collection_view_new(0);
        _cleanup_(view_unrefp) struct view *a = view_new(), *b = view_new();

        c->label = strdup("agents");
        assert_int_equal(c->epoch.records, -1);
        a->collections = calloc(1, sizeof(struct collection_view *));
        b->collections = calloc(1, sizeof(struct collection_view *));
        a->collections[a->collection_count++] = c;
        b->collections[b->collection_count++] = collection_view_ref(c);
        a = view_unref(a);
        assert_ptr_equal(view_find_collection(b, "agents"), c);
        assert_null(view_find_collection(b, "nobody"));
}

/* Of every member that is a time, and of no other. */
static void all_times_of_a_collection_follow_the_clock(void **state)
{
        struct collection_view *c = collection_view_new(0);
        const struct finding f = {.query = FINDING_COLLECTION,
                .since = 1000,
                .seen = 1001,
                .fading = 1002,
                .explained = SIZE_MAX,
                .sentence = (char *)"s"};
        struct findings *before;
        usec_t *const times[] = {&c->last_started, &c->last_finished, &c->last_success,
                &c->next_due, &c->unprovoked_at, &c->attributed, &c->judged, &c->incident_since,
                &c->replaced_at, &c->epoch_since, &c->health.at, &c->embedder.at,
                &c->embedder.failing_since};

        assert_int_equal(collection_view_jump(c, 500), 0); /* before anything is known */
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                assert_int_equal(*times[i], 0);
                *times[i] = 1000 + i;
        }
        c->last_duration = c->interval_usec = 7;
        c->findings = findings_new();
        assert_int_equal(findings_add(c->findings, &f), 0);
        before = findings_ref(c->findings);
        assert_int_equal(collection_view_jump(c, -500), 0);
        for (size_t i = 0; i < ARRAY_SIZE(times); i++)
                assert_int_equal(*times[i], 500 + i);
        assert_int_equal(c->last_duration, 7);
        assert_int_equal(c->interval_usec, 7);
        assert_int_equal(c->findings->findings[0].since, 500);
        assert_int_equal(c->findings->findings[0].seen, 501);
        assert_int_equal(c->findings->findings[0].fading, 502);
        assert_string_equal(c->findings->findings[0].sentence, "s");
        assert_int_equal(before->findings[0].since, 1000); /* others still read it */
        findings_unref(before);
        collection_view_unref(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reasons_beyond_the_table_count_as_other),
                cmocka_unit_test(latencies_fall_into_the_bucket_that_holds_their_bound),
                cmocka_unit_test(collections_are_shared_between_views),
                cmocka_unit_test(all_times_of_a_collection_follow_the_clock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
