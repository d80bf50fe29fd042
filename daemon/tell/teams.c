/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "json.h"
#include "tell/channel.h"
#include "text.h"

/* An Adaptive Card 1.2 in the envelope that Teams' workflows take. Text stands in runs, which,
 * unlike text blocks, are no markdown, so that nothing in it becomes a link or bold. */
#define TITLE_MAX 500
/* Larger bodies were refused with 413. */
#define BODY_MAX (18U << 10)
#define TEXT_MAX 12000

static json_t *block_json(json_t *run, const char *spacing)
{
        _cleanup_json_ json_t *block = json_object(), *inlines = json_array();

        if (!block || json_array_append_new(inlines, run) < 0 ||
                json_put(block, "type", json_string("RichTextBlock")) < 0 ||
                json_put(block, "spacing", json_string(spacing)) < 0 ||
                json_object_set(block, "inlines", inlines) < 0)
                return NULL;
        return take_ptr(block);
}

static json_t *title_json(const struct message *m)
{
        static const char *const colors[MESSAGE_TONES] = {[MESSAGE_CRITICAL] = "Attention",
                [MESSAGE_WARNING] = "Warning",
                [MESSAGE_INFO] = "Accent",
                [MESSAGE_OTHER] = "Default",
                [MESSAGE_OVER] = "Good"};
        _cleanup_json_ json_t *run = json_object();

        if (!run || json_put(run, "type", json_string("TextRun")) < 0 ||
                json_put(run, "text", channel_cut_json(m->title, TITLE_MAX)) < 0 ||
                json_put(run, "weight", json_string("Bolder")) < 0 ||
                json_put(run, "size", json_string("Medium")) < 0 ||
                json_put(run, "color", json_string(colors[message_tone(m)])) < 0)
                return NULL;
        return take_ptr(run);
}

/* A block for each line: not every client breaks lines within one. An empty line is distance. */
static int append_lines(json_t *body, const char *text)
{
        const char *spacing = "Medium";

        while (*text) {
                size_t size = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, size);

                if (!line)
                        return -ENOMEM;
                if (size == 0)
                        spacing = "Medium";
                else if (json_array_append_new(body, block_json(channel_text_json(line), spacing)) <
                        0)
                        return -ENOMEM;
                else
                        spacing = "None";
                text += size + (text[size] == '\n');
        }
        return 0;
}

static json_t *body_json(const struct message *m, size_t max)
{
        const struct message plain = message_without_links(m);
        _cleanup_text_ struct text t = {0};
        _cleanup_json_ json_t *body = json_array();

        message_append(&plain, max, &t);
        if (text_failed(&t) ||
                json_array_append_new(body, block_json(title_json(m), "Default")) < 0 ||
                append_lines(body, text_string(&t)) < 0)
                return NULL;
        return take_ptr(body);
}

static json_t *actions_json(const struct message *m)
{
        _cleanup_json_ json_t *array = json_array();

        for (enum message_link i = 0; i < MESSAGE_LINKS; i++) {
                _cleanup_json_ json_t *action = m->urls[i] ? json_object() : NULL;

                if (!m->urls[i])
                        continue;
                if (!action || json_put(action, "type", json_string("Action.OpenUrl")) < 0 ||
                        json_put(action, "title", json_string(message_link_name(i))) < 0 ||
                        json_put(action, "url", channel_text_json(m->urls[i])) < 0 ||
                        json_array_append(array, action) < 0)
                        return NULL;
        }
        return take_ptr(array);
}

static json_t *card_json(const struct message *m, size_t max)
{
        static const char schema[] = "http://adaptivecards.io/schemas/adaptive-card.json";
        _cleanup_json_ json_t *card = json_object();

        if (!card || json_put(card, "$schema", json_string(schema)) < 0 ||
                json_put(card, "type", json_string("AdaptiveCard")) < 0 ||
                json_put(card, "version", json_string("1.2")) < 0 ||
                json_put(card, "body", body_json(m, max)) < 0 ||
                json_put(card, "actions", actions_json(m)) < 0 ||
                json_put(card, "msteams", json_pack("{s:s}", "width", "full")) < 0)
                return NULL;
        return take_ptr(card);
}

static json_t *envelope_json(const struct message *m, size_t max)
{
        json_t *card = card_json(m, max);

        return card ? json_pack("{s:s, s:[{s:s, s:n, s:o}]}", "type", "message", "attachments",
                              "contentType", "application/vnd.microsoft.card.adaptive",
                              "contentUrl", "content", card)
                    : NULL;
}

/* Until it fits: what text takes as JSON depends on its quotes and lines. */
static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        for (size_t max = TEXT_MAX;; max -= max / 8) {
                _cleanup_json_ json_t *envelope = envelope_json(context->message, max);
                _cleanup_(http_request_done) struct http_request request = {0};
                int r = channel_request(envelope, "", &request);

                if (r < 0)
                        return r;
                if (request.body_size > BODY_MAX && max >= 8)
                        continue;
                *ret = request;
                request = (struct http_request){0};
                return 0;
        }
}

/* What is behind the URL may answer 200 for a channel that refused it. */
static enum delivery judge(const struct http_response *response)
{
        enum delivery delivery = channel_judge_status(response);

        return delivery == DELIVERY_DONE && strstr(response->body, "HTTP error 429")
                ? DELIVERY_RETRY
                : delivery;
}

const struct channel channel_teams = {
        .name = "msteamsv2",
        .build = build,
        .judge = judge,
        .pace = 2 * USEC_PER_SEC, /* 30 in a minute */
};
