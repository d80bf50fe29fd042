/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/fields.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "duration.h"
#include "hash.h"
#include "json.h"
#include "text.h"

typedef json_t *(*build_t)(const struct field *f, const void *p);
typedef int (*parse_t)(const struct field *f, const json_t *v, void *p);

static json_t *build_integer(uint64_t value)
{
        return json_integer((json_int_t)MIN(value, (uint64_t)INT64_MAX));
}

static json_t *build_count(const struct field *f, const void *p)
{
        return build_integer(*(const uint64_t *)p);
}

static json_t *build_size(const struct field *f, const void *p)
{
        return build_integer(*(const size_t *)p);
}

static json_t *build_unsigned(const struct field *f, const void *p)
{
        return build_integer(*(const unsigned *)p);
}

static json_t *build_int(const struct field *f, const void *p)
{
        return json_integer(*(const int *)p);
}

static json_t *build_int64(const struct field *f, const void *p)
{
        return json_integer(*(const int64_t *)p);
}

static json_t *build_bool(const struct field *f, const void *p)
{
        return json_boolean(*(const bool *)p);
}

/* As a number where that has all its digits: jansson writes 15 of them. */
static json_t *build_double(const struct field *f, const void *p)
{
        double value = *(const double *)p;
        char digits[NUMBER_TEXT_MAX];

        if (isnan(value))
                return json_null();
        if (isinf(value))
                return json_string(value > 0 ? "inf" : "-inf");
        (void)snprintf(digits, sizeof(digits), "%.15g", value);
        if (strtod(digits, NULL) == value)
                return json_real(value);
        (void)snprintf(digits, sizeof(digits), "%.17g", value);
        return json_string(digits);
}

static json_t *build_float(const struct field *f, const void *p)
{
        float value = *(const float *)p;

        if (isinf(value))
                return json_string(value > 0 ? "inf" : "-inf");
        return json_from_float(value);
}

static json_t *build_text(const struct field *f, const void *p)
{
        const char *text = *(char *const *)p;

        return text ? json_string(text) : json_null();
}

static json_t *build_word(const struct field *f, const void *p)
{
        unsigned value = *(const unsigned *)p;

        return value < f->word_count ? json_string(f->words[value]) : NULL;
}

static bool is_within(const struct field *f, double value)
{
        return (f->min == 0 && f->max == 0) || (value >= f->min && value <= f->max);
}

static int parse_integer(const struct field *f, const json_t *v, json_int_t max, json_int_t *ret)
{
        json_int_t value = json_integer_value(v);

        if (!json_is_integer(v) || value < 0 || value > max || !is_within(f, (double)value))
                return -EBADMSG;
        *ret = value;
        return 0;
}

static int parse_time(const struct field *f, const json_t *v, void *p)
{
        json_int_t value;
        int r = parse_integer(f, v, INT64_MAX, &value);

        if (r >= 0)
                *(usec_t *)p = value == INT64_MAX ? USEC_INFINITY : (usec_t)value;
        return r;
}

static int parse_count(const struct field *f, const json_t *v, void *p)
{
        json_int_t value;
        int r = parse_integer(f, v, INT64_MAX, &value);

        if (r >= 0)
                *(uint64_t *)p = (uint64_t)value;
        return r;
}

static int parse_size(const struct field *f, const json_t *v, void *p)
{
        json_int_t value;
        int r = parse_integer(f, v, INT64_MAX, &value);

        if (r >= 0)
                *(size_t *)p = (size_t)value;
        return r;
}

static int parse_unsigned(const struct field *f, const json_t *v, void *p)
{
        json_int_t value;
        int r = parse_integer(f, v, UINT_MAX, &value);

        if (r >= 0)
                *(unsigned *)p = (unsigned)value;
        return r;
}

static int parse_int(const struct field *f, const json_t *v, void *p)
{
        json_int_t value = json_integer_value(v);

        if (!json_is_integer(v) || value < INT_MIN || value > INT_MAX ||
                !is_within(f, (double)value))
                return -EBADMSG;
        *(int *)p = (int)value;
        return 0;
}

static int parse_int64(const struct field *f, const json_t *v, void *p)
{
        if (!json_is_integer(v) || !is_within(f, (double)json_integer_value(v)))
                return -EBADMSG;
        *(int64_t *)p = json_integer_value(v);
        return 0;
}

static int parse_bool(const struct field *f, const json_t *v, void *p)
{
        if (!json_is_boolean(v))
                return -EBADMSG;
        *(bool *)p = json_is_true(v);
        return 0;
}

static int parse_digits(const char *text, double *ret)
{
        char *end;
        double value = strtod(text, &end);

        if (!*text || *end || isnan(value))
                return -EBADMSG;
        *ret = value;
        return 0;
}

static int parse_double(const struct field *f, const json_t *v, void *p)
{
        double value = NAN;
        int r = json_is_string(v) ? parse_digits(json_string_value(v), &value)
                : json_is_null(v) ? 0
                                  : json_to_double(v, &value);

        if (r < 0 || (!isnan(value) && !is_within(f, value)))
                return -EBADMSG;
        *(double *)p = value;
        return 0;
}

static int parse_float(const struct field *f, const json_t *v, void *p)
{
        double value = NAN;
        int r = parse_double(f, v, &value);

        if (r >= 0)
                *(float *)p = (float)value;
        return r;
}

static int parse_text(const struct field *f, const json_t *v, void *p)
{
        char *copy;

        if (!json_is_string(v) && !json_is_null(v))
                return -EBADMSG;
        if (strdup_to(&copy, json_string_value(v)) < 0)
                return -ENOMEM;
        free(*(char **)p);
        *(char **)p = copy;
        return 0;
}

static int parse_word(const struct field *f, const json_t *v, void *p)
{
        for (unsigned i = 0; i < f->word_count; i++)
                if (streq(f->words[i], json_string_value(v))) {
                        *(unsigned *)p = i;
                        return 0;
                }
        return -EBADMSG;
}

static const struct {
        build_t build;
        parse_t parse;
        const char *wanted;
        size_t size; /* of the member; 0: it is a text */
} types[FIELD_TYPE_COUNT] = {
        [FIELD_TIME] = {build_count, parse_time, "a time in microseconds", sizeof(usec_t)},
        [FIELD_COUNT] = {build_count, parse_count, "a count", sizeof(uint64_t)},
        [FIELD_SIZE] = {build_size, parse_size, "a count", sizeof(size_t)},
        [FIELD_UNSIGNED] = {build_unsigned, parse_unsigned, "a count", sizeof(unsigned)},
        [FIELD_INT] = {build_int, parse_int, "an integer", sizeof(int)},
        [FIELD_INT64] = {build_int64, parse_int64, "an integer", sizeof(int64_t)},
        [FIELD_BOOL] = {build_bool, parse_bool, "true or false", sizeof(bool)},
        [FIELD_FLOAT] = {build_float, parse_float, "a number", sizeof(float)},
        [FIELD_DOUBLE] = {build_double, parse_double, "a number", sizeof(double)},
        [FIELD_TEXT] = {build_text, parse_text, "a text", 0},
        [FIELD_WORD] = {build_word, parse_word, "one of the words that it may be",
                sizeof(unsigned)},
};

uint64_t fields_hash(uint64_t hash, const struct field *fields, size_t count, const void *object)
{
        for (size_t i = 0; i < count; i++) {
                const char *p = (const char *)object + fields[i].offset;
                size_t size = types[fields[i].type].size;
                uint64_t number = 0;

                if (size == 0) {
                        hash = hash_text(hash, *(char *const *)p);
                        continue;
                }
                memcpy(&number, p, size);
                hash = hash_number(hash, number);
        }
        return hash;
}

int fields_put(json_t *json, const struct field *fields, size_t count, const void *object)
{
        int r = json ? 0 : -ENOMEM;

        for (size_t i = 0; i < count && r >= 0; i++)
                r = json_put(json, fields[i].name,
                        types[fields[i].type].build(
                                &fields[i], (const char *)object + fields[i].offset));
        return r;
}

json_t *fields_build(const struct field *fields, size_t count, const void *object)
{
        json_t *json = json_object();

        if (fields_put(json, fields, count, object) >= 0)
                return json;
        json_decref(json);
        return NULL;
}

int fields_parse(
        const struct field *fields, size_t count, const json_t *json, void *object, struct error *e)
{
        if (!json_is_object(json))
                return error_set(e, -EBADMSG, "it is not an object");
        for (size_t i = 0; i < count; i++) {
                const struct field *f = &fields[i];
                const json_t *value = json_object_get(json, f->name);
                int r = value ? types[f->type].parse(f, value, (char *)object + f->offset) : 0;

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        return error_set(e, -EBADMSG, "its \"%s\" is not %s that is possible",
                                f->name, types[f->type].wanted);
        }
        return 0;
}
