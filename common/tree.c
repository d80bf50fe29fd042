/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <errno.h>

#include "text.h"

/* What jansson 2.14 allocates for a value, its place in what holds it included; strings in addition
 * their bytes. */
static const size_t costs[] = {
        [STREAM_NULL] = 16,
        [STREAM_FALSE] = 16,
        [STREAM_TRUE] = 16,
        [STREAM_NUMBER] = 48,
        [STREAM_STRING] = 80,
        [STREAM_KEY] = 96,
        [STREAM_OBJECT] = 352,
        [STREAM_OBJECT_END] = 0,
        [STREAM_LIST] = 160,
        [STREAM_LIST_END] = 0,
};

void tree_done(struct tree *t)
{
        json_decref(t->levels[0]);
        free(t->key);
        *t = (struct tree){0};
}

static int read_number(const struct stream_event *event, json_t **ret, struct error *e)
{
        _cleanup_free_ char *copy = strndup(event->text, event->size);

        if (!copy)
                return -ENOMEM;
        /* jansson's own reading: integers are such where they fit. */
        *ret = json_loads(copy, JSON_DECODE_ANY, NULL);
        return *ret ? 0 : error_set(e, -EBADMSG, "%.40s is not a number that can be read", copy);
}

static int read_string(const struct stream_event *event, json_t **ret, struct error *e)
{
        if (!utf8_valid(event->text, event->size))
                return error_set(e, -EBADMSG, "a text is not UTF-8");
        *ret = json_stringn_nocheck(event->text, event->size);
        return *ret ? 0 : -ENOMEM;
}

static int read_value(const struct stream_event *event, json_t **ret, struct error *e)
{
        switch (event->kind) {
        case STREAM_NUMBER:
                return read_number(event, ret, e);
        case STREAM_STRING:
                return read_string(event, ret, e);
        case STREAM_OBJECT:
                *ret = json_object();
                break;
        case STREAM_LIST:
                *ret = json_array();
                break;
        case STREAM_NULL:
                *ret = json_null();
                break;
        default:
                *ret = json_boolean(event->kind == STREAM_TRUE);
                break;
        }
        return *ret ? 0 : -ENOMEM;
}

static int take_key(struct tree *t, const struct stream_event *event, struct error *e)
{
        const json_t *object = t->levels[t->depth - 1];

        if (memchr(event->text, '\0', event->size) || !utf8_valid(event->text, event->size))
                return error_set(e, -EBADMSG, "a key holds a NUL or is not UTF-8");
        free(t->key);
        t->key = strndup(event->text, event->size);
        if (!t->key)
                return -ENOMEM;
        return json_object_get(object, t->key)
                ? error_set(e, -EBADMSG, "the key \"%.80s\" is there twice", t->key)
                : 0;
}

/* Takes the reference. */
static int hang_up(struct tree *t, json_t *value)
{
        json_t *parent = t->levels[t->depth - 1];
        int r = t->key ? json_object_set_new_nocheck(parent, t->key, value)
                       : json_array_append_new(parent, value);

        free(t->key);
        t->key = NULL;
        return r < 0 ? -ENOMEM : 0;
}

static int spend(size_t *budget, const struct stream_event *event, struct error *e)
{
        size_t cost = costs[event->kind] + event->size;

        if (cost > *budget)
                return error_set(e, -EMSGSIZE, "there is more in it than was asked for");
        *budget -= cost;
        return 0;
}

static int end_level(struct tree *t, json_t **ret)
{
        if (--t->depth > 0)
                return 0;
        *ret = take_ptr(t->levels[0]);
        return 1;
}

int tree_take(struct tree *t, const struct stream_event *event, size_t *budget, json_t **ret,
        struct error *e)
{
        bool opens = event->kind == STREAM_OBJECT || event->kind == STREAM_LIST;
        json_t *value = NULL;
        int r;

        if (event->kind == STREAM_OBJECT_END || event->kind == STREAM_LIST_END)
                return end_level(t, ret);
        r = spend(budget, event, e);
        if (r >= 0 && event->kind == STREAM_KEY)
                return take_key(t, event, e);
        if (r >= 0 && opens && t->depth == TREE_DEPTH_MAX)
                r = error_set(e, -EMSGSIZE, "more than %d objects and lists within each other",
                        TREE_DEPTH_MAX);
        if (r >= 0)
                r = read_value(event, &value, e);
        if (r < 0)
                return r;
        if (t->depth == 0 && !opens) {
                *ret = value;
                return 1;
        }
        if (t->depth > 0)
                r = hang_up(t, value);
        if (r >= 0 && opens)
                t->levels[t->depth++] = value;
        return r;
}
