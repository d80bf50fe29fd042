/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "macro.h"
#include "tell/losses.h"

static void note(struct losses *l, const char *incident, const char *last_error, usec_t at)
{
        const struct identity who = {
                (char *)"team", (char *)"https://h.example", (char *)"h.example:443", "webhook"};
        const struct record r = {.last_error = (char *)last_error};
        const struct queue_entry e = {.kind = ENTRY_CLOSED, .incident = (char *)incident};

        losses_note(l, &r, &who, &e, &loss_expired, at);
}

static void a_loss_says_all_of_it(void **state)
{
        struct losses l = {0};
        struct loss_view *views;
        size_t count;

        note(&l, "docs", "no answer within 10s", 5);
        note(&l, NULL, NULL, 6);
        assert_int_equal(losses_view(&l, &views, &count), 0);
        assert_int_equal(count, 2);
        assert_null(views[0].incident);
        assert_string_equal(views[0].sentence, "given up because it is too late");
        assert_int_equal(views[1].at, 5);
        assert_string_equal(views[1].receiver, "team");
        assert_string_equal(views[1].channel, "webhook");
        assert_string_equal(views[1].peer, "h.example:443");
        assert_string_equal(views[1].kind, "closed");
        assert_string_equal(views[1].incident, "docs");
        assert_string_equal(views[1].reason, "expired");
        assert_string_equal(
                views[1].sentence, "no answer within 10s; given up because it is too late");
        loss_views_free(views, count);
        losses_done(&l);
}

static void only_the_last_ones_are_kept(void **state)
{
        struct losses l = {0};
        struct loss_view *views;
        size_t count;
        char name[16];

        assert_int_equal(losses_view(&l, &views, &count), 0);
        assert_int_equal(count, 0);
        loss_views_free(views, count);
        for (usec_t i = 1; i <= 2 * LOSSES_MAX + 7; i++) {
                (void)snprintf(name, sizeof(name), "i%d", (int)i);
                note(&l, name, NULL, i);
        }
        assert_int_equal(losses_view(&l, &views, &count), 0);
        assert_int_equal(count, LOSSES_MAX);
        for (size_t i = 0; i < count; i++)
                assert_int_equal(views[i].at, 2 * LOSSES_MAX + 7 - i);
        assert_string_equal(views[0].incident, "i207");
        loss_views_free(views, count);
        losses_done(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_loss_says_all_of_it),
                cmocka_unit_test(only_the_last_ones_are_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
