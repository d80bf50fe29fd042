/* SPDX-License-Identifier: Apache-2.0 */
#include "model/matrix.h"

#include <errno.h>
#include <stdint.h>

static size_t size_of(unsigned dimension, size_t room)
{
        return sizeof(struct matrix) + room * dimension * sizeof(float);
}

struct matrix *matrix_new(unsigned dimension, size_t room)
{
        struct matrix *m = calloc(1, size_of(dimension, room));

        if (!m)
                return NULL;
        m->references = 1;
        m->dimension = dimension;
        m->room = room;
        return m;
}

/* Large blocks are mapped: they grow without being copied, and what was never written to takes no
 * memory. */
int matrix_resize(struct matrix **m, size_t room)
{
        struct matrix *grown = realloc(*m, size_of((*m)->dimension, room));

        if (!grown)
                return -ENOMEM;
        grown->room = room;
        *m = grown;
        return 0;
}

struct matrix *matrix_ref(struct matrix *m)
{
        if (m)
                atomic_fetch_add(&m->references, 1);
        return m;
}

struct matrix *matrix_unref(struct matrix *m)
{
        if (m && atomic_fetch_sub(&m->references, 1) == 1)
                free(m);
        return NULL;
}

bool matrix_has(const struct matrix *m, const float *row)
{
        uintptr_t at = (uintptr_t)row, begin = (uintptr_t)m->values;

        return at >= begin && at < begin + m->count * m->dimension * sizeof(float);
}
