/* SPDX-License-Identifier: Apache-2.0 */

#include "json.h"

#include <errno.h>
#include <math.h>

#include "pulse.h"
#include "text.h"

static _Thread_local bool starved; /* this thread, since it began to parse */

static void *allocate(size_t size)
{
        void *block = malloc(size);

        starved |= !block;
        return block;
}

void json_init(void)
{
        json_set_alloc_funcs(allocate, free);
}

/* What is left to read. */
struct input {
        const char *data;
        size_t size;
};

static size_t feed(void *buffer, size_t size, void *userdata)
{
        struct input *in = userdata;
        size_t n = pulse() < 0 ? 0 : MIN(size, in->size);

        memcpy(buffer, in->data, n);
        in->data += n;
        in->size -= n;
        return n;
}

int json_parse(const char *name, const char *data, size_t size, json_t **ret, struct error *e)
{
        struct input in;
        json_error_t error;
        json_t *value;

        /* What Windows editors put before UTF-8. */
        if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
                data += 3;
                size -= 3;
        }
        in = (struct input){data, size};
        starved = false;
        value = json_load_callback(feed, &in, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        if (value) {
                *ret = value;
                return 0;
        }
        if (starved || json_error_code(&error) == json_error_out_of_memory)
                return error_set(e, -ENOMEM, "%s: out of memory", name);
        if (pulse() < 0)
                return error_set(e, -ECANCELED, "%s: it was not read to its end", name);
        return error_set(e, -EBADMSG, "%s:%d:%d: %s", name, MAX(error.line, 1),
                MAX(error.column, 1), error.text);
}

int json_to_double(const json_t *value, double *ret)
{
        if (!value || json_is_null(value))
                return -ENODATA;
        if (!json_is_number(value) || !isfinite(json_number_value(value)))
                return -EINVAL;
        *ret = json_number_value(value);
        return 0;
}

json_t *json_from_double(double value)
{
        return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_from_float(float value)
{
        char decimal[NUMBER_TEXT_MAX];

        if (!isfinite(value))
                return json_null();
        (void)float_format(decimal, value);
        return json_real(strtod(decimal, NULL));
}

char *json_text(const json_t *value, size_t flags, size_t *ret_size)
{
        char *text = json_dumps(value, JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY | flags);

        if (text && ret_size)
                *ret_size = strlen(text);
        return text;
}

static const char *skip_digits(const char *s)
{
        return s + strspn(s, "0123456789");
}

/* JSON's grammar of a number: YAML 1.1 would read 010 as eight, so that it stays a string. */
static bool looks_like_number(const char *s, bool *ret_integer)
{
        const char *end;

        s += *s == '-';
        end = skip_digits(s);
        if (end == s || (s[0] == '0' && end - s > 1))
                return false;
        *ret_integer = *end == '\0';
        if (*end == '.') {
                s = end + 1;
                end = skip_digits(s);
                if (end == s)
                        return false;
        }
        if (*end == 'e' || *end == 'E') {
                s = end + 1;
                s += *s == '-' || *s == '+';
                end = skip_digits(s);
                if (end == s)
                        return false;
        }
        return *end == '\0';
}

static json_t *json_from_scalar(const struct yaml_node *node)
{
        bool truth, integer;
        double number;

        if (yaml_is_null(node))
                return json_null();
        if (yaml_to_bool(node, &truth) == 0)
                return json_boolean(truth);
        if (!node->plain || !looks_like_number(node->scalar, &integer))
                return json_string(node->scalar);
        if (integer) {
                long long value;

                errno = 0;
                value = strtoll(node->scalar, NULL, 10);
                if (errno == 0)
                        return json_integer(value);
        }
        return yaml_to_double(node, &number) == 0 ? json_real(number) : json_string(node->scalar);
}

static json_t *json_from_mapping(const struct yaml_node *node)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < node->count; i++)
                if (json_put(object, node->keys[i]->scalar, json_from_yaml(node->values[i])) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *json_from_sequence(const struct yaml_node *node)
{
        _cleanup_json_ json_t *array = json_array();

        for (size_t i = 0; array && i < node->count; i++)
                if (json_array_append_new(array, json_from_yaml(node->values[i])) < 0)
                        return NULL;
        return take_ptr(array);
}

json_t *json_from_yaml(const struct yaml_node *node)
{
        switch (node->kind) {
        case YAML_MAPPING:
                return json_from_mapping(node);
        case YAML_SEQUENCE:
                return json_from_sequence(node);
        case YAML_SCALAR:
                break;
        }
        return json_from_scalar(node);
}

int json_put(json_t *object, const char *key, json_t *value)
{
        /* Takes the reference even when it fails. */
        return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}
