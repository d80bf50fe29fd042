/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The canonical query set: what is asked and what good retrieval must answer. Immutable once parsed
 * and counted by references, because the loop and every published view share it. */

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "digest.h"
#include "duration.h"
#include "error.h"
#include "model/topic.h"

/* How relevant one record is to a query. */
struct grade {
        char *id;
        unsigned grade; /* 0 … GRADE_MAX; 0 is irrelevant */
};
#define GRADE_MAX 10

/* Met when any listed record, or any record whose metadata contains one listed object, stands among
 * the first `within` of the answer with a distance in [distance_min, distance_max]. With neither
 * ids nor metadata the range is that of the best answer, whichever record it is: a negative
 * control. */
struct expectation {
        char **ids;
        size_t id_count;
        json_t *metadata; /* array of objects, each a match; NULL for none */
        struct grade *grades; /* for nDCG; without ids and metadata, those above 0 are the ids */
        size_t grade_count;
        unsigned within; /* 0: anywhere in the answer */
        float distance_min; /* -INFINITY when unbounded */
        float distance_max; /* +INFINITY when unbounded */
};

/* That a query fails is known: until then it is measured and shown, but stops nothing. */
struct known_failing {
        char *reason; /* NULL: it is not known to fail */
        usec_t until; /* the first moment after the last day, in UTC; 0 when it is not */
};

struct query {
        unsigned line; /* of the file, where the query begins */
        char *id;
        char *text;
        struct tag *tags;
        size_t tag_count;
        char *where; /* Chroma filters as compact JSON; NULL for none */
        char *where_document;
        struct expectation expect;
        struct known_failing known_failing;
};

struct query_set {
        atomic_uint references;
        char *path; /* as given, for messages */
        char digest[DIGEST_TEXT_MAX]; /* SHA-256 of what it was read from; "": not known */
        struct query *queries;
        size_t count;
        bool wants_metadata; /* some expectation names metadata */
        struct topics topics; /* of the queries' tags */
};

/* Limits of one set, so that a wrong file is refused instead of replayed. */
#define QUERY_SET_FILE_MAX (64U << 20)
#define QUERY_SET_MAX 100000
#define QUERY_ID_MAX 200

/* Parses YAML or JSON text; every error is added as "path:line:column: sentence", then -EBADMSG.
 * Ids are unique, non-empty, valid UTF-8 without control characters. An empty list is an error: an
 * empty set must never look healthy. */
_must_check_ int query_set_parse(const char *path, const char *data, size_t size,
        struct query_set **ret, struct errors *errors);
/* Reads and parses the file; one that cannot be read gives one sentence and the errno of reading.
 * `*ret` is a reference of `known`, read earlier, where path and content are the same; NULL: none.
 */
_must_check_ int query_set_load(
        const char *path, struct query_set *known, struct query_set **ret, struct errors *errors);
struct query_set *query_set_ref(struct query_set *set);
struct query_set *query_set_unref(struct query_set *set);
DEFINE_CLEANUP(struct query_set *, query_set_unref)
/* The query with this id, NULL when there is none. O(count). */
const struct query *query_set_find(const struct query_set *set, const char *id);
/* Whether the expectation names records (ids or metadata), not only a range. */
bool expectation_names_records(const struct expectation *e);
