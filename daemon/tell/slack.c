/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "json.h"
#include "tell/channel.h"
#include "text.h"

/* An incoming webhook's message: one attachment, as Alertmanager sends, and not blocks, because
 * what else takes Slack's messages, such as Mattermost, reads only those. */
#define TITLE_MAX 150
#define TEXT_MAX 3000

static const struct message_escape escapes[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {0, ""}};

static json_t *title_json(const struct message *m)
{
        _cleanup_text_ struct text t = {0};
        size_t size = utf8_prefix(m->title, TITLE_MAX);
        _cleanup_free_ char *cut = strndup(m->title, size);

        message_escape(escapes, cut ? cut : "", &t);
        if (m->title[size])
                text_append(&t, "…");
        return !cut || text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

static json_t *text_json(const struct message *m)
{
        _cleanup_text_ struct text t = {0};

        message_append_escaped(m, TEXT_MAX, escapes, &t);
        return text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

/* Without mrkdwn_in nothing in it is bold or a list, whatever a query's name looks like. */
static json_t *attachment_json(const struct message *m)
{
        static const char *const colors[MESSAGE_TONES] = {[MESSAGE_CRITICAL] = "danger",
                [MESSAGE_WARNING] = "warning",
                [MESSAGE_INFO] = "#439fe0",
                [MESSAGE_OTHER] = "#439fe0",
                [MESSAGE_OVER] = "good"};
        _cleanup_json_ json_t *object = json_object();
        const char *page = m->urls[MESSAGE_PAGE];

        if (!object || json_put(object, "color", json_string(colors[message_tone(m)])) < 0 ||
                json_put(object, "fallback", title_json(m)) < 0 ||
                json_put(object, "title", title_json(m)) < 0 ||
                (page && json_put(object, "title_link", channel_text_json(page)) < 0) ||
                json_put(object, "text", text_json(m)) < 0 ||
                json_put(object, "mrkdwn_in", json_array()) < 0)
                return NULL;
        return take_ptr(object);
}

/* Where the webhook says it itself, these are not sent. */
static int put_settings(json_t *object, const struct channel_settings *settings)
{
        static const char *const names[] = {"channel", "username"};
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names) && r >= 0; i++) {
                const char *value = channel_setting(settings, names[i]);

                r = *value ? json_put(object, names[i], channel_text_json(value)) : 0;
        }
        return r;
}

static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        _cleanup_json_ json_t *attachment = attachment_json(context->message);
        _cleanup_json_ json_t *payload = json_object();

        if (!payload || put_settings(payload, context->settings) < 0 ||
                json_put(payload, "attachments", json_pack("[O]", attachment)) < 0)
                return -ENOMEM;
        return channel_request(payload, "", ret);
}

/* A webhook says `ok`, the method chat.postMessage `{"ok":true}`; whatever else has a status 200 is
 * an error, or not Slack. */
static enum delivery judge(const struct http_response *response)
{
        enum delivery delivery = channel_judge_status(response);
        _cleanup_json_ json_t *answer = NULL;

        if (delivery != DELIVERY_DONE || streq(response->body, "ok"))
                return delivery;
        answer = channel_answer(response);
        return json_is_true(json_object_get(answer, "ok")) ? DELIVERY_DONE : DELIVERY_FAILED;
}

const struct channel channel_slack = {
        .name = "slack",
        .build = build,
        .judge = judge,
        .pace = USEC_PER_SEC, /* more is refused, after a short burst */
};
