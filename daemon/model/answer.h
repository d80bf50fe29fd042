/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What one query got back in one replay: ids and distances, ascending. Immutable and counted by
 * references: identical consecutive answers are one object, shared by history and views. */

#include <jansson.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

struct answer {
        atomic_uint references;
        unsigned count;
        float *distances; /* count, finite, ascending */
        char **ids; /* count */
        json_t *metadatas; /* count objects or nulls while the answer is being judged, else NULL */
};

/* Copies ids and distances into one allocation; takes the reference to `metadatas` (may be NULL),
 * also on failure. NULL when memory is short. */
struct answer *answer_new(
        unsigned count, const char *const *ids, const float *distances, json_t *metadatas);
struct answer *answer_ref(struct answer *a);
struct answer *answer_unref(struct answer *a);
DEFINE_CLEANUP(struct answer *, answer_unref)
/* Lets go of the metadata once it was judged; only by the owner of the sole reference. */
void answer_drop_metadata(struct answer *a);
/* A distance for "%.4f", as people read it: what rounds to nothing has no sign. Chroma's cosine of
 * a record with itself is -1.2e-7. */
static inline double answer_shown(double distance)
{
        return fabs(distance) < 0.00005 ? 0 : distance;
}
/* Same ids in the same order with bit-identical distances. NULL equals only NULL. */
bool answer_equal(const struct answer *a, const struct answer *b);
