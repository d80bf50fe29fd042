/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as users write them, and what they are told when the server cannot listen there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "macro.h"
#include "serve/listen.h"

static bool can_connect(int family, unsigned port)
{
        struct sockaddr_in in = {.sin_family = AF_INET,
                .sin_port = htons((uint16_t)port),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                .sin6_port = htons((uint16_t)port),
                .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        if (family == AF_INET)
                r = connect(fd, (struct sockaddr *)&in, sizeof(in));
        else
                r = connect(fd, (struct sockaddr *)&in6, sizeof(in6));
        close(fd);
        return r == 0;
}

static bool have_ipv6(void)
{
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool have = fd >= 0 && bind(fd, (struct sockaddr *)&in6, sizeof(in6)) == 0;

        if (fd >= 0)
                close(fd);
        return have;
}

static void addresses_are_listened_on(void **state)
{
        static const struct {
                const char *address;
                bool v4, v6;
        } cases[] = {
                {"127.0.0.1:0", true, false},
                {"0.0.0.0:0", true, false},
                {":0", true, true},
                {"[::]:0", true, true},
                {"[::1]:0", false, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                int fd = -1;

                if (cases[i].address[0] == '[' && !have_ipv6())
                        continue;
                if (listen_open(cases[i].address, &fd, &e) < 0)
                        fail_msg("%s", e.message);
                assert_in_range(listen_port(fd), 1, 65535);
                assert_int_equal(can_connect(AF_INET, listen_port(fd)), cases[i].v4);
                assert_int_equal(
                        can_connect(AF_INET6, listen_port(fd)), cases[i].v6 && have_ipv6());
                assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
                assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                close(fd);
        }
}

static void a_name_is_an_address_too(void **state)
{
        int fd = -1;

        assert_int_equal(listen_open("localhost:0", &fd, NULL), 0);
        close(fd);
}

static void what_is_no_address_is_said_so(void **state)
{
        static const char *const addresses[] = {"", ":", "localhost",
                "localhost:", "localhost:http", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
                "127.0.0.1: 1", "127.0.0.1:000080", "::1:9820", "[::1]", "[::1]9820", "[]:1", "[:1",
                "http://127.0.0.1:9820", "127.0.0.1:9820/"};

        for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
                _cleanup_error_ struct error e = {0};
                int fd = -1;

                if (listen_open(addresses[i], &fd, &e) != -EINVAL)
                        fail_msg("\"%s\" was taken", addresses[i]);
                assert_int_equal(fd, -1);
                assert_non_null(strstr(e.message, "expected an address such as 127.0.0.1:9820"));
        }
}

static void a_port_alone_is_told_what_to_write(void **state)
{
        _cleanup_error_ struct error e = {0}, opening = {0};
        int fd = -1;

        assert_int_equal(listen_check("9834", &e), -EINVAL);
        assert_string_equal(e.message,
                "cannot listen on \"9834\": a port alone is not an address; write :9834 for every "
                "address of this machine, or 127.0.0.1:9834 for itself only");
        assert_int_equal(listen_open("9834", &fd, &opening), -EINVAL);
        assert_string_equal(opening.message, e.message);
        assert_return_code(listen_check(":9834", NULL), 0);
        assert_return_code(listen_check("[::1]:9834", NULL), 0);
}

static void an_address_in_use_is_named(void **state)
{
        _cleanup_error_ struct error e = {0};
        char address[32];
        int first = -1, second = -1;

        assert_int_equal(listen_open("127.0.0.1:0", &first, NULL), 0);
        (void)snprintf(address, sizeof(address), "127.0.0.1:%u", listen_port(first));
        assert_int_equal(listen_open(address, &second, &e), -EADDRINUSE);
        assert_int_equal(second, -1);
        assert_non_null(strstr(e.message, address));
        assert_non_null(strstr(e.message, "the address is in use"));
        assert_non_null(strstr(e.message, "--web.listen-address"));
        close(first);
        /* At once, not after TIME_WAIT. */
        assert_int_equal(listen_open(address, &second, NULL), 0);
        close(second);
}

static void an_address_of_another_machine_is_refused(void **state)
{
        _cleanup_error_ struct error e = {0};
        int fd = -1;

        assert_int_equal(listen_open("192.0.2.1:9820", &fd, &e), -EADDRNOTAVAIL);
        assert_string_equal(
                e.message, "cannot listen on 192.0.2.1:9820: this machine has no such address");
}

static void a_socket_of_systemd_is_adopted(void **state)
{
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
        assert_int_equal(listen(fd, 5), 0);
        assert_int_equal(listen_adopt(fd, NULL), 0);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        close(fd);
}

static void anything_else_is_not(void **state)
{
        int fds[] = {socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                open("/dev/null", O_RDONLY | O_CLOEXEC)};

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                _cleanup_error_ struct error e = {0};

                assert_true(fds[i] >= 0);
                assert_int_equal(listen_adopt(fds[i], &e), -EINVAL);
                assert_non_null(strstr(e.message, "not a listening stream socket"));
                close(fds[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_are_listened_on),
                cmocka_unit_test(a_name_is_an_address_too),
                cmocka_unit_test(what_is_no_address_is_said_so),
                cmocka_unit_test(a_port_alone_is_told_what_to_write),
                cmocka_unit_test(an_address_in_use_is_named),
                cmocka_unit_test(an_address_of_another_machine_is_refused),
                cmocka_unit_test(a_socket_of_systemd_is_adopted),
                cmocka_unit_test(anything_else_is_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
