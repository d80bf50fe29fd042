/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Chroma's HTTP API, version 2, as bytes: builds requests and reads answers, distrusting every one
 * of them. No I/O. What is expected of the server and what it does instead is in docs/chroma.md. */

#include <stdint.h>

#include "http.h"
#include "model/answer.h"
#include "model/epoch.h"
#include "text.h"

/* More components than any embedding has; the server's own limit is its request size. */
#define CHROMA_DIMENSION_MAX 1000000
/* Largest response body accepted for a query, per expected record: with id and distance, or with
 * its metadata, which some keep whole documents in. */
#define CHROMA_RECORD_MAX (64U << 10)
#define CHROMA_METADATA_MAX (512U << 10)
#define CHROMA_SMALL_RESPONSE_MAX (1U << 20)
#define CHROMA_QUERY_RESPONSE_MAX (256U << 20)

/* GET …/collections/{name}; names are percent-encoded. */
_must_check_ int chroma_build_collection(
        const char *tenant, const char *database, const char *name, struct http_request *ret);
/* GET …/collections/{id}/count */
_must_check_ int chroma_build_count(
        const char *tenant, const char *database, const char *id, struct http_request *ret);
/* What a query's answer holds beside ids. */
enum chroma_include {
        CHROMA_DISTANCES = 1,
        CHROMA_METADATAS = 2,
        CHROMA_COUNTS = 4, /* not even the ids are kept: only how many there are */
};
/* Read by results.h. POST …/collections/{id}/query with `vectors` as `count` rows of `dimension`
 * finite floats. `include` is a set of enum chroma_include. Filters are JSON text or NULL. -EINVAL
 * when `count`, `dimension` or `results` is 0 or a float is not finite. */
_must_check_ int chroma_build_query(const char *tenant, const char *database, const char *id,
        const float *const *vectors, size_t count, unsigned dimension, unsigned results,
        const char *where, const char *where_document, unsigned include, struct http_request *ret);
/* The same with a body that an earlier such request had. Takes what is in `body`. */
_must_check_ int chroma_build_query_again(const char *tenant, const char *database, const char *id,
        size_t count, unsigned results, unsigned include, struct text *body,
        struct http_request *ret);

/* The functions below expect a 2xx response and return -EBADMSG with a sentence when the body is
 * not right. */
/* The collection as its description shows it: id, space, dimension, configuration and versions;
 * the rest of the epoch is unknown. */
_must_check_ int chroma_parse_collection(
        const char *body, size_t size, struct epoch *ret, struct error *e);
_must_check_ int chroma_parse_count(const char *body, size_t size, uint64_t *ret, struct error *e);
