/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Embedding servers' APIs as bytes: OpenAI-compatible (/v1/embeddings), Ollama (/api/embed) and
 * Hugging Face's text-embeddings-inference (/embed). A table of dialects; builds and reads, no I/O.
 */

#include <jansson.h>

#include "http.h"

struct embedding_dialect {
        const char *name; /* "openai" */
        bool needs_model; /* the server may have several */
        const char *path; /* "/v1/embeddings" */
        const char *input; /* member of the request that holds the texts */
        const char *option; /* member that is sent though some servers refuse it, ... */
        const char *word; /* ... its value; NULL: true */
        const char *wanted; /* what its answers have, for messages */
        const char *list; /* member of an answer that holds the vectors; NULL: it is the list */
        bool indexed; /* they say to which text they belong */
};
extern const struct embedding_dialect embedding_dialects[];
extern const size_t embedding_dialect_count;
/* NULL for an unknown name. */
const struct embedding_dialect *embedding_dialect_find(const char *name);

/* The whole URL of a request, from what an administrator writes: the server's address; that with
 * the path, or the beginning of the path, already there; or, with a query, the whole URL as it is.
 * Owned; NULL when memory is short. */
char *embedding_url(const struct embedding_dialect *dialect, const char *url);

/* What is sent beside the texts. Borrowed. */
struct embedding_options {
        const char *model; /* NULL: the server's own; never sent where the dialect has no name */
        const char *prefix; /* before each text; NULL: none */
        const json_t *body; /* further members, which win over the dialect's; NULL: none */
        bool plain; /* without the dialect's option */
};
/* POST with the texts; the path is "", as the URL is a whole one. -EINVAL when `count` is 0 or a
 * text is not UTF-8. The response's limit grows with `count`; pooled.h reads it. */
_must_check_ int embedding_build(const struct embedding_dialect *dialect,
        const struct embedding_options *options, const char *const *texts, size_t count,
        struct http_request *ret);

/* The server's own words in a JSON body, in any of the shapes in which servers say them, as one
 * line; NULL when there are none. Owned. */
char *embedding_words(const char *body, size_t size);
/* As ruling_check(): 0 for 2xx; the server's own words in whichever shape it says them
 * ({"error":{"message":...}}, {"error":"..."}, {"error":..,"error_type":..}, text). `what` NULL:
 * those alone. -EACCES (401, 403), -ENOENT (404, 405), -E2BIG (400, 413, 422, 500: these texts, or
 * so many, are refused), -EAGAIN (429, 503), -EREMOTEIO (other status), or the transport's errno.
 */
_must_check_ int embedding_check(
        const struct http_response *response, const char *what, struct error *e);
/* Whether what is refused is the dialect's option: the request may do without it. */
bool embedding_refuses_option(
        const struct embedding_dialect *dialect, const struct http_response *response);
