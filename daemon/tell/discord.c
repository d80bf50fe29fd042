/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "json.h"
#include "tell/channel.h"
#include "text.h"

/* One embed. Its characters are at most 6000 in all; with these limits, in bytes, they are fewer.
 */
#define TITLE_MAX 256
#define DESCRIPTION_MAX 4096
#define URL_MAX 500

/* Discord takes a backslash before any mark for the mark itself. */
static const struct message_escape escapes[] = {{'\\', "\\\\"}, {'*', "\\*"}, {'_', "\\_"},
        {'~', "\\~"}, {'`', "\\`"}, {'|', "\\|"}, {'>', "\\>"}, {'<', "\\<"}, {'[', "\\["},
        {']', "\\]"}, {'#', "\\#"}, {'@', "\\@"}, {0, ""}};

static json_t *title_json(const struct message *m)
{
        _cleanup_text_ struct text t = {0};

        message_escape(escapes, m->title, &t);
        return text_failed(&t) ? NULL : channel_cut_json(text_string(&t), TITLE_MAX);
}

static json_t *description_json(const struct message *m)
{
        const struct message plain = message_without_links(m);
        _cleanup_text_ struct text t = {0};

        message_append_escaped(&plain, DESCRIPTION_MAX, escapes, &t);
        return text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

/* Escaped, a link would lead elsewhere. */
static json_t *fields_json(const struct message *m)
{
        _cleanup_json_ json_t *array = json_array();

        for (enum message_link i = 0; i < MESSAGE_LINKS; i++) {
                _cleanup_json_ json_t *field = NULL;

                if (!m->urls[i] || strlen(m->urls[i]) > URL_MAX)
                        continue;
                field = json_object();
                if (!field || json_put(field, "name", json_string(message_link_name(i))) < 0 ||
                        json_put(field, "value", channel_text_json(m->urls[i])) < 0 ||
                        json_array_append(array, field) < 0)
                        return NULL;
        }
        return take_ptr(array);
}

static json_t *embed_json(const struct message *m)
{
        static const int colors[MESSAGE_TONES] = {[MESSAGE_CRITICAL] = 0xd93025,
                [MESSAGE_WARNING] = 0xf29900,
                [MESSAGE_INFO] = 0x439fe0,
                [MESSAGE_OTHER] = 0x439fe0,
                [MESSAGE_OVER] = 0x1e8e3e};
        _cleanup_json_ json_t *object = json_object();

        if (!object || json_put(object, "title", title_json(m)) < 0 ||
                json_put(object, "description", description_json(m)) < 0 ||
                json_put(object, "color", json_integer(colors[message_tone(m)])) < 0 ||
                json_put(object, "fields", fields_json(m)) < 0)
                return NULL;
        return take_ptr(object);
}

/* Nobody is mentioned, whatever a query is called. */
static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        json_t *embed = embed_json(context->message);
        _cleanup_json_ json_t *payload = embed
                ? json_pack("{s:[o], s:{s:[]}}", "embeds", embed, "allowed_mentions", "parse")
                : NULL;

        return channel_request(payload, "", ret);
}

/* {"message":"You are being rate limited.","retry_after":64.57,"global":false} */
static usec_t wait(const struct http_response *response)
{
        _cleanup_json_ json_t *answer = channel_answer(response);

        return channel_seconds(json_object_get(answer, "retry_after"));
}

const struct channel channel_discord = {
        .name = "discord",
        .build = build,
        .judge = channel_judge_status,
        .wait = wait,
        .pace = USEC_PER_SEC, /* five in two seconds, thirty in a minute */
};
