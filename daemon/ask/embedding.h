/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Embedding servers' APIs as bytes: OpenAI-compatible (/v1/embeddings), Ollama (/api/embed) and
 * Hugging Face's text-embeddings-inference (/embed). A table of dialects; builds and reads, no I/O.
 */

#include "http.h"

struct embedding_dialect {
        const char *name; /* "openai", "ollama", "tei" */
        bool needs_model; /* the server may have several */
        /* POST with the texts. `model` may be NULL where the server has one of its own. -EINVAL
         * when `count` is 0 or a text is not UTF-8. The response's limit grows with `count`. */
        int (*build)(const char *model, const char *const *texts, size_t count,
                struct http_request *ret);
        /* Reads a 2xx body into `count` rows, in the order of the texts whatever the server's:
         * `*ret` is count × `*ret_dimension` finite floats, owned, and no row is all zeros.
         * -EBADMSG with a sentence, in which texts count from 0. */
        int (*parse)(const char *body, size_t size, size_t count, float **ret,
                unsigned *ret_dimension, struct error *e);
};
extern const struct embedding_dialect embedding_dialects[];
extern const size_t embedding_dialect_count;
/* NULL for an unknown name. */
const struct embedding_dialect *embedding_dialect_find(const char *name);
/* As ruling_check(): 0 for 2xx; the server's own words in whichever shape it says them
 * ({"error":{"message":...}}, {"error":"..."}, {"error":..,"error_type":..}, text). -EACCES (401,
 * 403), -ENOENT (404, 405), -E2BIG (413), -EAGAIN (429, 503), -EREMOTEIO (other status), or the
 * transport's errno. */
_must_check_ int embedding_check(
        const struct http_response *response, const char *what, struct error *e);
