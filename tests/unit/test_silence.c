/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tell/silence.h"

#define T0 (1795680000 * USEC_PER_SEC) /* 2026-11-26T08:00:00Z */
#define ID(n) "00000000-0000-4000-8000-00000000000" n

static struct silence make(const char *id, const char *matchers, usec_t starts, usec_t ends)
{
        struct silence s = {
                .id = strdup(id),
                .created_by = strdup("anna"),
                .comment = strdup("re-ingest"),
                .starts_at = T0 + starts,
                .ends_at = T0 + ends,
        };

        assert_int_equal(matchers_parse(&s.matchers, matchers, NULL), 0);
        return s;
}

static void add(struct silences *s, struct silence silence, usec_t at)
{
        _cleanup_error_ struct error e = {0};

        if (silences_add(s, &silence, T0 + at, &e) < 0)
                fail_msg("%s", e.message);
        assert_null(silence.id);
}

static void mutes_in_time(void **state)
{
        static const struct {
                usec_t at; /* minutes after T0 */
                const char *collection, *why;
                const char *states;
                usec_t due; /* minutes after T0 */
        } timeline[] = {
                {0, "docs", "", "pending pending", 60},
                {59, "docs", "", "pending pending", 60},
                {60, "docs", "silenced by anna until 2026-11-26T10:00:00Z: re-ingest",
                        "active pending", 90},
                {60, "wiki", "", "active pending", 90},
                {60, NULL, "", "active pending", 90},
                {90, "docs", "silenced by anna until 2026-11-26T11:00:00Z: re-ingest",
                        "active active", 120},
                {90, "dogs", "silenced by anna until 2026-11-26T11:00:00Z: re-ingest",
                        "active active", 120},
                {119, "docs", "silenced by anna until 2026-11-26T11:00:00Z: re-ingest",
                        "active active", 120},
                {120, "docs", "silenced by anna until 2026-11-26T11:00:00Z: re-ingest",
                        "expired active", 180},
                {180, "docs", "", "expired expired", 120 + 5 * 1440},
                {120 + 5 * 1440, "docs", "", "expired", 180 + 5 * 1440},
                {180 + 5 * 1440, "docs", "", "", USEC_INFINITY},
        };
        _cleanup_(silences_freep) struct silences *s = silences_new();

        add(s, make(ID("1"), "collection=docs", 60 * USEC_PER_MINUTE, 120 * USEC_PER_MINUTE), 0);
        add(s, make(ID("2"), "collection=~do.s", 90 * USEC_PER_MINUTE, 180 * USEC_PER_MINUTE), 0);
        for (size_t i = 0; i < ARRAY_SIZE(timeline); i++) {
                _cleanup_(labels_done) struct labels l = {0};
                _cleanup_text_ struct text why = {0}, states = {0};
                usec_t now = T0 + timeline[i].at * USEC_PER_MINUTE, due = timeline[i].due;
                const struct silence *one;
                bool muted;

                assert_int_equal(labels_set(&l, "collection", timeline[i].collection), 0);
                (void)silences_prune(s, now);
                muted = silences_mute(s, &l, now, &why);
                assert_int_equal(muted, *timeline[i].why != '\0');
                assert_string_equal(text_string(&why), timeline[i].why);
                for (size_t k = 0; (one = silences_at(s, k)); k++)
                        text_appendf(&states, "%s%s", k > 0 ? " " : "",
                                silence_state_name(silence_state(one, now)));
                assert_string_equal(text_string(&states), timeline[i].states);
                assert_int_equal(silences_due(s, now),
                        due == USEC_INFINITY ? due : T0 + due * USEC_PER_MINUTE);
        }
}

static void refuses_with_the_reason(void **state)
{
        static char long_words[SILENCE_COMMENT_MAX + 2];
        static const struct {
                const char *id, *matchers, *author, *comment;
                usec_t starts, ends;
                int error;
                const char *why;
        } rows[] = {
                {ID("1"), "a=b", "anna", "x", 0, 1, -EEXIST, "there is a silence 0000"},
                {"17", "a=b", "anna", "x", 0, 1, -EINVAL, "\"17\" is no id of a silence"},
                {"00000000-0000-4000-8000-0000000000AB", "a=b", "anna", "x", 0, 1, -EINVAL,
                        "is no id"},
                {"00000000-0000-4000-8000x000000000001", "a=b", "anna", "x", 0, 1, -EINVAL,
                        "is no id"},
                {ID("2"), "{}", "anna", "x", 0, 1, -EINVAL, "its matchers match everything"},
                {ID("2"), "a=~\".*\"", "anna", "x", 0, 1, -EINVAL, "match everything"},
                {ID("2"), "a!=b", "anna", "x", 0, 1, -EINVAL, "match everything"},
                {ID("2"), "a=b", NULL, "x", 0, 1, -EINVAL, "a silence needs an author"},
                {ID("2"), "a=b", "", "x", 0, 1, -EINVAL, "a silence needs an author"},
                {ID("2"), "a=b", "anna", "", 0, 1, -EINVAL, "a silence needs a comment"},
                {ID("2"), "a=b", "anna", long_words, 0, 1, -EINVAL, "a comment has 1025 bytes"},
                {ID("2"), "a=b", long_words, "x", 0, 1, -EINVAL, "an author has 1025 bytes"},
                {ID("2"), "a=b", "anna", "\xff", 0, 1, -EINVAL, "a comment is not UTF-8"},
                {ID("2"), "a=b", "anna", "x", 2, 2, -EINVAL,
                        "its end, 2026-11-26T10:00:00Z, is not after its start, 2026-11-26T10:00:00Z"},
                {ID("2"), "a=b", "anna", "x", 2, 1, -EINVAL, "is not after its start"},
                {ID("2"), "a=b", "anna", "x", (usec_t)-3, (usec_t)-2, -EINVAL,
                        "its end, 2026-11-26T06:00:00Z, has passed"},
                {ID("2"), "a=b", "anna", "x", 0, 367 * 24, -EINVAL, "is longer than 366d"},
                {ID("2"), "a=b", "anna", "x", 367 * 24, 368 * 24, -EINVAL,
                        "more than a year ahead"},
        };
        _cleanup_(silences_freep) struct silences *s = silences_new();

        memset(long_words, 'x', sizeof(long_words) - 1);
        add(s, make(ID("1"), "a=b", 0, USEC_PER_HOUR), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(silence_done) struct silence one = make(rows[i].id, rows[i].matchers,
                        rows[i].starts * USEC_PER_HOUR, rows[i].ends * USEC_PER_HOUR);
                _cleanup_error_ struct error e = {0};

                free(one.created_by);
                free(one.comment);
                one.created_by = rows[i].author ? strdup(rows[i].author) : NULL;
                one.comment = strdup(rows[i].comment);
                assert_int_equal(silences_add(s, &one, T0, &e), rows[i].error);
                if (!strstr(e.message, rows[i].why))
                        fail_msg("\"%s\", not \"%s\"", e.message, rows[i].why);
                assert_non_null(one.id);
        }
        assert_null(silences_at(s, 1));
}

static void one_that_was_to_start_starts_now(void **state)
{
        _cleanup_(silences_freep) struct silences *s = silences_new();

        add(s, make(ID("1"), "a=b", 0, USEC_PER_HOUR), 10 * USEC_PER_MINUTE);
        assert_int_equal(silences_at(s, 0)->starts_at, T0 + 10 * USEC_PER_MINUTE);
        assert_int_equal(silences_at(s, 0)->created_at, T0 + 10 * USEC_PER_MINUTE);
}

static void expires_now(void **state)
{
        _cleanup_(silences_freep) struct silences *s = silences_new();
        _cleanup_error_ struct error none = {0}, again = {0};
        usec_t at = T0 + 5 * USEC_PER_MINUTE;

        add(s, make(ID("1"), "a=b", 0, USEC_PER_HOUR), 0);
        add(s, make(ID("2"), "a=b", USEC_PER_HOUR, 2 * USEC_PER_HOUR), 0);
        assert_int_equal(silences_expire(s, ID("3"), at, &none), -ENOENT);
        assert_string_equal(none.message, "there is no silence " ID("3"));
        for (size_t i = 0; i < 2; i++) {
                const struct silence *one = silences_at(s, i);

                assert_int_equal(silences_expire(s, one->id, at, NULL), 0);
                assert_int_equal(silence_state(one, at), SILENCE_EXPIRED);
                assert_int_equal(silence_state(one, T0 + 90 * USEC_PER_MINUTE), SILENCE_EXPIRED);
        }
        assert_int_equal(silences_expire(s, ID("1"), at, &again), -EALREADY);
        assert_string_equal(again.message, "the silence " ID("1") " has expired already");
}

static void is_bounded(void **state)
{
        _cleanup_(silences_freep) struct silences *s = silences_new();
        _cleanup_(silence_done) struct silence late =
                make("00000000-0000-4000-8000-00000000ffff", "a=b", 0, USEC_PER_HOUR);
        _cleanup_error_ struct error e = {0};
        char id[SILENCE_ID_LENGTH + 1];

        for (unsigned i = 0; i < SILENCES_MAX; i++) {
                (void)snprintf(id, sizeof(id), "00000000-0000-4000-8000-00000000%04x", i);
                add(s, make(id, "a=b", 0, USEC_PER_HOUR), 0);
        }
        assert_int_equal(silences_add(s, &late, T0, &e), -ENOSPC);
        assert_string_equal(
                e.message, "there are 1000 silences, the most that are kept; expire one first");
        assert_int_equal(
                silences_expire(s, "00000000-0000-4000-8000-000000000007", T0 + 2, NULL), 0);
        assert_int_equal(
                silences_expire(s, "00000000-0000-4000-8000-000000000005", T0 + 3, NULL), 0);
        assert_int_equal(silences_add(s, &late, T0 + 3, NULL), 0);
        assert_null(silences_at(s, SILENCES_MAX));
        assert_string_equal(silences_at(s, 7)->id, "00000000-0000-4000-8000-000000000008");
}

/* The most expensive expression is a fraction of what all may take. */
static void expressions_are_bounded_together(void **state)
{
        _cleanup_(silences_freep) struct silences *s = silences_new();
        _cleanup_text_ struct text expensive = {0};
        _cleanup_error_ struct error e = {0};
        char id[SILENCE_ID_LENGTH + 1];
        int r = 0;

        text_append(&expensive, "a=~\"[");
        for (int i = 0; i < 300; i++)
                text_append(&expensive, "xyz");
        text_append(&expensive, "]{20}\"");
        for (unsigned i = 0; r == 0; i++) {
                _cleanup_(silence_done) struct silence one = {0};

                (void)snprintf(id, sizeof(id), "00000000-0000-4000-8000-00000000%04x", i);
                one = make(id, text_string(&expensive), 0, USEC_PER_HOUR);
                r = silences_add(s, &one, T0, &e);
        }
        assert_int_equal(r, -ENOSPC);
        assert_non_null(strstr(e.message, "the regular expressions of all silences"));
        assert_non_null(silences_at(s, 4));
        assert_null(silences_at(s, 5));
        assert_int_equal(silences_expire(s, silences_at(s, 0)->id, T0 + 1, NULL), 0);
        add(s,
                make("00000000-0000-4000-8000-00000000ffff", text_string(&expensive), 1,
                        USEC_PER_HOUR),
                1);
}

/* What was said as "for an hour" goes on as long as was meant; a date is a date. */
static void follows_the_clock(void **state)
{
        _cleanup_(silences_freep) struct silences *s = silences_new();
        struct silence relative = make(ID("1"), "a=b", 0, USEC_PER_HOUR);
        int64_t back = -(int64_t)USEC_PER_DAY;

        relative.relative = true;
        add(s, relative, 0);
        add(s, make(ID("2"), "a=b", USEC_PER_HOUR, 2 * USEC_PER_HOUR), 0);
        silences_jump(s, back);
        assert_int_equal(silences_at(s, 0)->starts_at, T0 - USEC_PER_DAY);
        assert_int_equal(silences_at(s, 0)->ends_at, T0 - USEC_PER_DAY + USEC_PER_HOUR);
        assert_int_equal(silences_at(s, 1)->created_at, T0 - USEC_PER_DAY);
        assert_int_equal(silences_at(s, 1)->starts_at, T0 + USEC_PER_HOUR);
        assert_int_equal(silences_at(s, 1)->ends_at, T0 + 2 * USEC_PER_HOUR);
}

static void restores_what_was_kept(void **state)
{
        static const struct {
                usec_t starts, ends; /* hours after T0, when it is a day later */
                int result;
        } rows[] = {{1, 2, 0}, {1, 30, 0}, {25, 30, 0}, {2, 2, 0}, {30, 30, -EINVAL},
                {3, 2, -EINVAL}, {0, 400 * 24, -EINVAL}};
        usec_t now = T0 + USEC_PER_DAY;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(silences_freep) struct silences *s = silences_new();
                _cleanup_(silence_done) struct silence one = make(ID("1"), "a=b",
                        rows[i].starts * USEC_PER_HOUR, rows[i].ends * USEC_PER_HOUR);
                _cleanup_error_ struct error e = {0};

                one.created_at = T0;
                assert_int_equal(silences_restore(s, &one, now, &e), rows[i].result);
                if (rows[i].result < 0) {
                        assert_non_null(e.message);
                        continue;
                }
                assert_int_equal(silences_at(s, 0)->starts_at, T0 + rows[i].starts * USEC_PER_HOUR);
                assert_int_equal(silences_at(s, 0)->created_at, T0);
        }
        _cleanup_(silences_freep) struct silences *s = silences_new();
        _cleanup_(silence_done) struct silence old = make(ID("1"), "a=b", 0, USEC_PER_HOUR);

        assert_int_equal(silences_restore(s, &old, T0 + 6 * USEC_PER_DAY, NULL), -ESTALE);
}

/* What somebody writes steers no terminal. */
static void reasons_are_one_line(void **state)
{
        _cleanup_(silences_freep) struct silences *s = silences_new();
        _cleanup_(labels_done) struct labels l = {0};
        _cleanup_text_ struct text why = {0};
        struct silence one = make(ID("1"), "a=b", 0, USEC_PER_HOUR);

        free(one.comment);
        one.comment = strdup("a\n\033[2Jb");
        add(s, one, 0);
        assert_int_equal(labels_set(&l, "a", "b"), 0);
        assert_true(silences_mute(s, &l, T0, &why));
        assert_string_equal(
                text_string(&why), "silenced by anna until 2026-11-26T09:00:00Z: a  [2Jb");
        assert_true(silences_mute(s, &l, T0, NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(mutes_in_time),
                cmocka_unit_test(refuses_with_the_reason),
                cmocka_unit_test(one_that_was_to_start_starts_now),
                cmocka_unit_test(expires_now),
                cmocka_unit_test(is_bounded),
                cmocka_unit_test(expressions_are_bounded_together),
                cmocka_unit_test(follows_the_clock),
                cmocka_unit_test(restores_what_was_kept),
                cmocka_unit_test(reasons_are_one_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
