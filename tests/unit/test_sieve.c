/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tell/sieve.h"

#define TOTAL 64

/* A peer that refuses whatever holds one of these. */
struct peer {
        bool bad[TOTAL];
        unsigned delivered[TOTAL];
        unsigned attempts;
};

static bool refuses(const struct peer *p, size_t first, size_t count)
{
        for (size_t i = first; i < first + count; i++)
                if (p->bad[i])
                        return true;
        return false;
}

/* As the outbox does: first all of it, then what the portion says. */
static const char *send(struct peer *p, size_t total)
{
        struct sieve sieve = {0};
        bool more = true;

        while (more) {
                size_t count = sieve.total > 0 ? sieve.count : total;

                assert_true(sieve.first + count <= total);
                p->attempts++;
                if (refuses(p, sieve.first, count)) {
                        more = sieve_refused(&sieve, total, "client_error");
                        continue;
                }
                for (size_t i = sieve.first; i < sieve.first + count; i++)
                        p->delivered[i]++;
                more = sieve_delivered(&sieve);
        }
        return sieve.reason;
}

static void assert_delivered(const struct peer *p, size_t total)
{
        for (size_t i = 0; i < total; i++)
                assert_int_equal(p->delivered[i], p->bad[i] ? 0 : 1);
}

static void what_is_taken_is_sent_once(void **state)
{
        for (size_t total = 1; total <= TOTAL; total++) {
                struct peer p = {0};

                assert_null(send(&p, total));
                assert_int_equal(p.attempts, 1);
                assert_delivered(&p, total);
        }
}

static void one_bad_costs_nothing_but_itself(void **state)
{
        for (size_t total = 1; total <= TOTAL; total++)
                for (size_t bad = 0; bad < total; bad++) {
                        struct peer p = {.bad = {[0] = false}};

                        p.bad[bad] = true;
                        assert_string_equal(send(&p, total), "client_error");
                        assert_delivered(&p, total);
                        assert_true(p.attempts <= 24);
                }
}

static void nor_do_two(void **state)
{
        for (size_t a = 0; a < TOTAL; a++)
                for (size_t b = a + 1; b < TOTAL; b++) {
                        struct peer p = {0};

                        p.bad[a] = p.bad[b] = true;
                        assert_string_equal(send(&p, TOTAL), "client_error");
                        assert_delivered(&p, TOTAL);
                        assert_true(p.attempts <= 40);
                }
}

static void who_refuses_everything_is_not_asked_for_each(void **state)
{
        struct peer p = {0};

        memset(p.bad, true, sizeof(p.bad));
        assert_string_equal(send(&p, TOTAL), "client_error");
        assert_int_equal(p.attempts, SIEVE_REFUSALS_MAX + 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_taken_is_sent_once),
                cmocka_unit_test(one_bad_costs_nothing_but_itself),
                cmocka_unit_test(nor_do_two),
                cmocka_unit_test(who_refuses_everything_is_not_asked_for_each),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
