/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/rank.h"

static bool values_equal(const json_t *a, const json_t *b)
{
        if (json_is_number(a) && json_is_number(b))
                return json_number_value(a) == json_number_value(b);
        return json_equal(a, b);
}

/* A list has each of its elements, and a value is the only one that it has. */
static bool has_value(const json_t *record, const json_t *wanted)
{
        if (!json_is_array(record))
                return values_equal(record, wanted);
        for (size_t i = 0; i < json_array_size(record); i++)
                if (values_equal(json_array_get(record, i), wanted))
                        return true;
        return false;
}

static bool has_values(const json_t *record, const json_t *wanted)
{
        if (!json_is_array(wanted))
                return has_value(record, wanted);
        for (size_t i = 0; i < json_array_size(wanted); i++)
                if (!has_value(record, json_array_get(wanted, i)))
                        return false;
        return true;
}

static bool contains(const json_t *record, const json_t *wanted)
{
        const char *key;
        json_t *value;

        /* jansson's iterator wants a mutable object but only reads it. */
        json_object_foreach ((json_t *)wanted, key, value)
                if (!has_values(json_object_get(record, key), value))
                        return false;
        return true;
}

bool rank_metadata_expected(const struct expectation *e, const json_t *record)
{
        if (!json_is_object(record))
                return false;
        for (size_t k = 0; k < json_array_size(e->metadata); k++)
                if (contains(record, json_array_get(e->metadata, k)))
                        return true;
        return false;
}

bool rank_is_expected(const struct expectation *e, const struct answer *a, unsigned i)
{
        for (size_t k = 0; k < e->id_count; k++)
                if (streq(e->ids[k], a->ids[i]))
                        return true;
        return rank_metadata_expected(e, json_array_get(a->metadatas, i));
}

unsigned rank_expected(const struct expectation *expect, const struct answer *answer)
{
        for (unsigned i = 0; i < answer->count; i++)
                if (rank_is_expected(expect, answer, i))
                        return i + 1;
        return 0;
}
