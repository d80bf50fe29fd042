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
        _cleanup_(http_request_done) struct http_request request = {
                .method = "POST", .response_limit = CHANNEL_RESPONSE_LIMIT};

        if (count == 0)
                return -EINVAL;
        for (size_t i = 0; i < count; i++)
                if (json_array_append_new(array, alert_json(context, alerts[i])) < 0)
                        return -ENOMEM;
        request.path = strdup("/api/v2/alerts");
        request.body = json_text(array, JSON_COMPACT, &request.body_size);
        if (!request.path || !request.body)
                return -ENOMEM;
        *ret = request;
        request = (struct http_request){0};
        return 0;
}

/* A 400 is never repeated, although it may concern only some of the alerts: the valid ones of the
 * same request were taken, and the next sending repeats all of them anyway. */
const struct channel channel_alertmanager = {
        .name = "alertmanager",
        .batch = BATCH,
        .build = build,
        .judge = channel_judge_status,
};
