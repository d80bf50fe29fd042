/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What Chroma's requests and answers have in common, whatever they are about: paths and JSON.
 * Private to the files that build and read them (chroma.h, records.h). No I/O. */

#include <jansson.h>
#include <stdint.h>

#include "http.h"
#include "text.h"

/* "/api/v2/tenants/T/databases/D/collections/C" and the tail that follows it, with names encoded as
 * one path segment each; `method` is static. Takes what is in `body` (NULL: no body). -ENOMEM,
 * also for a body that failed before. */
_must_check_ int wire_build(const char *method, const char *tenant, const char *database,
        const char *collection, const char *tail, struct text *body, uint64_t response_limit,
        struct http_request *ret);
/* "/api/v2" with each of `segments` (the last is NULL) as one path segment, and the tail. -ENOMEM.
 */
_must_check_ int wire_build_path(const char *method, const char *const *segments, const char *tail,
        uint64_t response_limit, struct http_request *ret);
/* Has the answer read as it arrives; takes the sink. -ENOMEM, and no request, when it is NULL. */
_must_check_ int wire_read_by(struct http_request *request, struct http_sink *sink);
/* Any JSON value, of which a tree is small; -EBADMSG with a sentence. */
_must_check_ int wire_parse(const char *body, size_t size, json_t **ret, struct error *e);
/* The string, or NULL when it is none or contains a NUL, which C strings cannot. */
const char *wire_string(const json_t *value);
