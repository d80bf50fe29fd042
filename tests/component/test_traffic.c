/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

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

#define server_test(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                server_test(who_was_accepted_is_answered_while_the_server_stops),
                server_test(a_connection_kept_alive_is_not_waited_for),
                server_test(a_silent_client_is_not_waited_for_for_ever),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
