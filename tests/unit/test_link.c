/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "model/standing.h"
#include "serve/link.h"
#include "text.h"

#define NOW (1800000000 * USEC_PER_SEC)
#define OPENED (NOW - USEC_PER_HOUR)
#define MADE (NOW - 30 * USEC_PER_MINUTE)

/* A view with one open incident, called after what HTML minds. */
#define INCIDENT "a<b>&c"

static const unsigned char key[ACK_KEY_SIZE] = {1, 2, 3};

static struct view *view_with(usec_t opened_at, usec_t last_ack_at, const char *by)
{
        struct view *v = view_new();
        struct standing *s = standing_new(1, 0, 0);
        struct standing_incident *i;

        assert_non_null(v);
        assert_non_null(s);
        i = &s->incidents[s->incident_count++];
        i->incident = strdup(INCIDENT);
        i->status = (struct escalation_status){.opened_at = opened_at,
                .last_ack_at = last_ack_at,
                .policy = strdup("critical"),
                .next_at = USEC_INFINITY,
                .why = strdup("")};
        assert_int_equal(roster_add(&i->status.receivers, "search-team"), 0);
        if (by)
                assert_int_equal(ack_set(&i->status.ack, by, NULL, last_ack_at), 0);
        v->standing = s;
        v->ack_links = true;
        memcpy(v->ack_key, key, sizeof(key));
        return v;
}

static char *token(const char *incident, usec_t made)
{
        const struct token t = {(char *)incident, (char *)"search-team", made, made + USEC_PER_DAY};
        char *text = NULL;

        assert_int_equal(token_build(key, &t, &text), 0);
        return text;
}

/* Looking and confirming say the same, but for what may be confirmed. */
static void assert_follows(
        const struct view *v, const char *link, usec_t now, unsigned status, const char *words)
{
        _cleanup_text_ struct text looked = {0}, confirmed = {0};
        struct act *act = NULL;

        assert_int_equal(link_look(v, link, now, &looked), status);
        if (!strstr(text_string(&looked), words))
                fail_msg("%s", text_string(&looked));
        assert_int_equal(
                strstr(text_string(&looked), "<form method=\"post\">") != NULL, status == 200);
        assert_null(strstr(text_string(&looked), "<script"));
        assert_null(strstr(text_string(&looked), INCIDENT));
        assert_int_equal(link_take(v, link, now, &act, &confirmed), status);
        assert_int_equal(act != NULL, status == 200);
        if (status != 200)
                assert_string_equal(text_string(&confirmed), text_string(&looked));
        act_free(act);
}

static void a_good_link_asks(void **state)
{
        _cleanup_(view_unrefp) struct view *v = view_with(OPENED, 0, NULL);
        _cleanup_free_ char *good = token(INCIDENT, MADE);

        assert_follows(v, good, NOW, 200, "Acknowledge the incident: a&lt;b&gt;&amp;c</h1>");
        assert_follows(v, good, NOW, 200, "Now: told: search-team.");
        assert_follows(v, good, NOW, 200, "the link sent to search-team");
}

static void others_say_why_not(void **state)
{
        _cleanup_(view_unrefp) struct view *v = view_with(OPENED, 0, NULL);
        _cleanup_(view_unrefp) struct view *later = view_with(MADE + 1, 0, NULL);
        _cleanup_(view_unrefp) struct view *taken = view_with(OPENED, MADE, "anna");
        _cleanup_(view_unrefp) struct view *given_back = view_with(OPENED, MADE + 1, NULL);
        _cleanup_free_ char *good = token(INCIDENT, MADE), *other = token("other", MADE);
        _cleanup_free_ char *fresh = token(INCIDENT, MADE + 2);

        assert_follows(v, "x", NOW, 403, "This link acknowledges nothing");
        assert_follows(v, good, MADE + USEC_PER_DAY, 410, "too old");
        assert_follows(v, other, NOW, 410, "The incident is over: other");
        assert_follows(later, good, NOW, 410, "The incident is over");
        assert_follows(taken, good, NOW, 410, "Now: acknowledged by anna 30m ago.");
        assert_follows(given_back, good, NOW, 410, "Somebody has acknowledged the incident");
        assert_follows(given_back, fresh, NOW, 200, "Acknowledge the incident");
        v->ack_links = false;
        assert_follows(v, good, NOW, 403, "switched off");
}

static void nobody_is_told_of_anything_yet(void **state)
{
        _cleanup_(view_unrefp) struct view *v = view_with(OPENED, 0, NULL);
        _cleanup_free_ char *good = token(INCIDENT, MADE);

        v->standing = standing_unref(v->standing);
        assert_follows(v, good, NOW, 410, "The incident is over");
}

static void the_loop_has_the_last_word(void **state)
{
        static const struct {
                unsigned loop, page;
                const char *title;
        } cases[] = {{200, 200, "<h1>Acknowledged</h1>"}, {404, 410, "The incident is over"},
                {409, 410, "Somebody has acknowledged"}, {503, 503, "Not acknowledged yet"},
                {500, 500, "Not acknowledged"}, {400, 500, "Not acknowledged"}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text page = {0};

                assert_int_equal(link_answer(cases[i].loop, &page), cases[i].page);
                assert_non_null(strstr(text_string(&page), cases[i].title));
                assert_null(strstr(text_string(&page), "<form"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_good_link_asks),
                cmocka_unit_test(others_say_why_not),
                cmocka_unit_test(nobody_is_told_of_anything_yet),
                cmocka_unit_test(the_loop_has_the_last_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
