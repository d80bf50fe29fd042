/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vector_set.h"

#include <errno.h>
#include <stdbool.h>

#include "file.h"
#include "json.h"
#include "pulse.h"
#include "schema.h"

static const char *const known_keys[] = {"model", "dimension", "vectors"};

struct reader {
        const char *path;
        struct errors *errors;
        struct vector_set *set;
};

/* Keys are the file's: they must not break the line of a log. */
static const char *shown(const char *key)
{
        return schema_check_line(key) ? "(unprintable)" : key;
}

static void check_keys(const struct reader *r, json_t *root)
{
        char hint[SCHEMA_HINT_MAX];
        const char *key;
        json_t *value;

        json_object_foreach (root, key, value) {
                size_t i = 0;

                while (i < ARRAY_SIZE(known_keys) && !streq(known_keys[i], key))
                        i++;
                if (i == ARRAY_SIZE(known_keys))
                        errors_add(r->errors, "%s: %s: unknown key%s", r->path, shown(key),
                                schema_hint(hint, sizeof(hint), key, known_keys, i));
        }
}

static int read_head(const struct reader *r, const json_t *root)
{
        const json_t *model = json_object_get(root, "model");
        const json_t *dimension = json_object_get(root, "dimension");

        if (model && !json_is_string(model))
                errors_add(r->errors, "%s: model: must be a string", r->path);
        else if (strdup_to(&r->set->model, json_string_value(model)) < 0)
                return -ENOMEM;
        if (!json_is_integer(dimension) || json_integer_value(dimension) < 1 ||
                json_integer_value(dimension) > VECTOR_DIMENSION_MAX)
                errors_add(r->errors, "%s: dimension: must be given as a whole number from 1 to %d",
                        r->path, VECTOR_DIMENSION_MAX);
        else
                r->set->dimension = (unsigned)json_integer_value(dimension);
        return 0;
}

static void read_vector(const struct reader *r, const char *id, const json_t *vector, float *ret)
{
        pulse();
        for (size_t i = 0; i < r->set->dimension; i++) {
                const char *wrong = json_to_float(json_array_get(vector, i), &ret[i]);

                if (!wrong)
                        continue;
                errors_add(r->errors, "%s: vectors.%s[%zu]: %s", r->path, shown(id), i, wrong);
                return;
        }
}

/* Before anything is allocated by the dimension the file claims. */
static bool check_vectors(const struct reader *r, json_t *vectors)
{
        size_t before = errors_total(r->errors);
        const char *id;
        json_t *vector;

        json_object_foreach (vectors, id, vector) {
                if (!*id)
                        errors_add(r->errors, "%s: vectors: a query id is empty", r->path);
                if (!json_is_array(vector))
                        errors_add(r->errors, "%s: vectors.%s: is not a list of numbers", r->path,
                                shown(id));
                else if (json_array_size(vector) != r->set->dimension)
                        errors_add(r->errors, "%s: vectors.%s: has %zu numbers, dimension is %u",
                                r->path, shown(id), json_array_size(vector), r->set->dimension);
        }
        return errors_total(r->errors) == before;
}

static int compare_ids(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_ids(const struct reader *r, json_t *vectors)
{
        const char *id;
        json_t *value;

        r->set->ids = calloc(json_object_size(vectors), sizeof(char *));
        r->set->values =
                calloc(json_object_size(vectors) * (size_t)r->set->dimension, sizeof(float));
        if (!r->set->ids || !r->set->values)
                return -ENOMEM;
        json_object_foreach (vectors, id, value) {
                if (strdup_to(&r->set->ids[r->set->count], id) < 0)
                        return -ENOMEM;
                r->set->count++;
        }
        qsort(r->set->ids, r->set->count, sizeof(char *), compare_ids);
        return 0;
}

static int read_vectors(const struct reader *r, const json_t *root)
{
        json_t *vectors = json_object_get(root, "vectors");
        int code;

        if (!json_is_object(vectors) || json_object_size(vectors) == 0) {
                errors_add(r->errors,
                        "%s: vectors: must be an object of query ids with at least one vector",
                        r->path);
                return 0;
        }
        /* Without it, every vector would look too long. */
        if (r->set->dimension == 0 || !check_vectors(r, vectors))
                return 0;
        code = read_ids(r, vectors);
        for (size_t i = 0; code == 0 && i < r->set->count; i++)
                read_vector(r, r->set->ids[i], json_object_get(vectors, r->set->ids[i]),
                        r->set->values + i * r->set->dimension);
        return code;
}

static int read_root(const struct reader *r, json_t *root)
{
        int code;

        if (!json_is_object(root)) {
                errors_add(
                        r->errors, "%s: must be a JSON object with dimension and vectors", r->path);
                return 0;
        }
        check_keys(r, root);
        code = read_head(r, root);
        return code < 0 ? code : read_vectors(r, root);
}

int vector_set_parse(const char *path, const char *data, size_t size, struct vector_set **ret,
        struct errors *errors)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = calloc(1, sizeof(*set));
        const struct reader reader = {path, errors, set};
        _cleanup_error_ struct error e = {0};
        _cleanup_json_ json_t *root = NULL;
        size_t before = errors_total(errors);
        int r;

        if (!set)
                return -ENOMEM;
        set->references = 1;
        if (strdup_to(&set->path, path) < 0)
                return -ENOMEM;
        r = json_parse(path, data, size, &root, &e);
        if (r == -EBADMSG)
                errors_add(errors, "%s", error_text(&e, r));
        if (r < 0)
                return r;
        r = read_root(&reader, root);
        if (r == 0 && errors_total(errors) > before)
                r = -EBADMSG;
        if (r < 0)
                return r;
        *ret = take_ptr(set);
        return 0;
}

int vector_set_load(const char *path, struct vector_set **ret, struct errors *errors)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = file_read(path, VECTOR_SET_FILE_MAX, &data, &size, &e);

        if (r < 0) {
                errors_add(errors, "%s", error_text(&e, r));
                return r;
        }
        return vector_set_parse(path, data, size, ret, errors);
}

struct vector_set *vector_set_new(
        const char *path, const char *model, unsigned dimension, size_t count)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = calloc(1, sizeof(*set));

        if (!set)
                return NULL;
        set->references = 1;
        set->dimension = dimension;
        set->ids = calloc(count + 1, sizeof(char *));
        set->values = calloc(count * dimension + 1, sizeof(float));
        if (!set->ids || !set->values || strdup_to(&set->path, path) < 0 ||
                strdup_to(&set->model, model) < 0)
                return NULL;
        set->count = count;
        return take_ptr(set);
}

/* An id and where its vector lies. */
struct row {
        char *id;
        const float *values;
        size_t set; /* the earlier one wins */
};

static int compare_rows(const void *a, const void *b)
{
        const struct row *x = a, *y = b;
        int order = strcmp(x->id, y->id);

        return order != 0 ? order : (x->set > y->set) - (x->set < y->set);
}

static size_t list_rows(const struct vector_set *from, size_t set, struct row *ret)
{
        for (size_t i = 0; i < from->count; i++)
                ret[i] = (struct row){from->ids[i], from->values + i * from->dimension, set};
        return from->count;
}

int vector_set_sort(struct vector_set *set)
{
        size_t dimension = set->dimension;
        _cleanup_free_ struct row *rows = calloc(set->count + 1, sizeof(*rows));
        _cleanup_free_ float *values = calloc(set->count * dimension + 1, sizeof(float));
        float *old = set->values;

        if (!rows || !values)
                return -ENOMEM;
        qsort(rows, list_rows(set, 0, rows), sizeof(*rows), compare_rows);
        for (size_t i = 0; i < set->count; i++) {
                set->ids[i] = rows[i].id;
                memcpy(values + i * dimension, rows[i].values, dimension * sizeof(float));
        }
        set->values = take_ptr(values);
        free(old);
        return 0;
}

static bool mergeable(const struct vector_set *set, const struct vector_set *first)
{
        return set && set->dimension == first->dimension;
}

/* Copies the first of each run of equal ids. */
static int copy_rows(const struct row *rows, size_t count, struct vector_set *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < count; i++) {
                if (i > 0 && streq(rows[i].id, rows[i - 1].id))
                        continue;
                if (strdup_to(&ret->ids[n], rows[i].id) < 0)
                        return -ENOMEM;
                memcpy(ret->values + n * ret->dimension, rows[i].values,
                        ret->dimension * sizeof(float));
                n++;
        }
        ret->count = n;
        return 0;
}

int vector_set_merge(struct vector_set *const *sets, size_t count, struct vector_set **ret)
{
        _cleanup_(vector_set_unrefp) struct vector_set *merged = NULL;
        _cleanup_free_ struct row *rows = NULL;
        struct vector_set *first = NULL;
        size_t total = 0, used = 0, n = 0;

        for (size_t i = 0; i < count; i++) {
                first = first ? first : sets[i];
                if (!first || !mergeable(sets[i], first))
                        continue;
                total += sets[i]->count;
                used++;
        }
        if (used <= 1) {
                *ret = vector_set_ref(first);
                return 0;
        }
        rows = calloc(total + 1, sizeof(*rows));
        merged = vector_set_new(first->path, first->model, first->dimension, total);
        if (!rows || !merged)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (mergeable(sets[i], first))
                        n += list_rows(sets[i], i, rows + n);
        qsort(rows, n, sizeof(*rows), compare_rows);
        if (copy_rows(rows, n, merged) < 0)
                return -ENOMEM;
        *ret = take_ptr(merged);
        return 0;
}

int vector_set_without(struct vector_set *set,
        bool (*drop)(const char *query_id, const float *vector, void *userdata), void *userdata,
        struct vector_set **ret)
{
        _cleanup_(vector_set_unrefp) struct vector_set *rest =
                vector_set_new(set->path, set->model, set->dimension, set->count);
        size_t n = 0;

        if (!rest)
                return -ENOMEM;
        for (size_t i = 0; i < set->count; i++) {
                const float *row = set->values + i * set->dimension;

                if (drop(set->ids[i], row, userdata))
                        continue;
                if (strdup_to(&rest->ids[n], set->ids[i]) < 0)
                        return -ENOMEM;
                memcpy(rest->values + n++ * set->dimension, row, set->dimension * sizeof(float));
        }
        if (n == set->count)
                *ret = vector_set_ref(set);
        else if (n == 0)
                *ret = NULL;
        else {
                rest->count = n;
                *ret = take_ptr(rest);
        }
        return 0;
}

struct vector_set *vector_set_ref(struct vector_set *set)
{
        if (set)
                atomic_fetch_add(&set->references, 1);
        return set;
}

struct vector_set *vector_set_unref(struct vector_set *set)
{
        if (!set)
                return NULL;
        if (atomic_fetch_sub(&set->references, 1) > 1)
                return NULL;
        for (size_t i = 0; i < set->count; i++)
                free(set->ids[i]);
        free(set->ids);
        free(set->values);
        free(set->model);
        free(set->path);
        free(set);
        return NULL;
}

const float *vector_set_find(const struct vector_set *set, const char *query_id)
{
        size_t low = 0, high = set->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(set->ids[middle], query_id);

                if (order == 0)
                        return set->values + middle * set->dimension;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}
