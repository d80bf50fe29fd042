/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/coverage.h"

#include <errno.h>
#include <math.h>

#include "json.h"
#include "judge/rank.h"
#include "text.h"

/* Integers beyond are not exact as reals. */
#define INTEGER_MAX 9007199254740992.0

/* Takes `text`. */
static int append_text(struct coverage *c, char *text)
{
        struct coverage_value *grown = c->values;

        /* Doubles at each power of two. */
        if (text && (c->count & (c->count - 1)) == 0)
                grown = reallocarray(c->values, MAX(2 * c->count, (size_t)1), sizeof(*grown));
        if (!text || !grown) {
                free(text);
                return -ENOMEM;
        }
        c->values = grown;
        c->values[c->count++] = (struct coverage_value){.text = text};
        return 0;
}

static int append_value(
        struct coverage *c, const json_t *value, const char *key, size_t *ret, struct error *e)
{
        int r;

        c->bytes += strlen(key);
        if (c->count == COVERAGE_VALUES_MAX || c->bytes > COVERAGE_BYTES_MAX)
                return error_set(e, -E2BIG,
                        "metadata.%s has more than %d values, or values of more than %u MiB: it is "
                        "no category",
                        c->key, COVERAGE_VALUES_MAX, COVERAGE_BYTES_MAX >> 20);
        r = append_text(c,
                json_is_string(value)
                        ? utf8_clean(json_string_value(value), json_string_length(value))
                        : strdup(key));
        if (r < 0)
                return r;
        *ret = c->count - 1;
        return json_put(c->index, key, json_integer((json_int_t)*ret));
}

/* JSON text, so that 1 and "1" are two values; but 1 and 1.0 are one, as they are for ranks. */
static char *value_key(const json_t *value)
{
        _cleanup_json_ json_t *integer = NULL;
        double real = json_real_value(value);

        if (json_is_real(value) && fabs(real) < INTEGER_MAX && trunc(real) == real)
                value = integer = json_integer((json_int_t)real);
        return value ? json_text(value, JSON_ENCODE_ANY | JSON_SORT_KEYS, NULL) : NULL;
}

static int find_value(struct coverage *c, const json_t *value, size_t *ret, struct error *e)
{
        _cleanup_free_ char *key = value_key(value);
        const json_t *found;

        if (!key)
                return -ENOMEM;
        found = json_object_get(c->index, key);
        if (!found)
                return append_value(c, value, key, ret, e);
        *ret = (size_t)json_integer_value(found);
        return 0;
}

static int watch_value(struct coverage *c, const json_t *value, struct error *e)
{
        size_t i;
        int r = find_value(c, value, &i, e);

        if (r >= 0)
                c->values[i].watched = true;
        return r;
}

/* The i-th value that a record has or a query expects, of one or of a list; NULL beyond the last.
 */
static const json_t *value_at(const json_t *value, size_t i)
{
        if (json_is_array(value))
                return json_array_get(value, i);
        return i == 0 && !json_is_null(value) ? value : NULL;
}

static int expect(struct coverage *c, const struct expectation *expectation, struct error *e)
{
        for (size_t k = 0; k < expectation->id_count; k++)
                if (json_put(c->expected, expectation->ids[k], json_true()) < 0)
                        return -ENOMEM;
        for (size_t k = 0; k < json_array_size(expectation->metadata); k++) {
                const json_t *value,
                        *all = json_object_get(json_array_get(expectation->metadata, k), c->key);

                for (size_t i = 0; (value = value_at(all, i)); i++) {
                        int r = watch_value(c, value, e);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int coverage_init(struct coverage *c, const char *collection, const char *key,
        const struct query_set *queries, struct error *e)
{
        int r = 0;

        *c = (struct coverage){.collection = collection, .key = key, .queries = queries};
        c->index = json_object();
        c->expected = json_object();
        if (!c->index || !c->expected)
                r = -ENOMEM;
        for (size_t i = 0; i < queries->count && r >= 0; i++)
                r = expect(c, &queries->queries[i].expect, e);
        return r;
}

void coverage_done(struct coverage *c)
{
        for (size_t i = 0; i < c->count; i++)
                free(c->values[i].text);
        free(c->values);
        json_decref(c->index);
        json_decref(c->expected);
        json_decref(c->earlier);
        *c = (struct coverage){0};
}

static bool record_watched(const struct coverage *c, const char *id, const json_t *metadata)
{
        if (json_object_get(c->expected, id))
                return true;
        for (size_t i = 0; i < c->queries->count; i++)
                if (rank_metadata_expected(&c->queries->queries[i].expect, metadata))
                        return true;
        return false;
}

static int count_value(struct coverage *c, const json_t *value, bool watched, struct error *e)
{
        size_t i;
        int r = find_value(c, value, &i, e);

        if (r < 0)
                return r;
        c->values[i].records++;
        c->values[i].watched |= watched;
        return 0;
}

/* A record that has a value twice has it. */
static bool is_repeated(const json_t *all, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (json_equal(json_array_get(all, k), json_array_get(all, i)))
                        return true;
        return false;
}

int coverage_add(struct coverage *c, const char *id, const json_t *metadata, struct error *e)
{
        const json_t *value, *all = json_object_get(metadata, c->key);
        bool watched = value_at(all, 0) && record_watched(c, id, metadata);

        for (size_t i = 0; (value = value_at(all, i)); i++) {
                int r = is_repeated(all, i) ? 0 : count_value(c, value, watched, e);

                if (r < 0)
                        return r;
        }
        c->records++;
        c->without_key += !value_at(all, 0);
        return 0;
}

static bool is_earlier_value(const json_t *value)
{
        return json_is_string(json_object_get(value, "value")) &&
                json_is_integer(json_object_get(value, "records")) &&
                json_is_boolean(json_object_get(value, "watched"));
}

int coverage_compare(struct coverage *c, const char *path, const json_t *earlier, struct error *e)
{
        const char *collection = json_string_value(json_object_get(earlier, "collection"));
        const char *key = json_string_value(json_object_get(earlier, "key"));
        json_t *value, *values = json_object_get(earlier, "values");
        size_t i;

        if (!collection || !key || !json_is_array(values))
                return error_set(e, -EBADMSG,
                        "%s is not what driftwatch coverage --format=json printed", path);
        if (!streq(collection, c->collection) || !streq(key, c->key))
                return error_set(e, -EBADMSG,
                        "%s is of %s by metadata.%s, not of %s by metadata.%s", path, collection,
                        key, c->collection, c->key);
        c->earlier = json_object();
        json_array_foreach (values, i, value) {
                if (!is_earlier_value(value))
                        return error_set(e, -EBADMSG,
                                "%s: values[%zu] has no value with records and watched", path, i);
                if (json_integer_value(json_object_get(value, "records")) > 0 &&
                        json_put(c->earlier, json_string_value(json_object_get(value, "value")),
                                json_incref(value)) < 0)
                        return -ENOMEM;
        }
        return c->earlier ? 0 : -ENOMEM;
}

static void lose(struct coverage_value *v, const json_t *earlier)
{
        v->before = (uint64_t)json_integer_value(json_object_get(earlier, "records"));
        v->watched |= json_is_true(json_object_get(earlier, "watched"));
}

/* What is left of the earlier values is lost; some of them are known because queries expect them.
 * Numbers and strings that look alike have one text. */
int coverage_find_lost(struct coverage *c)
{
        const char *text;
        json_t *earlier;

        for (size_t i = 0; c->earlier && i < c->count; i++)
                if (c->values[i].records > 0)
                        (void)json_object_del(c->earlier, c->values[i].text);
        for (size_t i = 0; c->earlier && i < c->count; i++) {
                earlier = json_object_get(c->earlier, c->values[i].text);
                if (earlier)
                        lose(&c->values[i], earlier);
                (void)json_object_del(c->earlier, c->values[i].text);
        }
        json_object_foreach (c->earlier, text, earlier) {
                if (append_text(c, strdup(text)) < 0)
                        return -ENOMEM;
                lose(&c->values[c->count - 1], earlier);
        }
        return 0;
}

bool coverage_value_lost(const struct coverage_value *v)
{
        return v->before > 0;
}

size_t coverage_lost(const struct coverage *c)
{
        size_t lost = 0;

        for (size_t i = 0; i < c->count; i++)
                lost += coverage_value_lost(&c->values[i]);
        return lost;
}

static int compare(const void *a, const void *b)
{
        const struct coverage_value *x = a, *y = b;

        if (x->before != y->before)
                return x->before < y->before ? 1 : -1;
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
                uint64_t n = by_record ? c->values[i].records : c->values[i].records > 0;

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
