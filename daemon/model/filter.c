/* SPDX-License-Identifier: Apache-2.0 */
#include "model/filter.h"

#include <stdarg.h>
#include <stdio.h>

#include "json.h"

/* Where complaints go. */
struct check {
        const struct schema_reader *reader;
        const struct schema_place *place;
        enum filter_kind kind;
};

static const char *const names[FILTER_KINDS] = {
        [FILTER_METADATA] = "where", [FILTER_DOCUMENT] = "where_document"};

static void _printf_(3, 4)
        complain(const struct check *c, const struct yaml_node *node, const char *format, ...)
{
        char sentence[256];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
        va_end(arguments);
        schema_error(c->reader, c->place, names[c->kind], node, "%s", sentence);
}

/* JSON_NULL for what is no scalar, and where memory is short. */
static json_type scalar_type(const struct yaml_node *node)
{
        _cleanup_json_ json_t *value = node->kind == YAML_SCALAR ? json_from_yaml(node) : NULL;

        return value ? json_typeof(value) : JSON_NULL;
}

/* true and false are one type. */
static json_type value_type(const struct yaml_node *node)
{
        json_type type = scalar_type(node);

        return type == JSON_FALSE ? JSON_TRUE : type;
}

static void check_scalar(const struct check *c, const char *name, const struct yaml_node *value)
{
        if (value_type(value) == JSON_NULL)
                complain(c, value, "%s takes a text, a number, true or false", name);
}

static void check_number(const struct check *c, const char *name, const struct yaml_node *value)
{
        json_type type = value_type(value);

        if (type != JSON_INTEGER && type != JSON_REAL)
                complain(c, value, "%s takes a number", name);
}

static void check_text(const struct check *c, const char *name, const struct yaml_node *value)
{
        if (value_type(value) != JSON_STRING)
                complain(c, value, "%s takes a text: put it in quotes", name);
}

static void check_list(const struct check *c, const char *name, const struct yaml_node *value)
{
        if (value->kind != YAML_SEQUENCE || value->count == 0) {
                complain(c, value, "%s takes a list that is not empty", name);
                return;
        }
        for (size_t i = 0; i < value->count; i++) {
                json_type type = value_type(value->values[i]);

                if (type == JSON_NULL)
                        complain(c, value->values[i],
                                "%s takes a list of texts, of numbers, or of true and false", name);
                else if (type != value_type(value->values[0]))
                        complain(c, value->values[i],
                                "%s takes values of one type; this one is another than the first "
                                "(1 and 1.0 are two types)",
                                name);
        }
}

/* Servers since 1.5 look into lists with it; what of, is theirs to say. */
static void check_nothing(const struct check *c, const char *name, const struct yaml_node *value)
{
}

static const struct comparison {
        const char *name;
        void (*check)(const struct check *c, const char *name, const struct yaml_node *value);
} metadata_comparisons[] = {
        {"$eq", check_scalar},
        {"$ne", check_scalar},
        {"$gt", check_number},
        {"$gte", check_number},
        {"$lt", check_number},
        {"$lte", check_number},
        {"$in", check_list},
        {"$nin", check_list},
        {"$contains", check_nothing},
        {"$not_contains", check_nothing},
};
static const struct comparison document_comparisons[] = {
        {"$contains", check_text},
        {"$not_contains", check_text},
        {"$regex", check_text},
        {"$not_regex", check_text},
};

#define COMPARISONS_MAX 10

static void check_comparison(const struct check *c, const struct yaml_node *key,
        const struct yaml_node *value, const struct comparison *comparisons, size_t count)
{
        const char *known[COMPARISONS_MAX];
        char hint[SCHEMA_HINT_MAX];

        for (size_t i = 0; i < count; i++) {
                known[i] = comparisons[i].name;
                if (!streq(key->scalar, known[i]))
                        continue;
                comparisons[i].check(c, known[i], value);
                return;
        }
        complain(c, key, "\"%.60s\" is no operator here%s", key->scalar,
                schema_hint(hint, sizeof(hint), key->scalar, known, count));
}

/* False when it is none, which is said then. */
static bool check_single(const struct check *c, const struct yaml_node *node, const char *advice)
{
        if (node->kind != YAML_MAPPING)
                complain(c, node, "must be a mapping of one condition");
        else if (node->count == 0)
                complain(c, node, "is empty; Chroma refuses an empty condition: leave it out");
        else if (node->count > 1)
                complain(c, node->keys[1], "is a second condition beside \"%.60s\"; %s",
                        node->keys[0]->scalar, advice);
        return node->kind == YAML_MAPPING && node->count == 1;
}

/* Servers since 1.5 look into the document under this name. */
static bool is_document(const struct yaml_node *key)
{
        return streq(key->scalar, "#document");
}

static void check_member(
        const struct check *c, const struct yaml_node *key, const struct yaml_node *value)
{
        if (key->scalar[0] == '$')
                complain(c, key, "\"%.60s\" is no operator here; $and and $or are", key->scalar);
        else if (value->kind == YAML_SEQUENCE)
                complain(c, value, "is a list; {$in: [...]} means any of it");
        else if (value->kind == YAML_SCALAR)
                check_scalar(c, "a key", value);
        else if (check_single(c, value, "write {$and: [{key: ...}, {key: ...}]}") &&
                !is_document(key))
                check_comparison(c, value->keys[0], value->values[0], metadata_comparisons,
                        ARRAY_SIZE(metadata_comparisons));
}

static void check_condition(const struct check *c, const struct yaml_node *node);

static void check_conditions(
        const struct check *c, const struct yaml_node *key, const struct yaml_node *list)
{
        if (list->kind != YAML_SEQUENCE)
                complain(c, list, "%s takes a list of conditions", key->scalar);
        for (size_t i = 0; list->kind == YAML_SEQUENCE && i < list->count; i++)
                check_condition(c, list->values[i]);
}

static void check_condition(const struct check *c, const struct yaml_node *node)
{
        const struct yaml_node *key, *value;

        if (!check_single(c, node, "Chroma takes one: write {$and: [{...}, {...}]}"))
                return;
        key = node->keys[0];
        value = node->values[0];
        if (streq(key->scalar, "$and") || streq(key->scalar, "$or"))
                check_conditions(c, key, value);
        else if (c->kind == FILTER_METADATA)
                check_member(c, key, value);
        else
                check_comparison(
                        c, key, value, document_comparisons, ARRAY_SIZE(document_comparisons));
}

void filter_check(const struct schema_reader *reader, const struct schema_place *place,
        enum filter_kind kind, const struct yaml_node *filter)
{
        const struct check c = {reader, place, kind};

        if (filter)
                check_condition(&c, filter);
}
