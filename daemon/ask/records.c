/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/records.h"

#include <errno.h>
#include <inttypes.h>

#include "ask/wire.h"
#include "json.h"
#include "model/excerpt.h"

static int append_ids(struct text *t, const struct records_request *what)
{
        _cleanup_json_ json_t *ids = json_array();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; ids && i < what->id_count; i++) {
                if (!utf8_valid(what->ids[i], strlen(what->ids[i])))
                        return -EINVAL;
                if (json_array_append_new(ids, json_string(what->ids[i])) < 0)
                        return -ENOMEM;
        }
        text = ids ? json_text(ids, JSON_COMPACT, NULL) : NULL;
        if (!text)
                return -ENOMEM;
        text_append(t, ",\"ids\":");
        text_append(t, text);
        return 0;
}

/* Always says what to include: the server's default is metadata and documents. */
static void append_include(struct text *t, unsigned include)
{
        static const struct {
                enum records_include what;
                const char *name;
        } lists[] = {
                {RECORDS_EMBEDDINGS, "embeddings"},
                {RECORDS_METADATAS, "metadatas"},
                {RECORDS_DOCUMENTS, "documents"},
        };
        const char *comma = "";

        text_append(t, "{\"include\":[");
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                if (include & lists[i].what) {
                        text_appendf(t, "%s\"%s\"", comma, lists[i].name);
                        comma = ",";
                }
        text_append(t, "]");
}

int records_build(const char *tenant, const char *database, const char *collection_id,
        const struct records_request *what, struct http_request *ret)
{
        _cleanup_text_ struct text t = {0};
        int r = 0;

        if (what->ids && what->id_count == 0)
                return -EINVAL;
        append_include(&t, what->include);
        if (what->ids)
                r = append_ids(&t, what);
        if (r < 0)
                return r;
        if (what->where)
                text_appendf(&t, ",\"where\":%s", what->where);
        if (what->where_document)
                text_appendf(&t, ",\"where_document\":%s", what->where_document);
        if (what->offset > 0)
                text_appendf(&t, ",\"offset\":%" PRIu64, what->offset);
        if (what->limit > 0)
                text_appendf(&t, ",\"limit\":%" PRIu64, what->limit);
        text_append(&t, "}");
        return wire_build(
                "POST", tenant, database, collection_id, "/get", &t, RECORDS_RESPONSE_MAX, ret);
}

/* An id with a NUL cannot be a C string. It becomes one that no record has, so that the rest of the
 * page can be read. */
static char *copy_id(const json_t *value)
{
        return wire_string(value) ? strdup(json_string_value(value))
                                  : utf8_clean(json_string_value(value), json_string_length(value));
}

static int read_ids(const json_t *ids, struct records *r, struct error *e)
{
        if (!json_is_array(ids))
                return error_set(e, -EBADMSG, "the answer has no list of ids");
        r->ids = calloc(MAX(json_array_size(ids), (size_t)1), sizeof(*r->ids));
        if (!r->ids)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(ids); i++) {
                const json_t *id = json_array_get(ids, i);

                if (!json_is_string(id))
                        return error_set(e, -EBADMSG, "id %zu of %zu is not a string", i + 1,
                                json_array_size(ids));
                r->ids[i] = copy_id(id);
                if (!r->ids[i])
                        return -ENOMEM;
                r->count++;
        }
        return 0;
}

/* All lengths before anything is allocated by the length of the first. */
static int check_lengths(const json_t *rows, struct records *r, struct error *e)
{
        size_t dimension = json_array_size(json_array_get(rows, 0));

        if (dimension == 0 || dimension > CHROMA_DIMENSION_MAX)
                return error_set(e, -EBADMSG,
                        "the embedding of record 1 of %zu is not a list of 1 to %d numbers",
                        r->count, CHROMA_DIMENSION_MAX);
        for (size_t i = 1; i < r->count; i++) {
                const json_t *row = json_array_get(rows, i);

                if (!json_is_array(row))
                        return error_set(e, -EBADMSG,
                                "the embedding of record %zu of %zu is not a list", i + 1,
                                r->count);
                if (json_array_size(row) != dimension)
                        return error_set(e, -EBADMSG,
                                "the embedding of record %zu of %zu has %zu numbers, the first "
                                "has %zu",
                                i + 1, r->count, json_array_size(row), dimension);
        }
        r->dimension = (unsigned)dimension;
        return 0;
}

static int read_embedding(
        const struct records *r, size_t i, const json_t *row, float *ret, struct error *e)
{
        for (size_t j = 0; j < r->dimension; j++) {
                const char *wrong = json_to_float(json_array_get(row, j), &ret[j]);

                if (wrong)
                        return error_set(e, -EBADMSG,
                                "number %zu of the embedding of record %zu of %zu %s", j + 1, i + 1,
                                r->count, wrong);
        }
        return 0;
}

/* Whether there is one row for each record; an answer without records may have null for a list. */
static int check_rows(const json_t *rows, const char *key, size_t count, struct error *e)
{
        if (json_array_size(rows) != count)
                return error_set(e, -EBADMSG, "the answer has %zu %s for %zu records",
                        json_array_size(rows), key, count);
        return 0;
}

static int read_embeddings(const json_t *rows, struct records *r, struct error *e)
{
        int code = check_rows(rows, "embeddings", r->count, e);

        if (code >= 0 && r->count > 0)
                code = check_lengths(rows, r, e);
        if (code < 0 || r->count == 0)
                return code;
        r->embeddings = calloc(r->count, r->dimension * sizeof(*r->embeddings));
        if (!r->embeddings)
                return -ENOMEM;
        for (size_t i = 0; i < r->count && code >= 0; i++)
                code = read_embedding(
                        r, i, json_array_get(rows, i), r->embeddings + i * r->dimension, e);
        return code;
}

static int read_metadatas(json_t *rows, struct records *r, struct error *e)
{
        int code = check_rows(rows, "metadatas", r->count, e);

        for (size_t i = 0; i < r->count && code >= 0; i++) {
                const json_t *metadata = json_array_get(rows, i);

                if (!json_is_null(metadata) && !json_is_object(metadata))
                        code = error_set(e, -EBADMSG,
                                "the metadata of record %zu of %zu is not an object", i + 1,
                                r->count);
        }
        if (code >= 0)
                r->metadatas = json_is_array(rows) ? json_incref(rows) : json_array();
        return code >= 0 && !r->metadatas ? -ENOMEM : code;
}

static int read_documents(const json_t *rows, struct records *r, struct error *e)
{
        int code = check_rows(rows, "documents", r->count, e);

        if (code < 0)
                return code;
        r->texts = calloc(MAX(r->count, (size_t)1), sizeof(*r->texts));
        if (!r->texts)
                return -ENOMEM;
        for (size_t i = 0; i < r->count; i++) {
                const json_t *document = json_array_get(rows, i);

                if (!json_is_string(document))
                        continue;
                r->texts[i] = excerpt_line(json_string_value(document),
                        json_string_length(document), RECORDS_TEXT_MAX);
                if (!r->texts[i])
                        return -ENOMEM;
        }
        return 0;
}

int records_parse(
        const char *body, size_t size, unsigned include, struct records *ret, struct error *e)
{
        _cleanup_(records_done) struct records r = {0};
        _cleanup_json_ json_t *document = NULL;
        int code = wire_parse(body, size, &document, e);

        if (code >= 0)
                code = read_ids(json_object_get(document, "ids"), &r, e);
        if (code >= 0 && include & RECORDS_EMBEDDINGS)
                code = read_embeddings(json_object_get(document, "embeddings"), &r, e);
        if (code >= 0 && include & RECORDS_METADATAS)
                code = read_metadatas(json_object_get(document, "metadatas"), &r, e);
        if (code >= 0 && include & RECORDS_DOCUMENTS)
                code = read_documents(json_object_get(document, "documents"), &r, e);
        if (code < 0)
                return code;
        *ret = r;
        r = (struct records){0};
        return 0;
}

void records_done(struct records *r)
{
        for (size_t i = 0; i < r->count; i++) {
                free(r->ids[i]);
                if (r->texts)
                        free(r->texts[i]);
        }
        free(r->ids);
        free(r->texts);
        free(r->embeddings);
        json_decref(r->metadatas);
        *r = (struct records){0};
}

size_t records_find(const struct records *r, const char *id)
{
        for (size_t i = 0; i < r->count; i++)
                if (streq(r->ids[i], id))
                        return i;
        return SIZE_MAX;
}
