/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "tell/selfcheck.h"
#include "watch/publisher.h"

static void a_refused_reload_keeps_the_time_of_the_good_one(void **state)
{
        struct publisher p;
        struct errors errors = {0};

        publisher_init(&p, 5);
        publisher_configured(&p, 1, &errors, 10);
        assert_true(p.configured && p.reload_successful);
        assert_string_equal(publisher_reload_error(&p), "");
        errors_add(&errors, "a.yaml:1:1: first");
        errors_add(&errors, "a.yaml:2:1: second");
        publisher_configured(&p, -EBADMSG, &errors, 20);
        assert_true(p.configured);
        assert_false(p.reload_successful);
        assert_int_equal(p.reload_success_at, 10);
        assert_string_equal(publisher_reload_error(&p), "a.yaml:1:1: first\na.yaml:2:1: second\n");
        publisher_configured(&p, 0, &errors, 30);
        assert_true(p.reload_successful);
        assert_int_equal(p.reload_success_at, 30);
        publisher_configured(&p, 1, &errors, 40);
        publisher_configured(&p, 0, &errors, 50);
        assert_int_equal(p.reloads[RELOAD_CHANGED], 1); /* the start was none */
        assert_int_equal(p.reloads[RELOAD_UNCHANGED], 2);
        assert_int_equal(p.reloads[RELOAD_REFUSED], 1);
        errors_done(&errors);
        publisher_done(&p);
}

static struct config make_config(struct server_config **servers, size_t count)
{
        return (struct config){.path = (char *)"driftwatch.yaml",
                .servers = servers,
                .server_count = count,
                .per_query_limit = 7};
}

static void a_view_has_the_latencies_of_its_servers(void **state)
{
        struct server_config servers[] = {{.name = (char *)"idle", .peer.url = (char *)"http://i"},
                {.name = (char *)"busy", .peer.url = (char *)"http://b"}};
        struct server_config *list[] = {&servers[0], &servers[1]};
        struct config config = make_config(list, 2);
        struct publication source = {.config = &config, .external_url = "http://me"};
        _cleanup_(alerts_freep) struct alerts *alerts = alerts_new();
        _cleanup_(outbox_freep) struct outbox *outbox = NULL;
        _cleanup_(view_unrefp) struct view *v = NULL;
        sd_event *event;
        struct publisher p;

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(outbox_new(event, NULL, NULL, NULL, &outbox), 0);
        config.alerting.rules[RULE_REPLAY_FAILING] = (struct rule){.enabled = true};
        source.alerts = alerts;
        source.outbox = outbox;
        publisher_init(&p, 5);
        publisher_observe(&p, "busy", 2 * USEC_PER_SEC);
        publisher_observe(&p, "gone", USEC_PER_SEC);
        assert_int_equal(publisher_view(&p, &source, 9, &v), 0);
        assert_int_equal(v->server_count, 2);
        assert_true(v->servers[0].latency.sum_seconds == 0);
        assert_true(v->servers[1].latency.sum_seconds == 2);
        assert_int_equal(v->published, 9);
        assert_int_equal(v->started, 5);
        assert_int_equal(v->per_query_limit, 7);
        assert_int_equal(v->rule_count, 1); /* those that are switched on */
        assert_string_equal(v->rules[0].name, "RetrievalReplayFailing");
        assert_string_equal(v->rules[0].severity, "critical");
        assert_false(v->ready);
        assert_string_equal(v->external_url, "http://me");
        assert_non_null(strstr(publisher_status(&p, v), "0 queries in 0 collections"));
        assert_non_null(strstr(publisher_status(&p, v), "the last reload was refused"));
        publisher_done(&p);
        sd_event_unref(event);
}

/* What was open before and is no more has ended; it is shown for a while. */
static void an_incident_that_ended_is_shown_for_a_while(void **state)
{
        struct config config = make_config(NULL, 0);
        struct publication source = {.config = &config};
        _cleanup_(alerts_freep) struct alerts *alerts = alerts_new();
        _cleanup_(outbox_freep) struct outbox *outbox = NULL;
        const usec_t now = 1800000000 * USEC_PER_SEC;
        const usec_t times[] = {
                now, now + ALERT_RESOLVED_RETENTION, now + ALERT_RESOLVED_RETENTION + 1};
        sd_event *event;
        struct publisher p;

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(outbox_new(event, NULL, NULL, NULL, &outbox), 0);
        source.alerts = alerts;
        source.outbox = outbox;
        publisher_init(&p, now);
        p.incidents = calloc(1, sizeof(*p.incidents));
        p.incident_count = 1;
        p.incidents[0] = (struct incident_view){.id = strdup("kb"),
                .collection = strdup("kb"),
                .since = now - USEC_PER_HOUR,
                .worst = {strdup("q-1")},
                .worst_count = 1,
                .summary = strdup("of 2 queries 1 fail")};
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                _cleanup_(view_unrefp) struct view *v = NULL;

                assert_int_equal(publisher_view(&p, &source, times[i], &v), 0);
                assert_int_equal(v->incident_count, i < 2);
                if (i == 2)
                        continue;
                assert_int_equal(v->incidents[0].resolved_at, now);
                assert_string_equal(v->incidents[0].worst[0], "q-1");
                assert_string_equal(v->incidents[0].summary, "of 2 queries 1 fail");
        }
        publisher_done(&p);
        sd_event_unref(event);
}

static void fail_to_tell(struct alerts *alerts, const char *peer, usec_t since)
{
        struct alert a = {.state = ALERT_FIRING, .active_at = since, .fired_at = since};

        assert_int_equal(labels_set(&a.labels, "alertname", "DriftwatchNotificationFailing"), 0);
        assert_int_equal(labels_set(&a.labels, "incident", SELFCHECK_INCIDENT), 0);
        assert_int_equal(labels_set(&a.labels, "severity", "warning"), 0);
        assert_int_equal(labels_set(&a.labels, "peer", peer), 0);
        a.fingerprint = labels_fingerprint(&a.labels);
        assert_int_equal(alerts_restore(alerts, &a), 0);
}

/* It goes on while anything fails, whatever failed first, and ends as others do. */
static void its_own_incident_is_shown(void **state)
{
        struct config config = make_config(NULL, 0);
        struct publication source = {.config = &config};
        _cleanup_(alerts_freep) struct alerts *first = alerts_new();
        _cleanup_(alerts_freep) struct alerts *second = alerts_new();
        _cleanup_(alerts_freep) struct alerts *none = alerts_new();
        struct alerts *const lives[] = {first, second, none};
        _cleanup_(outbox_freep) struct outbox *outbox = NULL;
        const usec_t now = 1800000000 * USEC_PER_SEC;
        sd_event *event;
        struct publisher p;

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(outbox_new(event, NULL, NULL, NULL, &outbox), 0);
        source.outbox = outbox;
        publisher_init(&p, now);
        fail_to_tell(first, "a", now - 2);
        fail_to_tell(second, "b", now - 1);
        fail_to_tell(second, "c", now - 1);
        for (size_t i = 0; i < ARRAY_SIZE(lives); i++) {
                _cleanup_(view_unrefp) struct view *v = NULL;

                source.alerts = lives[i];
                assert_int_equal(publisher_view(&p, &source, now + i, &v), 0);
                assert_int_equal(v->incident_count, 1);
                assert_string_equal(v->incidents[0].id, SELFCHECK_INCIDENT);
                assert_null(v->incidents[0].collection);
                assert_int_equal(v->incidents[0].since, now - 2);
                assert_int_equal(v->incidents[0].resolved_at, i == 2 ? now + i : 0);
        }
        publisher_done(&p);
        sd_event_unref(event);
}

static void its_times_follow_the_clock(void **state)
{
        struct publisher p;
        struct errors errors = {0};
        struct incident_view incidents[] = {{.since = 1000}, {.since = 1001, .resolved_at = 1002}};

        publisher_init(&p, 1003);
        publisher_jump(&p, 500);
        assert_int_equal(p.started, 1503);
        assert_int_equal(p.reload_success_at, 0); /* never yet */
        publisher_configured(&p, 0, &errors, 1504);
        p.incidents = incidents;
        p.incident_count = ARRAY_SIZE(incidents);
        publisher_jump(&p, -500);
        assert_int_equal(p.started, 1003);
        assert_int_equal(p.reload_success_at, 1004);
        assert_int_equal(incidents[0].since, 500);
        assert_int_equal(incidents[0].resolved_at, 0);
        assert_int_equal(incidents[1].since, 501);
        assert_int_equal(incidents[1].resolved_at, 502);
        p.incidents = NULL;
        p.incident_count = 0;
        publisher_done(&p);
}

/* What has not changed is not copied, whoever looks at the views. */
static void views_share_what_stays_as_it_is(void **state)
{
        struct config config = make_config(NULL, 0);
        struct publication source = {.config = &config};
        _cleanup_(alerts_freep) struct alerts *alerts = alerts_new();
        _cleanup_(outbox_freep) struct outbox *outbox = NULL;
        _cleanup_(view_unrefp) struct view *first = NULL, *second = NULL, *third = NULL,
                                           *fourth = NULL;
        struct signal signal = {.rule = RULE_BAND_CROSSED};
        struct signals signals = {.collection = (char *)"c",
                .server = (char *)"main",
                .signals = &signal,
                .count = 1};
        sd_event *event;
        struct publisher p;

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(outbox_new(event, NULL, NULL, NULL, &outbox), 0);
        assert_int_equal(labels_set(&signal.labels, "alertname", "RetrievalBandCrossed"), 0);
        assert_int_equal(labels_set(&signal.labels, "collection", "c"), 0);
        source.alerts = alerts;
        source.outbox = outbox;
        publisher_init(&p, 5);
        assert_int_equal(publisher_view(&p, &source, 9, &first), 0);
        assert_int_equal(first->alert_count, 0);
        assert_int_equal(publisher_view(&p, &source, 10, &second), 0);
        assert_ptr_equal(second->alert_list, first->alert_list);
        assert_ptr_equal(second->incident_list, first->incident_list);
        assert_int_equal(alerts_update(alerts, config.alerting.rules, &signals, 11), 0);
        assert_int_equal(publisher_view(&p, &source, 12, &third), 0);
        assert_int_equal(third->alert_count, 1);
        assert_int_equal(third->alerts[0].state, ALERT_FIRING);
        assert_int_equal(second->alert_count, 0);
        assert_ptr_equal(third->incident_list, first->incident_list);
        assert_non_null(strstr(publisher_status(&p, third), "1 alert firing"));
        publisher_jump(&p, 1000); /* their times are others */
        alerts_jump(alerts, 1000);
        assert_int_equal(publisher_view(&p, &source, 1013, &fourth), 0);
        assert_ptr_not_equal(fourth->incident_list, third->incident_list);
        assert_int_equal(fourth->alerts[0].active_at, 1011);
        assert_int_equal(third->alerts[0].active_at, 11);
        labels_done(&signal.labels);
        publisher_done(&p);
        sd_event_unref(event);
}

static void how_incidents_stand_is_shared_until_it_changes(void **state)
{
        static const struct desk_policy policy;
        struct config config = make_config(NULL, 0);
        _cleanup_(alerts_freep) struct alerts *alerts = alerts_new();
        _cleanup_(outbox_freep) struct outbox *outbox = NULL;
        _cleanup_(desk_freep) struct desk *desk = desk_new();
        struct view *views[4];
        struct publication source = {.config = &config, .alerts = alerts, .desk = desk};
        struct roster team = {0};
        struct publisher p;
        sd_event *event;

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(outbox_new(event, NULL, NULL, NULL, &outbox), 0);
        source.outbox = outbox;
        desk_configure(desk, &policy);
        publisher_init(&p, 5);
        assert_int_equal(publisher_view(&p, &source, 9, &views[0]), 0);
        assert_int_equal(escalations_open(desk_escalations(desk), "a", "high", &team, 10), 0);
        assert_int_equal(publisher_view(&p, &source, 10, &views[1]), 0);
        assert_ptr_equal(views[1]->standing, views[0]->standing);
        source.desk_generation++;
        assert_int_equal(publisher_view(&p, &source, 11, &views[2]), 0);
        assert_null(standing_find(views[1]->standing, "a"));
        assert_non_null(standing_find(views[2]->standing, "a"));
        publisher_jump(&p, 1000);
        assert_int_equal(publisher_view(&p, &source, 1011, &views[3]), 0);
        assert_ptr_not_equal(views[3]->standing, views[2]->standing);
        for (size_t i = 0; i < ARRAY_SIZE(views); i++)
                view_unref(views[i]);
        publisher_done(&p);
        sd_event_unref(event);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_refused_reload_keeps_the_time_of_the_good_one),
                cmocka_unit_test(a_view_has_the_latencies_of_its_servers),
                cmocka_unit_test(an_incident_that_ended_is_shown_for_a_while),
                cmocka_unit_test(its_own_incident_is_shown),
                cmocka_unit_test(its_times_follow_the_clock),
                cmocka_unit_test(views_share_what_stays_as_it_is),
                cmocka_unit_test(how_incidents_stand_is_shared_until_it_changes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
