/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rows.h"

#include <errno.h>

#define ROOM_LEAST 16

void rows_done(struct rows *r)
{
        for (size_t i = 0; i < r->count; i++)
                free(r->rows[i].id);
        free(r->rows);
        free(r->values);
        matrix_unref(r->matrix);
        *r = (struct rows){0};
}

/* With room for one more: the array, or NULL, and the old one stays. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
        size_t more = MAX(2 * *room, (size_t)ROOM_LEAST);
        void *grown;

        if (count < *room)
                return array;
        grown = reallocarray(array, more, size);
        if (grown)
                *room = more;
        return grown;
}

int rows_begin(struct rows *r, const char *id, size_t id_size, struct rows_place place)
{
        struct row *rows, *row;

        if (r->count == ROWS_MAX)
                return -E2BIG;
        rows = grow(r->rows, r->count, &r->room, sizeof(*rows));
        if (!rows)
                return -ENOMEM;
        r->rows = rows;
        row = &rows[r->count];
        *row = (struct row){.id = strndup(id, id_size), .place = place};
        if (!row->id)
                return -ENOMEM;
        r->count++;
        return 0;
}

int rows_widen(struct rows *r)
{
        float *values;

        if (r->values_room >= VECTOR_DIMENSION_MAX)
                return 0;
        values = grow(r->values, r->values_room, &r->values_room, sizeof(float));
        if (!values)
                return -ENOMEM;
        r->values = values;
        return 0;
}

static const float *find_known(
        const struct vector_set *known, unsigned dimension, const char *id, const float *values)
{
        const float *found =
                known && known->dimension == dimension ? vector_set_find(known, id) : NULL;

        return found && memcmp(found, values, dimension * sizeof(float)) == 0 ? found : NULL;
}

static int keep(struct rows *r, const float *values, size_t *ret_at)
{
        if (!r->matrix)
                r->matrix = matrix_new(r->dimension, ROOM_LEAST);
        if (!r->matrix ||
                (r->matrix->count == r->matrix->room &&
                        matrix_resize(&r->matrix, 2 * r->matrix->room) < 0))
                return -ENOMEM;
        *ret_at = r->matrix->count++;
        memcpy(matrix_row(r->matrix, *ret_at), values, r->dimension * sizeof(float));
        return 0;
}

int rows_end(struct rows *r)
{
        struct row *row = rows_last(r);

        if (r->dimension == 0 && row->length <= VECTOR_DIMENSION_MAX)
                r->dimension = (unsigned)row->length;
        if (row->length == 0 || row->length != r->dimension)
                return 0;
        row->shared = find_known(r->known, r->dimension, row->id, r->values);
        return row->shared ? 0 : keep(r, r->values, &row->at);
}

/* Of the same id, the one that was read first. */
static int compare_rows(const void *a, const void *b)
{
        const struct row *x = a, *y = b;
        int order = strcmp(x->id, y->id);

        if (order != 0)
                return order;
        if (x->place.line != y->place.line)
                return x->place.line < y->place.line ? -1 : 1;
        return (x->place.column > y->place.column) - (x->place.column < y->place.column);
}

static bool is_before(const struct row *a, const struct row *b)
{
        return a->place.line != b->place.line ? a->place.line < b->place.line
                                              : a->place.column < b->place.column;
}

const struct row *rows_sort(struct rows *r)
{
        const struct row *twice = NULL;

        if (r->count > 0)
                qsort(r->rows, r->count, sizeof(*r->rows), compare_rows);
        for (size_t i = 1; i < r->count; i++)
                if (streq(r->rows[i].id, r->rows[i - 1].id) &&
                        (!twice || is_before(&r->rows[i], twice)))
                        twice = &r->rows[i];
        return twice;
}

/* What is shared of a block, copied when it is less than half of it. */
static int detach(struct rows *r, const struct matrix *from)
{
        size_t used = 0;

        for (size_t i = 0; i < r->count; i++)
                used += r->rows[i].shared && matrix_has(from, r->rows[i].shared);
        for (size_t i = 0; 2 * used < from->count && i < r->count; i++) {
                struct row *row = &r->rows[i];

                if (!row->shared || !matrix_has(from, row->shared))
                        continue;
                if (keep(r, row->shared, &row->at) < 0)
                        return -ENOMEM;
                row->shared = NULL;
        }
        return 0;
}

/* Gives back what the matrix does not need, and fills the set with the rows. */
static int fill(struct rows *r, struct vector_set *set)
{
        if (r->matrix && matrix_resize(&r->matrix, r->matrix->count) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < r->count; i++) {
                struct row *row = &r->rows[i];

                set->ids[i] = take_ptr(row->id);
                set->rows[i] = row->shared ? (float *)row->shared : matrix_row(r->matrix, row->at);
        }
        return vector_set_hold(set, r->matrix);
}

int rows_take(struct rows *r, const char *path, const char *model, struct vector_set **ret)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
        int code = 0;

        for (size_t i = 0; r->known && i < r->known->matrix_count && code >= 0; i++)
                code = detach(r, r->known->matrices[i]);
        set = code < 0 ? NULL : vector_set_borrow(path, model, r->dimension, r->count);
        if (!set || fill(r, set) < 0)
                return -ENOMEM;
        for (size_t i = 0; r->known && i < r->known->matrix_count; i++)
                if (vector_set_hold(set, r->known->matrices[i]) < 0)
                        return -ENOMEM;
        vector_set_let_go(set);
        *ret = take_ptr(set);
        return 0;
}

static int add_row(struct rows *r, const char *id, const float *values, unsigned dimension)
{
        int code = rows_begin(r, id, strlen(id), (struct rows_place){r->count, 0});

        for (unsigned i = 0; i < dimension && code >= 0; i++)
                code = rows_add(r, values[i]);
        return code < 0 ? code : rows_end(r);
}

int rows_share(struct vector_set *set, struct vector_set *known, struct vector_set **ret)
{
        _cleanup_(rows_done) struct rows r = {.known = known};
        size_t equal = 0;
        int code = 0;

        for (size_t i = 0; i < set->count; i++)
                equal += find_known(known, set->dimension, set->ids[i], set->rows[i]) != NULL;
        if (equal == 0 || 2 * equal < set->count) {
                *ret = vector_set_ref(set);
                return 0;
        }
        for (size_t i = 0; i < set->count && code >= 0; i++)
                code = add_row(&r, set->ids[i], set->rows[i], set->dimension);
        return code < 0 ? code : rows_take(&r, set->path, set->model, ret);
}
