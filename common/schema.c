/* SPDX-License-Identifier: Apache-2.0 */

#include "schema_value.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "text.h"

#define KEY_SHOWN_MAX 80 /* bytes of a key; longer ones are none of ours */

static void append_key(struct text *t, const char *key)
{
        if (t->size > 0)
                text_append(t, ".");
        text_append_bytes(t, key, utf8_prefix(key, KEY_SHOWN_MAX));
}

static void append_path(struct text *t, const struct schema_place *place)
{
        if (!place || !place->key)
                return;
        append_path(t, place->parent);
        append_key(t, place->key);
        if (place->name)
                append_key(t, place->name);
        else if (place->index != SIZE_MAX)
                text_appendf(t, "[%zu]", place->index);
}

static const struct yaml_node *find_node(const struct schema_place *place, const char *key)
{
        const struct yaml_node *node = key ? yaml_get(place->node, key) : NULL;

        for (; !node && place; place = place->parent)
                node = place->node;
        return node;
}

void schema_error(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const struct yaml_node *node, const char *format, ...)
{
        _cleanup_text_ struct text path = {0};
        _cleanup_free_ char *sentence = NULL;
        va_list arguments;

        append_path(&path, place);
        if (key)
                append_key(&path, key);
        va_start(arguments, format);
        sentence = text_vformat(format, arguments);
        va_end(arguments);
        if (!node)
                node = find_node(place, key);
        errors_add(reader->errors, "%s:%u:%u: %s%s%s", reader->file, node ? node->line : 1,
                node ? node->column : 1, text_string(&path), path.size > 0 ? ": " : "",
                sentence ? sentence : "(message lost: out of memory)");
}

const char *schema_hint(
        char *buffer, size_t size, const char *word, const char *const *words, size_t count)
{
        const char *near = nearest_word(word, words, count);

        buffer[0] = '\0';
        if (near)
                (void)snprintf(buffer, size, "; did you mean \"%s\"?", near);
        return buffer;
}

static int read_structure(
        const struct schema_reader *reader, const struct schema *schema, void *structure);

static int read_object(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        *(struct schema_place *)target =
                (struct schema_place){place, key->name, NULL, SIZE_MAX, node};
        return read_structure(reader, key->object, target);
}

static int list_allocate(const struct schema_key *key, size_t count, struct schema_list *ret)
{
        void *items = calloc(MAX(count, (size_t)1), key->object->size);

        if (!items)
                return -ENOMEM;
        *ret = (struct schema_list){items, count};
        return 0;
}

static void *list_item(const struct schema_key *key, const struct schema_list *list, size_t i)
{
        return (char *)list->items + i * key->object->size;
}

static int read_objects(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        struct schema_list *list = target;
        int r;

        if (yaml_is_null(node))
                return 0;
        if (node->kind != YAML_SEQUENCE) {
                schema_wrong_type(reader, place, key->name, node, "a list");
                return 0;
        }
        if (!schema_in_bounds(key, (double)node->count)) {
                schema_error(reader, place, key->name, node,
                        "has %zu entries, at most %.0f are allowed", node->count, key->max);
                return 0;
        }
        r = list_allocate(key, node->count, list);
        for (size_t i = 0; r == 0 && i < node->count; i++) {
                void *item = list_item(key, list, i);

                *(struct schema_place *)item =
                        (struct schema_place){place, key->name, NULL, i, node->values[i]};
                r = read_structure(reader, key->object, item);
        }
        return r;
}

/* Whether `name` is one of the table's; complains when it is not. */
static bool known_name(const struct schema_reader *reader, const struct schema_place *map,
        const struct schema_key *key, const struct yaml_node *name)
{
        const char *names[SCHEMA_KEYS_MAX];
        char hint[SCHEMA_HINT_MAX];
        size_t count = 0;

        for (; count < SCHEMA_KEYS_MAX && (names[count] = key->name_at(count)); count++)
                if (streq(names[count], name->scalar))
                        return true;
        schema_error(reader, map, name->scalar, name, "unknown name%s",
                schema_hint(hint, sizeof(hint), name->scalar, names, count));
        return false;
}

static int read_named(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        const struct schema_place map = {place, key->name, NULL, SIZE_MAX, node};
        struct schema_list *list = target;
        size_t count = 0;
        int r;

        if (yaml_is_null(node))
                return 0;
        if (node->kind != YAML_MAPPING) {
                schema_wrong_type(reader, place, key->name, node, "a mapping");
                return 0;
        }
        r = list_allocate(key, node->count, list);
        for (size_t i = 0; r == 0 && i < node->count; i++) {
                void *item = list_item(key, list, count);

                if (!known_name(reader, &map, key, node->keys[i]))
                        continue;
                count++;
                *(struct schema_place *)item = (struct schema_place){
                        place, key->name, node->keys[i]->scalar, SIZE_MAX, node->values[i]};
                r = read_structure(reader, key->object, item);
        }
        list->count = count;
        return r;
}

static void set_absent(const struct schema_key *key, void *target)
{
        if (key->type == SCHEMA_DURATION)
                *(usec_t *)target = USEC_INFINITY;
        else if (key->type == SCHEMA_NUMBER)
                *(double *)target = NAN;
}

/* A value that is wrong leaves the fallback, so that later checks do not complain about its
 * consequences. */
static int read_key(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *value, void *target)
{
        const struct yaml_node fallback = {
                .kind = YAML_SCALAR, .scalar = (char *)key->fallback, .plain = true};

        switch (key->type) {
        case SCHEMA_OBJECT:
                return read_object(reader, place, key, value, target);
        case SCHEMA_OBJECTS:
                if (key->words && schema_is_word(value, key->words))
                        return 0;
                return value ? read_objects(reader, place, key, value, target) : 0;
        case SCHEMA_NAMED:
                return value ? read_named(reader, place, key, value, target) : 0;
        default:
                break;
        }
        set_absent(key, target);
        if (key->fallback)
                schema_read_value(reader, place, key, &fallback, target);
        if (value)
                schema_read_value(reader, place, key, value, target);
        return 0;
}

static void unknown_key(const struct schema_reader *reader, const struct schema *schema,
        const struct schema_place *place, const struct yaml_node *key)
{
        const char *names[SCHEMA_KEYS_MAX + 1] = {0};
        char hint[SCHEMA_HINT_MAX], list[512];

        assert(schema->count <= SCHEMA_KEYS_MAX);
        for (size_t i = 0; i < schema->count; i++)
                names[i] = schema->keys[i].name;
        if (*schema_hint(hint, sizeof(hint), key->scalar, names, schema->count))
                schema_error(reader, place, key->scalar, key, "unknown key%s", hint);
        else
                schema_error(reader, place, key->scalar, key, "unknown key; known here: %s",
                        schema_word_list(names, list, sizeof(list)));
}

static void check_keys(const struct schema_reader *reader, const struct schema *schema,
        const struct schema_place *place, const struct yaml_node *mapping)
{
        for (size_t i = 0; i < mapping->count; i++) {
                size_t known = 0;

                while (known < schema->count &&
                        !streq(schema->keys[known].name, mapping->keys[i]->scalar))
                        known++;
                if (known == schema->count)
                        unknown_key(reader, schema, place, mapping->keys[i]);
        }
}

/* The place at the beginning of `structure` is filled already. A null is an empty mapping: a
 * section whose every line is commented out. */
static int read_structure(
        const struct schema_reader *reader, const struct schema *schema, void *structure)
{
        const struct schema_place *place = structure;
        const struct yaml_node *mapping = place->node;
        bool given = mapping != NULL;
        int r = 0;

        if (given && mapping->kind != YAML_MAPPING) {
                given = yaml_is_null(mapping);
                if (!given)
                        schema_wrong_type(reader, place, NULL, mapping, "a mapping");
                mapping = NULL;
        }
        if (mapping)
                check_keys(reader, schema, place, mapping);
        for (size_t i = 0; r == 0 && i < schema->count; i++) {
                const struct schema_key *key = &schema->keys[i];
                const struct yaml_node *value = yaml_get(mapping, key->name);

                if (!value && key->required && given)
                        schema_error(reader, place, key->name, NULL, "is required");
                r = read_key(reader, place, key, value, (char *)structure + key->offset);
        }
        return r;
}

int schema_read(const struct schema_reader *reader, const struct schema *schema,
        const struct yaml_node *root, void *target)
{
        size_t before = errors_total(reader->errors);
        int r;

        *(struct schema_place *)target = (struct schema_place){.index = SIZE_MAX, .node = root};
        r = read_structure(reader, schema, target);
        if (r == 0 && errors_total(reader->errors) > before)
                r = -EBADMSG;
        return r;
}

void schema_done(const struct schema *schema, void *target)
{
        for (size_t i = 0; i < schema->count; i++) {
                const struct schema_key *key = &schema->keys[i];
                void *value = (char *)target + key->offset;
                struct schema_list *list = value;

                if (key->type == SCHEMA_OBJECT)
                        schema_done(key->object, value);
                if (key->type != SCHEMA_OBJECTS && key->type != SCHEMA_NAMED)
                        continue;
                for (size_t j = 0; j < list->count; j++)
                        schema_done(key->object, list_item(key, list, j));
                free(list->items);
                *list = (struct schema_list){0};
        }
}

struct named {
        const char *name;
        size_t index;
};

static int compare_named(const void *a, const void *b)
{
        const struct named *x = a, *y = b;
        int order = strcmp(x->name, y->name);

        return order ? order : (x->index > y->index) - (x->index < y->index);
}

int schema_unique(const struct schema_reader *reader, const struct schema_list *list,
        size_t item_size, const char *key, size_t offset)
{
        _cleanup_free_ struct named *names = calloc(list->count + 1, sizeof(struct named));
        size_t count = 0, first = 0;

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < list->count; i++) {
                const char *item = (const char *)list->items + i * item_size;
                const char *name = *(const char *const *)(const void *)(item + offset);

                if (name)
                        names[count++] = (struct named){name, i};
        }
        qsort(names, count, sizeof(*names), compare_named);
        for (size_t i = 1; i < count; i++) {
                const void *item = (const char *)list->items + names[i].index * item_size;
                const struct schema_place *place = item;

                if (!streq(names[i].name, names[first].name))
                        first = i;
                else
                        schema_error(reader, place, key, NULL, "\"%s\" is used by %s[%zu] already",
                                names[i].name, place->key, names[first].index);
        }
        return 0;
}

/* Walks the table in order; `*left` counts down to the key that is wanted. */
static const struct schema_key *find_key(
        const struct schema *schema, size_t *left, struct text *path)
{
        size_t length = path->size;

        for (size_t i = 0; i < schema->count; i++) {
                const struct schema_key *key = &schema->keys[i], *inner;

                path->size = length;
                append_key(path, key->name);
                if ((*left)-- == 0)
                        return key;
                if (!key->object || key->object == schema)
                        continue;
                if (key->type == SCHEMA_OBJECTS)
                        text_append(path, "[]");
                else if (key->type == SCHEMA_NAMED)
                        append_key(path, key->item);
                inner = find_key(key->object, left, path);
                if (inner)
                        return inner;
        }
        return NULL;
}

bool schema_key_at(const struct schema *schema, size_t i, const struct schema_key **ret, char *path,
        size_t size)
{
        _cleanup_text_ struct text t = {0};
        const struct schema_key *key = find_key(schema, &i, &t);

        if (!key || text_failed(&t))
                return false;
        (void)snprintf(path, size, "%.*s", (int)t.size, text_string(&t));
        *ret = key;
        return true;
}
