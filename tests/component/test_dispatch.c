/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

#include "../unit/a_secret.h"
#include "clock.h"
#include "config/routes.h"
#include "tell/dispatch.h"
#include "tell/token.h"

/* What goes to whom: real alerts, a real outbox whose sender only notes what it was given, and the
 * routes of a configuration with two Alertmanagers, a webhook and one that wants no resolutions. */

#define SENT_MAX 32

struct world {
        sd_event *event;
        struct outbox *outbox;
        struct alerts *alerts;
        struct notices *notices;
        struct channel_config alertmanagers[2], webhooks[2];
        struct receiver_config receiver;
        struct alerting_config alerting;
        struct routes routes;
        struct {
                char *url, *body;
        } sent[SENT_MAX];
        size_t count;
        usec_t now;
};

static const unsigned char ack_key[ACK_KEY_SIZE] = {7};
static const struct dispatch_policy policy = {
        .alert = {.resend_delay = USEC_PER_MINUTE, .interval = USEC_PER_MINUTE},
        .external_url = "https://drift.example/",
        .ack_key = ack_key,
        .ack_expire = USEC_PER_DAY,
};
static const struct notice_policy times = {
        30 * USEC_PER_SEC, 5 * USEC_PER_MINUTE, 4 * USEC_PER_HOUR};

struct deferred {
        void (*done)(const struct http_response *response, void *userdata);
        void *userdata;
};

static int answer_later(sd_event_source *s, void *userdata)
{
        struct deferred *d = userdata;
        struct http_response ok = {.status = 200, .body = ""};

        d->done(&ok, d->userdata);
        free(d);
        sd_event_source_unref(s);
        return 0;
}

static int send_request(void *sender, const struct http_peer *peer,
        const struct http_request *request, void (*done)(const struct http_response *, void *),
        void *userdata)
{
        struct world *w = sender;
        struct deferred *d = calloc(1, sizeof(*d));
        sd_event_source *s;

        assert_true(w->count < SENT_MAX);
        w->sent[w->count].url = strdup(peer->url);
        w->sent[w->count++].body = strndup(request->body, request->body_size);
        *d = (struct deferred){done, userdata};
        assert_true(sd_event_add_defer(w->event, &s, answer_later, d) >= 0);
        return 0;
}

static struct channel_config channel_at(
        const struct channel *channel, const char *url, bool send_resolved)
{
        return (struct channel_config){
                .channel = channel, .peer.url = (char *)url, .send_resolved = send_resolved};
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        w->now = clock_usec(CLOCK_REALTIME);
        w->alertmanagers[0] = channel_at(&channel_alertmanager, "http://am-0", true);
        w->alertmanagers[1] = channel_at(&channel_alertmanager, "http://am-1", true);
        w->webhooks[0] = channel_at(&channel_webhook, "http://hook", true);
        w->webhooks[1] = channel_at(&channel_webhook, "http://firing-only", false);
        w->receiver = (struct receiver_config){
                .name = (char *)"team", .channels = w->webhooks, .channel_count = 2};
        w->alerting = (struct alerting_config){
                .alertmanagers = w->alertmanagers,
                .alertmanager_count = 2,
                .receivers = &w->receiver,
                .receiver_count = 1,
        };
        for (size_t i = 0; i < RULE_COUNT; i++)
                w->alerting.rules[i].enabled = true;
        w->alerts = alerts_new();
        w->notices = notices_new();
        assert_true(sd_event_new(&w->event) >= 0);
        assert_int_equal(outbox_new(w->event, send_request, w, NULL, &w->outbox), 0);
        assert_int_equal(routes_build(&w->alerting, &w->routes), 0);
        assert_int_equal(routes_configure(&w->routes, w->outbox), 0);
        return 0;
}

static void forget_sent(struct world *w)
{
        for (size_t i = 0; i < w->count; i++) {
                free(w->sent[i].url);
                free(w->sent[i].body);
        }
        w->count = 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        outbox_free(w->outbox);
        routes_done(&w->routes);
        alerts_free(w->alerts);
        notices_free(w->notices);
        sd_event_unref(w->event);
        forget_sent(w);
        free(w);
        return 0;
}

static void observe(
        struct world *w, const char *collection, const char *const *queries, size_t count)
{
        struct signals s = {
                .collection = (char *)collection, .server = (char *)"main", .count = count};

        s.signals = calloc(count + 1, sizeof(*s.signals));
        for (size_t i = 0; i < count; i++) {
                struct labels *l = &s.signals[i].labels;

                s.signals[i].rule = RULE_BAND_CROSSED;
                assert_int_equal(labels_set(l, "alertname", "RetrievalBandCrossed"), 0);
                assert_int_equal(labels_set(l, "severity", "warning"), 0);
                assert_int_equal(labels_set(l, "collection", collection), 0);
                assert_int_equal(labels_set(l, "incident", collection), 0);
                assert_int_equal(labels_set(l, "query", queries[i]), 0);
        }
        assert_int_equal(alerts_update(w->alerts, w->alerting.rules, &s, w->now), 0);
        for (size_t i = 0; i < count; i++)
                labels_done(&s.signals[i].labels);
        free(s.signals);
}

static void dispatch_all(struct world *w)
{
        _cleanup_free_ const struct alert **all = NULL;
        _cleanup_(news_done) struct news news = {0};
        size_t count;

        forget_sent(w);
        assert_int_equal(alerts_list(w->alerts, &all, &count), 0);
        assert_int_equal(notices_update(w->notices, all, count, &times, w->now, &news), 0);
        assert_int_equal(dispatch_alerts(w->alerts, w->outbox, w->routes.routes, w->routes.count,
                                 &policy, w->now),
                0);
        for (size_t i = 0; i < news.count; i++) {
                const struct hearsay what = {&news.notices[i], "team", ""};

                if (news.notices[i].kind != NOTICE_PASSED)
                        assert_int_equal(dispatch_hearsay(&what, w->outbox, w->routes.routes,
                                                 w->routes.count, &policy, w->now),
                                0);
        }
        while (!outbox_idle(w->outbox))
                assert_true(sd_event_run(w->event, USEC_INFINITY) >= 0);
}

static size_t sent_to(const struct world *w, const char *url, const char *part)
{
        size_t n = 0;

        for (size_t i = 0; i < w->count; i++)
                n += streq(w->sent[i].url, url) && strstr(w->sent[i].body, part) != NULL;
        return n;
}

static const char *const queries[] = {"q-1", "q-2"};

static void every_peer_hears_of_it_at_once_and_every_webhook_after_a_while(void **state)
{
        struct world *w = *state;

        observe(w, "agents", queries, 2);
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://am-0", "q-1"), 1);
        assert_int_equal(sent_to(w, "http://am-1", "q-2"), 1);
        assert_int_equal(w->count, 2);
        w->now += times.group_wait;
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://hook", "\"status\":\"firing\""), 1);
        assert_int_equal(sent_to(w, "http://firing-only", "q-1"), 1);
        assert_int_equal(w->count, 2);
        dispatch_all(w);
        assert_int_equal(w->count, 0);
}

static void alertmanagers_are_told_again_receivers_are_not(void **state)
{
        struct world *w = *state;

        observe(w, "agents", queries, 1);
        dispatch_all(w);
        w->now += times.group_wait;
        dispatch_all(w);
        w->now += policy.alert.resend_delay + USEC_PER_SEC;
        observe(w, "agents", queries, 1);
        dispatch_all(w);
        assert_int_equal(w->count, 2);
        assert_int_equal(sent_to(w, "http://am-0", "q-1") + sent_to(w, "http://am-1", "q-1"), 2);
        w->now += times.repeat_interval;
        observe(w, "agents", queries, 1);
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://hook", "q-1"), 1);
}

static void an_incident_is_one_payload_for_a_webhook(void **state)
{
        struct world *w = *state;

        observe(w, "agents", queries, 2);
        observe(w, "handbook", queries, 1);
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://am-0", "agents"), 1);
        assert_int_equal(sent_to(w, "http://am-0", "handbook"), 1);
        w->now += times.group_wait;
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://hook", "incident=\\\"agents\\\""), 1);
        assert_int_equal(sent_to(w, "http://hook", "incident=\\\"handbook\\\""), 1);
        assert_int_equal(w->count, 2 * 2);
}

static void resolutions_go_where_they_are_wanted(void **state)
{
        struct world *w = *state;

        observe(w, "agents", queries, 1);
        dispatch_all(w);
        w->now += times.group_wait;
        dispatch_all(w);
        w->now += USEC_PER_SEC;
        observe(w, "agents", NULL, 0);
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://am-0", "endsAt"), 1);
        assert_int_equal(w->count, 2);
        w->now += times.group_interval;
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://hook", "\"status\":\"resolved\""), 1);
        assert_int_equal(sent_to(w, "http://firing-only", ""), 0);
}

/* What of a body stands behind `before`, up to a quotation mark. */
static char *cut_out(const char *body, const char *before)
{
        const char *found = strstr(body, before);

        assert_non_null(found);
        found += strlen(before);
        return strndup(found, strcspn(found, "\""));
}

/* As long as there is something to take. */
static void a_message_can_be_acknowledged_by_a_link(void **state)
{
        struct world *w = *state;
        _cleanup_free_ char *link = NULL;
        _cleanup_(token_done) struct token t = {0};

        observe(w, "agents", queries, 1);
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://am-0", "ack_url"), 0);
        w->now += times.group_wait;
        dispatch_all(w);
        assert_true(w->count > 0);
        link = cut_out(w->sent[0].body, "\"ack_url\":\"https://drift.example/ack/");
        assert_int_equal(token_read(ack_key, link, w->now, &t), 0);
        assert_string_equal(t.incident, "agents");
        assert_string_equal(t.receiver, "team");
        assert_int_equal(t.made, w->now);
        assert_int_equal(t.expires, w->now + USEC_PER_DAY);
        w->now += times.group_interval;
        observe(w, "agents", NULL, 0);
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://hook", "resolved"), 1);
        assert_int_equal(sent_to(w, "http://hook", "ack_url"), 0);
}

/* An acknowledgement is for the channels that keep account of it. */
static void who_took_it_is_told_where_it_counts(void **state)
{
        struct world *w = *state;

        w->webhooks[1] = channel_at(&channel_pagerduty, "http://pager", true);
        w->webhooks[1].settings.key = a_secret("k");
        routes_done(&w->routes);
        assert_int_equal(routes_build(&w->alerting, &w->routes), 0);
        assert_int_equal(routes_configure(&w->routes, w->outbox), 0);
        assert_int_equal(dispatch_acknowledgement(
                                 "agents", "nobody", w->outbox, w->routes.routes, w->routes.count),
                0);
        assert_true(outbox_idle(w->outbox));
        assert_int_equal(dispatch_acknowledgement(
                                 "agents", "team", w->outbox, w->routes.routes, w->routes.count),
                0);
        while (!outbox_idle(w->outbox))
                assert_true(sd_event_run(w->event, USEC_INFINITY) >= 0);
        assert_int_equal(sent_to(w, "http://pager", "\"event_action\":\"acknowledge\""), 1);
        assert_int_equal(w->count, 1);
        channel_settings_done(&w->webhooks[1].settings);
}

/* What was over before anybody was told is nobody's business. */
static void what_passes_is_told_to_alertmanagers_only(void **state)
{
        struct world *w = *state;

        observe(w, "agents", queries, 1);
        dispatch_all(w);
        w->now += USEC_PER_SEC;
        observe(w, "agents", NULL, 0);
        dispatch_all(w);
        assert_int_equal(w->count, 2);
        w->now += times.group_interval;
        dispatch_all(w);
        assert_int_equal(sent_to(w, "http://hook", ""), 0);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(every_peer_hears_of_it_at_once_and_every_webhook_after_a_while),
                world_test(alertmanagers_are_told_again_receivers_are_not),
                world_test(an_incident_is_one_payload_for_a_webhook),
                world_test(resolutions_go_where_they_are_wanted),
                world_test(a_message_can_be_acknowledged_by_a_link),
                world_test(who_took_it_is_told_where_it_counts),
                world_test(what_passes_is_told_to_alertmanagers_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
