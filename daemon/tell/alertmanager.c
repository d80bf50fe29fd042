/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/channel.h"

#include <errno.h>

#include "json.h"

/* As many as Prometheus sends at once (notifier: maxBatchSize). */
#define BATCH 64

static json_t *alert_json(const struct channel_context *context, const struct alert *alert)
{
        _cleanup_json_ json_t *object = json_object();
        usec_t end = alert->state == ALERT_RESOLVED ? alert->resolved_at : alert->valid_until;

        if (!object || json_put(object, "labels", channel_labels_json(&alert->labels)) < 0 ||
                json_put(object, "annotations", channel_annotations_json(alert)) < 0 ||
                json_put(object, "startsAt", channel_time_json(alert->fired_at)) < 0 ||
                json_put(object, "endsAt", channel_time_json(end)) < 0)
                return NULL;
        /* What is there must be a URI: the Alertmanager answers 422 to an empty one. */
        if (*context->external_url &&
                json_put(object, "generatorURL", channel_text_json(context->external_url)) < 0)
                return NULL;
        return take_ptr(object);
}

static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        _cleanup_json_ json_t *array = json_array();

        if (count == 0)
                return -EINVAL;
        for (size_t i = 0; i < count; i++)
                if (json_array_append_new(array, alert_json(context, alerts[i])) < 0)
                        return -ENOMEM;
        return channel_request(array, "/api/v2/alerts", ret);
}

static json_t *parse(const struct http_request *kept)
{
        json_t *array = NULL;

        return json_parse("it", kept->body, kept->body_size, &array, NULL) < 0 ? NULL : array;
}

static size_t size(const struct http_request *kept)
{
        _cleanup_json_ json_t *array = parse(kept);

        return json_array_size(array);
}

static int cut(
        const struct http_request *kept, size_t first, size_t count, struct http_request *ret)
{
        _cleanup_json_ json_t *array = parse(kept), *part = json_array();

        for (size_t i = first; i < first + count; i++)
                if (json_array_append(part, json_array_get(array, i)) < 0)
                        return -ENOMEM;
        return channel_request(part, kept->path, ret);
}

/* Of a payload with an alert that is not valid, Alertmanager 0.25 takes the others and answers 400;
 * one whose form is wrong costs all of them, status 422; others may have limits of their own. */
const struct channel channel_alertmanager = {
        .name = "alertmanager",
        .batch = BATCH,
        .build = build,
        .size = size,
        .cut = cut,
        .judge = channel_judge_status,
};
