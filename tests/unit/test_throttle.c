/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "serve/throttle.h"

#define SECOND USEC_PER_SEC

static void a_bucket_gives_a_burst_and_then_one_each_interval(void **state)
{
        usec_t bucket = 0, now = USEC_PER_DAY;

        for (int i = 0; i < 5; i++)
                assert_true(throttle_take(&bucket, SECOND, 5, now));
        assert_false(throttle_take(&bucket, SECOND, 5, now));
        assert_int_equal(throttle_wait(bucket, SECOND, 5, now), SECOND);
        assert_false(throttle_take(&bucket, SECOND, 5, now + SECOND - 1));
        assert_true(throttle_take(&bucket, SECOND, 5, now + SECOND));
        assert_false(throttle_take(&bucket, SECOND, 5, now + SECOND));
        /* Rested, it is full and not more than that. */
        now += USEC_PER_HOUR;
        for (int i = 0; i < 5; i++)
                assert_true(throttle_take(&bucket, SECOND, 5, now));
        assert_false(throttle_take(&bucket, SECOND, 5, now));
}

static const struct sockaddr *v4(struct sockaddr_in *a, const char *text)
{
        *a = (struct sockaddr_in){.sin_family = AF_INET};
        assert_int_equal(inet_pton(AF_INET, text, &a->sin_addr), 1);
        return (const struct sockaddr *)a;
}

static const struct sockaddr *v6(struct sockaddr_in6 *a, const char *text)
{
        *a = (struct sockaddr_in6){.sin6_family = AF_INET6};
        assert_int_equal(inet_pton(AF_INET6, text, &a->sin6_addr), 1);
        return (const struct sockaddr *)a;
}

static void who_is_one_peer(void **state)
{
        unsigned char a[16], b[16];
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        const struct sockaddr_un un = {.sun_family = AF_UNIX};

        throttle_address(v4(&in, "192.0.2.1"), a);
        throttle_address(v6(&in6, "::ffff:192.0.2.1"), b);
        assert_memory_equal(a, b, sizeof(a));
        throttle_address(v4(&in, "192.0.2.2"), b);
        assert_memory_not_equal(a, b, sizeof(a));
        throttle_address(v6(&in6, "2001:db8::1"), a);
        throttle_address(v6(&in6, "2001:db8::ffff:2"), b);
        assert_memory_equal(a, b, sizeof(a));
        throttle_address(v6(&in6, "2001:db8:0:1::1"), b);
        assert_memory_not_equal(a, b, sizeof(a));
        throttle_address((const struct sockaddr *)&un, a);
        throttle_address(NULL, b);
        assert_memory_equal(a, b, sizeof(a));
}

static void the_table_is_bounded_and_forgets_who_has_rested_longest(void **state)
{
        struct throttle t = {0};
        struct sockaddr_in in;
        char text[INET_ADDRSTRLEN];

        for (unsigned i = 0; i < THROTTLE_PEERS; i++) {
                (void)snprintf(text, sizeof(text), "10.0.0.%u", i);
                assert_true(throttle_take(
                        throttle_bucket(&t, v4(&in, text)), SECOND, 1, USEC_PER_DAY + i));
        }
        assert_true(*throttle_bucket(&t, v4(&in, "10.0.0.0")) > 0);
        assert_true(throttle_take(
                throttle_bucket(&t, v4(&in, "10.1.0.0")), SECOND, 1, 2 * USEC_PER_DAY));
        assert_true(*throttle_bucket(&t, v4(&in, "10.1.0.0")) > 0);
        assert_true(*throttle_bucket(&t, v4(&in, "10.0.0.1")) > 0);
        assert_int_equal(*throttle_bucket(&t, v4(&in, "10.0.0.0")), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_bucket_gives_a_burst_and_then_one_each_interval),
                cmocka_unit_test(who_is_one_peer),
                cmocka_unit_test(the_table_is_bounded_and_forgets_who_has_rested_longest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
