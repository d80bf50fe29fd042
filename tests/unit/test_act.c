/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "json.h"
#include "tell/act.h"

#define NOW (1000 * USEC_PER_DAY)
#define ID "0f8fad5b-d9cb-469f-a165-70867728950e"
#define SILENCE(times) "{\"matchers\":\"a=b\",\"createdBy\":\"ben\",\"comment\":\"why\"" times "}"

static int parse(enum act_kind kind, const char *body, struct act **ret, struct error *e)
{
        return act_parse(kind, kind == ACT_SILENCE ? NULL : "handbook", body, strlen(body), ret, e);
}

static void what_is_refused_says_why(void **state)
{
        static const struct {
                enum act_kind kind;
                const char *body, *sentence;
        } cases[] = {
                {ACT_ACKNOWLEDGE, "", "a body is needed"},
                {ACT_ACKNOWLEDGE, "{", "the body:"},
                {ACT_ACKNOWLEDGE, "[]", "not a JSON object"},
                {ACT_ACKNOWLEDGE, "{}", "lacks \"by\""},
                {ACT_ACKNOWLEDGE, "{\"by\":1}", "\"by\" is not a string"},
                {ACT_ACKNOWLEDGE, "{\"by\":null}", "\"by\" is not a string"},
                {ACT_ACKNOWLEDGE, "{\"by\":\"\"}", "\"by\" has 0 bytes"},
                {ACT_ACKNOWLEDGE, "{\"by\":\"a\",\"by\":\"b\"}", "by"},
                {ACT_ACKNOWLEDGE, "{\"by\":\"a\",\"who\":\"b\"}", "\"who\" is no member"},
                {ACT_UNACKNOWLEDGE, "{\"by\":\"a\",\"matchers\":\"b\"}",
                        "\"matchers\" is no member"},
                {ACT_SILENCE, SILENCE(""), "either \"endsAt\" or \"duration\""},
                {ACT_SILENCE, SILENCE(",\"duration\":\"1h\",\"endsAt\":\"2026-01-01T00:00:00Z\""),
                        "not both"},
                {ACT_SILENCE, SILENCE(",\"duration\":\"soon\""), "\"soon\", not a duration"},
                {ACT_SILENCE, SILENCE(",\"duration\":\"0s\""), "\"0s\", not a duration"},
                {ACT_SILENCE, SILENCE(",\"duration\":\"367d\""), "at most 366d"},
                {ACT_SILENCE, SILENCE(",\"duration\":3600"), "no string"},
                {ACT_SILENCE, SILENCE(",\"endsAt\":\"tomorrow\""), "\"tomorrow\", not a time"},
                {ACT_SILENCE, "{\"matchers\":[7],\"createdBy\":\"a\",\"comment\":\"b\"}",
                        "a matcher is a text"},
                {ACT_SILENCE, "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isregex\":true}]}",
                        "a matcher is a text"},
                {ACT_SILENCE, "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isEqual\":1}]}",
                        "\"isEqual\" of a matcher"},
                {ACT_SILENCE, "{\"matchers\":\"a\"}", "one of = != =~ !~"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(act_freep) struct act *a = NULL;
                _cleanup_error_ struct error e = {0};
                int r = parse(cases[i].kind, cases[i].body, &a, &e);

                if (r >= 0 || !strstr(error_text(&e, r), cases[i].sentence))
                        fail_msg("%s: %s", cases[i].body, error_text(&e, r));
        }
}

static void names_and_comments_have_limits(void **state)
{
        for (size_t length = ACK_BY_MAX; length <= ACK_BY_MAX + 1; length++) {
                _cleanup_(act_freep) struct act *a = NULL;
                _cleanup_error_ struct error e = {0};
                char body[ACK_BY_MAX + 32];

                (void)snprintf(body, sizeof(body), "{\"by\":\"%0*d\"}", (int)length, 0);
                assert_int_equal(
                        parse(ACT_ACKNOWLEDGE, body, &a, &e), length > ACK_BY_MAX ? -EINVAL : 0);
        }
        for (size_t length = ACK_COMMENT_MAX; length <= ACK_COMMENT_MAX + 1; length++) {
                _cleanup_(act_freep) struct act *a = NULL;
                _cleanup_error_ struct error e = {0};
                char body[ACK_COMMENT_MAX + 64];

                (void)snprintf(
                        body, sizeof(body), "{\"by\":\"a\",\"comment\":\"%0*d\"}", (int)length, 0);
                assert_int_equal(parse(ACT_ACKNOWLEDGE, body, &a, &e),
                        length > ACK_COMMENT_MAX ? -EINVAL : 0);
        }
}

static void matchers_in_both_forms(void **state)
{
        _cleanup_(act_freep) struct act *a = NULL;
        _cleanup_error_ struct error e = {0};
        _cleanup_text_ struct text t = {0};

        assert_int_equal(
                parse(ACT_SILENCE,
                        "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\"},\"c!~d,e=f\","
                        "{\"name\":\"g\",\"value\":\"h.\",\"isRegex\":true,\"isEqual\":true},"
                        "{\"name\":\"i\",\"value\":\"j\",\"isEqual\":false}],"
                        "\"createdBy\":\"ben\",\"comment\":\"why\",\"duration\":\"2h\"}",
                        &a, &e),
                0);
        matchers_build(&a->silence.matchers, &t);
        assert_string_equal(text_string(&t), "{a=\"b\",c!~\"d\",e=\"f\",g=~\"h.\",i!=\"j\"}");
        assert_int_equal(a->duration, 2 * USEC_PER_HOUR);
}

static const struct desk_policy policy;

static struct desk *make_desk(void)
{
        struct desk *d = desk_new();

        assert_non_null(d);
        desk_configure(d, &policy);
        return d;
}

static int perform(
        struct desk *d, enum act_kind kind, const char *subject, const char *body, struct error *e)
{
        _cleanup_(act_freep) struct act *a = NULL;

        assert_int_equal(act_parse(kind, subject, body, strlen(body), &a, e), 0);
        return act_perform(a, d, ID, NOW, e);
}

static void a_silence_is_made_and_ended(void **state)
{
        _cleanup_(desk_freep) struct desk *d = make_desk();
        _cleanup_error_ struct error e = {0};
        const struct silence *s;

        assert_int_equal(perform(d, ACT_SILENCE, NULL, SILENCE(",\"duration\":\"2h\""), &e), 0);
        s = silences_at(desk_silences(d), 0);
        assert_string_equal(s->id, ID);
        assert_string_equal(s->created_by, "ben");
        assert_true(s->relative);
        assert_int_equal(s->starts_at, NOW);
        assert_int_equal(s->ends_at, NOW + 2 * USEC_PER_HOUR);
        assert_int_equal(perform(d, ACT_EXPIRE, ID, "", &e), 0);
        assert_int_equal(silence_state(s, NOW), SILENCE_EXPIRED);
        assert_int_equal(perform(d, ACT_EXPIRE, ID, "", &e), -EALREADY);
        assert_non_null(strstr(error_text(&e, 0), "expired already"));
}

static void dates_are_kept_whatever_the_clock_says(void **state)
{
        _cleanup_(desk_freep) struct desk *d = make_desk();
        _cleanup_error_ struct error e = {0};

        assert_int_equal(
                perform(d, ACT_SILENCE, NULL,
                        SILENCE(",\"startsAt\":\"1972-09-28T00:00:00Z\",\"duration\":\"1h\""), &e),
                0);
        assert_false(silences_at(desk_silences(d), 0)->relative);
        assert_int_equal(silences_at(desk_silences(d), 0)->starts_at, NOW + USEC_PER_DAY);
}

static void alerts_are_named_by_their_fingerprint(void **state)
{
        static const char *const wrong[] = {
                "", "3f2a9c0d11e5b7a", "3f2a9c0d11e5b7a44", "3F2A9C0D11E5B7A4", "0x2a9c0d11e5b7a4"};
        static const char body[] = "{\"by\":\"anna\"}";
        _cleanup_(desk_freep) struct desk *d = make_desk();
        _cleanup_error_ struct error e = {0};

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                _cleanup_(act_freep) struct act *a = NULL;
                _cleanup_error_ struct error refused = {0};

                assert_int_equal(act_parse(ACT_ACKNOWLEDGE_ALERT, wrong[i], body, strlen(body), &a,
                                         &refused),
                        -EINVAL);
                assert_non_null(strstr(error_text(&refused, 0), "is no fingerprint"));
        }
        assert_int_equal(perform(d, ACT_ACKNOWLEDGE_ALERT, "3f2a9c0d11e5b7a4", body, &e), 0);
        assert_string_equal(acks_find(desk_acks(d), 0x3f2a9c0d11e5b7a4)->ack.by, "anna");
        assert_int_equal(perform(d, ACT_UNACKNOWLEDGE_ALERT, "3f2a9c0d11e5b7a4", body, &e), 0);
        assert_int_equal(
                perform(d, ACT_UNACKNOWLEDGE_ALERT, "3f2a9c0d11e5b7a4", body, &e), -ENOENT);
        assert_non_null(strstr(error_text(&e, 0), "nobody has acknowledged the alert"));
}

static void only_open_incidents_are_taken(void **state)
{
        _cleanup_(desk_freep) struct desk *d = make_desk();
        _cleanup_error_ struct error none = {0}, idle = {0}, e = {0};
        struct escalation_status status;
        struct roster team = {0};

        assert_int_equal(perform(d, ACT_ACKNOWLEDGE, "a", "{\"by\":\"anna\"}", &none), -ENOENT);
        assert_string_equal(
                error_text(&none, 0), "there is no open incident \"a\" that people are told of");
        assert_int_equal(roster_add(&team, "team"), 0);
        assert_int_equal(escalations_open(desk_escalations(d), "a", "critical", &team, NOW), 0);
        assert_int_equal(perform(d, ACT_UNACKNOWLEDGE, "a", "{\"by\":\"anna\"}", &idle), -ENOENT);
        assert_string_equal(
                error_text(&idle, 0), "there is no open incident \"a\" that is acknowledged");
        assert_int_equal(
                perform(d, ACT_ACKNOWLEDGE, "a", "{\"by\":\"anna\",\"comment\":\"me\"}", &e), 0);
        assert_int_equal(escalations_show(desk_escalations(d), "a", &status), 0);
        assert_string_equal(status.ack.by, "anna");
        assert_string_equal(status.ack.comment, "me");
        escalation_status_done(&status);
        assert_int_equal(perform(d, ACT_UNACKNOWLEDGE, "a", "{\"by\":\"ben\"}", &e), 0);
        roster_done(&team);
}

/* Of an incident that opened since, or that somebody took since, it is good no more. */
static void a_link_is_good_once(void **state)
{
        const struct token token = {(char *)"a", (char *)"search\nteam", NOW, USEC_INFINITY};
        static const struct {
                usec_t opened, acknowledged;
                int result;
        } cases[] = {{NOW, 0, 0}, {NOW - 1, 0, 0}, {NOW + 1, 0, -ENOENT}, {NOW - 2, NOW - 1, 0},
                {NOW - 1, NOW, -EALREADY}, {NOW - 1, NOW + 1, -EALREADY}};
        struct roster team = {0};

        assert_int_equal(roster_add(&team, "team"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(desk_freep) struct desk *d = make_desk();
                struct escalations *e = desk_escalations(d);
                _cleanup_(act_freep) struct act *a = NULL;
                _cleanup_error_ struct error error = {0}, again = {0};

                assert_int_equal(escalations_open(e, "a", "critical", &team, cases[i].opened), 0);
                if (cases[i].acknowledged > 0)
                        assert_int_equal(escalations_acknowledge(
                                                 e, "a", "anna", NULL, cases[i].acknowledged),
                                0);
                assert_int_equal(act_of_link(&token, &a), 0);
                assert_int_equal(act_perform(a, d, ID, NOW + 5, &error), cases[i].result);
                if (cases[i].result < 0)
                        continue;
                assert_string_equal(escalations_find(e, "a")->ack.by, "link sent to search team");
                assert_int_equal(act_perform(a, d, ID, NOW + 6, &again), -EALREADY);
        }
        roster_done(&team);
}

static void a_link_for_a_long_name(void **state)
{
        char name[ACK_BY_MAX + 1];
        const struct token token = {(char *)"a", name, NOW, USEC_INFINITY};
        _cleanup_(act_freep) struct act *a = NULL;

        memset(name, 'x', ACK_BY_MAX);
        name[ACK_BY_MAX] = '\0';
        assert_int_equal(act_of_link(&token, &a), 0);
        assert_int_equal(strlen(a->by), ACK_BY_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_refused_says_why),
                cmocka_unit_test(names_and_comments_have_limits),
                cmocka_unit_test(matchers_in_both_forms),
                cmocka_unit_test(a_silence_is_made_and_ended),
                cmocka_unit_test(dates_are_kept_whatever_the_clock_says),
                cmocka_unit_test(alerts_are_named_by_their_fingerprint),
                cmocka_unit_test(only_open_incidents_are_taken),
                cmocka_unit_test(a_link_is_good_once),
                cmocka_unit_test(a_link_for_a_long_name),
        };

        json_init();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
