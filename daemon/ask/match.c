/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/match.h"

#include "json.h"
#include "text.h"

/* Chroma's Python servers refuse $and and $or of fewer than two. Takes the reference to
 * `conditions`; NULL when memory was too short for all of them. */
static json_t *combine(const char *name, json_t *conditions, size_t complete)
{
        _cleanup_json_ json_t *list = conditions;

        if (json_array_size(list) != complete)
                return NULL;
        return complete == 1 ? json_incref(json_array_get(list, 0))
                             : json_pack("{s:O}", name, list);
}

static json_t *compare(const char *key, const char *name, const json_t *value)
{
        return json_pack("{s:{s:O}}", key, name, value);
}

static json_t *build_value(const char *key, const json_t *value, bool elements)
{
        json_t *any;

        if (!elements)
                return compare(key, "$eq", value);
        any = json_array();
        (void)json_array_append_new(any, compare(key, "$eq", value));
        (void)json_array_append_new(any, compare(key, "$contains", value));
        return combine("$or", any, 2);
}

static json_t *build_member(const char *key, const json_t *value, bool elements)
{
        json_t *all;

        if (!json_is_array(value))
                return build_value(key, value, elements);
        all = json_array();
        for (size_t i = 0; i < json_array_size(value); i++)
                (void)json_array_append_new(
                        all, compare(key, "$contains", json_array_get(value, i)));
        return combine("$and", all, json_array_size(value));
}

static json_t *build_object(const json_t *object, bool elements)
{
        json_t *all = json_array(), *value;
        const char *key;

        /* jansson's iterator wants a mutable object but only reads it. */
        json_object_foreach ((json_t *)object, key, value)
                (void)json_array_append_new(all, build_member(key, value, elements));
        return combine("$and", all, json_object_size(object));
}

char *match_build(const json_t *metadata, bool elements, const char *filter)
{
        _cleanup_json_ json_t *where = NULL;
        _cleanup_free_ char *match = NULL;
        _cleanup_text_ struct text both = {0};
        json_t *any = json_array();

        for (size_t i = 0; i < json_array_size(metadata); i++)
                (void)json_array_append_new(
                        any, build_object(json_array_get(metadata, i), elements));
        where = combine("$or", any, json_array_size(metadata));
        match = where ? json_text(where, JSON_COMPACT, NULL) : NULL;
        if (!match || !filter)
                return take_ptr(match);
        text_appendf(&both, "{\"$and\":[%s,%s]}", filter, match);
        return text_take(&both, NULL);
}

bool match_wants_lists(const json_t *metadata)
{
        for (size_t i = 0; i < json_array_size(metadata); i++) {
                const char *key;
                json_t *value;

                json_object_foreach (json_array_get(metadata, i), key, value)
                        if (json_is_array(value))
                                return true;
        }
        return false;
}
