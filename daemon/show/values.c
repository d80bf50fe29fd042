/* SPDX-License-Identifier: Apache-2.0 */
#include "show/values.h"

#include "json.h"
#include "text.h"

json_t *value_string(const char *s)
{
        _cleanup_free_ char *clean = NULL;
        json_t *string;

        if (!s)
                return json_null();
        string = json_string(s);
        if (string)
                return string;
        /* jansson refuses invalid UTF-8. */
        clean = utf8_clean(s, strlen(s));
        return clean ? json_string(clean) : NULL;
}

json_t *value_time(usec_t t)
{
        char buffer[TIME_TEXT_MAX];

        return t > 0 ? json_string(time_format(buffer, sizeof(buffer), t)) : json_null();
}

json_t *value_seconds(usec_t duration)
{
        return json_from_double((double)duration / (double)USEC_PER_SEC);
}

json_t *value_count(uint64_t n)
{
        return json_integer((json_int_t)n);
}

/* `n` where 0 stands for unknown. */
json_t *value_count_or_null(uint64_t n)
{
        return n > 0 ? value_count(n) : json_null();
}

json_t *value_known(int64_t n)
{
        return n >= 0 ? json_integer(n) : json_null();
}

json_t *value_ids(const struct answer *a)
{
        _cleanup_json_ json_t *list = json_array();

        if (!a)
                return json_null();
        for (unsigned i = 0; list && i < a->count; i++)
                if (json_array_append_new(list, value_string(a->ids[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

json_t *value_distances(const struct answer *a)
{
        _cleanup_json_ json_t *list = json_array();

        if (!a)
                return json_null();
        for (unsigned i = 0; list && i < a->count; i++)
                if (json_array_append_new(list, json_from_float(a->distances[i])) < 0)
                        return NULL;
        return take_ptr(list);
}
