/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <stdio.h>

#include "file.h"

static const json_t *root(void)
{
        static json_t *kept;
        _cleanup_free_ char *data = NULL, *path = NULL;
        const char *source = getenv("DRIFTWATCH_SOURCE");
        struct error e = {};
        size_t size;

        if (kept)
                return kept;
        if (!source)
                fail_msg("DRIFTWATCH_SOURCE is not set");
        if (asprintf(&path, "%s/tests/unit/detection-reference.json", source) < 0)
                fail();
        if (file_read(path, 1 << 20, &data, &size, &e) < 0 ||
                json_parse(path, data, size, &kept, &e) < 0)
                fail_msg("%s", e.message);
        return kept;
}

/* Tries every key that starts the path, since keys may contain the separator. */
static const json_t *look_up(const json_t *value, const char *path)
{
        const char *key;
        json_t *member;
        char *end;

        if (!*path)
                return value;
        json_object_foreach ((json_t *)value, key, member) {
                size_t n = strlen(key);
                const json_t *found = NULL;

                if (strncmp(path, key, n) == 0 && (path[n] == '.' || !path[n]))
                        found = look_up(member, path + n + (path[n] == '.'));
                if (found)
                        return found;
        }
        if (json_is_array(value)) {
                size_t i = strtoul(path, &end, 10);

                if (end != path && (*end == '.' || !*end) && json_array_get(value, i))
                        return look_up(json_array_get(value, i), end + (*end == '.'));
        }
        return NULL;
}

static _printf_(1, 0) const json_t *find(const char *format, va_list arguments)
{
        const json_t *found;
        char path[256];

        vsnprintf(path, sizeof(path), format, arguments);
        found = look_up(root(), path);
        if (!found)
                fail_msg("the reference has no %s", path);
        return found;
}

const json_t *reference(const char *path, ...)
{
        const json_t *found;
        va_list arguments;

        va_start(arguments, path);
        found = find(path, arguments);
        va_end(arguments);
        return found;
}

double reference_number(const json_t *value, const char *key)
{
        const json_t *number = key ? json_object_get(value, key) : value;

        if (json_is_null(number))
                return NAN;
        if (!json_is_number(number))
                fail_msg("the reference has no number %s", key ? key : "here");
        return json_number_value(number);
}

double reference_at(const char *path, ...)
{
        va_list arguments;
        double number;

        va_start(arguments, path);
        number = reference_number(find(path, arguments), NULL);
        va_end(arguments);
        return number;
}

size_t reference_array(const json_t *value, double *ret, size_t max)
{
        size_t n = json_array_size(value);

        if (!json_is_array(value) || n > max)
                fail_msg("not an array of at most %zu", max);
        for (size_t i = 0; i < n; i++)
                ret[i] = reference_number(json_array_get(value, i), NULL);
        return n;
}

void reference_within(double actual, double expected, double tolerance, const char *what,
        const char *file, int line)
{
        if (isnan(expected) ? isnan(actual)
                            : fabs(actual - expected) <= tolerance * fmax(1, fabs(expected)) ||
                                actual == expected)
                return;
        print_error("%s is %.17g, expected %.17g\n", what, actual, expected);
        _fail(file, line);
}
