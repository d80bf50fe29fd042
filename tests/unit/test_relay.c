/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>

#include "tell/relay.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)

/* At once, so that only who tells is in question. */
static const struct notice_policy policy = {0, 0, 4 * USEC_PER_HOUR};

/* One of two daemons. They see the same two alerts, each at its time. */
struct daemon {
        struct notices *notices;
        struct relay relay;
        struct alert alerts[2];
        size_t seen; /* of them */
};

static struct daemon *begin(bool silent)
{
        static const char *const names[] = {"Missing", "Shift"};
        struct daemon *d = calloc(1, sizeof(*d));

        d->notices = notices_new();
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                assert_int_equal(labels_set(&d->alerts[i].labels, "alertname", names[i]), 0);
                assert_int_equal(labels_set(&d->alerts[i].labels, "incident", "kb"), 0);
                assert_int_equal(labels_set(&d->alerts[i].labels, "severity", "warning"), 0);
                d->alerts[i].fingerprint = labels_fingerprint(&d->alerts[i].labels);
        }
        if (silent)
                relay_hush(&d->relay);
        return d;
}

static struct daemon *end(struct daemon *d)
{
        relay_done(&d->relay);
        notices_free(d->notices);
        for (size_t i = 0; i < ARRAY_SIZE(d->alerts); i++)
                alert_done(&d->alerts[i]);
        free(d);
        return NULL;
}

static void endp(struct daemon **d)
{
        end(*d);
}
#define _cleanup_daemon_ _cleanup_(endp)

static void describe(const struct news *news, struct text *t)
{
        static const char *const kinds[] = {"opened", "changed", "repeated", "closed", "passed"};

        for (size_t i = 0; i < news->count; i++) {
                text_appendf(t, "%s%s", t->size > 0 ? "; " : "", kinds[news->notices[i].kind]);
                for (size_t k = 0; k < news->notices[i].count; k++)
                        text_appendf(t, " %s",
                                labels_get(&news->notices[i].alerts[k].labels, "alertname"));
        }
}

static void assert_told(const struct text *t, const char *expected)
{
        if (!streq(text_string(t), expected))
                fail_msg("told \"%s\", not \"%s\"", text_string(t), expected);
}

/* `seen` alerts were seen so far; of them the last one goes on, or none does. */
static void see(struct daemon *d, size_t seen, bool over, unsigned at, const char *expected)
{
        usec_t now = T0 + at * USEC_PER_SEC;
        const struct alert *list[] = {&d->alerts[0], &d->alerts[1]};
        _cleanup_(news_done) struct news news = {0};
        _cleanup_text_ struct text t = {0};

        d->seen = seen;
        for (size_t i = 0; i < seen; i++) {
                d->alerts[i].state = over ? ALERT_RESOLVED : ALERT_FIRING;
                d->alerts[i].resolved_at = over ? now : 0;
        }
        assert_int_equal(notices_update(d->notices, list, seen, &policy, now, &news), 0);
        assert_int_equal(relay_pass(&d->relay, &news, now), 0);
        describe(&news, &t);
        assert_told(&t, expected);
}

/* The ledger goes from the one who tells to the other. */
static void learn(struct daemon *from, struct daemon *to)
{
        struct ledger l = {0};

        assert_int_equal(notices_told(from->notices, &l), 0);
        relay_learn(&to->relay, &l);
}

static void take_over(struct daemon *d, unsigned at, const char *expected)
{
        const struct alert *list[] = {&d->alerts[0], &d->alerts[1]};
        usec_t now = T0 + at * USEC_PER_SEC;
        _cleanup_(news_done) struct news late = {0};
        _cleanup_text_ struct text t = {0};

        assert_int_equal(relay_take_over(&d->relay, d->notices, list, d->seen, now, &late), 0);
        describe(&late, &t);
        assert_told(&t, expected);
}

static void what_was_told_is_not_told_again(void **state)
{
        _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);

        see(a, 1, false, 0, "opened Missing");
        see(b, 1, false, 1, "");
        learn(a, b);
        take_over(b, 60, "");
        see(b, 1, false, 60, "");
        see(b, 2, false, 61, "changed Missing Shift");
        see(b, 2, true, 70, "closed Missing Shift");
}

static void what_was_not_told_is(void **state)
{
        _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);

        learn(a, b);
        see(b, 1, false, 1, "");
        see(b, 2, false, 2, "");
        take_over(b, 60, "");
        see(b, 2, false, 60, "opened Missing Shift");
        see(b, 2, true, 70, "closed Missing Shift");
}

static void an_alert_that_was_not_told_is(void **state)
{
        _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);

        see(a, 1, false, 0, "opened Missing");
        learn(a, b);
        see(b, 1, false, 1, "");
        see(b, 2, false, 2, "");
        take_over(b, 60, "");
        see(b, 2, false, 60, "changed Missing Shift");
}

/* It ended while nobody told: by who died last, or by who did not tell yet. */
static void an_end_is_told_once(void **state)
{
        for (unsigned told = 0; told <= 1; told++) {
                _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);

                see(a, 1, false, 0, "opened Missing");
                learn(a, b);
                see(b, 1, false, 1, "");
                see(b, 1, true, 10, "");
                if (told) {
                        see(a, 1, true, 11, "closed Missing");
                        learn(a, b);
                }
                take_over(b, 60, told ? "" : "closed Missing");
                see(b, 1, true, 60, "");
        }
}

static void what_came_and_went_untold_is_not_told(void **state)
{
        _cleanup_daemon_ struct daemon *b = begin(true);

        see(b, 1, false, 1, "");
        see(b, 1, true, 10, "");
        take_over(b, 60, "");
        see(b, 1, true, 61, "");
}

static void an_end_before_another_beginning_is_none(void **state)
{
        _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);

        see(a, 1, false, 0, "opened Missing");
        learn(a, b);
        see(b, 1, false, 1, "");
        see(b, 1, true, 10, "");
        see(b, 1, false, 20, "");
        take_over(b, 60, "");
        see(b, 1, true, 70, "closed Missing");
}

/* The other one saw it earlier than this one does: for a while that is no news. */
static void who_sees_it_later_does_not_open_it(void **state)
{
        for (unsigned late = 0; late <= 1; late++) {
                _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);
                unsigned at = late ? 60 + (unsigned)(RELAY_PATIENCE / USEC_PER_SEC) : 120;

                see(a, 1, false, 0, "opened Missing");
                learn(a, b);
                take_over(b, 60, "");
                see(b, 1, false, at, late ? "opened Missing" : "");
                see(b, 1, true, at + 10, "closed Missing");
                see(b, 1, false, at + 20, "opened Missing"); /* another one */
        }
}

static void who_has_lost_it_is_silent(void **state)
{
        _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);

        see(a, 1, false, 0, "opened Missing");
        relay_hush(&a->relay);
        see(a, 2, false, 1, "");
        learn(b, a); /* the other one told nothing */
        take_over(a, 60, "");
        see(a, 2, false, 60, "opened Missing Shift");
}

static void times_follow_the_clock(void **state)
{
        _cleanup_daemon_ struct daemon *a = begin(false), *b = begin(true);
        const int64_t years = 20 * 365 * (int64_t)USEC_PER_DAY;

        see(a, 1, false, 0, "opened Missing");
        learn(a, b);
        take_over(b, 60, "");
        relay_jump(&b->relay, -years);
        relay_jump(&b->relay, years);
        see(b, 1, false, 61, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_told_is_not_told_again),
                cmocka_unit_test(what_was_not_told_is),
                cmocka_unit_test(an_alert_that_was_not_told_is),
                cmocka_unit_test(an_end_is_told_once),
                cmocka_unit_test(what_came_and_went_untold_is_not_told),
                cmocka_unit_test(an_end_before_another_beginning_is_none),
                cmocka_unit_test(who_sees_it_later_does_not_open_it),
                cmocka_unit_test(who_has_lost_it_is_silent),
                cmocka_unit_test(times_follow_the_clock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
