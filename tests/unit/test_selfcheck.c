/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "macro.h"
#include "tell/alert.h"
#include "tell/message.h"
#include "tell/selfcheck.h"

#define T0 (1795399200 * USEC_PER_SEC)

struct world {
        struct rule rules[RULE_COUNT];
        struct signal_policy policy;
        struct shard shard;
        struct channel_view channels[4];
        struct selfcheck self;
        struct signals signals;
        struct alerts *alerts;
        struct notices *notices;
};

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        assert_non_null(w);
        for (int i = 0; i < RULE_COUNT; i++)
                w->rules[i] = (struct rule){.enabled = !rule_defaults[i].off,
                        .for_usec = rule_defaults[i].for_usec,
                        .limit = NAN};
        w->policy.rules = w->rules;
        w->shard.of = 1;
        w->self.channels = w->channels;
        w->alerts = alerts_new();
        w->notices = notices_new();
        assert_true(w->alerts && w->notices);
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        signals_done(&w->signals);
        notices_free(w->notices);
        alerts_free(w->alerts);
        free(w);
        return 0;
}

static struct channel_view *add(struct world *w, const char *channel, const char *last_error)
{
        struct channel_view *c = &w->channels[w->self.channel_count++];

        *c = (struct channel_view){.receiver = (char *)"team",
                .channel = channel,
                .peer = (char *)"hooks.example:443",
                .queue_length = 3,
                .failed = 2,
                .last_error = (char *)last_error,
                .failing = last_error != NULL,
                .failing_since = T0};
        return c;
}

static void build(struct world *w)
{
        signals_done(&w->signals);
        assert_int_equal(selfcheck_build(&w->policy, &w->shard, &w->self, &w->signals), 0);
}

static const char *label(const struct world *w, size_t i, const char *name)
{
        return labels_get(&w->signals.signals[i].labels, name);
}

static const char *description(const struct world *w, size_t i)
{
        return labels_get(&w->signals.signals[i].annotations, "description");
}

static void what_works_raises_nothing(void **state)
{
        struct world *w = *state;

        add(w, "webhook", NULL);
        build(w);
        assert_int_equal(w->signals.count, 0);
}

static void what_fails_is_named(void **state)
{
        struct world *w = *state;
        const struct signal *s;

        w->policy.external_url = "https://dw.example";
        w->policy.runbook_url = "https://runbooks.example/#";
        add(w, "webhook", NULL);
        add(w, "ntfy", "no answer\nwithin 10s");
        add(w, "ntfy", "another one to the same peer");
        build(w);
        assert_int_equal(w->signals.count, 1);
        s = w->signals.signals;
        assert_int_equal(s->rule, RULE_NOTIFICATION_FAILING);
        assert_string_equal(label(w, 0, "alertname"), "DriftwatchNotificationFailing");
        assert_string_equal(label(w, 0, "severity"), "warning");
        assert_string_equal(label(w, 0, "receiver"), "team");
        assert_string_equal(label(w, 0, "channel"), "ntfy");
        assert_string_equal(label(w, 0, "peer"), "hooks.example:443");
        assert_string_equal(label(w, 0, "incident"), SELFCHECK_INCIDENT);
        assert_null(label(w, 0, "collection"));
        assert_null(label(w, 0, "shard"));
        assert_string_equal(description(w, 0),
                "Notifications do not arrive at team (ntfy, hooks.example:443) since "
                "2026-11-23T02:00:00Z: no answer within 10s; 3 wait, 2 were lost since the start.");
        assert_string_equal(labels_get(&s->annotations, "summary"),
                "Notifications of driftwatch do not arrive.");
        assert_string_equal(labels_get(&s->annotations, "dashboard_url"), "https://dw.example/");
        assert_string_equal(labels_get(&s->annotations, "runbook_url"),
                "https://runbooks.example/#driftwatchnotificationfailing");
}

static void each_way_to_fail_has_its_words(void **state)
{
        struct world *w = *state;
        struct channel_view *c = add(w, "webhook", "the answer was status 410: gone");

        c->disabled = true;
        c = add(w, "ntfy", NULL);
        c->failing = true;
        c->lost_at = c->failing_since;
        w->rules[RULE_NOTIFICATION_FAILING].severity = (char *)"critical";
        w->shard = (struct shard){.index = 1, .of = 3};
        build(w);
        assert_int_equal(w->signals.count, 2);
        assert_string_equal(description(w, 0),
                "Nothing is sent any more to team (webhook, hooks.example:443) since "
                "2026-11-23T02:00:00Z: the answer was status 410: gone; 3 wait, 2 were lost since "
                "the start.");
        assert_string_equal(description(w, 1),
                "Lost one to team (ntfy, hooks.example:443) since 2026-11-23T02:00:00Z; 3 wait, 2 "
                "were lost since the start.");
        assert_string_equal(label(w, 0, "severity"), "critical");
        assert_string_equal(label(w, 0, "shard"), "1/3");
        w->rules[RULE_NOTIFICATION_FAILING].enabled = false;
        build(w);
        assert_int_equal(w->signals.count, 0);
}

static void a_state_that_is_not_written_is_told_to_everybody(void **state)
{
        struct world *w = *state;

        add(w, "webhook", "no answer within 10s");
        w->self.storage_failing = true;
        w->self.storage_error = "state.db: cannot be written: No space left on device";
        build(w);
        assert_int_equal(w->signals.count, 2);
        assert_string_equal(label(w, 1, "alertname"), "DriftwatchStorageFailing");
        assert_string_equal(label(w, 1, "severity"), "warning");
        assert_string_equal(label(w, 1, "incident"), SELFCHECK_INCIDENT);
        assert_null(label(w, 1, "receiver"));
        assert_string_equal(description(w, 1),
                "state.db: cannot be written: No space left on device. It measures and tells on. "
                "What changed since would be lost by a restart: mend the disk first.");
        w->self.storage_error = NULL;
        build(w);
        assert_string_equal(description(w, 1),
                "It measures and tells on. What changed since would be lost by a restart: mend the "
                "disk first.");
}

static void the_heart_beats_when_it_is_asked_to(void **state)
{
        struct world *w = *state;

        w->rules[RULE_HEARTBEAT].enabled = true;
        build(w);
        assert_int_equal(w->signals.count, 1);
        assert_string_equal(label(w, 0, "alertname"), "DriftwatchHeartbeat");
        assert_string_equal(label(w, 0, "severity"), "none");
        assert_string_equal(label(w, 0, "incident"), SELFCHECK_HEARTBEAT);
        assert_null(label(w, 0, "receiver"));
}

static const struct notice_policy times = {
        .group_wait = 0, .group_interval = USEC_PER_MINUTE, .repeat_interval = 4 * USEC_PER_HOUR};

/* What people hear after a look at `now`. */
static struct news look(struct world *w, usec_t now)
{
        _cleanup_free_ const struct alert **all = NULL;
        struct news news;
        size_t count;

        build(w);
        assert_int_equal(alerts_update(w->alerts, w->rules, &w->signals, now), 0);
        assert_int_equal(alerts_list(w->alerts, &all, &count), 0);
        assert_int_equal(notices_update(w->notices, all, count, &times, now, &news), 0);
        return news;
}

/* From the first failure to the end of it: told after `for`, once, and not where it is about. */
static void people_hear_of_it_in_time(void **state)
{
        struct world *w = *state;
        struct channel_view *c = add(w, "webhook", "no answer within 10s");
        _cleanup_(message_done) struct message m = {0};
        struct news news = look(w, T0);

        assert_int_equal(news.count, 0);
        news_done(&news);
        news = look(w, T0 + 10 * USEC_PER_MINUTE);
        assert_int_equal(news.count, 1);
        assert_int_equal(news.notices[0].kind, NOTICE_OPENED);
        assert_null(notice_collection(&news.notices[0]));
        assert_true(selfcheck_concerns(
                &news.notices[0], "team", "webhook", "https://u:p@hooks.example/x"));
        assert_false(selfcheck_concerns(
                &news.notices[0], "team", "webhook", "https://hooks.example:8443/x"));
        assert_false(
                selfcheck_concerns(&news.notices[0], "team", "ntfy", "https://hooks.example/x"));
        assert_false(selfcheck_concerns(
                &news.notices[0], "other", "webhook", "https://hooks.example/x"));
        assert_int_equal(message_build(&news.notices[0], "", T0, &m), 0);
        assert_string_equal(m.title, "[warning] driftwatch itself: DriftwatchNotificationFailing");
        assert_non_null(strstr(m.reason, "Notifications do not arrive at team (webhook, "));
        news_done(&news);
        c->failing = false;
        news = look(w, T0 + 20 * USEC_PER_MINUTE);
        assert_int_equal(news.count, 1);
        assert_int_equal(news.notices[0].kind, NOTICE_CLOSED);
        news_done(&news);
}

/* Only Alertmanagers, unless it has a severity that is news: then as often as what goes on. */
static void receivers_hear_a_heartbeat_that_has_a_severity(void **state)
{
        struct world *w = *state;
        struct news news;

        w->rules[RULE_HEARTBEAT].enabled = true;
        news = look(w, T0);
        assert_int_equal(news.count, 0);
        news_done(&news);
        w->rules[RULE_HEARTBEAT].severity = (char *)"warning";
        news = look(w, T0 + USEC_PER_MINUTE);
        assert_int_equal(news.count, 1);
        news_done(&news);
        news = look(w, T0 + 4 * USEC_PER_HOUR);
        assert_int_equal(news.count, 0);
        news_done(&news);
        news = look(w, T0 + 4 * USEC_PER_HOUR + USEC_PER_MINUTE);
        assert_int_equal(news.count, 1);
        assert_int_equal(news.notices[0].kind, NOTICE_REPEATED);
        news_done(&news);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void its_incident_is_shown_as_others_are(void **state)
{
        struct world *w = *state;
        _cleanup_(incident_view_done) struct incident_view i = {0};
        struct alert alerts[3] = {0};

        add(w, "webhook", "no answer");
        add(w, "ntfy", "refused");
        build(w);
        assert_int_equal(selfcheck_incident(alerts, 3, &i), 0);
        assert_null(i.id);
        for (size_t k = 0; k < 2; k++) {
                alerts[k].state = ALERT_FIRING;
                alerts[k].fired_at = T0 - k;
                alerts[k].labels = w->signals.signals[k].labels;
                alerts[k].annotations = w->signals.signals[k].annotations;
        }
        alerts[2] = alerts[0];
        alerts[2].state = ALERT_RESOLVED;
        assert_true(selfcheck_fires(alerts, 3));
        assert_false(selfcheck_fires(&alerts[2], 1));
        assert_int_equal(selfcheck_incident(alerts, 3, &i), 0);
        assert_string_equal(i.id, SELFCHECK_INCIDENT);
        assert_null(i.collection);
        assert_int_equal(i.since, T0 - 1);
        assert_int_equal(i.severity, SEVERITY_WARNING);
        assert_int_equal(i.findings, 2);
        assert_string_equal(i.summary, "2 destinations cannot be relied on");
        assert_non_null(strstr(i.explanation, "no answer"));
        assert_non_null(strstr(i.explanation, "refused"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(what_works_raises_nothing),
                TEST(what_fails_is_named),
                TEST(each_way_to_fail_has_its_words),
                TEST(a_state_that_is_not_written_is_told_to_everybody),
                TEST(the_heart_beats_when_it_is_asked_to),
                TEST(people_hear_of_it_in_time),
                TEST(receivers_hear_a_heartbeat_that_has_a_severity),
                TEST(its_incident_is_shown_as_others_are),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
