/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "keep/incidents.h"
#include "kept.h"

static struct incident_view sample(void)
{
        static char kb[] = "kb", q1[] = "q1", q2[] = "q2", summary[] = "It \"fails\".";
        static char explanation[] = "";

        return (struct incident_view){.id = kb,
                .collection = kb,
                .since = 5,
                .resolved_at = 9,
                .severity = SEVERITY_CRITICAL,
                .findings = 3,
                .queries = 2,
                .causes = {CAUSE_REMOVED, CAUSE_GROWTH},
                .cause_count = 2,
                .worst = {q1, q2},
                .worst_count = 2,
                .summary = summary,
                .explanation = explanation};
}

static size_t restore(struct state *s, struct incident_view **ret, size_t *refused)
{
        size_t count = 0;

        assert_int_equal(incidents_restore(s, ret, &count, refused, NULL), 0);
        return count;
}

static void what_is_put_comes_back(void **unused)
{
        struct incident_view from = sample(), *to = NULL;
        struct state *s = kept_open();
        size_t refused = 0;

        assert_int_equal(incidents_put(s, &from, 1), 0);
        kept_commit(s);
        state_free(s);
        s = kept_open();
        assert_int_equal(restore(s, &to, &refused), 1);
        assert_int_equal(refused, 0);
        assert_string_equal(to->id, "kb");
        assert_int_equal(to->since, 5);
        assert_int_equal(to->resolved_at, 9);
        assert_int_equal(to->severity, SEVERITY_CRITICAL);
        assert_int_equal(to->findings, 3);
        assert_int_equal(to->queries, 2);
        assert_int_equal(to->cause_count, 2);
        assert_int_equal(to->causes[1], CAUSE_GROWTH);
        assert_int_equal(to->worst_count, 2);
        assert_string_equal(to->worst[1], "q2");
        assert_string_equal(to->summary, "It \"fails\".");
        incident_view_done(to);
        free(to);
        /* One that is shown no more is kept no more. */
        assert_int_equal(incidents_put(s, NULL, 0), 0);
        kept_commit(s);
        assert_int_equal(restore(s, &to, &refused), 0);
        free(to);
        state_free(s);
}

/* About no collection: driftwatch's own. */
static void one_without_a_collection_comes_back(void **unused)
{
        struct incident_view from = sample(), *to = NULL;
        struct state *s = kept_open();
        size_t refused = 0;

        from.collection = NULL;
        assert_int_equal(incidents_put(s, &from, 1), 0);
        kept_commit(s);
        assert_int_equal(restore(s, &to, &refused), 1);
        assert_string_equal(to->id, "kb");
        assert_null(to->collection);
        incident_view_done(to);
        free(to);
        assert_int_equal(incidents_put(s, NULL, 0), 0);
        kept_commit(s);
        state_free(s);
}

static void what_is_none_is_refused(void **unused)
{
        static const char *const values[] = {"{}", "[]", "{\"causes\":[],\"worst\":[]}",
                "{\"id\":\"a\",\"collection\":\"a\",\"since\":1,\"summary\":\"\","
                "\"explanation\":\"\",\"causes\":[],\"worst\":[1]}",
                "{\"id\":\"a\",\"collection\":\"a\",\"since\":1,\"summary\":\"\","
                "\"explanation\":\"\",\"causes\":[],\"worst\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}"};

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                struct incident_view *incidents = NULL;
                struct state *s = kept_open();
                size_t refused = 0;

                kept_write(s, "incident", true, "a\n1", values[i], strlen(values[i]));
                assert_int_equal(restore(s, &incidents, &refused), 0);
                assert_int_equal(refused, 1);
                kept_commit(s);
                free(incidents);
                state_free(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_put_comes_back),
                cmocka_unit_test(one_without_a_collection_comes_back),
                cmocka_unit_test(what_is_none_is_refused),
        };

        return cmocka_run_group_tests(tests, kept_set_up, kept_tear_down);
}
