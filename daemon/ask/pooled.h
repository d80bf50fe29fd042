/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An embedding server's answer, read as it arrives: one vector a text, pooled from those of its
 * tokens. Lists of numbers, or base64 of little-endian 32-bit floats. A vector that is not right
 * spoils no other. No I/O. */

#include "ask/embedding.h"

/* What reads the answer for `count` texts; owned by a request. NULL when memory is short. */
struct http_sink *pooled_sink(const struct embedding_dialect *dialect, size_t count);

/* A vector for each text, in the order of the texts whatever the server's. */
struct pooled {
        size_t count;
        unsigned dimension; /* of all vectors */
        float *values; /* count × dimension, finite; no row that is right is all zeros */
        char **wrong; /* count: what is wrong with the text's vector, whose row then means nothing;
                         NULL: nothing */
};
void pooled_done(struct pooled *p);
/* Takes what was read of a 2xx response to such a request, once. -EBADMSG with a sentence where no
 * vector can be used. */
_must_check_ int pooled_read(
        const struct http_response *response, struct pooled *ret, struct error *e);
