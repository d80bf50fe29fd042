/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Chroma's /get as bytes: which records exist, what they hold, in which order they were added. Like
 * chroma.h: builds and reads, no I/O. */

#include <jansson.h>

#include "ask/chroma.h"

enum records_include { RECORDS_EMBEDDINGS = 1, RECORDS_METADATAS = 2, RECORDS_DOCUMENTS = 4 };

/* Largest body accepted: embeddings of one page or of a few records. */
#define RECORDS_RESPONSE_MAX (256U << 20)

/* Bytes of a document that are kept. */
#define RECORDS_TEXT_MAX 4096

/* What to get: records with these ids, or those that match the filters (JSON text), or all; from
 * `offset` on, at most `limit` (0: no limit). */
struct records_request {
        const char *const *ids;
        size_t id_count;
        const char *where, *where_document;
        uint64_t offset, limit;
        unsigned include; /* enum records_include */
};

/* POST …/collections/{id}/get. -EINVAL for an empty list of ids (all records would match) and for
 * an id that is not UTF-8. */
_must_check_ int records_build(const char *tenant, const char *database, const char *collection_id,
        const struct records_request *what, struct http_request *ret);

/* Records in the server's order, which is that of insertion. */
struct records {
        size_t count;
        char **ids; /* owned; U+FFFD stands for a NUL */
        unsigned dimension; /* 0 without embeddings */
        float *embeddings; /* count × dimension, all finite; NULL without records or when not asked
                              for */
        json_t *metadatas; /* count objects or nulls; NULL when not asked for */
        char **texts; /* count, the first words of the documents, as excerpt_words(),
                         RECORDS_TEXT_MAX bytes at most, owned; NULL for a record without; NULL
                         when not asked for */
};
/* Takes what was read, as it arrived, of a 2xx response to such a request; once. -EBADMSG with a
 * sentence when it is not right (not JSON, another shape, more records than were asked for, a row
 * of another length, a component that is no finite float). */
_must_check_ int records_read(
        const struct http_response *response, struct records *ret, struct error *e);
void records_done(struct records *r);
/* `dimension` numbers of a record that has embeddings. */
static inline const float *records_vector(const struct records *r, size_t record)
{
        return r->embeddings + record * r->dimension;
}
/* Index of this id; SIZE_MAX when it is not there. O(count). */
size_t records_find(const struct records *r, const char *id);
