/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "watch/publisher.h"

static void a_refused_reload_keeps_the_time_of_the_good_one(void **state)
{
        struct publisher p;
        struct errors errors = {0};

        publisher_init(&p, 5);
        publisher_configured(&p, 0, &errors, 10);
        assert_true(p.configured && p.reload_successful);
        assert_string_equal(publisher_reload_error(&p), "");
        errors_add(&errors, "a.yaml:1:1: first");
        errors_add(&errors, "a.yaml:2:1: second");
        publisher_configured(&p, -EBADMSG, &errors, 20);
        assert_true(p.configured);
        assert_false(p.reload_successful);
        assert_int_equal(p.reload_success_at, 10);
        assert_string_equal(publisher_reload_error(&p), "a.yaml:1:1: first\na.yaml:2:1: second\n");
        errors_done(&errors);
        publisher_done(&p);
}

static struct config make_config(struct server_config *servers, size_t count)
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
        struct config config = make_config(servers, 2);
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

/* What was open in the view before and is no more has ended; it is shown for a while. */
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
        p.previous = view_new();
        p.previous->incidents = calloc(1, sizeof(*p.previous->incidents));
        p.previous->incident_count = 1;
        p.previous->incidents[0] = (struct incident_view){.id = strdup("kb"),
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_refused_reload_keeps_the_time_of_the_good_one),
                cmocka_unit_test(a_view_has_the_latencies_of_its_servers),
                cmocka_unit_test(an_incident_that_ended_is_shown_for_a_while),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
