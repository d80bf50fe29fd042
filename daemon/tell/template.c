/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/template.h"

#include <errno.h>

#include "json.h"
#include "text.h"

#define OPENING "{{"
#define CLOSING "}}"
/* Of what one placeholder stands for, at first; shorter than anything that is worth sending. */
#define VALUE_MAX (16U << 10)
#define VALUE_MIN 8

/* What is filled in, and how long each piece of it may be. */
struct filling {
        const struct channel_context *context;
        const struct message *message;
        size_t max;
};

static void append_cut(struct text *t, const char *s, size_t max)
{
        if (s)
                text_append_bytes(t, s, utf8_prefix(s, max));
}

static void append_lines(struct text *t, char *const *lines, size_t count, size_t max)
{
        _cleanup_text_ struct text all = {0};

        for (size_t i = 0; i < count; i++)
                text_appendf(&all, "%s%s", i > 0 ? "\n" : "", lines[i]);
        append_cut(t, text_string(&all), max);
        t->failed |= text_failed(&all);
}

/* Half of one leads elsewhere. */
static void append_url(const struct filling *f, enum message_link link, struct text *t)
{
        const char *url = f->message->urls[link];

        if (url && strlen(url) <= f->max)
                text_append(t, url);
}

static void append_time(usec_t time, struct text *t)
{
        char buffer[TIME_TEXT_MAX];

        if (time > 0)
                text_append(t, time_format(buffer, sizeof(buffer), time));
}

static void append_status(const struct filling *f, struct text *t)
{
        text_append(t, f->message->over ? "resolved" : "firing");
}

static void append_severity(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->severity, f->max);
}

static void append_incident(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->notice->incident, f->max);
}

static void append_collection(const struct filling *f, struct text *t)
{
        append_cut(t, notice_collection(f->message->notice), f->max);
}

static void append_receiver(const struct filling *f, struct text *t)
{
        append_cut(t, f->context->receiver, f->max);
}

static void append_key(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->key, f->max);
}

static void append_title(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->title, f->max);
}

static void append_text(const struct filling *f, struct text *t)
{
        message_append(f->message, f->max, t);
}

static void append_told_because(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->note, f->max);
}

static void append_since(const struct filling *f, struct text *t)
{
        append_time(f->message->since, t);
}

static void append_until(const struct filling *f, struct text *t)
{
        append_time(f->message->over ? f->message->ended : 0, t);
}

static void append_now(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->extent, f->max);
}

static void append_what(const struct filling *f, struct text *t)
{
        append_lines(t, f->message->alerts, f->message->alert_count, f->max);
}

static void append_worst(const struct filling *f, struct text *t)
{
        append_lines(t, f->message->worst, f->message->worst_count, f->max);
}

static void append_why(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->reason, f->max);
}

static void append_first(const struct filling *f, struct text *t)
{
        append_cut(t, f->message->advice, f->max);
}

static void append_page(const struct filling *f, struct text *t)
{
        append_url(f, MESSAGE_PAGE, t);
}

static void append_runbook(const struct filling *f, struct text *t)
{
        append_url(f, MESSAGE_RUNBOOK, t);
}

static void append_link(const struct filling *f, struct text *t)
{
        append_url(f, MESSAGE_ACKNOWLEDGE, t);
}

static const struct placeholder {
        const char *name;
        void (*append)(const struct filling *f, struct text *t);
} placeholders[] = {
        {"status", append_status},
        {"severity", append_severity},
        {"incident", append_incident},
        {"collection", append_collection},
        {"receiver", append_receiver},
        {"key", append_key},
        {"title", append_title},
        {"text", append_text},
        {"told_because", append_told_because},
        {"since", append_since},
        {"until", append_until},
        {"now", append_now},
        {"what", append_what},
        {"worst_queries", append_worst},
        {"why", append_why},
        {"first", append_first},
        {"page_url", append_page},
        {"runbook_url", append_runbook},
        {"ack_url", append_link},
};

static const struct placeholder *find(const char *name, size_t size)
{
        for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
                if (strlen(placeholders[i].name) == size &&
                        strncmp(placeholders[i].name, name, size) == 0)
                        return &placeholders[i];
        return NULL;
}

/* One string from its beginning on: the next placeholder, and the literal text before it. */
struct piece {
        const char *literal, *name, *rest;
        size_t literal_size, name_size;
        const struct placeholder *placeholder; /* NULL: there is none of this name */
};

/* False when no placeholder follows: all the rest is literal. One without an end has no rest. */
static bool next_piece(const char *text, struct piece *ret)
{
        const char *opening = strstr(text, OPENING), *end;

        if (!opening)
                return false;
        *ret = (struct piece){.literal = text, .literal_size = (size_t)(opening - text)};
        ret->name = opening + strlen(OPENING);
        ret->name += strspn(ret->name, " \t");
        end = strstr(ret->name, CLOSING);
        if (!end)
                return true;
        ret->rest = end + strlen(CLOSING);
        while (end > ret->name && strchr(" \t", end[-1]))
                end--;
        ret->name_size = (size_t)(end - ret->name);
        ret->placeholder = find(ret->name, ret->name_size);
        return true;
}

static int complain(const struct piece *piece, struct error *e)
{
        const char *names[ARRAY_SIZE(placeholders)], *near;
        _cleanup_free_ char *name = strndup(piece->name, MIN(piece->name_size, (size_t)60));
        _cleanup_text_ struct text known = {0};

        for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++) {
                names[i] = placeholders[i].name;
                text_appendf(&known, "%s%s", i > 0 ? ", " : "", names[i]);
        }
        if (!name || text_failed(&known))
                return -ENOMEM;
        near = nearest_word(name, names, ARRAY_SIZE(names));
        if (near)
                return error_set(e, -EINVAL,
                        "\"{{ %s }}\" is no placeholder; did you mean \"{{ %s }}\"?", name, near);
        return error_set(e, -EINVAL, "\"{{ %s }}\" is no placeholder; there are %s", name,
                text_string(&known));
}

int template_check(const char *text, struct error *e)
{
        struct piece piece;
        int count = 0;

        for (; next_piece(text, &piece); text = piece.rest, count++) {
                if (!piece.rest)
                        return error_set(
                                e, -EINVAL, "has a \"" OPENING "\" without a \"" CLOSING "\"");
                if (!piece.placeholder)
                        return complain(&piece, e);
        }
        return count;
}

static json_t *fill_string(const char *text, const struct filling *f)
{
        _cleanup_text_ struct text t = {0};
        struct piece piece;

        for (; next_piece(text, &piece) && piece.placeholder; text = piece.rest) {
                text_append_bytes(&t, piece.literal, piece.literal_size);
                piece.placeholder->append(f, &t);
        }
        text_append(&t, text);
        return text_failed(&t) ? NULL : channel_text_json(text_string(&t));
}

static json_t *fill(const json_t *value, const struct filling *f);

static json_t *fill_object(const json_t *from, const struct filling *f)
{
        _cleanup_json_ json_t *object = json_object();
        const char *name;
        json_t *value;

        json_object_foreach ((json_t *)from, name, value)
                if (!object || json_put(object, name, fill(value, f)) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *fill_array(const json_t *from, const struct filling *f)
{
        _cleanup_json_ json_t *array = json_array();
        const json_t *value;
        size_t i;

        json_array_foreach (from, i, value)
                if (json_array_append_new(array, fill(value, f)) < 0)
                        return NULL;
        return take_ptr(array);
}

static json_t *fill(const json_t *value, const struct filling *f)
{
        if (json_is_object(value))
                return fill_object(value, f);
        if (json_is_array(value))
                return fill_array(value, f);
        return json_is_string(value) ? fill_string(json_string_value(value), f)
                                     : json_incref((json_t *)value);
}

/* Bytes of it as JSON text; 0 when memory is short. */
static size_t size_of(const json_t *value)
{
        size_t size = 0;
        _cleanup_free_ char *text = json_text(value, JSON_COMPACT, &size);

        return text ? size : 0;
}

int template_fill(const char *template, const struct channel_context *context, json_t **ret)
{
        struct filling f = {context, context->message, VALUE_MAX};
        _cleanup_json_ json_t *value = NULL;
        int r = json_parse("body", template, strlen(template), &value, NULL);

        while (r >= 0) {
                _cleanup_json_ json_t *filled = fill(value, &f);
                size_t size = filled ? size_of(filled) : 0;

                if (size == 0)
                        return -ENOMEM;
                if (size <= NOTICE_BODY_MAX || f.max == 0) {
                        *ret = take_ptr(filled);
                        return 0;
                }
                /* In proportion, and always by so much that it comes to an end. */
                f.max = f.max > VALUE_MIN ? MIN(f.max - f.max / 8, f.max * NOTICE_BODY_MAX / size)
                                          : 0;
        }
        return r;
}
