/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/reading.h"

#include <errno.h>
#include <stdarg.h>

#include "text.h"

/* Elements of the smallest array. */
#define ROOM_LEAST 16
/* Whatever was asked for, this much may be kept. */
#define BUDGET_LEAST (4U << 20)

/* The parser's sentences are of JSON; those of the reader come first. */
static int note(struct reading *r, int code, const struct error *e)
{
        if (e->message)
                (void)reading_fail(r, code, "the answer %s: %s",
                        code == -EBADMSG ? "is not JSON" : "cannot be read", e->message);
        return r->code = code;
}

static int take(struct http_sink *sink, const char *data, size_t size)
{
        struct reading *r = (struct reading *)sink;
        _cleanup_error_ struct error e = {0};

        return r->code < 0 ? r->code : note(r, stream_feed(r->stream, data, size, &e), &e);
}

static void sink_free(struct http_sink *sink)
{
        struct reading *r = (struct reading *)sink;

        r->done(r);
        tree_done(&r->tree);
        stream_free(r->stream);
        error_done(&sink->complaint);
        free(r);
}

int reading_init(
        struct reading *r, stream_take_t take_event, void (*done)(struct reading *r), size_t budget)
{
        r->stream = stream_new(take_event, r);
        if (!r->stream)
                return -ENOMEM;
        r->sink.take = take;
        r->sink.free = sink_free;
        r->done = done;
        r->budget = BUDGET_LEAST + budget;
        return 0;
}

static int take_key(struct reading *r, const struct stream_event *event)
{
        struct reading_lists *l = &r->lists;

        l->now = 0;
        while (l->now < READING_LISTS_MAX &&
                !(l->keys[l->now] && stream_is(event, l->keys[l->now])))
                l->now++;
        if (l->now == READING_LISTS_MAX)
                return 0;
        if (l->seen[l->now])
                return reading_fail(r, -EBADMSG,
                        "the answer is not JSON: the key \"%s\" is there twice", l->keys[l->now]);
        l->seen[l->now] = true;
        return 0;
}

static int take_lists(const struct stream_event *event, void *userdata)
{
        struct reading *r = userdata;
        struct reading_lists *l = &r->lists;

        if (event->depth == 0)
                return event->kind == STREAM_OBJECT || event->kind == STREAM_OBJECT_END
                        ? 0
                        : reading_fail(r, -EBADMSG, "the answer has no list of %s", l->keys[0]);
        if (event->depth == 1 && event->kind == STREAM_KEY)
                return take_key(r, event);
        if (l->now == READING_LISTS_MAX)
                return 0;
        if (event->depth > 1)
                return l->is_list[l->now] ? l->take(r, l->now, event) : 0;
        l->is_list[l->now] |= event->kind == STREAM_LIST;
        l->is_other[l->now] |= !l->is_list[l->now] && event->kind != STREAM_NULL;
        return 0;
}

int reading_init_lists(struct reading *r, const struct reading_lists *lists,
        void (*done)(struct reading *r), size_t budget)
{
        r->lists = *lists;
        r->lists.now = READING_LISTS_MAX;
        return reading_init(r, take_lists, done, budget);
}

int reading_fail(struct reading *r, int code, const char *format, ...)
{
        _cleanup_free_ char *sentence = NULL;
        va_list ap;

        va_start(ap, format);
        sentence = text_vformat(format, ap);
        va_end(ap);
        return error_set(&r->sink.complaint, code, "%s", sentence ? sentence : "out of memory");
}

int reading_spend(struct reading *r, size_t size)
{
        if (size > r->budget)
                return reading_fail(r, -EMSGSIZE, "there is more in it than was asked for");
        r->budget -= size;
        return 0;
}

void *reading_grow(struct reading *r, void *array, size_t count, size_t *room, size_t size)
{
        size_t more = MAX(count, MAX(2 * *room, (size_t)ROOM_LEAST));
        void *grown;

        if (count <= *room)
                return array;
        r->code = reading_spend(r, (more - *room) * size);
        if (r->code < 0)
                return NULL;
        grown = reallocarray(array, more, size);
        if (grown)
                *room = more;
        else
                r->code = -ENOMEM;
        return grown;
}

int reading_metadata(
        struct reading *r, const struct stream_event *event, json_t **list, bool *ret_wrong)
{
        json_t *value;
        int code = tree_take(&r->tree, event, &r->budget, &value, &r->sink.complaint);

        if (code <= 0)
                return code;
        *ret_wrong |= !json_is_null(value) && !json_is_object(value);
        if (!*list)
                *list = json_array();
        return json_array_append_new(*list, value) < 0 ? -ENOMEM : 1;
}

int reading_string(struct reading *r, const struct stream_event *event, char **ret)
{
        int code = reading_spend(r, event->size + sizeof(char *));

        if (code < 0)
                return code;
        if (!utf8_valid(event->text, event->size))
                return reading_fail(r, -EBADMSG, "the answer holds text that is not UTF-8");
        *ret = memchr(event->text, '\0', event->size) ? utf8_clean(event->text, event->size)
                                                      : strndup(event->text, event->size);
        return *ret ? 0 : -ENOMEM;
}

int reading_end(struct reading *r, struct error *e)
{
        _cleanup_error_ struct error incomplete = {0};

        if (r->code >= 0)
                (void)note(r, stream_end(r->stream, &incomplete), &incomplete);
        return r->code < 0 ? error_set(e, r->code, "%s", error_text(&r->sink.complaint, r->code))
                           : 0;
}
