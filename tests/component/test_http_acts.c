/* SPDX-License-Identifier: Apache-2.0 */
/* What people do about incidents, from the bytes of a request to the loop and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <unistd.h>

#include "server_fixture.h"
#include "text.h"

/* Sends a request whose body comes in two pieces; the connection is returned. */
static int send_act(
        const struct fixture *f, const char *method, const char *target, const char *body)
{
        _cleanup_text_ struct text request = {0};
        size_t half = strlen(body) / 2;
        int fd = connect_to(f);

        text_appendf(&request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n",
                method, target, strlen(body));
        text_append_bytes(&request, body, half);
        send_bytes(fd, request.data, request.size);
        send_text(fd, body + half);
        return fd;
}

static void an_act_reaches_the_loop(void **state)
{
        static const struct {
                const char *method, *target, *body;
                enum act_kind kind;
                const char *subject, *by, *comment;
        } cases[] = {
                {"POST", "/api/v1/incidents/handbook/ack",
                        "{\"by\":\"anna\",\"comment\":\"looking into it\"}", ACT_ACKNOWLEDGE,
                        "handbook", "anna", "looking into it"},
                {"POST", "/api/v1/incidents/a%2Fb%20%3F%25%C3%A9/ack", "{\"by\":\"\\u00e9\"}",
                        ACT_ACKNOWLEDGE, "a/b ?%\xC3\xA9", "\xC3\xA9", NULL},
                {"POST", "/api/v1/incidents/a+b/ack/ack", "{\"by\":\"anna\"}", ACT_ACKNOWLEDGE,
                        "a+b/ack", "anna", NULL},
                {"DELETE", "/api/v1/incidents/handbook/ack", "{\"by\":\"anna\"}", ACT_UNACKNOWLEDGE,
                        "handbook", "anna", NULL},
                {"POST", "/api/v1/incidents/a%2Fack/unack",
                        "{\"by\":\"anna\",\"comment\":\"not mine\"}", ACT_UNACKNOWLEDGE, "a/ack",
                        "anna", "not mine"},
                {"POST", "/api/v1/silences",
                        "{\"matchers\":\"a=b\",\"createdBy\":\"ben\",\"comment\":\"c\","
                        "\"duration\":\"1h\"}",
                        ACT_SILENCE, NULL, NULL, NULL},
                {"DELETE", "/api/v1/silences?id=0f8f", "", ACT_EXPIRE, "0f8f", NULL, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = send_act(*state, cases[i].method, cases[i].target, cases[i].body);
                struct command *c = next_command(*state);

                assert_int_equal(c->type, COMMAND_ACT);
                assert_int_equal(c->act->kind, cases[i].kind);
                if (!streq(c->act->subject, cases[i].subject) || !streq(c->act->by, cases[i].by) ||
                        !streq(c->act->comment, cases[i].comment))
                        fail_msg("%s: \"%s\" by \"%s\"", cases[i].target, c->act->subject,
                                c->act->by);
                complete_with(c, 200, "{\"status\":\"success\"}");
                receive(fd, false, &r);
                assert_int_equal(r.status, 200);
                assert_header(&r, "Content-Type", "application/json");
                close(fd);
        }
}

static void what_makes_no_sense_never_reaches_it(void **state)
{
        static const struct {
                const char *method, *target, *body;
                unsigned status;
                const char *contains;
        } cases[] = {
                {"POST", "/api/v1/incidents/handbook/ack", "", 400, "a body is needed"},
                {"POST", "/api/v1/incidents/handbook/ack", "{\"by\":\"a\"", 400, "the body:1:"},
                {"POST", "/api/v1/incidents/%ff/ack", "{\"by\":\"a\"}", 400, "UTF-8"},
                {"POST", "/api/v1/incidents//ack", "{\"by\":\"a\"}", 404, "nothing at this path"},
                {"POST", "/api/v1/incidents/a", "{\"by\":\"a\"}", 404, "nothing at this path"},
                {"DELETE", "/api/v1/incidents/a/ack", "", 400, "a body is needed"},
                {"DELETE", "/api/v1/silences", "", 400, "\\\"id\\\" is missing"},
                {"POST", "/api/v1/silences", "[]", 400, "not a JSON object"},
                {"GET", "/api/v1/incidents/a/ack", "", 405, "method"},
                {"DELETE", "/api/v1/incidents/a/unack", "{\"by\":\"a\"}", 405, "method"},
                {"DELETE", "/api/v1/replay", "", 405, "method"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = send_act(*state, cases[i].method, cases[i].target, cases[i].body);

                receive(fd, false, &r);
                if (r.status != cases[i].status)
                        fail_msg("%s %s: %u", cases[i].method, cases[i].target, r.status);
                assert_contains(&r, cases[i].contains);
                assert_envelope(&r);
                close(fd);
        }
}

static void acts_are_taken_from_this_machine_and_no_foreign_page(void **state)
{
        static const char *const targets[] = {"/api/v1/incidents/a/ack", "/api/v1/silences?id=a"};
        static const char *const methods[] = {"POST", "DELETE"};

        for (size_t i = 0; i < 2 * ARRAY_SIZE(targets); i++) {
                _cleanup_response_ struct response foreign = {0}, proxied = {0};

                ask(*state, methods[i % 2], targets[i / 2], "Origin: https://elsewhere.example\r\n",
                        &foreign);
                assert_int_equal(foreign.status, 403);
                ask(*state, methods[i % 2], targets[i / 2], "X-Forwarded-For: 127.0.0.1\r\n",
                        &proxied);
                assert_int_equal(proxied.status, 403);
        }
}

static void the_right_methods_are_named(void **state)
{
        _cleanup_response_ struct response ack = {0}, silences = {0};

        ask(*state, "PUT", "/api/v1/incidents/a/ack", "", &ack);
        assert_header(&ack, "Allow", "POST, DELETE");
        ask(*state, "PUT", "/api/v1/silences", "", &silences);
        assert_header(&silences, "Allow", "GET, HEAD, POST, DELETE");
}

/* A view in which links are proven by a key of zeros and ones, with an incident "kb" that opened at
 * 1. */
static void publish_links(struct fixture *f, const unsigned char key[ACK_KEY_SIZE])
{
        struct view *v = view_new();
        struct standing *s = standing_new(1, 0, 0);
        struct standing_incident *i;

        assert_non_null(v);
        assert_non_null(s);
        i = &s->incidents[s->incident_count++];
        i->incident = strdup("kb");
        i->status.opened_at = 1;
        i->status.policy = strdup("");
        i->status.why = strdup("");
        v->standing = s;
        v->ready = v->ack_links = true;
        memcpy(v->ack_key, key, ACK_KEY_SIZE);
        handover_publish(f->handover, v);
}

/* From anywhere: whoever has the link may. */
static void a_link_is_followed_and_confirmed(void **state)
{
        static const unsigned char key[ACK_KEY_SIZE] = {0, 1};
        static const char anywhere[] =
                "Origin: https://mail.example\r\nX-Forwarded-For: 192.0.2.7\r\n";
        const struct token token = {(char *)"kb", (char *)"team", 1, USEC_INFINITY};
        _cleanup_response_ struct response asks = {0}, wrong = {0}, done = {0}, late = {0};
        _cleanup_free_ char *text = NULL;
        char target[256];
        struct command *c;
        int fd;

        publish_links(*state, key);
        assert_int_equal(token_build(key, &token, &text), 0);
        (void)snprintf(target, sizeof(target), "/ack/%s", text);
        ask(*state, "GET", target, anywhere, &asks);
        assert_int_equal(asks.status, 200);
        assert_header(&asks, "Content-Type", "text/html; charset=utf-8");
        assert_header(&asks, "Referrer-Policy", "no-referrer");
        assert_contains(&asks, "<form method=\"post\">");
        fd = send_post(*state, target);
        c = next_command(*state);
        assert_int_equal(c->type, COMMAND_ACT);
        assert_int_equal(c->act->kind, ACT_ACKNOWLEDGE);
        assert_string_equal(c->act->subject, "kb");
        assert_string_equal(c->act->by, "link sent to team");
        assert_int_equal(c->act->link_made, 1);
        complete_with(c, 200, "{}");
        receive(fd, false, &done);
        assert_int_equal(done.status, 200);
        assert_contains(&done, "<h1>Acknowledged</h1>");
        close(fd);
        fd = send_post(*state, target);
        complete_with(next_command(*state), 409, "{}");
        receive(fd, false, &late);
        assert_int_equal(late.status, 410);
        close(fd);
        target[strlen(target) - 1] ^= 1;
        ask(*state, "POST", target, anywhere, &wrong);
        assert_int_equal(wrong.status, 403);
        assert_null(handover_take(((struct fixture *)*state)->handover));
}

#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE_OF(an_act_reaches_the_loop),
                CASE_OF(what_makes_no_sense_never_reaches_it),
                CASE_OF(acts_are_taken_from_this_machine_and_no_foreign_page),
                CASE_OF(the_right_methods_are_named),
                CASE_OF(a_link_is_followed_and_confirmed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
