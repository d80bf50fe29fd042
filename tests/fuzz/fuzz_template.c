/* SPDX-License-Identifier: Apache-2.0 */

/* A string of a body that somebody wrote for a receiver. It is refused with a sentence, or filled
 * in: then it is a string still, and fits. */

#include <errno.h>

#include "fuzz.h"
#include "json.h"
#include "tell/template.h"
#include "text.h"

static void fill(const char *text)
{
        struct notice notice = {.incident = (char *)"kb"};
        const struct message message = {.notice = &notice,
                .severity = "critical",
                .title = (char *)text,
                .note = "",
                .extent = (char *)"",
                .reason = (char *)"{{ title }}",
                .advice = ""};
        const struct channel_context context = {.receiver = "team", .message = &message};
        _cleanup_json_ json_t *body = json_pack("{s:o}", "text", channel_text_json(text));
        _cleanup_free_ char *template = body ? json_text(body, JSON_COMPACT, NULL) : NULL;
        _cleanup_free_ char *sent = NULL;
        _cleanup_json_ json_t *filled = NULL;
        size_t size;

        REQUIRE(template);
        REQUIRE(template_fill(template, &context, &filled) == 0);
        REQUIRE(json_object_size(filled) == 1 && json_is_string(json_object_get(filled, "text")));
        sent = json_text(filled, JSON_COMPACT, &size);
        REQUIRE(sent && (size <= NOTICE_BODY_MAX || strlen(template) > TEMPLATE_SIZE_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_text_ struct text t = {0};
        _cleanup_error_ struct error e = {0};
        int r;

        text_append_bytes(&t, data, MIN(size, (size_t)TEMPLATE_SIZE_MAX));
        r = template_check(text_string(&t), &e);
        REQUIRE(r >= 0 || (r == -EINVAL && *e.message));
        if (r >= 0 && r <= TEMPLATE_PLACEHOLDERS_MAX)
                fill(text_string(&t));
        return 0;
}
