/* SPDX-License-Identifier: Apache-2.0 */
/* What the server answers, and that what changes something reaches the loop and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include "../unit/fewer.h"
#include "judge/bootstrap.h"
#include "server_fixture.h"
#include "text.h"
#include "unit/sample_view.h"

static void each_path_has_its_answer(void **state)
{
        static const struct {
                const char *method, *path;
                unsigned status;
                const char *type, *contains;
        } cases[] = {
                {"GET", "/", 200, "text/html; charset=utf-8", "<!doctype html>"},
                {"GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8",
                        "driftwatch_build_info"},
                {"GET", "/-/healthy", 200, "text/plain; charset=utf-8", "healthy"},
                {"GET", "/-/ready", 200, "text/plain; charset=utf-8", "ready"},
                {"GET", "/-/ready?x=%ff", 200, "text/plain; charset=utf-8", "ready"},
                {"GET", "/api/v1/status", 200, "application/json", "\"success\""},
                {"GET", "/api/v1/collections", 200, "application/json", "\"success\""},
                {"GET", "/api/v1/alerts", 200, "application/json", "\"success\""},
                {"GET", "/api/v1/status?collection=%ff", 400, "application/json", "UTF-8"},
                {"GET", "/nothing", 404, "text/plain; charset=utf-8", "nothing"},
                {"GET", "/metrics/", 404, "text/plain; charset=utf-8", "nothing"},
                {"GET", "/metrics%00", 404, "text/plain; charset=utf-8", "nothing"},
                {"GET", "/%6detrics", 200, NULL, "driftwatch_build_info"},
                {"GET", "/api/v1/nothing", 404, "application/json", "not_found"},
                {"POST", "/api/v1/nothing", 404, "application/json", "not_found"},
                {"POST", "/", 405, "text/plain; charset=utf-8", "method"},
                {"DELETE", "/metrics", 405, "text/plain; charset=utf-8", "method"},
                {"OPTIONS", "/-/healthy", 405, "text/plain; charset=utf-8", "method"},
                {"GET", "/-/reload", 405, "text/plain; charset=utf-8", "method"},
                {"POST", "/api/v1/status", 405, "application/json", "\"error\""},
                {"GET", "/api/v1/replay", 405, "application/json", "\"error\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};

                ask(*state, cases[i].method, cases[i].path, "", &r);
                if (r.status != cases[i].status)
                        fail_msg("%s %s: %u", cases[i].method, cases[i].path, r.status);
                if (cases[i].type)
                        assert_header(&r, "Content-Type", cases[i].type);
                assert_contains(&r, cases[i].contains);
                if (r.status >= 400 && strncmp(cases[i].path, "/api/", 5) == 0)
                        assert_envelope(&r);
        }
}

static void every_answer_has_the_headers_that_protect_browsers(void **state)
{
        static const char *const paths[] = {
                "/", "/metrics", "/-/healthy", "/api/v1/status", "/nothing", "/-/reload"};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_response_ struct response r = {0};
                char policy[256];

                ask(*state, "GET", paths[i], "", &r);
                assert_header(&r, "X-Content-Type-Options", "nosniff");
                assert_header(&r, "Referrer-Policy", i == 0 ? "same-origin" : "no-referrer");
                assert_header(&r, "Cache-Control", "no-store");
                assert_non_null(header(&r, "Content-Security-Policy", policy, sizeof(policy)));
                assert_non_null(strstr(policy, "default-src 'none'"));
                assert_non_null(strstr(policy, "frame-ancestors 'none'"));
        }
}

static void a_wrong_method_is_told_the_right_ones(void **state)
{
        _cleanup_response_ struct response get = {0}, post = {0};

        ask(*state, "PUT", "/metrics", "", &get);
        assert_header(&get, "Allow", "GET, HEAD");
        ask(*state, "PUT", "/-/reload", "", &post);
        assert_header(&post, "Allow", "POST");
}

static void head_is_get_without_the_body(void **state)
{
        static const char *const paths[] = {"/", "/-/healthy", "/api/v1/status", "/nothing"};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_response_ struct response get = {0}, head = {0};
                char type[64];

                ask(*state, "GET", paths[i], "", &get);
                ask(*state, "HEAD", paths[i], "", &head);
                assert_int_equal(head.status, get.status);
                assert_int_equal(head.body_size, 0);
                assert_header(
                        &head, "Content-Type", header(&get, "Content-Type", type, sizeof(type)));
        }
}

static void readiness_follows_the_view(void **state)
{
        static const char *const paths[] = {"/", "/metrics", "/-/ready", "/api/v1/status"};
        struct fixture *f = *state;
        _cleanup_response_ struct response healthy = {0}, unready = {0};

        handover_publish(f->handover, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_response_ struct response r = {0};

                ask(f, "GET", paths[i], "", &r);
                assert_int_equal(r.status, 503);
                assert_contains(&r, "starting");
        }
        ask(f, "GET", "/-/healthy", "", &healthy);
        assert_int_equal(healthy.status, 200);
        publish(f, false);
        ask(f, "GET", "/-/ready", "", &unready);
        assert_int_equal(unready.status, 503);
}

/* Without process_*, which moves by itself. */
static void ours_only(const char *s, struct text *ret)
{
        for (const char *end; *s; s = end + 1) {
                end = strchr(s, '\n');
                assert_non_null(end);
                if (!memmem(s, (size_t)(end - s), "process_", strlen("process_")))
                        text_append_bytes(ret, s, (size_t)(end - s) + 1);
        }
}

static void metrics_come_in_the_form_asked_for(void **state)
{
        static const struct {
                const char *headers, *type;
                bool gzip, openmetrics;
        } cases[] = {
                {"", "text/plain; version=0.0.4; charset=utf-8", false, false},
                {"Accept-Encoding: gzip\r\n", "text/plain; version=0.0.4; charset=utf-8", true,
                        false},
                {"Accept-Encoding: gzip;q=0\r\n", "text/plain; version=0.0.4; charset=utf-8", false,
                        false},
                {"Accept: application/openmetrics-text;version=1.0.0\r\n",
                        "application/openmetrics-text; version=1.0.0; charset=utf-8", false, true},
                {"Accept: application/openmetrics-text;version=1.0.0\r\nAccept-Encoding: gzip\r\n",
                        "application/openmetrics-text; version=1.0.0; charset=utf-8", true, true},
        };
        _cleanup_text_ struct text text = {0}, openmetrics = {0};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                _cleanup_text_ struct text body = {0}, ours = {0};
                struct text *first;
                char value[64];

                ask(*state, "GET", "/metrics", cases[i].headers, &r);
                assert_int_equal(r.status, 200);
                assert_header(&r, "Content-Type", cases[i].type);
                assert_header(&r, "Vary", "Accept, Accept-Encoding");
                if (cases[i].gzip) {
                        assert_header(&r, "Content-Encoding", "gzip");
                        gunzip(&r, &body);
                } else {
                        assert_null(header(&r, "Content-Encoding", value, sizeof(value)));
                        text_append_bytes(&body, r.body, r.body_size);
                }
                ours_only(text_string(&body), &ours);
                assert_int_equal(
                        strstr(text_string(&ours), "\n# EOF\n") != NULL, cases[i].openmetrics);
                first = cases[i].openmetrics ? &openmetrics : &text;
                if (!first->data)
                        text_append(first, text_string(&ours));
                assert_string_equal(text_string(first), text_string(&ours));
        }
}

static void metrics_follow_the_view_at_once(void **state)
{
        static const char *const expected[] = {"driftwatch_config_last_reload_successful 0\n",
                "driftwatch_config_last_reload_successful 1\n"};

        for (int i = 0; i < 6; i++) {
                _cleanup_response_ struct response r = {0};

                publish(*state, i % 2);
                ask(*state, "GET", "/metrics", "Accept-Encoding: identity\r\n", &r);
                assert_contains(&r, expected[i % 2]);
        }
}

static void read_metrics(struct fixture *f, const char *headers, struct text *ret)
{
        _cleanup_response_ struct response r = {0};
        _cleanup_text_ struct text body = {0};
        char value[64];

        ask(f, "GET", "/metrics", headers, &r);
        assert_int_equal(r.status, 200);
        if (header(&r, "Content-Encoding", value, sizeof(value)))
                gunzip(&r, &body);
        else
                text_append_bytes(&body, r.body, r.body_size);
        ours_only(text_string(&body), ret);
}

/* Whatever changes between two views, and however few of them are asked for in a form: what is kept
 * of its parts makes the page that is written whole. */
static void the_packed_page_is_the_plain_page(void **state)
{
        static const char *const formats[] = {
                "Accept: text/plain\r\n", "Accept: application/openmetrics-text;version=1.0.0\r\n"};
        /* Pieces of 40 kB and of 4. */
        static const size_t sizes[] = {400, 400, 40, 400};
        struct fixture *f = *state;
        const size_t rounds = fewer(15);
        uint64_t seed = 9;

        for (size_t i = 0; i < ARRAY_SIZE(sizes) * rounds; i++) {
                struct view *view = sample_view_large(sizes[i / rounds], 0);
                struct collection_view *c = view->collections[0];
                size_t changes = i % 3 == 0 ? 0 : bootstrap_next(&seed) % 9;
                _cleanup_free_ char *packed_headers = NULL;
                _cleanup_text_ struct text plain = {0}, packed = {0};
                const char *format = formats[bootstrap_next(&seed) % 2];

                for (size_t k = 0; k < changes; k++) {
                        struct judgement *j =
                                &c->queries[bootstrap_next(&seed) % sizes[i / rounds]].judgement;

                        j->distance = (float)(bootstrap_next(&seed) % 1000) / 999;
                        j->band = (int)(bootstrap_next(&seed) % 5) - 1;
                }
                c->replays = i;
                handover_publish(f->handover, view);
                assert_true(asprintf(&packed_headers, "%sAccept-Encoding: gzip\r\n", format) > 0);
                read_metrics(f, packed_headers, &packed);
                read_metrics(f, format, &plain);
                assert_string_equal(text_string(&packed), text_string(&plain));
                assert_non_null(strstr(text_string(&plain), "category-6.query-00006"));
        }
}

static void a_reload_waits_for_the_loop(void **state)
{
        static const struct {
                unsigned status;
                const char *body, *expected;
        } cases[] = {
                {200, "reloaded\n", "reloaded\n"},
                {500, "driftwatch.yaml:3:1: unknown key\n", "driftwatch.yaml:3:1: unknown key\n"},
                {200, NULL, ""},
                {500, NULL, "driftwatch could not do this\n"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = send_post(*state, "/-/reload");
                struct command *c = next_command(*state);

                assert_int_equal(c->type, COMMAND_RELOAD);
                assert_true(c->wait);
                assert_false(wait_readable(fd, 0));
                complete_with(c, cases[i].status, cases[i].body);
                receive(fd, false, &r);
                assert_int_equal(r.status, cases[i].status);
                assert_header(&r, "Content-Type", "text/plain; charset=utf-8");
                assert_int_equal(r.body_size, strlen(cases[i].expected));
                assert_memory_equal(r.body, cases[i].expected, r.body_size);
                close(fd);
        }
}

static void a_replay_says_what_and_whether_to_wait(void **state)
{
        static const struct {
                const char *target, *collection;
                bool wait;
        } cases[] = {
                {"/api/v1/replay", NULL, false},
                {"/api/v1/replay?collection=docs", "docs", false},
                {"/api/v1/replay?collection=docs&wait=true", "docs", true},
                {"/api/v1/replay?wait=true&collection=docs", "docs", true},
                {"/api/v1/replay?wait=false", NULL, false},
                {"/api/v1/replay?collection=a%20b+c%26d", "a b c&d", false},
                {"/api/v1/replay?collection=%C3%A9", "\xC3\xA9", false},
                {"/api/v1/replay?collection=a%00b", "a%00b", false},
                {"/api/v1/replay?collection=a%zz%2", "a%zz%2", false},
                {"/api/v1/replay?collection=", "", false},
                {"/api/v1/replay?collection=a&other=b", "a", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = send_post(*state, cases[i].target);
                struct command *c = next_command(*state);

                assert_int_equal(c->type, COMMAND_REPLAY);
                if (cases[i].collection)
                        assert_string_equal(c->collection, cases[i].collection);
                else
                        assert_null(c->collection);
                assert_int_equal(c->wait, cases[i].wait);
                complete_with(c, cases[i].wait ? 200 : 202, "{\"status\":\"success\"}");
                receive(fd, false, &r);
                assert_int_equal(r.status, cases[i].wait ? 200 : 202);
                assert_header(&r, "Content-Type", "application/json");
                assert_contains(&r, "{\"status\":\"success\"}");
                close(fd);
        }
}

/* The loop gives the views, the web thread writes the text. */
static void who_waited_for_a_replay_is_told_its_verdict(void **state)
{
        _cleanup_response_ struct response r = {0};
        int fd = send_post(*state, "/api/v1/replay?wait=true");
        struct command *c = next_command(*state);

        c->replayed = view_new();
        assert_non_null(c->replayed);
        command_complete(c, 200, NULL, 0);
        receive(fd, false, &r);
        assert_int_equal(r.status, 200);
        assert_header(&r, "Content-Type", "application/json");
        assert_contains(&r, "{\"status\":\"success\",\"data\":{\"verdict\":\"unmeasured\"");
        close(fd);
}

static void a_replay_that_makes_no_sense_is_refused(void **state)
{
        static const char *const targets[] = {"/api/v1/replay?wait=maybe",
                "/api/v1/replay?wait=", "/api/v1/replay?collection=%ff", "/api/v1/replay?%ff=1"};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
                _cleanup_response_ struct response r = {0};

                ask(f, "POST", targets[i], "", &r);
                assert_int_equal(r.status, 400);
                assert_envelope(&r);
        }
        assert_null(handover_take(f->handover));
}

static void one_connection_carries_many_requests(void **state)
{
        struct fixture *f = *state;
        int fd = send_post(f, "/-/reload");

        for (int i = 0; i < 3; i++) {
                _cleanup_response_ struct response first = {0}, second = {0};

                complete_with(next_command(f), 200, "done");
                receive(fd, false, &first);
                assert_int_equal(first.status, 200);
                send_text(fd, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
                receive(fd, false, &second);
                assert_int_equal(second.status, 200);
                send_text(fd,
                        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Length: 5\r\n\r\nhello");
        }
        complete_with(next_command(f), 200, NULL);
        close(fd);
}

static void only_this_machine_and_no_foreign_page_may_change_anything(void **state)
{
        static const struct {
                const char *headers;
                bool allowed;
        } cases[] = {
                {"Host: localhost\r\n", true},
                {"Host: LOCALHOST:9820\r\n", true},
                {"Host: 127.0.0.1:9820\r\n", true},
                {"Host: 127.9.9.9\r\n", true},
                {"Host: [::1]:9820\r\n", true},
                {"Host: localhost:9820\r\nOrigin: http://localhost:9820\r\n"
                 "Sec-Fetch-Site: same-origin\r\n",
                        true},
                {"Host: localhost\r\nSec-Fetch-Site: none\r\n", true},
                {"Host: rebound.example\r\n", false},
                {"Host: 127.0.0.1.rebound.example\r\n", false},
                {"Host: localhost.rebound.example\r\n", false},
                {"Host: 192.0.2.1\r\n", false},
                {"Host: [2001:db8::1]:9820\r\n", false},
                {"Host: localhost:9820:1\r\n", false},
                {"Host: [::1\r\n", false},
                {"Host: \r\n", false},
                {"Host: localhost\r\nOrigin: http://elsewhere.example\r\n", false},
                {"Host: localhost:9820\r\nOrigin: http://localhost:3000\r\n", false},
                {"Host: localhost\r\nOrigin: null\r\n", false},
                {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", false},
                {"Host: localhost\r\nSec-Fetch-Site: same-site\r\n", false},
                {"Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n", false},
                {"Host: localhost\r\nForwarded: for=192.0.2.7\r\n", false},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = connect_to(f);

                send_text(fd, "POST /api/v1/replay HTTP/1.1\r\n");
                send_text(fd, cases[i].headers);
                send_text(fd, "\r\n");
                if (cases[i].allowed)
                        complete_with(next_command(f), 202, "{}");
                receive(fd, false, &r);
                if (r.status != (cases[i].allowed ? 202 : 403))
                        fail_msg("%s: %u", cases[i].headers, r.status);
                if (!cases[i].allowed)
                        assert_envelope(&r);
                close(fd);
        }
        assert_null(handover_take(f->handover));
}

/* An address of this machine that is not loopback, as other machines would see it. */
static bool own_address(char *buffer)
{
        struct ifaddrs *list = NULL;
        bool found = false;

        assert_int_equal(getifaddrs(&list), 0);
        for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
                const struct sockaddr_in *in = (const void *)i->ifa_addr;

                if (in && in->sin_family == AF_INET && ntohl(in->sin_addr.s_addr) >> 24 != 127)
                        found = inet_ntop(AF_INET, &in->sin_addr, buffer, INET_ADDRSTRLEN) != NULL;
        }
        freeifaddrs(list);
        return found;
}

static void other_machines_may_read_but_not_change(void **state)
{
        struct fixture *f = *state;
        char address[INET_ADDRSTRLEN];
        _cleanup_(http_server_freep) struct http_server *everywhere = NULL;
        static const struct {
                const char *request;
                unsigned status;
        } cases[] = {
                {"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
                {"POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n", 403},
        };

        if (!own_address(address))
                skip();
        assert_int_equal(fixture_serve(f, ":0", -1, &everywhere, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = try_connect(NULL, address, http_server_port(everywhere));

                assert_true(fd >= 0);
                send_text(fd, cases[i].request);
                receive(fd, false, &r);
                assert_int_equal(r.status, cases[i].status);
                close(fd);
        }
}

static int listen_on(const struct sockaddr *address, socklen_t size)
{
        int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, address, size), 0);
        assert_int_equal(listen(fd, 16), 0);
        return fd;
}

/* Also one without an address: whoever may open the file is as local as it gets. */
static void sockets_of_systemd_are_served(void **state)
{
        const struct sockaddr_in in = {
                .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct sockaddr_un autobind = {.sun_family = AF_UNIX};
        const struct {
                const struct sockaddr *address;
                socklen_t size;
        } cases[] = {
                {(const struct sockaddr *)&in, sizeof(in)},
                {(const struct sockaddr *)&autobind, sizeof(sa_family_t)},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(http_server_freep) struct http_server *s = NULL;
                _cleanup_response_ struct response r = {0};
                int listening = listen_on(cases[i].address, cases[i].size);
                int fd = socket(cases[i].address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
                struct sockaddr_storage bound = {0};
                socklen_t size = sizeof(bound);
                struct fixture *f = *state;

                assert_int_equal(getsockname(listening, (struct sockaddr *)&bound, &size), 0);
                assert_int_equal(fixture_serve(f, NULL, listening, &s, NULL), 0);
                assert_int_equal(http_server_port(s) > 0, bound.ss_family == AF_INET);
                assert_int_equal(connect(fd, (struct sockaddr *)&bound, size), 0);
                send_text(fd, "POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n");
                complete_with(next_command(f), 200, "reloaded");
                receive(fd, false, &r);
                assert_int_equal(r.status, 200);
                close(fd);
        }
}

static void a_server_that_cannot_start_says_why(void **state)
{
        struct fixture *f = *state;
        _cleanup_error_ struct error in_use = {0}, no_socket = {0};
        struct http_server *s = NULL;
        char address[32];
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        (void)snprintf(address, sizeof(address), "127.0.0.1:%u", http_server_port(f->server));
        assert_int_equal(fixture_serve(f, address, -1, &s, &in_use), -EADDRINUSE);
        assert_non_null(strstr(in_use.message, address));
        assert_int_equal(fixture_serve(f, NULL, fd, &s, &no_socket), -EINVAL);
        assert_non_null(strstr(no_socket.message, "not a listening stream socket"));
        assert_int_equal(fcntl(fd, F_GETFD), -1);
        assert_null(s);
}

#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE_OF(each_path_has_its_answer),
                CASE_OF(every_answer_has_the_headers_that_protect_browsers),
                CASE_OF(a_wrong_method_is_told_the_right_ones),
                CASE_OF(head_is_get_without_the_body),
                CASE_OF(readiness_follows_the_view),
                CASE_OF(metrics_come_in_the_form_asked_for),
                CASE_OF(metrics_follow_the_view_at_once),
                CASE_OF(the_packed_page_is_the_plain_page),
                CASE_OF(a_reload_waits_for_the_loop),
                CASE_OF(a_replay_says_what_and_whether_to_wait),
                CASE_OF(who_waited_for_a_replay_is_told_its_verdict),
                CASE_OF(a_replay_that_makes_no_sense_is_refused),
                CASE_OF(one_connection_carries_many_requests),
                CASE_OF(only_this_machine_and_no_foreign_page_may_change_anything),
                CASE_OF(other_machines_may_read_but_not_change),
                CASE_OF(sockets_of_systemd_are_served),
                CASE_OF(a_server_that_cannot_start_says_why),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
