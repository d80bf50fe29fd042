/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "json.h"
#include "model/standing.h"
#include "show/standing.h"
#include "tell/desk.h"

#define NOW (1000 * USEC_PER_DAY)

static struct roster roster(const char *a, const char *b)
{
        struct roster names = {0};

        assert_int_equal(a ? roster_add(&names, a) : 0, 0);
        assert_int_equal(b ? roster_add(&names, b) : 0, 0);
        return names;
}

static void one_sentence_says_how_it_stands(void **state)
{
        static const struct {
                const char *by, *comment, *why, *told, *next, *sentence;
                usec_t wait; /* USEC_INFINITY: nobody is next */
        } cases[] = {
                {.told = "team",
                        .next = "lead",
                        .wait = 10 * USEC_PER_MINUTE + 1,
                        .sentence = "told: team; next: lead in 10m"},
                {.next = "team", .wait = 0, .sentence = "next: team now"},
                {.told = "team",
                        .why = "the last step was told",
                        .wait = USEC_INFINITY,
                        .sentence = "the last step was told; told: team"},
                {.why = "silenced by ben until then: x\ny",
                        .wait = USEC_INFINITY,
                        .sentence = "silenced by ben until then: x y"},
                {.by = "anna",
                        .comment = "on it",
                        .told = "team",
                        .why = "acknowledged by anna",
                        .wait = USEC_INFINITY,
                        .sentence = "acknowledged by anna 5m ago: on it"},
                {.by = "anna",
                        .comment = "",
                        .next = "team",
                        .wait = USEC_PER_HOUR,
                        .sentence = "acknowledged by anna 5m ago; next: team in 1h"},
                {.wait = USEC_INFINITY, .sentence = "nobody is told"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};
                struct escalation_status s = {
                        .why = (char *)(cases[i].why ? cases[i].why : ""),
                        .next_at = cases[i].wait == USEC_INFINITY ? USEC_INFINITY
                                                                  : NOW + cases[i].wait,
                        .next = roster(cases[i].next, NULL),
                        .receivers = roster(cases[i].told, NULL),
                        .ack = {(char *)cases[i].by, (char *)cases[i].comment,
                                NOW - 5 * USEC_PER_MINUTE - USEC_PER_SEC},
                };

                standing_describe(&s, NOW, &t);
                assert_string_equal(text_string(&t), cases[i].sentence);
                roster_done(&s.next);
                roster_done(&s.receivers);
        }
}

static void open_incident(struct desk *d, const char *name)
{
        struct roster team = roster("team", "lead");

        assert_int_equal(escalations_open(desk_escalations(d), name, "critical", &team, NOW), 0);
        roster_done(&team);
}

static void make_silence(struct desk *d, const char *id, const char *matchers, usec_t start)
{
        _cleanup_error_ struct error e = {0};
        struct silence s = {.id = strdup(id),
                .created_by = strdup("ben"),
                .comment = strdup("why"),
                .starts_at = start,
                .ends_at = start + USEC_PER_HOUR};

        assert_int_equal(matchers_parse(&s.matchers, matchers, &e), 0);
        assert_int_equal(silences_add(desk_silences(d), &s, NOW, &e), 0);
}

static void the_desk_shows_what_it_knows(void **state)
{
        static const struct desk_policy policy;
        _cleanup_(desk_freep) struct desk *d = desk_new();
        _cleanup_(standing_unrefp) struct standing *s = NULL, *again = NULL;

        desk_configure(d, &policy);
        open_incident(d, "a");
        open_incident(d, "c");
        open_incident(d, "b");
        escalations_close(desk_escalations(d), "b");
        make_silence(d, "0f8fad5b-d9cb-469f-a165-70867728950e", "a=b", NOW);
        make_silence(d, "1f8fad5b-d9cb-469f-a165-70867728950e", "c=~\"d|e\"", NOW + USEC_PER_DAY);
        assert_int_equal(desk_show(d, NOW, &s), 0);
        assert_int_equal(s->incident_count, 2);
        assert_non_null(standing_find(s, "c"));
        assert_non_null(standing_find(s, "a"));
        assert_null(standing_find(s, "b"));
        assert_null(standing_find(NULL, "a"));
        assert_int_equal(standing_find(s, "a")->next.count, 2);
        assert_int_equal(s->silence_count, 2);
        assert_string_equal(s->silences[0].state, "active");
        assert_string_equal(s->silences[1].state, "pending");
        again = standing_ref(s);
        assert_ptr_equal(again, s);
}

/* An alert as the teller has it. */
static struct alert firing(uint64_t fingerprint)
{
        struct alert a = {.fingerprint = fingerprint, .state = ALERT_FIRING};

        assert_int_equal(labels_set(&a.labels, "incident", "a"), 0);
        assert_int_equal(labels_set(&a.labels, "severity", "critical"), 0);
        return a;
}

/* How many are told when `kind` is the news of an incident with these alerts. */
static size_t tell(
        struct desk *d, enum notice_kind kind, struct alert *alerts, size_t count, usec_t now)
{
        const struct alert *all[] = {&alerts[0], &alerts[count - 1]};
        struct notice n = {.kind = kind,
                .incident = (char *)"a",
                .since = NOW,
                .alerts = alerts,
                .count = count};
        const struct news news = {&n, 1};
        struct escalation_actions actions;
        size_t told;

        assert_int_equal(desk_update(d, &news, all, count, now, &actions), 0);
        told = actions.count;
        escalation_actions_done(&actions);
        return told;
}

static void what_is_kept_quiet_is_not_repeated(void **state)
{
        const struct desk_policy policy = {.receivers = roster("team", "lead")};
        _cleanup_(desk_freep) struct desk *d = desk_new();
        struct alert alert = firing(1);

        desk_configure(d, &policy);
        assert_int_equal(tell(d, NOTICE_OPENED, &alert, 1, NOW), 2);
        assert_int_equal(tell(d, NOTICE_REPEATED, &alert, 1, NOW + 1), 2);
        make_silence(d, "0f8fad5b-d9cb-469f-a165-70867728950e", "incident=a", NOW + 2);
        (void)tell(d, NOTICE_PASSED, &alert, 1, NOW + 2);
        assert_int_equal(tell(d, NOTICE_REPEATED, &alert, 1, NOW + 3), 0);
        assert_int_equal(tell(d, NOTICE_CLOSED, &alert, 1, NOW + 4), 2);
        alert_done(&alert);
        roster_done((struct roster *)&policy.receivers);
}

static void an_incident_whose_alerts_are_all_taken_is_quiet(void **state)
{
        const struct desk_policy policy = {.receivers = roster("team", NULL)};
        _cleanup_(desk_freep) struct desk *d = desk_new();
        _cleanup_(standing_unrefp) struct standing *s = NULL;
        struct alert alerts[] = {firing(1), firing(2)};

        desk_configure(d, &policy);
        assert_int_equal(acks_add(desk_acks(d), 1, "anna", "mine", USEC_INFINITY, NOW), 0);
        assert_int_equal(acks_add(desk_acks(d), 2, "ben", "", USEC_PER_HOUR, NOW), 0);
        assert_int_equal(tell(d, NOTICE_OPENED, alerts, 2, NOW), 0);
        assert_int_equal(desk_show(d, NOW, &s), 0);
        assert_string_equal(standing_find(s, "a")->why, "taken by anna; taken by ben");
        assert_string_equal(standing_find_alert(s, 1)->ack.by, "anna");
        assert_int_equal(standing_find_alert(s, 2)->until, NOW + USEC_PER_HOUR);
        assert_null(standing_find_alert(s, 3));
        assert_int_equal(desk_next(d, NOW), NOW + USEC_PER_HOUR);
        assert_int_equal(tell(d, NOTICE_PASSED, alerts, 2, NOW + USEC_PER_HOUR), 1);
        for (size_t i = 0; i < 2; i++)
                alert_done(&alerts[i]);
        roster_done((struct roster *)&policy.receivers);
}

static void silences_are_shown_as_alertmanager_has_them(void **state)
{
        static const struct desk_policy policy;
        _cleanup_(desk_freep) struct desk *d = desk_new();
        _cleanup_(standing_unrefp) struct standing *s = NULL;
        _cleanup_json_ json_t *list = NULL;
        _cleanup_free_ char *text = NULL;

        desk_configure(d, &policy);
        make_silence(d, "0f8fad5b-d9cb-469f-a165-70867728950e", "a=b,c!~d", NOW);
        assert_int_equal(desk_show(d, NOW, &s), 0);
        list = standing_silences(s);
        text = json_text(list, JSON_SORT_KEYS, NULL);
        assert_string_equal(text,
                "[{\"comment\": \"why\", \"createdAt\": \"1972-09-27T00:00:00Z\", "
                "\"createdBy\": \"ben\", \"endsAt\": \"1972-09-27T01:00:00Z\", "
                "\"id\": \"0f8fad5b-d9cb-469f-a165-70867728950e\", \"matchers\": "
                "[{\"isEqual\": true, \"isRegex\": false, \"name\": \"a\", \"value\": \"b\"}, "
                "{\"isEqual\": false, \"isRegex\": true, \"name\": \"c\", \"value\": \"d\"}], "
                "\"startsAt\": \"1972-09-27T00:00:00Z\", \"status\": {\"state\": \"active\"}, "
                "\"text\": \"{a=\\\"b\\\",c!~\\\"d\\\"}\"}]");
}

static void what_is_unknown_is_null(void **state)
{
        static const struct desk_policy policy;
        _cleanup_(desk_freep) struct desk *d = desk_new();
        _cleanup_(standing_unrefp) struct standing *s = NULL;
        _cleanup_json_ json_t *none = standing_json(NULL, NOW), *one = NULL, *empty = NULL;
        _cleanup_free_ char *text = NULL;

        desk_configure(d, &policy);
        open_incident(d, "a");
        assert_int_equal(desk_show(d, NOW, &s), 0);
        assert_true(json_is_null(none));
        one = standing_json(standing_find(s, "a"), NOW);
        text = json_text(one, JSON_SORT_KEYS, NULL);
        assert_string_equal(text,
                "{\"acknowledged\": null, \"next\": [\"team\", \"lead\"], "
                "\"next_at\": \"1972-09-27T00:00:00Z\", \"policy\": null, \"quiet\": null, "
                "\"round\": 1, \"rounds\": 1, \"sentence\": \"next: team, lead now\", "
                "\"step\": 0, \"steps\": 1, \"told\": []}");
        empty = standing_silences(NULL);
        assert_true(json_is_array(empty) && json_array_size(empty) == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_sentence_says_how_it_stands),
                cmocka_unit_test(the_desk_shows_what_it_knows),
                cmocka_unit_test(what_is_kept_quiet_is_not_repeated),
                cmocka_unit_test(an_incident_whose_alerts_are_all_taken_is_quiet),
                cmocka_unit_test(silences_are_shown_as_alertmanager_has_them),
                cmocka_unit_test(what_is_unknown_is_null),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
