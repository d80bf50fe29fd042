/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/alert.h"

static void stay_sorted_and_without_empty_values(void **state)
{
        _cleanup_(labels_done) struct labels l = {NULL, 0};

        assert_int_equal(labels_set(&l, "severity", "critical"), 0);
        assert_int_equal(labels_set(&l, "alertname", "A"), 0);
        assert_int_equal(labels_set(&l, "query", "q-1"), 0);
        assert_int_equal(labels_set(&l, "nothing", ""), 0);
        assert_int_equal(l.count, 3);
        assert_string_equal(l.labels[0].name, "alertname");
        assert_string_equal(l.labels[1].name, "query");
        assert_string_equal(l.labels[2].name, "severity");
        assert_int_equal(labels_set(&l, "alertname", "B"), 0);
        assert_string_equal(labels_get(&l, "alertname"), "B");
        assert_int_equal(labels_set(&l, "query", NULL), 0);
        assert_null(labels_get(&l, "query"));
        assert_int_equal(l.count, 2);
}

/* Captured from Alertmanager 0.25. */
static void fingerprint_is_alertmanagers(void **state)
{
        _cleanup_(labels_done) struct labels l = {NULL, 0};

        assert_int_equal(labels_set(&l, "severity", "critical"), 0);
        assert_int_equal(labels_set(&l, "replay", "faq"), 0);
        assert_int_equal(labels_set(&l, "alertname", "RetrievalDrift"), 0);
        assert_int_equal(labels_fingerprint(&l), 0xe3023dce20d884f4);
}

static void alert_copies_are_independent(void **state)
{
        _cleanup_(alert_done) struct alert a = {.state = ALERT_FIRING, .fired_at = 7}, copy = {0};

        a.server = strdup("main");
        assert_int_equal(labels_set(&a.labels, "alertname", "A"), 0);
        assert_int_equal(labels_set(&a.annotations, "summary", "S"), 0);
        assert_int_equal(alert_copy(&a, &copy), 0);
        assert_int_equal(labels_set(&a.labels, "alertname", "B"), 0);
        assert_string_equal(labels_get(&copy.labels, "alertname"), "A");
        assert_string_equal(labels_get(&copy.annotations, "summary"), "S");
        assert_string_equal(copy.server, "main");
        assert_int_equal(copy.fired_at, 7);
        assert_string_equal(alert_state_name(copy.state), "firing");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stay_sorted_and_without_empty_values),
                cmocka_unit_test(fingerprint_is_alertmanagers),
                cmocka_unit_test(alert_copies_are_independent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
