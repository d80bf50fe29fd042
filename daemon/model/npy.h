/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A NumPy matrix as it arrives (numpy.lib.format, versions 1 and 2): float32 or float64, little-
 * endian, in C order, a row for each id of a list that stands beside it, one id a line. Anything
 * else is refused with a sentence. Room is made for rows that came, never for those that the header
 * promises. It opens nothing, and writes float32 only. */

#include "error.h"
#include "model/vector_set.h"
#include "text.h"

struct npy;
/* What belongs together; all of it must outlive the reader. */
struct npy_files {
        const char *path, *ids_path; /* for messages */
        const char *ids; /* the list's content */
        size_t ids_size;
        struct vector_set *known; /* rows that it has are shared with it; NULL: none */
        struct errors *errors;
};
/* NULL when memory is short. */
struct npy *npy_new(const struct npy_files *files);
struct npy *npy_free(struct npy *n);
DEFINE_CLEANUP(struct npy *, npy_free)
/* The next bytes of the matrix. -EBADMSG when no more is wanted: the errors have the reason;
 * -ENOMEM. */
_must_check_ int npy_feed(struct npy *n, const char *data, size_t size);
/* There is no more. -EBADMSG with what was wrong among the errors; -ENOMEM. */
_must_check_ int npy_end(struct npy *n, struct vector_set **ret);
/* The bytes of both: `matrix` and the list of its ids, none of which may have a line's end. */
void npy_build(const struct vector_set *set, struct text *ret_matrix, struct text *ret_ids);
