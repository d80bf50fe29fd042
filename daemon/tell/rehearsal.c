/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/rehearsal.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "json.h"
#include "text.h"

#define HIDDEN "[secret]"
/* Shorter ones are part of any text, and no secret. */
#define SECRET_MIN 4
#define VALID (5 * USEC_PER_MINUTE)

static int say_what_it_is(struct alert *a)
{
        static const struct {
                bool label;
                const char *name, *value;
        } words[] = {
                {true, "alertname", REHEARSAL_ALERT},
                {true, "severity", "warning"},
                {true, "incident", REHEARSAL_INCIDENT},
                {false, "summary", "This is a test: nothing is wrong."},
                {false, "description",
                        "Sent by driftwatch notify-test to see whether people are told. Nothing "
                        "has to be done."},
        };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(words) && r >= 0; i++)
                r = labels_set(words[i].label ? &a->labels : &a->annotations, words[i].name,
                        words[i].value);
        return r;
}

static int alert_build(const struct rehearsal *r, struct alert *ret)
{
        int code;

        *ret = (struct alert){.state = r->over ? ALERT_RESOLVED : ALERT_FIRING,
                .active_at = r->began,
                .fired_at = r->began,
                .resolved_at = r->over ? r->now : 0,
                .valid_until = r->now + VALID};
        code = say_what_it_is(ret);
        if (code >= 0 && *r->external_url)
                code = labels_set(&ret->annotations, "dashboard_url", r->external_url);
        ret->fingerprint = labels_fingerprint(&ret->labels);
        return code;
}

/* As it is sent: what is kept of a request has no key yet. */
static int prepare(const struct rehearsal *r, struct http_request *request)
{
        struct http_request prepared = {0};
        int code;

        if (!r->channel->prepare)
                return 0;
        code = r->channel->prepare(r->settings, request, r->id, r->now, &prepared);
        if (code < 0)
                return code;
        http_request_done(request);
        *request = prepared;
        return 0;
}

static int request_build(const struct rehearsal *r, const struct message *message,
        struct alert *alert, struct http_request *ret)
{
        const struct alert *alerts[] = {alert};
        struct channel_context context = {.receiver = r->receiver,
                .external_url = r->external_url,
                .message = message,
                .settings = r->settings,
                .now = r->now};
        struct http_request request = {0};
        int code = r->channel->build(&context, alerts, 1, &request);

        if (code >= 0)
                code = prepare(r, &request);
        if (code < 0) {
                http_request_done(&request);
                return code;
        }
        *ret = request;
        return 0;
}

int rehearsal_build(const struct rehearsal *r, struct http_request *ret)
{
        struct alert alert;
        struct notice notice = {.kind = r->over ? NOTICE_CLOSED : NOTICE_OPENED,
                .incident = (char *)REHEARSAL_INCIDENT,
                .alerts = &alert,
                .count = 1};
        _cleanup_(message_done) struct message message = {0};
        int code = alert_build(r, &alert);

        notice.since = alert.fired_at;
        if (code >= 0)
                code = message_build(&notice, "", r->now, &message);
        if (code >= 0)
                code = request_build(r, &message, &alert, ret);
        alert_done(&alert);
        return code;
}

/* Every `secret` in `t` gives way. */
static void hide(struct text *t, const char *secret)
{
        _cleanup_text_ struct text clean = {0};
        size_t size = strlen(secret);
        const char *rest = text_string(t), *found;

        if (size < SECRET_MIN || !strstr(rest, secret))
                return;
        while ((found = strstr(rest, secret))) {
                text_append_bytes(&clean, rest, (size_t)(found - rest));
                text_append(&clean, HIDDEN);
                rest = found + size;
        }
        text_append(&clean, rest);
        text_clear(t);
        text_append(t, text_string(&clean));
        t->failed |= text_failed(&clean);
}

/* As it may stand in a body of JSON. */
static void hide_in_json(struct text *t, const char *secret)
{
        _cleanup_json_ json_t *string = channel_text_json(secret);
        _cleanup_free_ char *quoted = string ? json_text(string, JSON_ENCODE_ANY, NULL) : NULL;

        t->failed |= !quoted;
        if (!quoted)
                return;
        quoted[strlen(quoted) - 1] = '\0';
        hide(t, quoted + 1);
}

/* As it may stand in a path. */
static void hide_in_url(struct text *t, const char *secret)
{
        _cleanup_text_ struct text encoded = {0};

        for (const unsigned char *p = (const unsigned char *)secret; *p; p++)
                if (*p < 0x80 && (isalnum(*p) || strchr("-._~", *p)))
                        text_append_bytes(&encoded, p, 1);
                else
                        text_appendf(&encoded, "%%%02X", *p);
        t->failed |= text_failed(&encoded);
        hide(t, text_string(&encoded));
}

static void hide_secret(struct text *t, const struct secret *s)
{
        if (!s)
                return;
        hide(t, secret_value(s));
        hide_in_json(t, secret_value(s));
        hide_in_url(t, secret_value(s));
}

/* A static header is in the configuration, where anybody may read it; but some are meant to be
 * secret. */
static bool looks_secret(const char *header)
{
        static const char *const words[] = {"key", "token", "secret", "auth", "password", "cookie"};
        const char *colon = strchr(header, ':');

        for (const char *p = header; colon && p < colon; p++)
                for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                        if (strncasecmp(p, words[i], strlen(words[i])) == 0)
                                return true;
        return false;
}

static bool names(char *const *headers, const char *name)
{
        size_t size = strlen(name);

        for (; headers && *headers; headers++)
                if (strncasecmp(*headers, name, size) == 0 && (*headers)[size] == ':')
                        return true;
        return false;
}

/* A peer's headers win over a request's of the same name. */
static void append_headers(
        const struct http_peer *peer, const struct http_request *request, struct text *t)
{
        for (char *const *h = peer->headers; h && *h; h++) {
                if (looks_secret(*h))
                        text_appendf(t, "%.*s: " HIDDEN "\n", (int)strcspn(*h, ":"), *h);
                else
                        text_appendf(t, "%s\n", *h);
        }
        for (char *const *h = request->headers; h && *h; h++) {
                _cleanup_free_ char *name = strndup(*h, strcspn(*h, ":"));

                t->failed |= !name;
                if (name && !names(peer->headers, name))
                        text_appendf(t, "%s\n", *h);
        }
        if (request->envelope) {
                text_append(t, peer->secret ? "AUTH " HIDDEN "\n" : "");
                return;
        }
        if (request->body && !names(peer->headers, "Content-Type") &&
                !names(request->headers, "Content-Type"))
                text_append(t, "Content-Type: application/json\n");
        if (peer->secret)
                text_appendf(t, "%s" HIDDEN "\n",
                        peer->secret_header ? peer->secret_header : "Authorization: Basic ");
}

static void append_url(
        const struct http_peer *peer, const struct http_request *request, struct text *t)
{
        _cleanup_text_ struct text url = {0};
        _cleanup_free_ char *shown = NULL;

        if (peer->secret_url) {
                shown = http_url_address(peer->url);
                text_appendf(t, "%s/" HIDDEN, shown ? shown : "");
                t->failed |= !shown;
                return;
        }
        text_append(&url, peer->url);
        text_append(&url, request->path);
        shown = http_url_shown(text_string(&url));
        text_append(t, shown ? shown : "");
        t->failed |= !shown || text_failed(&url);
}

void rehearsal_show(const struct rehearsal *r, const struct http_peer *peer,
        const struct http_request *request, struct text *t)
{
        _cleanup_text_ struct text whole = {0};

        text_appendf(&whole, "%s ", request->method);
        append_url(peer, request, &whole);
        text_append(&whole, "\n");
        append_headers(peer, request, &whole);
        if (request->body)
                text_appendf(&whole, "\n%s\n", request->body);
        hide_secret(&whole, r->settings ? r->settings->key : NULL);
        hide_secret(&whole, peer->secret);
        hide_secret(&whole, peer->secret_url);
        text_append(t, text_string(&whole));
        t->failed |= text_failed(&whole);
}
