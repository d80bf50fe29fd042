/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "json.h"
#include "tell/channel.h"
#include "text.h"

/* ntfy's JSON form, posted to the server's root (docs/publish.md): longer messages become
 * attachments there, which no telephone shows. */
#define MESSAGE_MAX 4096
#define TITLE_MAX 250

/* Ends are news, but nobody is woken for them. */
static int priority(const struct message *m)
{
        static const struct {
                const char *severity;
                int priority;
        } priorities[] = {{"critical", 5}, {"warning", 4}, {"info", 2}};

        for (size_t i = 0; i < ARRAY_SIZE(priorities) && !m->over; i++)
                if (streq(priorities[i].severity, m->severity))
                        return priorities[i].priority;
        return 3;
}

static json_t *text_json(const struct message *m)
{
        _cleanup_text_ struct text t = {0};

        message_append(m, MESSAGE_MAX, &t);
        return text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

/* A button below the message. */
static json_t *actions_json(const char *url)
{
        return json_pack("[{s:s, s:s, s:o}]", "action", "view", "label",
                message_link_name(MESSAGE_ACKNOWLEDGE), "url", channel_text_json(url));
}

static json_t *payload_json(const struct channel_context *context)
{
        const struct message *m = context->message;
        _cleanup_json_ json_t *object = json_object();
        const char *page = m->urls[MESSAGE_PAGE], *link = m->urls[MESSAGE_ACKNOWLEDGE];

        if (!object ||
                json_put(object, "topic",
                        channel_text_json(channel_setting(context->settings, "topic"))) < 0 ||
                json_put(object, "title", channel_cut_json(m->title, TITLE_MAX)) < 0 ||
                json_put(object, "message", text_json(m)) < 0 ||
                json_put(object, "priority", json_integer(priority(m))) < 0 ||
                json_put(object, "tags",
                        json_pack("[s]", m->over ? "white_check_mark" : "rotating_light")) < 0 ||
                (page && json_put(object, "click", channel_text_json(page)) < 0) ||
                (link && json_put(object, "actions", actions_json(link)) < 0))
                return NULL;
        return take_ptr(object);
}

static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        _cleanup_json_ json_t *payload = payload_json(context);

        return channel_request(payload, "", ret);
}

const struct channel channel_ntfy = {
        .name = "ntfy",
        .build = build,
        .judge = channel_judge_status,
        .pace = 5 * USEC_PER_SEC, /* what the public server refills of its burst of 60 */
};
