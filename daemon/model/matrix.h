/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of float32 in one block, counted by references and immutable once they are filled: however
 * many vector sets there are of the same vectors, in each view and in each thread, the numbers are
 * there once. It does not know whose rows they are. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

struct matrix {
        atomic_uint references;
        unsigned dimension;
        size_t count; /* rows that are filled */
        size_t room; /* rows that there is memory for */
        float values[]; /* room × dimension */
};

/* Zeroed, one reference, no row is filled. NULL when memory is short. */
struct matrix *matrix_new(unsigned dimension, size_t room);
/* Makes room for so many rows, or gives memory back. Only for who has the one reference: `*m` may
 * move. -ENOMEM: it is what it was. */
_must_check_ int matrix_resize(struct matrix **m, size_t room);
struct matrix *matrix_ref(struct matrix *m);
struct matrix *matrix_unref(struct matrix *m);
DEFINE_CLEANUP(struct matrix *, matrix_unref)
static inline float *matrix_row(struct matrix *m, size_t i)
{
        return m->values + i * m->dimension;
}
/* Whether the row lies in it. */
bool matrix_has(const struct matrix *m, const float *row);
