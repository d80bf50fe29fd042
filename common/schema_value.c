/* SPDX-License-Identifier: Apache-2.0 */

#include "schema_value.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define EXCERPT_MAX 96 /* bytes of a buffer for a value quoted in a message */
#define PATH_MAX_BYTES 128 /* of a buffer for a key with an index */

typedef void (*read_t)(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target);

const char *schema_check_line(const char *text)
{
        for (; *text; text++)
                if (iscntrl((unsigned char)*text))
                        return "must not contain control characters";
        return NULL;
}

static const char not_expanded[] = "variables are not expanded; write the value itself";

static bool begins_name(char c)
{
        return isalpha((unsigned char)c) || c == '_';
}

const char *schema_check_variable(const char *text, size_t size)
{
        for (size_t i = 0; i + 1 < size; i++)
                if (text[i] == '$' && (begins_name(text[i + 1]) || text[i + 1] == '{'))
                        return not_expanded;
        return NULL;
}

const char *schema_check_text(const char *text)
{
        const char *end = text + 1;

        for (const char *p = strstr(text, "${"); p; p = strstr(p + 2, "${"))
                if (begins_name(p[2]))
                        return not_expanded;
        if (*text != '$' || !begins_name(*end))
                return NULL;
        while (begins_name(*end) || isdigit((unsigned char)*end))
                end++;
        return *end ? NULL : not_expanded;
}

const char *schema_check_value(const char *text)
{
        const char *wrong = schema_check_line(text);

        return wrong ? wrong : schema_check_variable(text, strlen(text));
}

bool schema_is_word(const struct yaml_node *node, const char *const *words)
{
        if (!node || node->kind != YAML_SCALAR || !node->plain)
                return false;
        for (; *words; words++)
                if (streq(node->scalar, *words))
                        return true;
        return false;
}

static bool bounded(const struct schema_key *key)
{
        return key->min != 0 || key->max != 0;
}

const char *schema_word_list(const char *const *words, char *buffer, size_t size)
{
        size_t used = 0;

        buffer[0] = '\0';
        for (; *words && used < size; words++)
                used += (size_t)snprintf(
                        buffer + used, size - used, "%s%s", used > 0 ? ", " : "", *words);
        return buffer;
}

const char *schema_bounds(const struct schema_key *key, char *buffer, size_t size)
{
        char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX];

        if (key->type == SCHEMA_WORD)
                return schema_word_list(key->words, buffer, size);
        if (!bounded(key))
                return NULL;
        switch (key->type) {
        case SCHEMA_STRING:
                (void)snprintf(buffer, size, "at most %.0f bytes", key->max);
                break;
        case SCHEMA_OBJECTS:
                (void)snprintf(buffer, size, "at most %.0f", key->max);
                break;
        case SCHEMA_DURATION:
                (void)snprintf(buffer, size, "%s … %s",
                        duration_format(low, sizeof(low), (usec_t)key->min),
                        duration_format(high, sizeof(high), (usec_t)key->max));
                break;
        default:
                if (key->max >= (double)FLT_MAX)
                        (void)snprintf(buffer, size, "finite as a 32-bit float");
                else
                        (void)snprintf(buffer, size, "%.15g … %.15g", key->min, key->max);
        }
        return buffer;
}

void schema_wrong_type(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const struct yaml_node *node, const char *wanted)
{
        char excerpt[EXCERPT_MAX];

        if (yaml_is_null(node))
                schema_error(reader, place, key, node, "has no value, expected %s", wanted);
        else
                schema_error(reader, place, key, node, "%s is not %s",
                        yaml_describe(node, excerpt, sizeof(excerpt)), wanted);
}

static void out_of_range(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node)
{
        char excerpt[EXCERPT_MAX], bounds[EXCERPT_MAX];
        const char *allowed = schema_bounds(key, bounds, sizeof(bounds));

        schema_error(reader, place, key->name, node, "%s is out of range (%s)",
                yaml_describe(node, excerpt, sizeof(excerpt)), allowed ? allowed : "too large");
}

bool schema_in_bounds(const struct schema_key *key, double value)
{
        return !bounded(key) || (value >= key->min && value <= key->max);
}

static bool is_text(const struct yaml_node *node)
{
        return node->kind == YAML_SCALAR && !yaml_is_null(node);
}

static void read_string(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        const char *wrong;

        if (!is_text(node)) {
                schema_wrong_type(reader, place, key->name, node, "a string");
                return;
        }
        wrong = !*node->scalar && !key->may_be_empty ? "must not be empty" : NULL;
        if (!wrong && bounded(key) && (double)strlen(node->scalar) > key->max) {
                schema_error(reader, place, key->name, node,
                        "is longer than the %.0f bytes that are allowed", key->max);
                return;
        }
        if (!wrong && key->check && *node->scalar)
                wrong = key->check(node->scalar);
        if (wrong)
                schema_error(reader, place, key->name, node, "%s", wrong);
        else
                *(const char **)target = node->scalar;
}

static void read_duration(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        usec_t value = USEC_INFINITY;
        int r = is_text(node) ? duration_parse(node->scalar, &value) : -EINVAL;

        if (r < 0 && r != -ERANGE)
                schema_wrong_type(reader, place, key->name, node, "a duration such as 30s");
        else if (r < 0 || !schema_in_bounds(key, (double)value))
                out_of_range(reader, place, key, node);
        else
                *(usec_t *)target = value;
}

static void read_integer(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        unsigned long value = 0;
        double number;
        int r = yaml_to_uint(node, &value);

        if (r == -EINVAL && yaml_to_double(node, &number) == 0 && number < 0 &&
                number == floor(number))
                r = -ERANGE;
        if (r < 0 && r != -ERANGE)
                schema_wrong_type(reader, place, key->name, node, "a whole number");
        else if (r < 0 || !schema_in_bounds(key, (double)value) || value > UINT32_MAX)
                out_of_range(reader, place, key, node);
        else
                *(unsigned *)target = (unsigned)value;
}

static void read_number(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        double value = NAN;
        int r = yaml_to_double(node, &value);

        if (r < 0 && r != -ERANGE)
                schema_wrong_type(reader, place, key->name, node, "a number");
        else if (r < 0 || !schema_in_bounds(key, value))
                out_of_range(reader, place, key, node);
        else
                *(double *)target = value;
}

static void read_boolean(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        bool value;

        if (yaml_to_bool(node, &value) < 0)
                schema_wrong_type(reader, place, key->name, node, "true or false");
        else
                *(bool *)target = value;
}

static void read_word(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        char excerpt[EXCERPT_MAX], list[EXCERPT_MAX], hint[SCHEMA_HINT_MAX] = "";
        size_t count = 0;

        for (; key->words[count]; count++)
                if (is_text(node) && streq(node->scalar, key->words[count])) {
                        *(const char **)target = key->words[count];
                        return;
                }
        if (is_text(node))
                (void)schema_hint(hint, sizeof(hint), node->scalar, key->words, count);
        schema_error(reader, place, key->name, node, "%s is not one of %s%s",
                yaml_describe(node, excerpt, sizeof(excerpt)),
                schema_word_list(key->words, list, sizeof(list)), hint);
}

static void read_strings(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        char path[PATH_MAX_BYTES];

        if (node->kind != YAML_SEQUENCE) {
                schema_wrong_type(reader, place, key->name, node, "a list");
                return;
        }
        if (node->count == 0) {
                schema_error(reader, place, key->name, node, "is empty: %s",
                        key->required ? "name at least one" : "leave it out");
                return;
        }
        for (size_t i = 0; i < node->count; i++) {
                if (is_text(node->values[i]) && *node->values[i]->scalar)
                        continue;
                (void)snprintf(path, sizeof(path), "%s[%zu]", key->name, i);
                schema_wrong_type(reader, place, path, node->values[i], "a non-empty string");
        }
        *(const struct yaml_node **)target = node;
}

static void read_string_map(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        const struct schema_place map = {place, key->name, NULL, SIZE_MAX, node};
        bool valid = true;

        if (yaml_is_null(node))
                return;
        if (node->kind != YAML_MAPPING) {
                schema_wrong_type(reader, place, key->name, node, "a mapping of names to strings");
                return;
        }
        for (size_t i = 0; i < node->count; i++) {
                if (is_text(node->values[i]) && *node->values[i]->scalar)
                        continue;
                schema_wrong_type(
                        reader, &map, node->keys[i]->scalar, node->values[i], "a non-empty string");
                valid = false;
        }
        if (valid)
                *(const struct yaml_node **)target = node;
}

/* Depth is bounded by YAML_DEPTH_MAX. Keys are left alone: JSON Schema has some such as $ref. */
static void check_scalars(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node)
{
        const char *wrong = node->kind == YAML_SCALAR ? key->check(node->scalar) : NULL;

        if (wrong)
                schema_error(reader, place, NULL, node, "%s", wrong);
        for (size_t i = 0; i < node->count; i++) {
                const struct schema_place inner = node->keys
                        ? (struct schema_place){place, node->keys[i]->scalar, NULL, SIZE_MAX, node}
                        : (struct schema_place){place->parent, place->key, NULL, i, node};

                check_scalars(reader, &inner, key, node->values[i]);
        }
}

static void read_mapping(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        const struct schema_place mapping = {place, key->name, NULL, SIZE_MAX, node};

        if (node->kind != YAML_MAPPING)
                schema_wrong_type(reader, place, key->name, node, "a mapping");
        else if (node->count == 0)
                schema_error(reader, place, key->name, node, "is an empty mapping");
        else {
                *(const struct yaml_node **)target = node;
                if (key->check)
                        check_scalars(reader, &mapping, key, node);
        }
}

static void read_any(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        if (yaml_is_null(node))
                schema_error(reader, place, key->name, node, "has no value");
        else
                *(const struct yaml_node **)target = node;
}

static const struct {
        const char *name;
        read_t read; /* NULL: not a value by itself */
} types[] = {
        [SCHEMA_STRING] = {"string", read_string},
        [SCHEMA_DURATION] = {"duration", read_duration},
        [SCHEMA_INTEGER] = {"integer", read_integer},
        [SCHEMA_NUMBER] = {"number", read_number},
        [SCHEMA_BOOLEAN] = {"boolean", read_boolean},
        [SCHEMA_WORD] = {"word", read_word},
        [SCHEMA_STRINGS] = {"list of strings", read_strings},
        [SCHEMA_STRING_MAP] = {"string map", read_string_map},
        [SCHEMA_MAPPING] = {"mapping", read_mapping},
        [SCHEMA_ANY] = {"any", read_any},
        [SCHEMA_OBJECT] = {"object", NULL},
        [SCHEMA_OBJECTS] = {"list of objects", NULL},
        [SCHEMA_NAMED] = {"objects by name", NULL},
};

const char *schema_type_name(const struct schema_key *key)
{
        return key->kind ? key->kind : types[key->type].name;
}

void schema_read_value(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target)
{
        types[key->type].read(reader, place, key, node, target);
}
