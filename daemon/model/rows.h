/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Vectors as they arrive, one number after the other, until they are a vector set: what the readers
 * of all kinds of files have in common. A row that a set which is there already has under the same
 * id, bit by bit, is not kept again: it is shared. It knows no format and tells nobody what is
 * wrong; a row of another length than the first one's is counted and not kept. */

#include "model/vector_set.h"

/* So many vectors are no set of canonical queries. */
#define ROWS_MAX 1000000

struct rows_place {
        size_t line, column; /* from 1; column 0: none */
};

struct row {
        char *id; /* owned */
        bool is_list; /* for who reads it: there is a list of numbers */
        size_t length; /* numbers that were seen */
        struct rows_place place; /* where its id was read */
        const float *shared; /* in the known set; NULL: in the matrix, if it has the right length */
        size_t at; /* in the matrix */
};

struct rows {
        struct vector_set *known; /* borrowed; NULL: none */
        unsigned dimension; /* of the first row; 0: there is none */
        struct row *rows;
        size_t count, room;
        float *values; /* of the row that is read now */
        size_t values_room;
        struct matrix *matrix; /* NULL: every row is shared */
};

void rows_done(struct rows *r);
/* A row begins. -E2BIG beyond ROWS_MAX, -ENOMEM. */
_must_check_ int rows_begin(
        struct rows *r, const char *id, size_t id_size, struct rows_place place);
/* For rows_add(): room for more numbers. -ENOMEM. */
_must_check_ int rows_widen(struct rows *r);
/* All its numbers are there. -ENOMEM. */
_must_check_ int rows_end(struct rows *r);
/* The row that is read now, or was last. */
static inline struct row *rows_last(const struct rows *r)
{
        return &r->rows[r->count - 1];
}
/* Its next number; those beyond VECTOR_DIMENSION_MAX are counted only. -ENOMEM. Here, because it is
 * done for each of millions. */
static inline _must_check_ int rows_add(struct rows *r, float value)
{
        struct row *row = rows_last(r);
        int code = row->length < r->values_room ? 0 : rows_widen(r);

        if (code >= 0 && row->length < r->values_room)
                r->values[row->length] = value;
        row->length++;
        return code;
}
/* Once all are there: sorted by id; a row that has the id of one that was read before it, the first
 * such; NULL: every id is there once. */
const struct row *rows_sort(struct rows *r);
/* Of sorted rows of one length and different ids. The matrix moves to the set; what it shares with
 * the known one is copied where that is less than half of a block, so that nothing is kept for a
 * few rows of it. -ENOMEM. */
_must_check_ int rows_take(
        struct rows *r, const char *path, const char *model, struct vector_set **ret);
/* The set anew where at least half of its vectors are those of the known one, which may be NULL:
 * these are shared with it, the others are in a block of their own. Else a reference of the set.
 * -ENOMEM. */
_must_check_ int rows_share(
        struct vector_set *set, struct vector_set *known, struct vector_set **ret);
