/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <systemd/sd-event.h>

#include "fewer.h"
#include "keep/telling.h"
#include "kept.h"
#include "log.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)

struct fixture {
        sd_event *event;
        struct state *state;
        struct alerts *alerts;
        struct notices *notices;
        struct outbox *outbox;
        struct outbox_store store;
        struct text sent; /* what would have gone out */
};

static int keep_request(void *sender, const struct http_peer *peer,
        const struct http_request *request,
        void (*done)(const struct http_response *response, void *userdata), void *userdata)
{
        struct fixture *f = sender;

        text_appendf(&f->sent, "%s %s %s", request->method, request->path, request->body);
        for (size_t i = 0; request->headers && request->headers[i]; i++)
                text_appendf(&f->sent, " %s", request->headers[i]);
        text_append(&f->sent, "\n");
        return 0;
}

/* Another life with the same file. */
static void live(struct fixture *f)
{
        struct http_peer peer = {.url = (char[]){"http://127.0.0.1:9"}};
        const struct outbox_destination destination = {
                "team/webhook/0", "team", &channel_webhook, &peer, NULL};

        f->state = kept_open();
        f->alerts = alerts_new();
        f->notices = notices_new();
        f->store = (struct outbox_store){telling_put_entry, telling_remove_entry, f->state};
        assert_int_equal(outbox_new(f->event, keep_request, f, &f->store, &f->outbox), 0);
        assert_int_equal(outbox_configure(f->outbox, &destination, 1), 0);
}

static void die(struct fixture *f)
{
        state_free(f->state);
        alerts_free(f->alerts);
        notices_free(f->notices);
        outbox_free(f->outbox);
        text_clear(&f->sent);
}

static int begin(void **ret)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || sd_event_new(&f->event) < 0)
                return -1;
        live(f);
        *ret = f;
        return 0;
}

static int end(void **ret)
{
        struct fixture *f = *ret;

        die(f);
        text_done(&f->sent);
        sd_event_unref(f->event);
        free(f);
        return kept_clear(NULL);
}

static struct alert sample_alert(const char *collection)
{
        struct alert a = {.state = ALERT_FIRING,
                .inhibits = true,
                .active_at = T0,
                .fired_at = T0 + 1,
                .keep_firing_since = T0 + 2,
                .last_sent_at = T0 + 3,
                .flaps = 4,
                .flapping_since = T0 - 5,
                .flapped_at = T0 - 1,
                .valid_until = USEC_INFINITY};

        assert_int_equal(labels_set(&a.labels, "alertname", "RetrievalReplayFailing"), 0);
        assert_int_equal(labels_set(&a.labels, "collection", collection), 0);
        assert_int_equal(labels_set(&a.labels, "incident", collection), 0);
        assert_int_equal(labels_set(&a.labels, "severity", "critical"), 0);
        assert_int_equal(labels_set(&a.annotations, "summary", "It \"fails\"."), 0);
        assert_int_equal(strdup_to(&a.server, "main"), 0);
        a.fingerprint = labels_fingerprint(&a.labels);
        return a;
}

static void add_alert(struct fixture *f, const char *collection)
{
        struct alert a = sample_alert(collection);

        assert_int_equal(alerts_restore(f->alerts, &a), 0);
}

static void tell_all(struct fixture *f, usec_t now)
{
        static const struct notice_policy policy = {0, USEC_PER_SEC, USEC_PER_HOUR};
        _cleanup_free_ const struct alert **all = NULL;
        _cleanup_(news_done) struct news news = {0};
        size_t count;

        assert_int_equal(alerts_list(f->alerts, &all, &count), 0);
        assert_int_equal(notices_update(f->notices, all, count, &policy, now, &news), 0);
}

static void save(struct fixture *f)
{
        assert_int_equal(telling_put_alerts(f->state, f->alerts), 0);
        assert_int_equal(telling_put_groups(f->state, f->notices), 0);
        kept_commit(f->state);
}

static size_t restore(struct fixture *f, usec_t now)
{
        size_t refused = 0;
        _cleanup_error_ struct error e = {0};
        int r = telling_restore(f->state, f->alerts, f->notices, f->outbox, now, &refused, &e);

        if (r < 0)
                fail_msg("%s", error_text(&e, r));
        assert_true(refused == 0 || e.message);
        return refused;
}

static void an_alert_goes_on(void **state)
{
        struct fixture *f = *state;
        const struct alert **all;
        size_t count;

        add_alert(f, "kb");
        save(f);
        die(f);
        live(f);
        assert_int_equal(restore(f, T0 + USEC_PER_MINUTE), 0);
        assert_int_equal(alerts_list(f->alerts, &all, &count), 0);
        assert_int_equal(count, 1);
        assert_int_equal(all[0]->state, ALERT_FIRING);
        assert_int_equal(all[0]->active_at, T0);
        assert_int_equal(all[0]->fired_at, T0 + 1);
        assert_int_equal(all[0]->keep_firing_since, T0 + 2);
        assert_int_equal(all[0]->flaps, 4);
        assert_int_equal(all[0]->flapping_since, T0 - 5);
        assert_int_equal(all[0]->flapped_at, T0 - 1);
        assert_int_equal(all[0]->last_sent_at, T0 + 3);
        assert_true(all[0]->valid_until == USEC_INFINITY);
        assert_true(all[0]->inhibits);
        assert_string_equal(all[0]->server, "main");
        assert_string_equal(labels_get(&all[0]->annotations, "summary"), "It \"fails\".");
        free(all);
        save(f);
        assert_false(state_pending(f->state, false));
}

/* Of driftwatch itself, which no collection is behind. */
static void an_alert_without_a_collection_goes_on(void **state)
{
        struct fixture *f = *state;
        const struct alert **all;
        size_t count;

        add_alert(f, NULL);
        save(f);
        die(f);
        live(f);
        assert_int_equal(restore(f, T0 + USEC_PER_MINUTE), 0);
        assert_int_equal(alerts_list(f->alerts, &all, &count), 0);
        assert_int_equal(count, 1);
        assert_null(labels_get(&all[0]->labels, "collection"));
        free(all);
}

static void times_that_lie_ahead_are_now(void **state)
{
        struct fixture *f = *state;
        const struct alert **all;
        size_t count;

        add_alert(f, "kb");
        save(f);
        die(f);
        live(f);
        assert_int_equal(restore(f, T0 - USEC_PER_DAY), 0);
        assert_int_equal(alerts_list(f->alerts, &all, &count), 0);
        assert_int_equal(all[0]->fired_at, T0 - USEC_PER_DAY);
        free(all);
}

static void who_was_told_is_told_of_the_end(void **state)
{
        struct fixture *f = *state;
        struct told_group g;

        add_alert(f, "kb");
        tell_all(f, T0 + 10);
        save(f);
        die(f);
        live(f);
        assert_int_equal(restore(f, T0 + USEC_PER_MINUTE), 0);
        assert_true(notices_group(f->notices, 0, &g));
        assert_string_equal(g.incident, "kb");
        assert_int_equal(g.told_at, T0 + 10);
        assert_int_equal(g.count, 1);
        /* It ends, and another restart comes before that is told. */
        alerts_forget_collection(f->alerts, "kb", T0 + USEC_PER_MINUTE);
        tell_all(f, T0 + 11);
        assert_true(notices_group(f->notices, 0, &g));
        assert_int_equal(g.members[0].state, TOLD_ENDING);
        save(f);
        die(f);
        live(f);
        assert_int_equal(restore(f, T0 + USEC_PER_HOUR), 0);
        assert_true(notices_group(f->notices, 0, &g));
        assert_int_equal(g.members[0].state, TOLD_ENDING);
        assert_int_equal(g.members[0].last.resolved_at, T0 + USEC_PER_MINUTE);
        tell_all(f, T0 + USEC_PER_HOUR);
        assert_false(notices_group(f->notices, 0, &g));
}

static void put(struct fixture *f, const char *body)
{
        const struct outbox_subject subject = {ENTRY_OPENED, "kb", USEC_INFINITY};
        struct http_request request = {.method = "POST"};

        assert_int_equal(strdup_to(&request.path, "/hook"), 0);
        assert_int_equal(strdup_to(&request.body, body), 0);
        request.body_size = strlen(body);
        assert_int_equal(http_request_add_header(&request, "X-Team", "search"), 0);
        assert_int_equal(outbox_put(f->outbox, "team/webhook/0", &subject, &request), 0);
}

static void what_was_not_delivered_goes_out_with_the_same_key(void **state)
{
        _cleanup_text_ struct text before = {0};
        struct fixture *f = *state;

        put(f, "{\"first\": 1}");
        put(f, "second");
        kept_commit(f->state);
        text_append(&before, text_string(&f->sent));
        assert_non_null(strstr(text_string(&before), "{\"first\": 1}"));
        assert_non_null(strstr(text_string(&before), "X-Team: search"));
        assert_non_null(strstr(text_string(&before), "Idempotency-Key: "));
        die(f);
        live(f);
        assert_int_equal(restore(f, T0), 0);
        assert_string_equal(text_string(&f->sent), text_string(&before));
}

static void what_was_delivered_is_not_sent_again(void **state)
{
        struct fixture *f = *state;

        put(f, "first");
        kept_commit(f->state);
        telling_remove_entry(f->state, 1);
        kept_commit(f->state);
        die(f);
        live(f);
        assert_int_equal(restore(f, T0), 0);
        assert_string_equal(text_string(&f->sent), "");
}

/* With the right check sum: somebody, or an earlier bug, wrote it. */
static void garbled_rows_are_refused_one_by_one(void **state)
{
        struct kept_row rows[KEPT_ROWS_MAX + 1];
        struct fixture *f = *state;
        const unsigned rounds = (unsigned)fewer(3000);
        size_t refused = 0;
        uint64_t seed = 11;

        log_init(LOG_EMERG, LOG_LOGFMT);
        add_alert(f, "kb");
        tell_all(f, T0 + 10);
        alerts_forget_collection(f->alerts, "kb", T0 + USEC_PER_MINUTE);
        tell_all(f, T0 + 11);
        put(f, "first");
        save(f);
        assert_int_equal(kept_rows(rows), 3);
        for (unsigned i = 0; i < rounds; i++) {
                size_t which = i % 3, size = strlen(rows[which].value);
                char value[4096];

                memcpy(value, rows[which].value, sizeof(value));
                size = kept_garble(value, size, i, &seed);
                kept_write(f->state, rows[which].kind, false, rows[which].key, value, size);
                die(f);
                live(f);
                refused += restore(f, T0 + USEC_PER_HOUR);
                tell_all(f, T0 + USEC_PER_HOUR);
        }
        assert_true(refused > rounds / 3);
}

static void what_is_impossible_is_refused(void **state)
{
        static const struct {
                const char *kind, *key, *value;
        } rows[] = {
                {"alert", "0000000000000000", "{\"state\":\"firing\",\"active_at\":1}"},
                {"alert", "0000000000000000",
                        "{\"labels\":{},\"annotations\":{},\"state\":\"pending\",\"active_at\":1}"},
                {"incident-told", "a", "{\"members\":[{\"state\":\"ending\"}]}"},
                {"incident-told", "b", "{\"members\":{}}"},
                {"outbox", "1", "{}"},
                {"outbox", "0000000000000001",
                        "{\"key\":\"0123456789abcdef0123456789abcdef\",\"method\":\"POST\","
                        "\"path\":\"\",\"headers\":[\"a: b\\r\\nc: d\"],\"body\":\"x\","
                        "\"destination\":\"team/webhook/0\"}"},
                {"outbox", "0000000000000002",
                        "{\"key\":\"0123456789abcdef0123456789abcdef\",\"method\":\"TRACE\","
                        "\"path\":\"\",\"headers\":[],\"body\":\"x\","
                        "\"destination\":\"team/webhook/0\"}"},
                {"outbox", "0000000000000003",
                        "{\"key\":\"0123\",\"method\":\"POST\",\"path\":\"\",\"headers\":[],"
                        "\"body\":\"x\",\"destination\":\"team/webhook/0\"}"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                kept_write(f->state, rows[i].kind, false, rows[i].key, rows[i].value,
                        strlen(rows[i].value));
                if (restore(f, T0) != 1)
                        fail_msg("%s %s", rows[i].kind, rows[i].value);
                kept_commit(f->state);
        }
        assert_int_equal(restore(f, T0), 0);
        assert_string_equal(text_string(&f->sent), "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(an_alert_goes_on, begin, end),
                cmocka_unit_test_setup_teardown(an_alert_without_a_collection_goes_on, begin, end),
                cmocka_unit_test_setup_teardown(times_that_lie_ahead_are_now, begin, end),
                cmocka_unit_test_setup_teardown(who_was_told_is_told_of_the_end, begin, end),
                cmocka_unit_test_setup_teardown(
                        what_was_not_delivered_goes_out_with_the_same_key, begin, end),
                cmocka_unit_test_setup_teardown(what_was_delivered_is_not_sent_again, begin, end),
                cmocka_unit_test_setup_teardown(garbled_rows_are_refused_one_by_one, begin, end),
                cmocka_unit_test_setup_teardown(what_is_impossible_is_refused, begin, end),
        };

        return cmocka_run_group_tests(tests, kept_set_up, kept_tear_down);
}
