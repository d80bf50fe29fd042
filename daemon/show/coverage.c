/* SPDX-License-Identifier: Apache-2.0 */
#include "show/coverage.h"

#include <errno.h>
#include <math.h>

#include "http.h"
#include "json.h"

/* Longer values are cut in the table; the JSON has them whole. */
#define CELL_MAX 120

static int append_value(struct coverage *c, const json_t *value, const char *key, size_t *ret)
{
        struct coverage_value *grown;
        char *text;

        if (c->count == COVERAGE_VALUES_MAX)
                return -E2BIG;
        /* Doubles at each power of two. */
        if ((c->count & (c->count - 1)) == 0) {
                grown = reallocarray(c->values, MAX(2 * c->count, (size_t)1), sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                c->values = grown;
        }
        text = json_is_string(value)
                ? utf8_clean(json_string_value(value), json_string_length(value))
                : strdup(key);
        if (!text)
                return -ENOMEM;
        c->values[c->count] = (struct coverage_value){.text = text};
        *ret = c->count++;
        return json_put(c->index, key, json_integer((json_int_t)*ret));
}

/* By JSON text, so that 1 and "1" are two values. */
static int find_value(struct coverage *c, const json_t *value, size_t *ret)
{
        _cleanup_free_ char *key = json_text(value, JSON_ENCODE_ANY | JSON_SORT_KEYS, NULL);
        const json_t *found;

        if (!key)
                return -ENOMEM;
        found = json_object_get(c->index, key);
        if (!found)
                return append_value(c, value, key, ret);
        *ret = (size_t)json_integer_value(found);
        return 0;
}

static int expect(struct coverage *c, const struct expectation *e)
{
        size_t i;

        for (size_t k = 0; k < e->id_count; k++)
                if (json_put(c->expected, e->ids[k], json_true()) < 0)
                        return -ENOMEM;
        for (size_t k = 0; k < json_array_size(e->metadata); k++) {
                const json_t *value = json_object_get(json_array_get(e->metadata, k), c->key);
                int r = value ? find_value(c, value, &i) : 0;

                if (r < 0)
                        return r;
                if (value)
                        c->values[i].watched = true;
        }
        return 0;
}

int coverage_init(struct coverage *c, const char *collection, const char *key,
        const struct query_set *queries)
{
        int r = 0;

        *c = (struct coverage){.collection = collection, .key = key, .queries = queries};
        c->index = json_object();
        c->expected = json_object();
        if (!c->index || !c->expected)
                r = -ENOMEM;
        for (size_t i = 0; i < queries->count && r >= 0; i++)
                r = expect(c, &queries->queries[i].expect);
        return r;
}

void coverage_done(struct coverage *c)
{
        for (size_t i = 0; i < c->count; i++)
                free(c->values[i].text);
        free(c->values);
        json_decref(c->index);
        json_decref(c->expected);
        *c = (struct coverage){0};
}

int coverage_add(struct coverage *c, const char *id, const json_t *metadata)
{
        const json_t *value = json_object_get(metadata, c->key);
        size_t i;
        int r;

        c->records++;
        if (!value || json_is_null(value)) {
                c->without_key++;
                return 0;
        }
        r = find_value(c, value, &i);
        if (r < 0)
                return r;
        c->values[i].records++;
        c->values[i].watched |= json_object_get(c->expected, id) != NULL;
        return 0;
}

static int compare(const void *a, const void *b)
{
        const struct coverage_value *x = a, *y = b;

        if (x->watched != y->watched)
                return x->watched ? 1 : -1;
        if (x->records != y->records)
                return x->records < y->records ? 1 : -1;
        return strcmp(x->text, y->text);
}

void coverage_sort(struct coverage *c)
{
        if (c->count > 0)
                qsort(c->values, c->count, sizeof(*c->values), compare);
}

static double share(const struct coverage *c, bool by_record)
{
        uint64_t watched = 0, all = 0;

        for (size_t i = 0; i < c->count; i++) {
                uint64_t n =
                        by_record ? c->values[i].records : (uint64_t)(c->values[i].records > 0);

                all += n;
                watched += c->values[i].watched ? n : 0;
        }
        return all > 0 ? (double)watched / (double)all : NAN;
}

double coverage_values_share(const struct coverage *c)
{
        return share(c, false);
}

double coverage_records_share(const struct coverage *c)
{
        return share(c, true);
}

json_t *coverage_json(const struct coverage *c)
{
        _cleanup_json_ json_t *values = json_array();

        for (size_t i = 0; values && i < c->count; i++)
                if (json_array_append_new(values,
                            json_pack("{s:s, s:I, s:b}", "value", c->values[i].text, "records",
                                    (json_int_t)c->values[i].records, "watched",
                                    c->values[i].watched)) < 0)
                        return NULL;
        return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "collection", c->collection, "key",
                c->key, "records", (json_int_t)c->records, "records_without_key",
                (json_int_t)c->without_key, "watched_values_share",
                json_from_double(coverage_values_share(c)), "watched_records_share",
                json_from_double(coverage_records_share(c)), "values", take_ptr(values));
}

static void append_share(struct text *text, double value, const char *of)
{
        if (isnan(value))
                text_appendf(text, "no %s to watch", of);
        else
                text_appendf(text, "%.1f %% of the %s", 100 * value, of);
}

void coverage_text(const struct coverage *c, struct text *text)
{
        size_t i;

        text_appendf(text, "%s by metadata.%s: ", c->collection, c->key);
        append_share(text, coverage_values_share(c), "values");
        text_append(text, ", ");
        append_share(text, coverage_records_share(c), "records");
        text_append(text, " watched\n");
        for (i = 0; i < c->count && i < COVERAGE_LINES_MAX; i++) {
                const struct coverage_value *v = &c->values[i];
                _cleanup_free_ char *line = http_body_excerpt(v->text, strlen(v->text), CELL_MAX);

                text_appendf(text, "  %-9s %8llu  %s\n", v->watched ? "watched" : "unwatched",
                        (unsigned long long)v->records, line ? line : "?");
        }
        if (i < c->count)
                text_appendf(text, "  %zu more values\n", c->count - i);
        if (c->without_key > 0)
                text_appendf(text, "  %llu of %llu records have no metadata.%s\n",
                        (unsigned long long)c->without_key, (unsigned long long)c->records, c->key);
}
