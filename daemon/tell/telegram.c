/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "tell/channel.h"
#include "text.h"

/* The Bot API's sendMessage, without parse_mode: plain text, in which nothing has to be escaped. */
#define TEXT_MAX 4096
#define TITLE_MAX 512

static json_t *text_json(const struct message *m)
{
        _cleanup_text_ struct text t = {0};

        text_append_bytes(&t, m->title, utf8_prefix(m->title, TITLE_MAX));
        text_append(&t, "\n");
        message_append(m, TEXT_MAX - t.size, &t);
        return text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

/* The number of a chat or thread, or a channel's @name. */
static json_t *number_json(const char *s)
{
        return *s == '@' ? channel_text_json(s) : json_integer(strtoll(s, NULL, 10));
}

/* An end makes no sound. */
static json_t *payload_json(const struct channel_context *context)
{
        const char *thread = channel_setting(context->settings, "message_thread_id");
        const struct message *m = context->message;
        _cleanup_json_ json_t *object = json_object();

        if (!object ||
                json_put(object, "chat_id",
                        number_json(channel_setting(context->settings, "chat_id"))) < 0 ||
                (*thread && json_put(object, "message_thread_id", number_json(thread)) < 0) ||
                json_put(object, "text", text_json(m)) < 0 ||
                json_put(object, "disable_notification", json_boolean(m->over)) < 0 ||
                json_put(object, "link_preview_options", json_pack("{s:b}", "is_disabled", true)) <
                        0)
                return NULL;
        return take_ptr(object);
}

static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        _cleanup_json_ json_t *payload = payload_json(context);

        return channel_request(payload, "/sendMessage", ret);
}

/* The token is part of the path. */
static int prepare(const struct channel_settings *settings, const struct http_request *kept,
        const char *id, usec_t now, struct http_request *ret)
{
        _cleanup_(http_request_done) struct http_request request = {0};
        char *path;
        int r;

        if (!settings->key || kept->path[0] != '/')
                return -EINVAL;
        r = http_request_copy(kept, &request);
        if (r < 0)
                return r;
        if (asprintf(&path, "/bot%s%s", secret_value(settings->key), kept->path) < 0)
                return -ENOMEM;
        free(request.path);
        request.path = path;
        request.path_is_secret = true;
        *ret = request;
        request = (struct http_request){0};
        return 0;
}

/* Whatever the status is, the answer has the last word. */
static enum delivery judge(const struct http_response *response)
{
        enum delivery delivery = channel_judge_status(response);
        _cleanup_json_ json_t *answer = NULL;
        struct http_response told = {0};

        if (delivery != DELIVERY_DONE)
                return delivery;
        answer = channel_answer(response);
        if (json_is_true(json_object_get(answer, "ok")))
                return DELIVERY_DONE;
        told.status = (unsigned)json_integer_value(json_object_get(answer, "error_code"));
        return channel_judge_status(&told) == DELIVERY_RETRY ? DELIVERY_RETRY : DELIVERY_FAILED;
}

/* {"ok":false,"error_code":429,"parameters":{"retry_after":35}} */
static usec_t wait(const struct http_response *response)
{
        _cleanup_json_ json_t *answer = channel_answer(response);

        return channel_seconds(
                json_object_get(json_object_get(answer, "parameters"), "retry_after"));
}

const struct channel channel_telegram = {
        .name = "telegram",
        .build = build,
        .prepare = prepare,
        .judge = judge,
        .wait = wait,
        .pace = USEC_PER_SEC, /* in one chat */
};
