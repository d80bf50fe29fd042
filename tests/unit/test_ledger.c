/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tell/ledger.h"

static void add(struct ledger *l, uint64_t fingerprint)
{
        assert_int_equal(ledger_add(l, &(struct ledger){.told = &fingerprint, .count = 1}), 0);
}

static void what_was_written_is_read(void **state)
{
        _cleanup_(ledger_done) struct ledger l = {.beat = {"host/1/ab", 7}}, found = {0};
        _cleanup_text_ struct text t = {0};

        add(&l, UINT64_MAX);
        add(&l, 0);
        add(&l, 5);
        add(&l, 5);
        assert_int_equal(l.count, 3);
        ledger_build(&l, &t);
        assert_int_equal(ledger_parse(t.data, t.size, &found, NULL), 0);
        assert_string_equal(found.beat.holder, "host/1/ab");
        assert_int_equal(found.beat.number, 7);
        assert_int_equal(found.count, 3);
        assert_true(
                ledger_has(&found, 0) && ledger_has(&found, 5) && ledger_has(&found, UINT64_MAX));
        assert_false(ledger_has(&found, 6));
}

static void nothing_is_a_beat_of_nobody(void **state)
{
        _cleanup_(ledger_done) struct ledger l = {0};
        _cleanup_text_ struct text t = {0};

        assert_int_equal(ledger_parse(NULL, 0, &l, NULL), 0);
        assert_string_equal(l.beat.holder, "");
        assert_int_equal(l.count, 0);
        ledger_build(&l, &t);
        ledger_done(&l);
        assert_int_equal(ledger_parse(t.data, t.size, &l, NULL), 0);
        assert_string_equal(l.beat.holder, "");
}

/* Of the old file the end, of the new one the beginning, and whatever else may be there. */
static void what_is_half_written_is_refused(void **state)
{
        struct ledger l = {.beat = {"host/1/ab", 7}};
        _cleanup_error_ struct error error = {0};
        _cleanup_text_ struct text t = {0};
        struct ledger found;

        add(&l, 1);
        add(&l, 2);
        ledger_build(&l, &t);
        for (size_t size = 1; size < t.size; size++)
                assert_int_equal(ledger_parse(t.data, size, &found, NULL), -EBADMSG);
        for (size_t i = 0; i < t.size; i++) {
                t.data[i] ^= 1;
                assert_int_equal(ledger_parse(t.data, t.size, &found, NULL), -EBADMSG);
                t.data[i] ^= 1;
        }
        text_append(&t, "x");
        assert_int_equal(ledger_parse(t.data, t.size, &found, &error), -EBADMSG);
        assert_non_null(strstr(error.message, "no lease"));
        ledger_done(&l);
}

/* With a right sum, so that the lines themselves are read. */
static void what_says_something_else_is_refused(void **state)
{
        struct ledger l = {.beat = {"a\nbeat 1\nbeat x", 7}}, found;
        _cleanup_text_ struct text t = {0};

        ledger_build(&l, &t);
        assert_int_equal(ledger_parse(t.data, t.size, &found, NULL), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_written_is_read),
                cmocka_unit_test(nothing_is_a_beat_of_nobody),
                cmocka_unit_test(what_is_half_written_is_refused),
                cmocka_unit_test(what_says_something_else_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
