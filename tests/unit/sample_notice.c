/* SPDX-License-Identifier: Apache-2.0 */
#include "sample_notice.h"

#include "unit.h"

#include <stdio.h>

#include "file.h"
#include "json.h"
#include "sample_view.h"
#include "text.h"

static void set(struct labels *l, const char *name, const char *value)
{
        assert_int_equal(labels_set(l, name, value), 0);
}

static void add_alert(
        struct sample_notice *s, const char *name, const char *query, const char *summary)
{
        struct alert *a = &s->alerts[s->notice.count++];
        bool over = notice_over(&s->notice);

        set(&a->labels, "alertname", name);
        set(&a->labels, "severity", query ? "warning" : "critical");
        set(&a->labels, "collection", s->notice.incident);
        set(&a->labels, "incident", s->notice.incident);
        set(&a->labels, "query", query);
        set(&a->annotations, "summary", summary);
        set(&a->annotations, "description", "In full.");
        set(&a->annotations, "cause", "REMOVED");
        set(&a->annotations, "runbook_url", "https://wiki.example.org/runbook#x");
        set(&a->annotations, "dashboard_url", "https://drift.example.org/?collection=docs");
        a->fingerprint = labels_fingerprint(&a->labels);
        a->state = over ? ALERT_RESOLVED : ALERT_FIRING;
        a->fired_at = s->notice.since;
        a->resolved_at = over ? SAMPLE_NOW - USEC_PER_MINUTE : 0;
}

void sample_notice_init(struct sample_notice *s, bool over)
{
        *s = (struct sample_notice){.view = sample_view()};
        s->notice = (struct notice){.kind = over ? NOTICE_CLOSED : NOTICE_OPENED,
                .incident = s->view->collections[0]->label,
                .collection = s->view->collections[0],
                .since = SAMPLE_NOW - 12 * USEC_PER_MINUTE,
                .alerts = s->alerts};
        add_alert(s, "RetrievalIndexIncomplete", NULL, "Search does not find records.");
        add_alert(s, "RetrievalBandCrossed", SAMPLE_NASTY_QUERY,
                "A canonical query has left its home band for a worse one.");
        for (size_t i = 0; i < ARRAY_SIZE(s->alerts); i++)
                s->pointers[i] = &s->alerts[i];
        assert_int_equal(message_build(&s->notice, "", SAMPLE_NOW, &s->message), 0);
        if (!over)
                s->message.urls[MESSAGE_ACKNOWLEDGE] = "https://drift.example.org/ack/AT0-_k";
        s->context = (struct channel_context){.receiver = "search-team",
                .external_url = "https://drift.example.org",
                .message = &s->message,
                .settings = &s->settings,
                .now = SAMPLE_NOW};
}

void sample_notice_done(struct sample_notice *s)
{
        message_done(&s->message);
        for (size_t i = 0; i < s->notice.count; i++) {
                labels_done(&s->alerts[i].labels);
                labels_done(&s->alerts[i].annotations);
        }
        channel_settings_done(&s->settings);
        view_unref(s->view);
}

void sample_notice_set(struct sample_notice *s, const char *name, const char *value)
{
        set(&s->settings.values, name, value);
}

static char *repeated(const char *part, size_t count)
{
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < count; i++)
                text_append(&t, part);
        return text_take(&t, NULL);
}

static void refill(char **s, const char *part, size_t count)
{
        free(*s);
        *s = repeated(part, count);
        assert_non_null(*s);
}

void sample_notice_fill(struct sample_notice *s, const char *part, size_t count)
{
        struct message *m = &s->message;

        refill(&m->title, part, count);
        refill(&m->reason, part, count);
        m->alert_count = MESSAGE_ALERTS;
        for (size_t i = 0; i < m->alert_count; i++)
                refill(&m->alerts[i], part, count);
        m->worst_count = INCIDENT_WORST;
        for (size_t i = 0; i < m->worst_count; i++)
                refill(&m->worst[i], part, count);
}

json_t *sample_notice_body(const struct sample_notice *s, const struct channel *channel)
{
        _cleanup_(http_request_done) struct http_request request = {0};
        json_t *body = NULL;

        assert_int_equal(channel->build(&s->context, s->pointers, s->notice.count, &request), 0);
        assert_int_equal(json_parse("body", request.body, request.body_size, &body, NULL), 0);
        return body;
}

static struct http_response answer(unsigned status, const char *body)
{
        return (struct http_response){.status = status, .body = body, .body_size = strlen(body)};
}

enum delivery sample_judge(const struct channel *channel, unsigned status, const char *body)
{
        const struct http_response response = answer(status, body);

        return channel->judge(&response);
}

usec_t sample_wait(const struct channel *channel, const char *body)
{
        const struct http_response response = answer(429, body);

        return channel->wait(&response);
}

void sample_request_compare(const struct http_request *request, const char *name)
{
        const char *source = getenv("DRIFTWATCH_SOURCE");
        _cleanup_text_ struct text t = {0};
        _cleanup_free_ char *expected = NULL;
        char path[512];
        size_t size;

        if (!source)
                fail_msg("DRIFTWATCH_SOURCE is not set");
        (void)snprintf(path, sizeof(path), "%s/tests/unit/channels/%s", source, name);
        text_appendf(&t, "%s %s\n", request->method, *request->path ? request->path : "(the URL)");
        for (char **h = request->headers; h && *h; h++)
                text_appendf(&t, "%s\n", *h);
        text_append(&t, "\n");
        text_append_bytes(&t, request->body, request->body_size);
        if (getenv("DRIFTWATCH_WRITE_EXPECTED"))
                assert_int_equal(file_replace(path, text_string(&t), t.size, NULL), 0);
        assert_int_equal(file_read(path, 1 << 20, &expected, &size, NULL), 0);
        assert_string_equal(text_string(&t), expected);
        assert_int_equal(t.size, size);
}

void sample_notice_compare(
        const struct sample_notice *s, const struct channel *channel, const char *name)
{
        _cleanup_(http_request_done) struct http_request request = {0};

        assert_int_equal(channel->build(&s->context, s->pointers, s->notice.count, &request), 0);
        assert_true(request.response_limit > 0);
        assert_int_equal(strlen(request.body), request.body_size);
        sample_request_compare(&request, name);
}
