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

/* htonl() is no constant. */
#define htonl_constant(x) (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(x) : (x))

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

static const struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl_constant(0x7f000001)};
static const struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl_constant(0xc0000201)};
static const struct sockaddr_un socket_file = {.sun_family = AF_UNIX};
#define LOCAL ((const struct sockaddr *)&here)
#define REMOTE ((const struct sockaddr *)&there)
#define UNIX ((const struct sockaddr *)&socket_file)

static void check(size_t i, const char *refusal, const char *says)
{
        if (!says != !refusal || (says && !strstr(refusal, says)))
                fail_msg("case %zu: %s", i, refusal ? refusal : "allowed");
}

static void each_refusal_has_its_own_sentence(void **state)
{
        const struct {
                struct guard_request request;
                const char *says;
        } cases[] = {
                {{.peer = LOCAL, .host = "localhost"}, NULL},
                {{.peer = UNIX, .host = "localhost"}, NULL},
                {{.peer = LOCAL, .host = "localhost:1", .origin = "http://localhost:1"}, NULL},
                {{.peer = LOCAL, .host = "localhost:1", .origin = "https://LOCALHOST:1"}, NULL},
                {{.peer = LOCAL, .host = "localhost", .browser = true}, NULL},
                {{.peer = REMOTE, .host = "localhost"}, "same machine"},
                {{.peer = LOCAL, .host = "localhost", .proxied = true}, "proxy"},
                {{.peer = UNIX, .host = "localhost", .proxied = true}, "proxy"},
                {{.peer = LOCAL, .host = "localhost", .distrusted = true}, "web.trust_loopback"},
                {{.peer = LOCAL}, "Host header"},
                {{.peer = LOCAL, .host = "a.example"}, "Host header"},
                {{.peer = LOCAL, .host = "a.example", .external_url = "https://a.example"},
                        "Host header"},
                {{.peer = LOCAL, .host = "localhost", .origin = "http://a.example"}, "origin"},
                {{.peer = LOCAL, .host = "localhost", .origin = "ftp://localhost"}, "origin"},
                {{.peer = LOCAL, .host = "localhost", .origin = ""}, "origin"},
                {{.peer = LOCAL, .host = "localhost", .origin = "null"}, "origin"},
                {{.peer = LOCAL, .host = "localhost", .fetch_site = "cross-site"}, "site"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check(i, guard_change_refusal(&cases[i].request), cases[i].says);
}

static void whose_name_it_is_to_read(void **state)
{
        static char first[] = "driftwatch", second[] = "dw.example.org";
        char *const hosts[] = {first, second};
        const struct {
                const char *host;
                bool within, here_browser, there_plain, there_browser; /* allowed */
        } cases[] = {
                {NULL, true, true, true, true},
                {"localhost:9820", true, true, true, true},
                {"127.0.0.1:9820", true, true, true, true},
                {"[::1]:9820", true, true, true, true},
                {"monitor-1:9820", true, true, true, true}, /* the machine's own */
                {"MONITOR-1", true, true, true, true},
                {"watch.example.org", true, true, true, true}, /* of --web.external-url */
                {"dw.example.org:80", true, true, true, true}, /* listed */
                {"192.0.2.1:9820", false, false, true, true}, /* no name points elsewhere */
                {"[2001:db8::1]", false, false, true, true},
                {"evil.example:9820", false, false, true, false},
                {"watch.example.org.evil.example", false, false, true, false},
                {"atch.example.org", false, false, true, false},
                {"localhost.evil.example", false, false, true, false},
                {"", false, false, true, false},
                {"monitor-1@evil.example", false, false, true, false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (int way = 0; way < 4; way++) {
                        const bool allowed[] = {cases[i].within, cases[i].here_browser,
                                cases[i].there_plain, cases[i].there_browser};
                        const struct sockaddr *end = way < 2 ? LOCAL : REMOTE;
                        const struct guard_request r = {
                                .peer = end,
                                .local = end,
                                .host = cases[i].host,
                                .browser = way % 2,
                                .external_url = "https://watch.example.org:8443/dw",
                                .machine = "monitor-1",
                                .hosts = hosts,
                                .host_count = ARRAY_SIZE(hosts),
                        };

                        check(i * 4 + (size_t)way, guard_read_refusal(&r),
                                allowed[way] ? NULL : "not known by the name");
                }
        assert_null(guard_read_refusal(&(const struct guard_request){
                .peer = UNIX, .local = UNIX, .host = "evil.example", .browser = true}));
}

static void whoever_is_known_may_still_be_used_by_a_page(void **state)
{
        const struct {
                struct guard_request request;
                const char *says;
        } cases[] = {
                {{.host = "a.example"}, NULL},
                {{.host = "a.example", .origin = "https://a.example"}, NULL},
                {{.host = "127.0.0.1",
                         .origin = "https://a.example",
                         .external_url = "https://a.example/dw"},
                        NULL},
                {{.host = "127.0.0.1",
                         .origin = "https://a.example:8443",
                         .external_url = "https://a.example/dw"},
                        "origin"},
                {{.host = "a.example", .origin = "https://b.example"}, "origin"},
                {{.origin = "https://b.example"}, "origin"},
                {{.host = "a.example", .fetch_site = "same-site"}, "site"},
                {{.host = "a.example", .fetch_site = "none"}, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check(i, guard_origin_refusal(&cases[i].request), cases[i].says);
}

static void headers_that_tell(void **state)
{
        static const char *const proxys[] = {"Forwarded", "via", "X-Forwarded-For",
                "x-forwarded-host", "X-Forwarded-Proto", "X-Real-IP", "CF-Connecting-IP",
                "True-Client-IP", "X-Original-Forwarded-For"};
        static const char *const browsers[] = {
                "accept-language", "Sec-Fetch-Mode", "Sec-CH-UA", "Origin", "Referer", "Cookie"};
        static const char *const neither[] = {"Host", "Accept", "Accept-Encoding", "User-Agent",
                "X-Prometheus-Scrape-Timeout-Seconds", "Authorization", "Connection"};

        for (size_t i = 0; i < ARRAY_SIZE(proxys); i++)
                assert_true(guard_header_is_proxys(proxys[i]));
        for (size_t i = 0; i < ARRAY_SIZE(browsers); i++)
                assert_true(guard_header_is_browsers(browsers[i]));
        for (size_t i = 0; i < ARRAY_SIZE(neither); i++)
                assert_false(
                        guard_header_is_proxys(neither[i]) || guard_header_is_browsers(neither[i]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(loopback_peers_are_local),
                cmocka_unit_test(a_unix_socket_is_local_and_the_unknown_is_not),
                cmocka_unit_test(hosts),
                cmocka_unit_test(each_refusal_has_its_own_sentence),
                cmocka_unit_test(whose_name_it_is_to_read),
                cmocka_unit_test(whoever_is_known_may_still_be_used_by_a_page),
                cmocka_unit_test(headers_that_tell),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
