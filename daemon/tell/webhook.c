/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/channel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "tell/signature.h"
#include "tell/template.h"
#include "text.h"

/* Go's zero time: Alertmanager's endsAt while an alert fires. */
#define ZERO_TIME "0001-01-01T00:00:00Z"

/* By which the payload's alerts belong together. */
static const char *const group_names[] = {"collection", "incident"};

static const char *status_name(bool firing)
{
        return firing ? "firing" : "resolved";
}

/* Where the incident can be acknowledged is true of the notification, and stands in each alert. */
static int put_link(const struct channel_context *context, json_t *annotations)
{
        const char *url = context->message ? context->message->urls[MESSAGE_ACKNOWLEDGE] : NULL;

        return url ? json_put(annotations, "ack_url", channel_text_json(url)) : 0;
}

static json_t *annotations_json(const struct channel_context *context, const struct alert *alert)
{
        _cleanup_json_ json_t *object = channel_annotations_json(alert);

        return object && put_link(context, object) >= 0 ? take_ptr(object) : NULL;
}

static json_t *alert_json(const struct channel_context *context, const struct alert *alert)
{
        _cleanup_json_ json_t *object = json_object();
        bool firing = alert->state != ALERT_RESOLVED;
        char fingerprint[17];

        (void)snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64, alert->fingerprint);
        if (!object || json_put(object, "status", json_string(status_name(firing))) < 0 ||
                json_put(object, "labels", channel_labels_json(&alert->labels)) < 0 ||
                json_put(object, "annotations", annotations_json(context, alert)) < 0 ||
                json_put(object, "startsAt", channel_time_json(alert->fired_at)) < 0 ||
                json_put(object, "endsAt",
                        firing ? json_string(ZERO_TIME) : channel_time_json(alert->resolved_at)) <
                        0 ||
                json_put(object, "generatorURL", channel_text_json(context->external_url)) < 0 ||
                json_put(object, "fingerprint", json_string(fingerprint)) < 0)
                return NULL;
        return take_ptr(object);
}

static json_t *alerts_json(
        const struct channel_context *context, const struct alert *const *alerts, size_t count)
{
        _cleanup_json_ json_t *array = json_array();

        for (size_t i = 0; i < count; i++)
                if (json_array_append_new(array, alert_json(context, alerts[i])) < 0)
                        return NULL;
        return take_ptr(array);
}

static const struct labels *alert_labels(const struct alert *alert)
{
        return &alert->labels;
}

static const struct labels *alert_annotations(const struct alert *alert)
{
        return &alert->annotations;
}

/* The pairs that all alerts share. */
static json_t *common_json(const struct alert *const *alerts, size_t count,
        const struct labels *(*part)(const struct alert *alert))
{
        const struct labels *first = part(alerts[0]);
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < first->count; i++) {
                const struct label *l = &first->labels[i];
                size_t same = 1;

                while (same < count && streq(labels_get(part(alerts[same]), l->name), l->value))
                        same++;
                if (same == count && json_put(object, l->name, channel_text_json(l->value)) < 0)
                        return NULL;
        }
        return take_ptr(object);
}

static json_t *common_annotations_json(
        const struct channel_context *context, const struct alert *const *alerts, size_t count)
{
        _cleanup_json_ json_t *object = common_json(alerts, count, alert_annotations);

        return object && put_link(context, object) >= 0 ? take_ptr(object) : NULL;
}

static json_t *group_labels_json(const struct labels *labels)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < ARRAY_SIZE(group_names); i++) {
                const char *value = labels_get(labels, group_names[i]);

                if (value && json_put(object, group_names[i], channel_text_json(value)) < 0)
                        return NULL;
        }
        return take_ptr(object);
}

/* As Go's %q for ASCII; what is beyond stands as it is, printable or not: the key is only compared.
 */
static void append_quoted(struct text *t, const char *s)
{
        static const char escaped[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";

        text_append(t, "\"");
        for (; *s; s++) {
                const char *found = strchr(escaped, *s);

                if (found)
                        text_appendf(t, "\\%c", letters[found - escaped]);
                else if ((unsigned char)*s < ' ' || *s == 0x7f)
                        text_appendf(t, "\\x%02x", (unsigned char)*s);
                else
                        text_append_bytes(t, s, 1);
        }
        text_append(t, "\"");
}

/* Alertmanager's key of a group below its root route. */
static json_t *group_key_json(const struct labels *labels)
{
        _cleanup_text_ struct text t = {0};
        const char *separator = "";

        text_append(&t, "{}:{");
        for (size_t i = 0; i < ARRAY_SIZE(group_names); i++) {
                const char *value = labels_get(labels, group_names[i]);

                if (!value)
                        continue;
                text_appendf(&t, "%s%s=", separator, group_names[i]);
                append_quoted(&t, value);
                separator = ", ";
        }
        text_append(&t, "}");
        return text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

static bool any_firing(const struct alert *const *alerts, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (alerts[i]->state != ALERT_RESOLVED)
                        return true;
        return false;
}

/* Status and what is common are those of the whole incident, also where it is truncated. */
static json_t *payload_json(const struct channel_context *context,
        const struct alert *const *alerts, size_t count, size_t shown)
{
        _cleanup_json_ json_t *object = json_object();
        const struct labels *labels = &alerts[0]->labels;

        if (!object || json_put(object, "receiver", channel_text_json(context->receiver)) < 0 ||
                json_put(object, "status", json_string(status_name(any_firing(alerts, count)))) <
                        0 ||
                json_put(object, "alerts", alerts_json(context, alerts, shown)) < 0 ||
                json_put(object, "groupLabels", group_labels_json(labels)) < 0 ||
                json_put(object, "commonLabels", common_json(alerts, count, alert_labels)) < 0 ||
                json_put(object, "commonAnnotations",
                        common_annotations_json(context, alerts, count)) < 0 ||
                json_put(object, "externalURL", channel_text_json(context->external_url)) < 0 ||
                json_put(object, "version", json_string("4")) < 0 ||
                json_put(object, "groupKey", group_key_json(labels)) < 0 ||
                json_put(object, "truncatedAlerts", json_integer((json_int_t)(count - shown))) < 0)
                return NULL;
        return take_ptr(object);
}

/* One line; NULL when memory is short. */
static char *body_of(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, size_t shown, size_t *ret_size)
{
        _cleanup_json_ json_t *payload = payload_json(context, alerts, count, shown);
        _cleanup_free_ char *json = payload ? json_text(payload, JSON_COMPACT, NULL) : NULL;
        _cleanup_text_ struct text body = {0};

        if (!json)
                return NULL;
        text_append(&body, json);
        text_append(&body, "\n");
        return text_take(&body, ret_size);
}

static int build_payload(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        _cleanup_(http_request_done) struct http_request request = {
                .method = "POST", .response_limit = CHANNEL_RESPONSE_LIMIT};
        size_t shown = context->max_alerts > 0 ? MIN(context->max_alerts, count) : count;

        if (count == 0)
                return -EINVAL;
        request.path = strdup("");
        request.body = body_of(context, alerts, count, shown, &request.body_size);
        while (request.body && request.body_size > NOTICE_BODY_MAX && shown > 1) {
                free(request.body);
                shown = MAX(MIN(shown - 1, shown * NOTICE_BODY_MAX / request.body_size), (size_t)1);
                request.body = body_of(context, alerts, count, shown, &request.body_size);
        }
        if (!request.path || !request.body)
                return -ENOMEM;
        *ret = request;
        request = (struct http_request){0};
        return 0;
}

/* What the receiver says that it takes, or else Alertmanager's payload. */
static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        const char *template = channel_setting(context->settings, "body");
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (!*template)
                return build_payload(context, alerts, count, ret);
        r = template_fill(template, context, &body);
        return r < 0 ? r : channel_request(body, "", ret);
}

/* With an id, so that who is told twice can tell, and signed anew in each attempt. */
static int prepare(const struct channel_settings *settings, const struct http_request *kept,
        const char *id, usec_t now, struct http_request *ret)
{
        const char *scheme = channel_setting(settings, "signature");
        struct http_request request;
        int r = http_request_copy(kept, &request);

        if (r < 0)
                return r;
        r = http_request_add_header(&request, "Idempotency-Key", id);
        if (r >= 0 && *scheme)
                r = settings->key
                        ? signature_add(&request, scheme, secret_value(settings->key), id, now)
                        : -EINVAL;
        if (r < 0) {
                http_request_done(&request);
                return r;
        }
        *ret = request;
        return 0;
}

const struct channel channel_webhook = {
        .name = "webhook",
        .batch = 0,
        .build = build,
        .prepare = prepare,
        .judge = channel_judge_status,
};
