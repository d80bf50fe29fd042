/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "mime.h"
#include "tell/channel.h"
#include "tell/letter.h"
#include "text.h"

/* Both parts together, quoted, stay below what any server takes. */
#define TEXT_MAX (16U << 10)
#define HTML_MAX (24U << 10)
#define SUBJECT_MAX 250
/* Of an incident's key, so that an id fits into a line. */
#define KEY_SIZE 32
/* Quoted-printable never holds it. */
#define BOUNDARY "=_driftwatch"

/* What stands behind the @ of the sender: the ids are made below it. */
static const char *domain(const struct channel_settings *settings)
{
        const char *at = strrchr(channel_setting(settings, "from"), '@');

        return at ? at + 1 : "localhost";
}

static void append_id(
        struct text *t, const char *name, const char *id, const struct channel_settings *settings)
{
        const char *d = domain(settings);

        text_appendf(t, "%s: <%s@%.*s>\r\n", name, id, (int)strcspn(d, "> \t,"), d);
}

/* All messages of an incident answer one that was never sent: so readers of mail put them together,
 * whichever of them came first. */
static void append_thread(
        struct text *t, const struct message *m, const struct channel_settings *settings)
{
        char id[KEY_SIZE + 24];

        (void)snprintf(id, sizeof(id), "%.*s.%" PRIu64, KEY_SIZE, m->key, m->since / USEC_PER_SEC);
        append_id(t, "In-Reply-To", id, settings);
        append_id(t, "References", id, settings);
}

static void append_subject(struct text *t, const struct message *m)
{
        _cleanup_text_ struct text subject = {0};

        text_append_bytes(&subject, m->title, utf8_prefix(m->title, SUBJECT_MAX));
        if (strlen(m->title) > SUBJECT_MAX)
                text_append(&subject, "…");
        mime_append_header(t, "Subject", text_string(&subject));
        t->failed |= text_failed(&subject);
}

static void append_part(struct text *t, const char *type, const struct text *part)
{
        text_appendf(t,
                "--" BOUNDARY "\r\nContent-Type: %s; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                type);
        mime_append_quoted(t, text_string(part));
        t->failed |= text_failed(part);
}

static void append_message(struct text *t, const struct channel_context *context)
{
        _cleanup_text_ struct text plain = {0}, html = {0};
        const struct message *m = context->message;

        mime_append_date(t, context->now);
        append_subject(t, m);
        append_thread(t, m, context->settings);
        text_append(t, "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n");
        if (message_tone(m) == MESSAGE_CRITICAL)
                text_append(t, "Importance: high\r\n");
        text_append(t, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n");
        message_append(m, TEXT_MAX, &plain);
        letter_append(m, HTML_MAX, &html);
        append_part(t, "text/plain", &plain);
        append_part(t, "text/html", &html);
        text_append(t, "--" BOUNDARY "--\r\n");
}

/* What EHLO says is the path, as libcurl has it. */
static int set_path(const struct channel_settings *settings, struct http_request *request)
{
        const char *hello = channel_setting(settings, "hello");

        if (!*hello)
                return strdup_to(&request->path, "");
        if (asprintf(&request->path, "/%s", hello) >= 0)
                return 0;
        request->path = NULL;
        return -ENOMEM;
}

static int build(const struct channel_context *context, const struct alert *const *alerts,
        size_t count, struct http_request *ret)
{
        struct http_request request = {.method = "MAIL", .response_limit = CHANNEL_RESPONSE_LIMIT};
        _cleanup_text_ struct text t = {0};
        int r = set_path(context->settings, &request);

        if (r < 0)
                return r;
        append_message(&t, context);
        request.body = text_take(&t, &request.body_size);
        if (!request.body) {
                http_request_done(&request);
                return -ENOMEM;
        }
        *ret = request;
        return 0;
}

/* Who it is from and for is what is configured now. The id is the same in each attempt, so that
 * who gets it twice sees it once. */
static int prepare(const struct channel_settings *settings, const struct http_request *kept,
        const char *id, usec_t now, struct http_request *ret)
{
        const char *from = channel_setting(settings, "from"), *to = channel_setting(settings, "to");
        _cleanup_text_ struct text t = {0};
        struct http_request request;
        int r = http_request_copy(kept, &request);

        if (r < 0)
                return r;
        append_id(&t, "Message-ID", id, settings);
        mime_append_addresses(&t, "From", from);
        mime_append_addresses(&t, "To", to);
        text_append_bytes(&t, kept->body, kept->body_size);
        free(request.body);
        request.body = text_take(&t, &request.body_size);
        mail_envelope_free(request.envelope);
        request.envelope = mail_envelope_new(from, to);
        if (!request.body || !request.envelope) {
                http_request_done(&request);
                return -ENOMEM;
        }
        *ret = request;
        return 0;
}

/* 4yz passes, 5yz stays (RFC 5321, section 4.2.1); the other way round than with HTTP. */
static enum delivery judge(const struct http_response *response)
{
        unsigned status = response->status;

        if (response->result == -EACCES)
                return DELIVERY_FAILED;
        if (response->result < 0)
                return channel_judge_status(response);
        if (status >= 200 && status <= 299)
                return DELIVERY_DONE;
        return status >= 500 && status <= 599 ? DELIVERY_FAILED : DELIVERY_RETRY;
}

const struct channel channel_email = {
        .name = "email",
        .build = build,
        .prepare = prepare,
        .judge = judge,
        .pace = USEC_PER_SEC,
};
