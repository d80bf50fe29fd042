/* SPDX-License-Identifier: Apache-2.0 */
/* Who counts as this machine. What a whole request may do is tested with the server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "macro.h"
#include "serve/guard.h"

static void loopback_peers_are_local(void **state)
{
        static const struct {
                const char *address;
                bool local;
        } cases[] = {
                {"127.0.0.1", true},
                {"127.255.255.254", true},
                {"126.255.255.255", false},
                {"128.0.0.1", false},
                {"0.0.0.0", false},
                {"10.0.0.1", false},
                {"1.0.0.127", false},
        };
        static const struct {
                const char *address;
                bool local;
        } cases6[] = {
                {"::1", true},
                {"::ffff:127.0.0.1", true},
                {"::ffff:127.8.8.8", true},
                {"::", false},
                {"::2", false},
                {"::127.0.0.1", false},
                {"::ffff:128.0.0.1", false},
                {"fe80::1", false},
                {"2001:db8::ffff:7f00:1", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct sockaddr_in in = {.sin_family = AF_INET};

                assert_int_equal(inet_pton(AF_INET, cases[i].address, &in.sin_addr), 1);
                assert_int_equal(guard_peer_is_local((const struct sockaddr *)&in), cases[i].local);
        }
        for (size_t i = 0; i < ARRAY_SIZE(cases6); i++) {
                struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

                assert_int_equal(inet_pton(AF_INET6, cases6[i].address, &in6.sin6_addr), 1);
                assert_int_equal(
                        guard_peer_is_local((const struct sockaddr *)&in6), cases6[i].local);
        }
}

static void a_unix_socket_is_local_and_the_unknown_is_not(void **state)
{
        const struct sockaddr_un un = {.sun_family = AF_UNIX};
        const struct sockaddr other = {.sa_family = AF_UNSPEC};

        assert_true(guard_peer_is_local((const struct sockaddr *)&un));
        assert_false(guard_peer_is_local(&other));
        assert_false(guard_peer_is_local(NULL));
}

static void hosts(void **state)
{
        static const struct {
                const char *host;
                bool local;
        } cases[] = {
                {"localhost", true},
                {"LocalHost:1", true},
                {"127.0.0.1", true},
                {"127.1.2.3:65535", true},
                {"[::1]", true},
                {"[::1]:9820", true},
                {"[::ffff:127.0.0.1]", true},
                {"", false},
                {":9820", false},
                {"::1", false},
                {"[::1", false},
                {"[::1]x", false},
                {"[127.0.0.1]", false},
                {"[]", false},
                {"localhost.", false},
                {"localhost:80@evil.example", false},
                {"127.0.0.1@evil.example", false},
                {"xlocalhost", false},
                {"127.0.0.1.nip.io", false},
                {"[::2]:9820", false},
                {"localhostlocalhostlocalhostlocalhostlocalhostlocalhostlocalhost", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (guard_host_is_local(cases[i].host) != cases[i].local)
                        fail_msg("\"%s\"", cases[i].host);
}

static void each_refusal_has_its_own_sentence(void **state)
{
        const struct sockaddr_in here = {
                .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(1)};
        const struct sockaddr *local = (const struct sockaddr *)&here;
        const struct {
                struct guard_request request;
                const char *says;
        } cases[] = {
                {{.peer = local, .host = "localhost"}, NULL},
                {{.peer = local, .host = "localhost:1", .origin = "http://localhost:1"}, NULL},
                {{.peer = local, .host = "localhost:1", .origin = "https://LOCALHOST:1"}, NULL},
                {{.peer = (const struct sockaddr *)&there, .host = "localhost"}, "same machine"},
                {{.peer = local, .host = "localhost", .forwarded = ""}, "proxy"},
                {{.peer = local, .host = "localhost", .distrusted = true}, "web.trust_loopback"},
                {{.peer = local}, "Host header"},
                {{.peer = local, .host = "a.example"}, "Host header"},
                {{.peer = local, .host = "localhost", .origin = "http://a.example"}, "origin"},
                {{.peer = local, .host = "localhost", .origin = "ftp://localhost"}, "origin"},
                {{.peer = local, .host = "localhost", .origin = ""}, "origin"},
                {{.peer = local, .host = "localhost", .fetch_site = "cross-site"}, "site"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *refusal = guard_refusal(&cases[i].request);

                if (!cases[i].says)
                        assert_null(refusal);
                else if (!refusal || !strstr(refusal, cases[i].says))
                        fail_msg("case %zu: %s", i, refusal ? refusal : "allowed");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(loopback_peers_are_local),
                cmocka_unit_test(a_unix_socket_is_local_and_the_unknown_is_not),
                cmocka_unit_test(hosts),
                cmocka_unit_test(each_refusal_has_its_own_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
