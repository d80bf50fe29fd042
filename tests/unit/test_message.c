/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "sample_view.h"
#include "tell/message.h"
#include "text.h"

#define SINCE (SAMPLE_NOW - 12 * USEC_PER_MINUTE)

struct world {
        struct view *view;
        struct alert alerts[8];
        struct notice notice;
        struct message message;
};

static void set(struct labels *l, const char *name, const char *value)
{
        assert_int_equal(labels_set(l, name, value), 0);
}

static void add_alert(struct world *w, const char *name, const char *query)
{
        struct alert *a = &w->alerts[w->notice.count++];

        a->state = ALERT_FIRING;
        set(&a->labels, "alertname", name);
        set(&a->labels, "severity", "critical");
        set(&a->labels, "query", query);
        set(&a->annotations, "summary", "Something is wrong.");
        set(&a->annotations, "runbook_url", "https://r/#x");
        set(&a->annotations, "dashboard_url", "https://d/?collection=x");
        set(&a->annotations, "cause", "REMOVED");
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        w->view = sample_view();
        w->notice = (struct notice){.kind = NOTICE_OPENED,
                .incident = w->view->collections[0]->label,
                .collection = w->view->collections[0],
                .since = SINCE,
                .alerts = w->alerts};
        add_alert(w, "RetrievalRecallLow", NULL);
        *state = w;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        message_done(&w->message);
        for (size_t i = 0; i < w->notice.count; i++) {
                labels_done(&w->alerts[i].labels);
                labels_done(&w->alerts[i].annotations);
        }
        view_unref(w->view);
        free(w);
        return 0;
}

static void assert_text(const struct message *m, size_t max, const char *part, bool there)
{
        _cleanup_text_ struct text t = {0};

        message_append(m, max, &t);
        assert_false(text_failed(&t));
        assert_true(t.size <= max);
        assert_int_equal(strstr(text_string(&t), part) != NULL, there);
}

static void says_what_broke_and_what_to_do(void **state)
{
        struct world *w = *state;
        struct message *m = &w->message;

        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, m), 0);
        assert_string_equal(m->severity, "critical");
        assert_false(m->over);
        assert_int_equal(m->alert_count, 1);
        assert_string_equal(m->alerts[0], "RetrievalRecallLow: Something is wrong.");
        assert_non_null(strstr(m->title, ": RetrievalRecallLow, of "));
        assert_string_equal(strstr(m->title, "of "), m->extent);
        assert_true(m->worst_count > 0);
        assert_non_null(strstr(m->reason, "Probable cause"));
        assert_true(strlen(m->advice) > 0);
        assert_null(strstr(m->reason, m->advice));
        assert_string_equal(m->urls[MESSAGE_PAGE], "https://d/?collection=x");
        assert_text(m, 10000, m->advice, true);
        assert_text(m, 10000, m->worst[m->worst_count - 1], true);
        assert_text(m, 10000, "Since 2026-11-23T01:48:00Z\n", true);
        assert_text(m, 10000, "Runbook: https://r/#x\n", true);
}

static void says_what_comes_and_goes(void **state)
{
        struct world *w = *state;

        w->alerts[0].flaps = 4;
        w->alerts[0].flapping_since = SINCE;
        w->alerts[0].flapped_at = SINCE + 35 * USEC_PER_MINUTE;
        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, &w->message), 0);
        assert_string_equal(w->message.alerts[0],
                "RetrievalRecallLow (flapping: it came 4 times within 35m): Something is wrong.");
}

/* Whole queries are left out, then the causes; what to do stays. */
static void gives_way_in_order(void **state)
{
        struct world *w = *state;
        struct message *m = &w->message;
        _cleanup_text_ struct text whole = {0};

        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, m), 0);
        message_append(m, 100000, &whole);
        for (size_t max = whole.size; max > 500; max--) {
                _cleanup_text_ struct text t = {0};

                message_append(m, max, &t);
                assert_true(t.size <= max);
                assert_non_null(strstr(text_string(&t), m->advice));
                for (size_t i = 0; i + 1 < m->worst_count; i++)
                        assert_true(strstr(text_string(&t), m->worst[i]) ||
                                !strstr(text_string(&t), m->worst[i + 1]));
                assert_true(strstr(text_string(&t), m->reason) ||
                        !strstr(text_string(&t), m->worst[0]));
        }
}

static void tells_an_end(void **state)
{
        struct world *w = *state;
        struct message *m = &w->message;

        w->notice.kind = NOTICE_CLOSED;
        w->alerts[0].state = ALERT_RESOLVED;
        w->alerts[0].resolved_at = SAMPLE_NOW - 2 * USEC_PER_MINUTE;
        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, m), 0);
        assert_true(m->over);
        assert_int_equal(m->worst_count, 0);
        assert_string_equal(m->advice, "");
        assert_string_equal(m->reason, "Probable cause: REMOVED");
        assert_text(m, 10000, "From 2026-11-23T01:48:00Z to 2026-11-23T01:58:00Z, for 10m\n", true);
}

static void names_five_and_counts_the_rest(void **state)
{
        struct world *w = *state;

        for (int i = 0; i < 6; i++)
                add_alert(w, i % 2 ? "RetrievalBandCrossed" : "RetrievalDistanceDrift",
                        (char[]){'q', (char)('0' + i), '\n', '\0'});
        w->notice.collection = NULL;
        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, &w->message), 0);
        assert_int_equal(w->message.alert_count, MESSAGE_ALERTS);
        assert_int_equal(w->message.alerts_left, 2);
        assert_string_equal(
                w->message.alerts[1], "RetrievalDistanceDrift \"q0 \": Something is wrong.");
        assert_string_equal(w->message.extent, "");
        assert_non_null(strstr(w->message.title,
                ": RetrievalRecallLow, RetrievalDistanceDrift, RetrievalBandCrossed"));
        assert_text(&w->message, 10000, "- and 2 more\n", true);
}

static void has_one_key_for_a_collection(void **state)
{
        struct world *w = *state;
        struct message other;

        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, &w->message), 0);
        w->notice.since = SAMPLE_NOW;
        w->notice.collection = NULL;
        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, &other), 0);
        assert_string_equal(other.key, w->message.key);
        message_done(&other);
        w->notice.incident = w->view->collections[1]->label;
        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, &other), 0);
        assert_string_not_equal(other.key, w->message.key);
        message_done(&other);
}

static void has_a_tone(void **state)
{
        static const struct {
                const char *severity;
                bool over;
                enum message_tone tone;
        } cases[] = {
                {"critical", false, MESSAGE_CRITICAL},
                {"warning", false, MESSAGE_WARNING},
                {"info", false, MESSAGE_INFO},
                {"", false, MESSAGE_OTHER},
                {"critical", true, MESSAGE_OVER},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct message m = {.severity = cases[i].severity, .over = cases[i].over};

                assert_int_equal(message_tone(&m), cases[i].tone);
        }
}

/* Escaped text gives way in the same order as plain text, and fits to the byte. */
static void is_escaped_within_its_limit(void **state)
{
        static const struct message_escape escapes[] = {{'e', "~abcd"}, {':', "\\:"}, {0, ""}};
        struct world *w = *state;
        _cleanup_text_ struct text plain = {0}, whole = {0};
        struct message bare;

        assert_int_equal(message_build(&w->notice, "", SAMPLE_NOW, &w->message), 0);
        bare = message_without_links(&w->message);
        message_append(&bare, 10000, &plain);
        assert_null(strstr(plain.data, "https://"));
        message_append_escaped(&bare, 10000, escapes, &whole);
        assert_null(strchr(whole.data, 'e'));
        for (size_t max = 0; max <= whole.size + 1; max++) {
                _cleanup_text_ struct text t = {0};

                message_append_escaped(&bare, max, escapes, &t);
                assert_true(t.size <= max);
                assert_int_equal(t.size == whole.size, max >= whole.size);
                for (const char *p = text_string(&t); (p = strchr(p, '~')); p++)
                        assert_memory_equal(p, "~abcd", 5);
        }
        assert_non_null(w->message.urls[MESSAGE_PAGE]);
}

int main(void)
{
#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                world_test(says_what_broke_and_what_to_do),
                world_test(says_what_comes_and_goes),
                world_test(gives_way_in_order),
                world_test(tells_an_end),
                world_test(names_five_and_counts_the_rest),
                world_test(has_one_key_for_a_collection),
                cmocka_unit_test(has_a_tone),
                world_test(is_escaped_within_its_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
