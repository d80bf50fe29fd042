/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <unistd.h>

#include "clock.h"
#include "serve/traffic.h"
#include "server_fixture.h"

#define HEALTHY "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void *stop(void *server)
{
        http_server_free(server);
        return NULL;
}

/* A connection that the server has surely accepted: a later one was answered already. */
static int accepted_connection(struct fixture *f)
{
        _cleanup_response_ struct response r = {0};
        int fd = connect_to(f);

        ask(f, "GET", "/-/healthy", "", &r);
        assert_int_equal(r.status, 200);
        return fd;
}

static void who_was_accepted_is_answered_while_the_server_stops(void **state)
{
        struct fixture *f = *state;
        _cleanup_response_ struct response r = {0};
        int fd = accepted_connection(f);
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, stop, take_ptr(f->server)), 0);
        send_text(fd, HEALTHY);
        receive(fd, false, &r);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(r.status, 200);
        close(fd);
}

static usec_t stopping_takes(struct fixture *f)
{
        usec_t begun = clock_usec(CLOCK_MONOTONIC);

        http_server_free(take_ptr(f->server));
        return clock_usec(CLOCK_MONOTONIC) - begun;
}

/* Waiting is for half of the drain time at most, which a machine under load may need for the rest.
 */
static void a_connection_kept_alive_is_not_waited_for(void **state)
{
        struct fixture *f = *state;
        _cleanup_response_ struct response r = {0};
        int fd = connect_to(f);

        send_text(fd, HEALTHY);
        receive(fd, false, &r);
        assert_int_equal(r.status, 200);
        assert_true(stopping_takes(f) < TRAFFIC_DRAIN_MSEC * USEC_PER_MSEC / 2);
        close(fd);
}

static void a_silent_client_is_not_waited_for_for_ever(void **state)
{
        struct fixture *f = *state;
        int fd = accepted_connection(f);

        assert_true(stopping_takes(f) >= TRAFFIC_DRAIN_MSEC * USEC_PER_MSEC);
        close(fd);
}

/* Connections that are pairs of sockets, at made-up times. */
struct pair {
        struct visitor visitor;
        int ours, theirs;
};

static struct sockaddr_in from(unsigned host)
{
        return (struct sockaddr_in){
                .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000U + host)};
}

static void arrive(struct traffic *t, struct pair *p, unsigned host, usec_t now)
{
        const struct sockaddr_in peer = from(host);
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        p->ours = fds[0];
        p->theirs = fds[1];
        traffic_arrive(t, &p->visitor, p->ours, (const struct sockaddr *)&peer, now);
}

static bool is_cut(const struct pair *p)
{
        return wait_readable(p->theirs, 0);
}

static void leave(struct traffic *t, struct pair *p)
{
        traffic_leave(t, &p->visitor);
        close(p->ours);
        close(p->theirs);
}

static void a_request_has_a_total_time(void **state)
{
        static const struct {
                enum phase phase;
                usec_t stays;
        } cases[] = {
                {PHASE_ARRIVES, TRAFFIC_ARRIVAL},
                {PHASE_KEPT, 2 * TRAFFIC_ARRIVAL},
                {PHASE_ANSWERED, USEC_INFINITY},
                {PHASE_WAITS, USEC_INFINITY},
        };
        const usec_t begun = USEC_PER_HOUR;
        struct traffic t;

        assert_int_equal(traffic_init(&t), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                usec_t end = begun + MIN(cases[i].stays, USEC_PER_DAY);
                struct pair p;

                arrive(&t, &p, 1, begun - 1);
                traffic_turn(&t, &p.visitor, cases[i].phase, begun);
                traffic_sweep(&t, end);
                assert_false(is_cut(&p));
                traffic_sweep(&t, end + 1);
                assert_int_equal(is_cut(&p), cases[i].stays != USEC_INFINITY);
                leave(&t, &p);
        }
        traffic_done(&t);
}

/* Of those that one address has, the oldest goes whose request is not here; others' stay. */
static void half_open_ones_make_room_for_each_other(void **state)
{
        struct pair mine[TRAFFIC_HALF_OPEN_MAX + 5], other;
        struct traffic t;

        assert_int_equal(traffic_init(&t), 0);
        arrive(&t, &other, 2, 1);
        for (size_t i = 0; i < ARRAY_SIZE(mine); i++)
                arrive(&t, &mine[i], 1, 10 + i);
        assert_false(is_cut(&other));
        for (size_t i = 0; i < ARRAY_SIZE(mine); i++) {
                assert_int_equal(is_cut(&mine[i]), i < 5);
                leave(&t, &mine[i]);
        }
        leave(&t, &other);
        traffic_done(&t);
}

/* In this order: no request yet, kept, slow in taking its answer; who waits for the loop stays, and
 * where all do, the newcomer goes. */
static void who_is_owed_least_makes_room_for_all(void **state)
{
        static const enum phase order[] = {PHASE_ARRIVES, PHASE_KEPT, PHASE_ANSWERED};
        const usec_t now = USEC_PER_HOUR;
        static struct pair many[TRAFFIC_MAX], newcomers[ARRAY_SIZE(order) + 1];
        struct traffic t;

        assert_int_equal(traffic_init(&t), 0);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
                arrive(&t, &many[i], (unsigned)i, now - 2 * TRAFFIC_ARRIVAL);
                traffic_turn(&t, &many[i].visitor, i < ARRAY_SIZE(order) ? order[i] : PHASE_WAITS,
                        now - 2 * TRAFFIC_ARRIVAL);
        }
        for (size_t i = 0; i < ARRAY_SIZE(newcomers); i++) {
                arrive(&t, &newcomers[i], 1000 + (unsigned)i, now);
                traffic_turn(&t, &newcomers[i].visitor, PHASE_WAITS, now);
                for (size_t k = 0; k < ARRAY_SIZE(many); k++)
                        assert_int_equal(is_cut(&many[k]), k <= i && k < ARRAY_SIZE(order));
                assert_int_equal(is_cut(&newcomers[i]), i == ARRAY_SIZE(order));
        }
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                leave(&t, &many[i]);
        for (size_t i = 0; i < ARRAY_SIZE(newcomers); i++)
                leave(&t, &newcomers[i]);
        assert_null(t.first);
        traffic_done(&t);
}

#define server_test(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_request_has_a_total_time),
                cmocka_unit_test(half_open_ones_make_room_for_each_other),
                cmocka_unit_test(who_is_owed_least_makes_room_for_all),
                server_test(who_was_accepted_is_answered_while_the_server_stops),
                server_test(a_connection_kept_alive_is_not_waited_for),
                server_test(a_silent_client_is_not_waited_for_for_ever),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
