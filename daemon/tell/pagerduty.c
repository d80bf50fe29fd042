/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "json.h"
#include "tell/channel.h"
#include "text.h"

/* Events API v2: one event for an incident, updated under its deduplication key, resolved with it.
 * An event has at most 512,000 bytes, of which ours, by the limits of its parts, takes a tenth. */
#define SUMMARY_MAX 1024
#define LINE_MAX_BYTES 1024
#define REASON_MAX 8192

static json_t *lines_json(char *const *lines, size_t count)
{
        _cleanup_json_ json_t *array = json_array();

        for (size_t i = 0; i < count; i++)
                if (json_array_append_new(array, channel_cut_json(lines[i], LINE_MAX_BYTES)) < 0)
                        return NULL;
        return take_ptr(array);
}

static json_t *details_json(const struct message *m)
{
        _cleanup_json_ json_t *object = json_object();

        if (!object ||
                (*m->note &&
                        json_put(object, "told_because", channel_cut_json(m->note, REASON_MAX)) <
                                0) ||
                json_put(object, "now", channel_cut_json(m->extent, LINE_MAX_BYTES)) < 0 ||
                json_put(object, "what", lines_json(m->alerts, m->alert_count)) < 0 ||
                (m->alerts_left > 0 &&
                        json_put(object, "alerts_not_shown",
                                json_integer((json_int_t)m->alerts_left)) < 0) ||
                json_put(object, "worst_queries", lines_json(m->worst, m->worst_count)) < 0 ||
                json_put(object, "why", channel_cut_json(m->reason, REASON_MAX)) < 0 ||
                json_put(object, "first", channel_text_json(m->advice)) < 0)
                return NULL;
        return take_ptr(object);
}

static json_t *payload_json(const struct message *m)
{
        static const char *const severities[MESSAGE_TONES] = {[MESSAGE_CRITICAL] = "critical",
                [MESSAGE_WARNING] = "warning",
                [MESSAGE_INFO] = "info",
                [MESSAGE_OTHER] = "error",
                [MESSAGE_OVER] = "info"};
        const char *class = labels_get(&m->notice->alerts[0].labels, "alertname");
        _cleanup_json_ json_t *object = json_object();

        if (!object || json_put(object, "summary", channel_cut_json(m->title, SUMMARY_MAX)) < 0 ||
                json_put(object, "source", channel_cut_json(m->notice->incident, SUMMARY_MAX)) <
                        0 ||
                json_put(object, "severity", json_string(severities[message_tone(m)])) < 0 ||
                json_put(object, "timestamp", channel_time_json(m->since)) < 0 ||
                json_put(object, "component", json_string("driftwatch")) < 0 ||
                (class && json_put(object, "class", channel_cut_json(class, SUMMARY_MAX)) < 0) ||
                json_put(object, "custom_details", details_json(m)) < 0)
                return NULL;
        return take_ptr(object);
}

static json_t *links_json(const struct message *m)
{
        _cleanup_json_ json_t *array = json_array();

        for (enum message_link i = 0; i < MESSAGE_LINKS; i++) {
                _cleanup_json_ json_t *link = m->urls[i] ? json_object() : NULL;

                if (!m->urls[i])
                        continue;
                if (!link || json_put(link, "href", channel_text_json(m->urls[i])) < 0 ||
                        json_put(link, "text", json_string(message_link_name(i))) < 0 ||
                        json_array_append(array, link) < 0)
                        return NULL;
        }
        return take_ptr(array);
}

/* What only an event that is open has. */
static int put_trigger(json_t *event, const struct message *m)
{
        const char *page = m->urls[MESSAGE_PAGE];

        if (json_put(event, "payload", payload_json(m)) < 0 ||
                json_put(event, "links", links_json(m)) < 0 ||
                json_put(event, "client", json_string("driftwatch")) < 0)
                return -ENOMEM;
        return page ? json_put(event, "client_url", channel_text_json(page)) : 0;
}

static json_t *event_json(const char *action, const char *key)
{
        return json_pack("{s:s, s:s}", "event_action", action, "dedup_key", key);
}

static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        const struct message *m = context->message;
        _cleanup_json_ json_t *event = event_json(m->over ? "resolve" : "trigger", m->key);

        if (!event || (!m->over && put_trigger(event, m) < 0))
                return -ENOMEM;
        return channel_request(event, "", ret);
}

/* There is no event that takes it back: it is triggered again, and stays acknowledged there. */
static int acknowledge(const char *key, struct http_request *ret)
{
        _cleanup_json_ json_t *event = event_json("acknowledge", key);

        return channel_request(event, "", ret);
}

/* The event with the routing key as its first member. */
static int add_key(struct http_request *request, const char *key)
{
        _cleanup_json_ json_t *value = channel_text_json(key);
        _cleanup_free_ char *json = value ? json_text(value, JSON_COMPACT, NULL) : NULL;
        _cleanup_text_ struct text t = {0};

        if (!json)
                return -ENOMEM;
        text_appendf(&t, "{\"routing_key\":%s,", json);
        text_append_bytes(&t, request->body + 1, request->body_size - 1);
        free(request->body);
        request->body = text_take(&t, &request->body_size);
        return request->body ? 0 : -ENOMEM;
}

static int prepare(const struct channel_settings *settings, const struct http_request *kept,
        const char *id, usec_t now, struct http_request *ret)
{
        _cleanup_(http_request_done) struct http_request request = {0};
        int r;

        if (!settings->key || kept->body_size < strlen("{\"\":0}") || kept->body[0] != '{')
                return -EINVAL;
        r = http_request_copy(kept, &request);
        if (r >= 0)
                r = add_key(&request, secret_value(settings->key));
        if (r < 0)
                return r;
        *ret = request;
        request = (struct http_request){0};
        return 0;
}

const struct channel channel_pagerduty = {
        .name = "pagerduty",
        .build = build,
        .acknowledge = acknowledge,
        .prepare = prepare,
        .judge = channel_judge_status,
};
