/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that leave, come in crowds, stall, or do not speak HTTP; and stopping while they do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/traffic.h"
#include "server_fixture.h"
#include "text.h"

static void those_who_wait_do_not_keep_the_scraper_out(void **state)
{
        struct fixture *f = *state;
        struct command *commands[16];
        int fds[16];
        _cleanup_response_ struct response one_more = {0}, scrape = {0}, last = {0};

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = send_post(f, "/api/v1/replay?wait=true");
                commands[i] = next_command(f);
        }
        ask(f, "POST", "/api/v1/replay?wait=true", "", &one_more);
        assert_int_equal(one_more.status, 503);
        assert_contains(&one_more, "too many requests wait");
        ask(f, "GET", "/metrics", "", &scrape);
        assert_int_equal(scrape.status, 200);
        for (size_t i = ARRAY_SIZE(fds); i-- > 0;) {
                _cleanup_response_ struct response r = {0};

                complete_with(commands[i], 200, "{}");
                receive(fds[i], false, &r);
                assert_int_equal(r.status, 200);
                close(fds[i]);
        }
        fds[0] = send_post(f, "/api/v1/replay");
        complete_with(next_command(f), 202, "{}");
        receive(fds[0], false, &last);
        assert_int_equal(last.status, 202);
        close(fds[0]);
}

static void a_client_that_left_is_answered_into_nothing(void **state)
{
        struct fixture *f = *state;
        const struct linger reset = {.l_onoff = 1, .l_linger = 0};

        for (int i = 0; i < 20; i++) {
                _cleanup_response_ struct response r = {0};
                int fd = send_post(f, "/api/v1/replay?wait=true");
                struct command *c = next_command(f);

                if (i % 2)
                        assert_int_equal(
                                setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
                close(fd);
                complete_with(c, 200, "{}");
                ask(f, "GET", "/-/healthy", "", &r);
                assert_int_equal(r.status, 200);
        }
}

static void closing_the_handover_answers_those_who_wait(void **state)
{
        struct fixture *f = *state;
        _cleanup_response_ struct response queued = {0}, late = {0}, read = {0};
        int fd = send_post(f, "/api/v1/replay?wait=true");

        assert_true(wait_readable(handover_fd(f->handover), DEADLINE_MSEC));
        handover_close(f->handover);
        receive(fd, false, &queued);
        assert_int_equal(queued.status, 503);
        assert_envelope(&queued);
        close(fd);
        ask(f, "POST", "/api/v1/replay", "", &late);
        assert_int_equal(late.status, 503);
        assert_contains(&late, "stopping");
        ask(f, "GET", "/metrics", "", &read);
        assert_int_equal(read.status, 200);
}

static void a_command_may_outlive_the_server(void **state)
{
        for (int i = 0; i < 10; i++) {
                struct fixture *f = *state;
                _cleanup_response_ struct response r = {0};
                int fd = send_post(f, "/-/reload");
                struct command *c = next_command(f);

                f->server = http_server_free(f->server);
                receive(fd, false, &r);
                assert_int_equal(r.status, 503);
                complete_with(c, 200, "too late");
                close(fd);
                fixture_teardown(state);
                fixture_setup(state);
        }
}

static void bodies_are_ignored_and_bounded(void **state)
{
        static const struct {
                size_t size;
                bool chunked;
                unsigned status;
        } cases[] = {
                {1, false, 200},
                {HTTP_SERVER_BODY_MAX, false, 200},
                {HTTP_SERVER_BODY_MAX + 1, false, 413},
                {HTTP_SERVER_BODY_MAX, true, 200},
                {HTTP_SERVER_BODY_MAX + 1, true, 413},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                _cleanup_text_ struct text request = {0};
                int fd = connect_to(f);

                text_append(&request, "POST /-/reload HTTP/1.1\r\nHost: localhost\r\n");
                if (cases[i].chunked)
                        text_appendf(&request, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
                                cases[i].size);
                else
                        text_appendf(&request, "Content-Length: %zu\r\n\r\n", cases[i].size);
                for (size_t n = 0; n < cases[i].size; n++)
                        text_append_bytes(&request, "x", 1);
                text_append(&request, cases[i].chunked ? "\r\n0\r\n\r\n" : "");
                send_bytes(fd, request.data, request.size);
                if (cases[i].status == 200)
                        complete_with(next_command(f), 200, "ok");
                receive(fd, false, &r);
                assert_int_equal(r.status, cases[i].status);
                close(fd);
        }
        assert_null(handover_take(f->handover));
}

static void an_absurd_body_is_refused_before_it_is_sent(void **state)
{
        _cleanup_response_ struct response r = {0};

        ask(*state, "POST", "/-/reload", "Content-Length: 1099511627776\r\n", &r);
        assert_int_equal(r.status, 413);
}

static void an_endless_body_is_cut(void **state)
{
        struct fixture *f = *state;
        int fd = connect_to(f);
        char block[16384] = {0};
        size_t sent = 0;
        ssize_t n;

        memset(block, 'x', sizeof(block));
        send_text(fd,
                "POST /-/reload HTTP/1.1\r\nHost: localhost\r\n"
                "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n");
        while ((n = send(fd, block, sizeof(block), MSG_NOSIGNAL)) > 0 && sent < (64U << 20))
                sent += (size_t)n;
        assert_true(n < 0 && (errno == ECONNRESET || errno == EPIPE));
        close(fd);
        assert_null(handover_take(f->handover));
}

/* What is not HTTP is answered with 4xx or not at all, and hurts nobody else. */
static void garbage_does_no_harm(void **state)
{
        static const struct {
                const char *bytes;
                size_t size;
        } cases[] = {
#define CASE(s) {s, sizeof(s) - 1}
                CASE("\r\n\r\n\r\n"),
                CASE("\0\0\0\0\0\0\0\0\r\n\r\n"),
                CASE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
                CASE("GET\r\n\r\n"),
                CASE("GET /\r\n\r\n"),
                CASE("GET / HTTP/9.9\r\n\r\n"),
                CASE("GET / HTTP/1.1\r\n\r\n"),
                CASE("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),
                CASE("GET / HTTP/1.1\r\nHost\0: a\r\n\r\n"),
                CASE("POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"),
                CASE("POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\n"),
                CASE("POST /-/reload HTTP/1.1\r\nHost: localhost\r\n"
                     "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
                CASE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                CASE("GET http://localhost/metrics HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n"),
                CASE("\xff\xfe\xfd / HTTP/1.1\r\nHost: a\r\n\r\n"),
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response garbage = {0}, healthy = {0};
                int fd = connect_to(f);

                send_bytes(fd, cases[i].bytes, cases[i].size);
                assert_int_equal(shutdown(fd, SHUT_WR), 0);
                receive(fd, false, &garbage);
                if (garbage.status != 0 && garbage.status / 100 != 4 && garbage.status != 505)
                        fail_msg("case %zu: %u", i, garbage.status);
                close(fd);
                ask(f, "GET", "/-/healthy", "", &healthy);
                assert_int_equal(healthy.status, 200);
        }
        assert_null(handover_take(f->handover));
}

static void headers_are_bounded(void **state)
{
        static const struct {
                const char *before, *after;
        } cases[] = {
                {"GET /", " HTTP/1.1\r\nHost: a\r\n\r\n"},
                {"GET /?q=", " HTTP/1.1\r\nHost: a\r\n\r\n"},
                {"GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                _cleanup_text_ struct text request = {0};
                int fd = connect_to(f);

                text_append(&request, cases[i].before);
                for (size_t n = 0; n < HTTP_SERVER_HEADERS_MAX; n++)
                        text_append_bytes(&request, "x", 1);
                text_append(&request, cases[i].after);
                send_bytes(fd, request.data, request.size);
                receive(fd, false, &r);
                if (r.status != 0 && r.status != 414 && r.status != 431 && r.status != 413)
                        fail_msg("case %zu: %u", i, r.status);
                close(fd);
        }
}

/* Half-open ones of one address make room for each other; whoever asks is always answered, from
 * there and from elsewhere. */
static void half_open_connections_keep_nobody_out(void **state)
{
        static const char *const sources[] = {"127.0.0.1", "127.0.0.2"};
        struct fixture *f = *state;
        int fds[200];
        unsigned cut = 0;

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = connect_to(f);
                send_text(fds[i], i % 2 ? "" : "GET /metrics HTTP/1.1\r\nHost:");
        }
        for (size_t i = 0; i < 20; i++) {
                _cleanup_response_ struct response r = {0};
                int fd = try_connect(
                        sources[i % ARRAY_SIZE(sources)], "127.0.0.1", http_server_port(f->server));

                assert_true(fd >= 0);
                send_text(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
                receive(fd, false, &r);
                assert_int_equal(r.status, 200);
                close(fd);
        }
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                cut += wait_readable(fds[i], 0);
                close(fds[i]);
        }
        assert_true(cut >= ARRAY_SIZE(fds) - TRAFFIC_HALF_OPEN_MAX - 1);
}

/* Kept alive by many, they are more than may stay: the longest idle make room. */
static void beyond_the_limit_idle_connections_make_room(void **state)
{
        struct fixture *f = *state;
        static const char *const sources[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
        int fds[ARRAY_SIZE(sources)][70];

        for (size_t s = 0; s < ARRAY_SIZE(sources); s++)
                for (size_t i = 0; i < ARRAY_SIZE(fds[s]); i++) {
                        _cleanup_response_ struct response r = {0};

                        fds[s][i] =
                                try_connect(sources[s], "127.0.0.1", http_server_port(f->server));
                        assert_true(fds[s][i] >= 0);
                        send_text(fds[s][i], "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
                        receive(fds[s][i], false, &r);
                        assert_int_equal(r.status, 200);
                }
        assert_true(wait_readable(fds[0][0], DEADLINE_MSEC)); /* its end */
        assert_false(wait_readable(fds[ARRAY_SIZE(sources) - 1][ARRAY_SIZE(fds[0]) - 1], 0));
        for (size_t s = 0; s < ARRAY_SIZE(sources); s++)
                for (size_t i = 0; i < ARRAY_SIZE(fds[s]); i++)
                        close(fds[s][i]);
}

static void idle_clients_are_cut_and_disturb_nobody(void **state)
{
        static const char *const openings[] = {"", "GET", "GET / HTTP/1.1\r\nHost: a\r\nX:",
                "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"};
        struct fixture *f = *state;
        int fds[ARRAY_SIZE(openings) * 5];
        _cleanup_response_ struct response r = {0};

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = connect_to(f);
                send_text(fds[i], openings[i % ARRAY_SIZE(openings)]);
        }
        ask(f, "GET", "/metrics", "", &r);
        assert_int_equal(r.status, 200);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                _cleanup_response_ struct response timeout = {0};

                receive(fds[i], false, &timeout);
                assert_true(timeout.status == 0 || timeout.status == 408);
                close(fds[i]);
        }
        assert_null(handover_take(f->handover));
}

#define CROWD 6
#define CROWD_ROUNDS 60

struct crowd {
        unsigned port;
        atomic_uint left, answered, other;
};

/* In threads of their own, so nothing of cmocka's: its failures jump. */
static unsigned one_request(unsigned port, const char *request)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                .sin_port = htons((uint16_t)port),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char buffer[4096];
        unsigned status = 0;
        ssize_t n;

        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
                send_text(fd, request);
                n = recv(fd, buffer, sizeof(buffer) - 1, MSG_WAITALL);
                buffer[MAX(n, 0)] = '\0';
                if (sscanf(buffer, "HTTP/1.1 %u", &status) != 1)
                        status = 0;
        }
        close(fd);
        return status;
}

static void *crowd_client(void *userdata)
{
        static const struct {
                const char *request;
                unsigned status;
        } requests[] = {
                {"POST /api/v1/replay HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                        200},
                {"GET /metrics HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n", 200},
                {"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200},
                {"GET /api/v1/status HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n", 200},
                {"GET / HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n", 200},
        };
        struct crowd *crowd = userdata;

        for (size_t i = 0; i < CROWD_ROUNDS; i++) {
                size_t which = i % ARRAY_SIZE(requests);
                unsigned status = one_request(crowd->port, requests[which].request);

                if (status == requests[which].status)
                        atomic_fetch_add(&crowd->answered, 1);
                else
                        atomic_fetch_add(&crowd->other, 1);
        }
        atomic_fetch_sub(&crowd->left, 1);
        return NULL;
}

static void start_crowd(struct crowd *crowd, const struct fixture *f, pthread_t *threads)
{
        crowd->port = http_server_port(f->server);
        crowd->left = CROWD;
        for (size_t i = 0; i < CROWD; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, crowd_client, crowd), 0);
}

static void serve_crowd_once(struct fixture *f)
{
        struct command *c;

        publish(f, true);
        if (!wait_readable(handover_fd(f->handover), 1))
                return;
        while ((c = handover_take(f->handover)))
                complete_with(c, 200, "{}");
}

static void a_crowd_is_served_while_views_change(void **state)
{
        struct fixture *f = *state;
        struct crowd crowd = {0};
        pthread_t threads[CROWD];

        start_crowd(&crowd, f, threads);
        while (atomic_load(&crowd.left) > 0)
                serve_crowd_once(f);
        for (size_t i = 0; i < CROWD; i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(crowd.other, 0);
        assert_int_equal(crowd.answered, CROWD * CROWD_ROUNDS);
}

/* With commands in the queue and others in the loop's hands. */
static void stopping_amid_a_crowd_is_clean(void **state)
{
        struct fixture *f = *state;

        for (int round = 0; round < 5; round++) {
                struct crowd crowd = {0};
                pthread_t threads[CROWD];
                struct command *held[2];

                start_crowd(&crowd, f, threads);
                while (atomic_load(&crowd.answered) < CROWD)
                        serve_crowd_once(f);
                for (size_t i = 0; i < ARRAY_SIZE(held); i++)
                        held[i] = next_command(f);
                if (round % 2)
                        handover_close(f->handover);
                f->server = http_server_free(f->server);
                for (size_t i = 0; i < ARRAY_SIZE(held); i++)
                        complete_with(held[i], 200, "{}");
                for (size_t i = 0; i < CROWD; i++)
                        assert_int_equal(pthread_join(threads[i], NULL), 0);
                assert_int_equal(crowd.answered + crowd.other, CROWD * CROWD_ROUNDS);
                fixture_teardown(state);
                fixture_setup(state);
                f = *state;
        }
}

#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE_OF(those_who_wait_do_not_keep_the_scraper_out),
                CASE_OF(a_client_that_left_is_answered_into_nothing),
                CASE_OF(closing_the_handover_answers_those_who_wait),
                CASE_OF(a_command_may_outlive_the_server),
                CASE_OF(bodies_are_ignored_and_bounded),
                CASE_OF(an_absurd_body_is_refused_before_it_is_sent),
                CASE_OF(an_endless_body_is_cut),
                CASE_OF(garbage_does_no_harm),
                CASE_OF(headers_are_bounded),
                CASE_OF(half_open_connections_keep_nobody_out),
                CASE_OF(beyond_the_limit_idle_connections_make_room),
                CASE_OF(a_crowd_is_served_while_views_change),
                CASE_OF(stopping_amid_a_crowd_is_clean),
                CASE_OF(idle_clients_are_cut_and_disturb_nobody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
