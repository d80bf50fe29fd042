/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vector_set.h"

#include <errno.h>

struct vector_set *vector_set_borrow(
        const char *path, const char *model, unsigned dimension, size_t count)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = calloc(1, sizeof(*set));

        if (!set)
                return NULL;
        set->references = 1;
        set->dimension = dimension;
        set->ids = calloc(count + 1, sizeof(char *));
        set->rows = calloc(count + 1, sizeof(float *));
        if (!set->ids || !set->rows || strdup_to(&set->path, path) < 0 ||
                strdup_to(&set->model, model) < 0)
                return NULL;
        set->count = count;
        return take_ptr(set);
}

int vector_set_hold(struct vector_set *set, struct matrix *m)
{
        struct matrix **matrices;

        for (size_t i = 0; i < set->matrix_count; i++)
                if (set->matrices[i] == m)
                        return 0;
        if (!m)
                return 0;
        matrices = reallocarray(set->matrices, set->matrix_count + 1, sizeof(*matrices));
        if (!matrices)
                return -ENOMEM;
        set->matrices = matrices;
        matrices[set->matrix_count++] = matrix_ref(m);
        return 0;
}

static bool has_row_in(const struct vector_set *set, const struct matrix *m)
{
        for (size_t i = 0; i < set->count; i++)
                if (matrix_has(m, set->rows[i]))
                        return true;
        return false;
}

void vector_set_let_go(struct vector_set *set)
{
        size_t n = 0;

        for (size_t i = 0; i < set->matrix_count; i++)
                if (has_row_in(set, set->matrices[i]))
                        set->matrices[n++] = set->matrices[i];
                else
                        matrix_unref(set->matrices[i]);
        set->matrix_count = n;
}

struct vector_set *vector_set_new(
        const char *path, const char *model, unsigned dimension, size_t count)
{
        _cleanup_(matrix_unrefp) struct matrix *matrix = matrix_new(dimension, count);
        _cleanup_(vector_set_unrefp) struct vector_set *set =
                vector_set_borrow(path, model, dimension, count);

        if (!matrix || !set || vector_set_hold(set, matrix) < 0)
                return NULL;
        matrix->count = count;
        for (size_t i = 0; i < count; i++)
                set->rows[i] = matrix_row(matrix, i);
        return take_ptr(set);
}

/* An id and its vector. */
struct entry {
        char *id;
        float *row;
        size_t set; /* the earlier one wins */
};

static int compare_entries(const void *a, const void *b)
{
        const struct entry *x = a, *y = b;
        int order = strcmp(x->id, y->id);

        return order != 0 ? order : (x->set > y->set) - (x->set < y->set);
}

static size_t list_entries(const struct vector_set *from, size_t set, struct entry *ret)
{
        for (size_t i = 0; i < from->count; i++)
                ret[i] = (struct entry){from->ids[i], from->rows[i], set};
        return from->count;
}

int vector_set_sort(struct vector_set *set)
{
        _cleanup_free_ struct entry *entries = calloc(set->count + 1, sizeof(*entries));

        if (!entries)
                return -ENOMEM;
        qsort(entries, list_entries(set, 0, entries), sizeof(*entries), compare_entries);
        for (size_t i = 0; i < set->count; i++) {
                set->ids[i] = entries[i].id;
                set->rows[i] = entries[i].row;
        }
        return 0;
}

/* The first of each run of equal ids. */
static int borrow_rows(const struct entry *entries, size_t count, struct vector_set *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < count; i++) {
                if (i > 0 && streq(entries[i].id, entries[i - 1].id))
                        continue;
                if (strdup_to(&ret->ids[n], entries[i].id) < 0)
                        return -ENOMEM;
                ret->rows[n++] = entries[i].row;
        }
        ret->count = n;
        return 0;
}

static int hold_all(struct vector_set *set, const struct vector_set *from)
{
        int r = 0;

        for (size_t i = 0; i < from->matrix_count && r >= 0; i++)
                r = vector_set_hold(set, from->matrices[i]);
        return r;
}

static bool mergeable(const struct vector_set *set, const struct vector_set *first)
{
        return set && set->dimension == first->dimension;
}

int vector_set_merge(struct vector_set *const *sets, size_t count, struct vector_set **ret)
{
        _cleanup_(vector_set_unrefp) struct vector_set *merged = NULL;
        _cleanup_free_ struct entry *entries = NULL;
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
        entries = calloc(total + 1, sizeof(*entries));
        merged = vector_set_borrow(first->path, first->model, first->dimension, total);
        if (!entries || !merged)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                if (!mergeable(sets[i], first))
                        continue;
                n += list_entries(sets[i], i, entries + n);
                if (hold_all(merged, sets[i]) < 0)
                        return -ENOMEM;
        }
        qsort(entries, n, sizeof(*entries), compare_entries);
        if (borrow_rows(entries, n, merged) < 0)
                return -ENOMEM;
        vector_set_let_go(merged);
        *ret = take_ptr(merged);
        return 0;
}

int vector_set_without(struct vector_set *set,
        bool (*drop)(const char *query_id, const float *vector, void *userdata), void *userdata,
        struct vector_set **ret)
{
        _cleanup_(vector_set_unrefp) struct vector_set *rest =
                vector_set_borrow(set->path, set->model, set->dimension, set->count);
        size_t n = 0;

        if (!rest || hold_all(rest, set) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < set->count; i++) {
                if (drop(set->ids[i], set->rows[i], userdata))
                        continue;
                if (strdup_to(&rest->ids[n], set->ids[i]) < 0)
                        return -ENOMEM;
                rest->rows[n++] = set->rows[i];
        }
        if (n == set->count)
                *ret = vector_set_ref(set);
        else if (n == 0)
                *ret = NULL;
        else {
                rest->count = n;
                vector_set_let_go(rest);
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
        free(set->rows);
        for (size_t i = 0; i < set->matrix_count; i++)
                matrix_unref(set->matrices[i]);
        free(set->matrices);
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
                        return set->rows[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}
