/* SPDX-License-Identifier: Apache-2.0 */

#include "ask/chroma.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "ask/wire.h"
#include "json.h"

int chroma_build_collection(
        const char *tenant, const char *database, const char *name, struct http_request *ret)
{
        return wire_build("GET", tenant, database, name, "", NULL, CHROMA_SMALL_RESPONSE_MAX, ret);
}

int chroma_build_count(
        const char *tenant, const char *database, const char *id, struct http_request *ret)
{
        return wire_build(
                "GET", tenant, database, id, "/count", NULL, CHROMA_SMALL_RESPONSE_MAX, ret);
}

static int append_vector(struct text *t, const float *vector, unsigned dimension)
{
        for (unsigned i = 0; i < dimension; i++) {
                if (!isfinite(vector[i]))
                        return -EINVAL;
                text_append_bytes(t, i == 0 ? "[" : ",", 1);
                text_append_float(t, vector[i]);
        }
        text_append(t, "]");
        return 0;
}

static void append_filter(struct text *t, const char *key, const char *json)
{
        if (json)
                text_appendf(t, ",\"%s\":%s", key, json);
}

static void append_include(struct text *t, unsigned include)
{
        static const char *const lists[] = {
                [0] = "",
                [CHROMA_DISTANCES] = "\"distances\"",
                [CHROMA_METADATAS] = "\"metadatas\"",
                [CHROMA_DISTANCES | CHROMA_METADATAS] = "\"distances\",\"metadatas\"",
        };

        text_appendf(
                t, ",\"include\":[%s]", lists[include & (CHROMA_DISTANCES | CHROMA_METADATAS)]);
}

int chroma_build_query(const char *tenant, const char *database, const char *id,
        const float *const *vectors, size_t count, unsigned dimension, unsigned results,
        const char *where, const char *where_document, unsigned include, struct http_request *ret)
{
        uint64_t record_max = include & CHROMA_METADATAS ? CHROMA_METADATA_MAX : CHROMA_RECORD_MAX;
        _cleanup_text_ struct text t = {0};
        int r;

        if (count == 0 || dimension == 0 || results == 0)
                return -EINVAL;
        text_append(&t, "{\"query_embeddings\":");
        for (size_t i = 0; i < count; i++) {
                text_append(&t, i == 0 ? "[" : ",");
                r = append_vector(&t, vectors[i], dimension);
                if (r < 0)
                        return r;
        }
        text_appendf(&t, "],\"n_results\":%u", results);
        append_include(&t, include);
        append_filter(&t, "where", where);
        append_filter(&t, "where_document", where_document);
        text_append(&t, "}");
        return wire_build("POST", tenant, database, id, "/query", &t,
                MIN((uint64_t)CHROMA_QUERY_RESPONSE_MAX,
                        CHROMA_SMALL_RESPONSE_MAX + (uint64_t)count * results * record_max),
                ret);
}

/* 36 characters in five groups everywhere today; only what a URL must be protected from is checked.
 */
static bool looks_like_uuid(const char *s)
{
        size_t size = strlen(s);

        return size >= 32 && size <= 36 && strspn(s, "0123456789abcdefABCDEF-") == size;
}

static const json_t *json_at(const json_t *value, const char *const *path)
{
        for (; value && *path; path++)
                value = json_object_get(value, *path);
        return value;
}

static const char *known_space(const json_t *value)
{
        static const char *const spaces[] = {"l2", "cosine", "ip"};

        for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
                if (streq(spaces[i], wire_string(value)))
                        return spaces[i];
        return NULL;
}

/* Before 1.0 the configuration shows a default whatever the collection uses; there the metadata
 * rules. */
static bool metadata_rules(const json_t *collection)
{
        const json_t *configuration = json_object_get(collection, "configuration_json");

        return !json_is_object(configuration) ||
                json_object_get(configuration, "hnsw_configuration");
}

/* Where servers from 1.0 on describe index and embedding function, in the order of their weight. */
static const char *const descriptions[][7] = {
        {"configuration_json"},
        {"schema", "keys", "#embedding", "float_list", "vector_index", "config"},
};

static const char *find_space(const json_t *collection)
{
        static const char *const places[][3] = {{"hnsw", "space"}, {"spann", "space"}, {"space"}};
        const char *space = NULL;

        if (metadata_rules(collection)) {
                const json_t *metadata = json_object_get(collection, "metadata");
                const json_t *value = json_object_get(metadata, "hnsw:space");

                return value ? known_space(value) : "l2";
        }
        for (size_t i = 0; i < ARRAY_SIZE(descriptions); i++)
                for (size_t k = 0; k < ARRAY_SIZE(places) && !space; k++)
                        space = known_space(
                                json_at(json_at(collection, descriptions[i]), places[k]));
        return space;
}

/* A copy of an object without the space, which is compared by itself and exists in several places;
 * NULL without memory. */
static json_t *copy_parameters(const json_t *object)
{
        json_t *copy = json_deep_copy(object);

        if (copy)
                (void)json_object_del(copy, "space");
        return copy;
}

/* What is null says nothing: a server that leaves the key out says the same. */
static int read_description(const json_t *description, json_t *ret)
{
        static const char *const keys[] = {"hnsw", "spann", "embedding_function"};

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                const json_t *value = json_object_get(description, keys[i]);

                if (json_is_object(value) && json_put(ret, keys[i], copy_parameters(value)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* 0.5 and 0.6: parameters are keys of the metadata, "hnsw:search_ef"; the space is no parameter. */
static int read_metadata(json_t *metadata, json_t *ret)
{
        const char *key;
        json_t *value;

        json_object_foreach (metadata, key, value) {
                if (strncmp(key, "hnsw:", strlen("hnsw:")) != 0 || streq(key, "hnsw:space"))
                        continue;
                if (json_object_set(ret, key, value) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* `*ret` is NULL when the server tells nothing. */
static int read_configuration(const json_t *collection, char **ret)
{
        _cleanup_json_ json_t *found = json_object();
        int r = found ? 0 : -ENOMEM;

        if (r >= 0 && metadata_rules(collection))
                r = read_metadata(json_object_get(collection, "metadata"), found);
        else
                for (size_t i = 0; i < ARRAY_SIZE(descriptions) && r >= 0 &&
                        !json_object_get(found, "hnsw") && !json_object_get(found, "spann");
                        i++)
                        r = read_description(json_at(collection, descriptions[i]), found);
        if (r < 0 || json_object_size(found) == 0)
                return r;
        *ret = json_text(found, JSON_SORT_KEYS | JSON_COMPACT, NULL);
        return *ret ? 0 : -ENOMEM;
}

static int read_dimension(const json_t *value, unsigned *ret)
{
        json_int_t dimension = json_integer_value(value);

        if (value && !json_is_null(value) && !json_is_integer(value))
                return -EBADMSG;
        if (dimension < 0 || dimension > CHROMA_DIMENSION_MAX)
                return -EBADMSG;
        *ret = (unsigned)dimension;
        return 0;
}

/* 0 for everything that is not a number from 0 up: only distributed servers tell. */
static uint64_t read_version(const json_t *collection, const char *key)
{
        return (uint64_t)MAX(json_integer_value(json_object_get(collection, key)), (json_int_t)0);
}

int chroma_parse_collection(const char *body, size_t size, struct epoch *ret, struct error *e)
{
        _cleanup_(epoch_done) struct epoch epoch;
        _cleanup_(json_decrefp) json_t *document = NULL;
        const char *id;
        int r;

        epoch_init(&epoch);
        r = wire_parse(body, size, &document, e);
        if (r < 0)
                return r;
        if (!json_is_object(document))
                return error_set(e, -EBADMSG, "the answer is not a collection: no JSON object");
        id = wire_string(json_object_get(document, "id"));
        if (!id || !looks_like_uuid(id))
                return error_set(e, -EBADMSG, "the answer is not a collection: `id` is not a UUID");
        if (read_dimension(json_object_get(document, "dimension"), &epoch.dimension) < 0)
                return error_set(e, -EBADMSG,
                        "the answer is not a collection: `dimension` is not a number from 0 to %d",
                        CHROMA_DIMENSION_MAX);
        epoch.version = read_version(document, "version");
        epoch.log_position = read_version(document, "log_position");
        r = strdup_to(&epoch.id, id);
        if (r >= 0)
                r = strdup_to(&epoch.space, find_space(document));
        if (r >= 0)
                r = read_configuration(document, &epoch.configuration);
        if (r < 0)
                return r;
        *ret = epoch;
        epoch_init(&epoch);
        return 0;
}

int chroma_parse_count(const char *body, size_t size, uint64_t *ret, struct error *e)
{
        _cleanup_(json_decrefp) json_t *document = NULL;
        int r;

        r = wire_parse(body, size, &document, e);
        if (r < 0)
                return r;
        if (!json_is_integer(document) || json_integer_value(document) < 0)
                return error_set(e, -EBADMSG, "the answer is not a count of records");
        *ret = (uint64_t)json_integer_value(document);
        return 0;
}

/* A row's records as C arrays. Strings are the document's. */
struct row {
        size_t count;
        const char **ids;
        float *distances;
};

static void row_done(struct row *row)
{
        free(row->ids);
        free(row->distances);
}

/* NULL, or why it is no distance. json_number_value(null) would be 0, a perfect match. */
static const char *read_distance(const json_t *value, float *ret)
{
        double distance;

        if (json_is_null(value))
                return "a distance is null";
        if (!json_is_number(value))
                return "a distance is not a number";
        distance = json_number_value(value);
        /* Written so that NaN fails too. Converting more than FLT_MAX is undefined in C. */
        if (!(fabs(distance) <= (double)FLT_MAX))
                return "a distance is beyond the range of a float";
        *ret = (float)distance;
        return NULL;
}

static const char *read_records(struct row *row, const json_t *ids, const json_t *distances)
{
        for (size_t i = 0; i < row->count; i++) {
                const char *problem;

                row->ids[i] = wire_string(json_array_get(ids, i));
                if (!row->ids[i])
                        return "an id is not a string";
                problem = read_distance(json_array_get(distances, i), &row->distances[i]);
                if (problem)
                        return problem;
                if (i > 0 && row->distances[i] < row->distances[i - 1])
                        return "distances are not ascending";
        }
        return NULL;
}

/* NULL, or why the metadata is unusable. Without metadata an expectation of it would look unmet. */
static const char *check_metadata(const json_t *metadatas, size_t count, bool included)
{
        if (!metadatas || json_is_null(metadatas))
                return included && count > 0 ? "metadata was asked for and is missing" : NULL;
        if (!json_is_array(metadatas) || json_array_size(metadatas) != count)
                return "there is not one metadata for each id";
        for (size_t i = 0; i < count; i++) {
                const json_t *metadata = json_array_get(metadatas, i);

                if (!json_is_null(metadata) && !json_is_object(metadata))
                        return "a record's metadata is not an object";
        }
        return NULL;
}

static const char *check_shape(const json_t *ids, const json_t *distances, unsigned results)
{
        if (!json_is_array(ids))
                return "ids are not a list";
        if (!json_is_array(distances))
                return "distances are not a list";
        if (json_array_size(ids) != json_array_size(distances))
                return "there is not one distance for each id";
        if (json_array_size(ids) > results)
                return "there are more records than were asked for";
        return NULL;
}

static int parse_row(const json_t *ids, const json_t *distances, json_t *metadatas, bool included,
        unsigned results, struct chroma_answer *ret)
{
        _cleanup_(row_done) struct row row = {.count = json_array_size(ids)};

        ret->unmeasured = check_shape(ids, distances, results);
        if (!ret->unmeasured)
                ret->unmeasured = check_metadata(metadatas, row.count, included);
        if (ret->unmeasured)
                return 0;
        row.ids = calloc(MAX(row.count, (size_t)1), sizeof(*row.ids));
        row.distances = calloc(MAX(row.count, (size_t)1), sizeof(*row.distances));
        if (!row.ids || !row.distances)
                return -ENOMEM;
        ret->unmeasured = read_records(&row, ids, distances);
        if (ret->unmeasured)
                return 0;
        ret->answer = answer_new((unsigned)row.count, row.ids, row.distances,
                json_is_array(metadatas) ? json_incref(metadatas) : NULL);
        return ret->answer ? 0 : -ENOMEM;
}

/* Whether the server says that it included metadata; 0.5 and 0.6 call the list "included". */
static bool includes_metadata(const json_t *document)
{
        static const char *const keys[] = {"include", "included"};

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                const json_t *list = json_object_get(document, keys[i]);

                for (size_t j = 0; j < json_array_size(list); j++)
                        if (streq(json_string_value(json_array_get(list, j)), "metadatas"))
                                return true;
        }
        return false;
}

static int check_rows(const json_t *document, const char *key, size_t count, struct error *e)
{
        const json_t *rows = json_object_get(document, key);

        if (!json_is_array(rows))
                return error_set(e, -EBADMSG, "the answer has no list of %s", key);
        if (json_array_size(rows) != count)
                return error_set(e, -EBADMSG, "the answer has %zu rows of %s for %zu queries",
                        json_array_size(rows), key, count);
        return 0;
}

int chroma_parse_query(const char *body, size_t size, size_t count, unsigned results,
        struct chroma_answer *ret, struct error *e)
{
        _cleanup_(json_decrefp) json_t *document = NULL;
        const json_t *metadatas;
        bool included;
        int r;

        r = wire_parse(body, size, &document, e);
        if (r < 0)
                return r;
        r = check_rows(document, "ids", count, e);
        if (r >= 0)
                r = check_rows(document, "distances", count, e);
        metadatas = json_object_get(document, "metadatas");
        if (r >= 0 && metadatas && !json_is_null(metadatas))
                r = check_rows(document, "metadatas", count, e);
        if (r < 0)
                return r;
        included = includes_metadata(document);
        for (size_t i = 0; i < count && r >= 0; i++)
                r = parse_row(json_array_get(json_object_get(document, "ids"), i),
                        json_array_get(json_object_get(document, "distances"), i),
                        json_array_get(metadatas, i), included, results, &ret[i]);
        for (size_t i = 0; i < count && r < 0; i++) {
                (void)answer_unref(ret[i].answer);
                ret[i] = (struct chroma_answer){0};
        }
        return r;
}

static int count_ids(const json_t *row, unsigned results, size_t *ret, struct error *e)
{
        if (!json_is_array(row))
                return error_set(e, -EBADMSG, "a row of ids is not a list");
        if (json_array_size(row) > results)
                return error_set(e, -EBADMSG, "a row has %zu ids, %u were asked for",
                        json_array_size(row), results);
        for (size_t i = 0; i < json_array_size(row); i++)
                if (!json_is_string(json_array_get(row, i)))
                        return error_set(e, -EBADMSG, "an id is not a string");
        *ret = json_array_size(row);
        return 0;
}

int chroma_parse_id_counts(
        const char *body, size_t size, size_t count, unsigned results, size_t *ret, struct error *e)
{
        _cleanup_(json_decrefp) json_t *document = NULL;
        _cleanup_free_ size_t *counts = calloc(count, sizeof(*counts));
        int r = counts ? wire_parse(body, size, &document, e) : -ENOMEM;

        if (r >= 0)
                r = check_rows(document, "ids", count, e);
        for (size_t i = 0; i < count && r >= 0; i++)
                r = count_ids(json_array_get(json_object_get(document, "ids"), i), results,
                        &counts[i], e);
        if (r >= 0)
                memcpy(ret, counts, count * sizeof(*counts));
        return r;
}

int chroma_parse_ids(const char *body, size_t size, unsigned results, char ***ret,
        size_t *ret_count, struct error *e)
{
        _cleanup_(json_decrefp) json_t *document = NULL;
        const json_t *row = NULL;
        size_t count = 0, i = 0;
        char **ids = NULL;
        int r = wire_parse(body, size, &document, e);

        if (r >= 0)
                r = check_rows(document, "ids", 1, e);
        if (r >= 0) {
                row = json_array_get(json_object_get(document, "ids"), 0);
                r = count_ids(row, results, &count, e);
        }
        if (r >= 0) {
                ids = calloc(count + 1, sizeof(*ids));
                r = ids ? 0 : -ENOMEM;
        }
        for (; i < count && r >= 0; i++)
                r = strdup_to(&ids[i], json_string_value(json_array_get(row, i)));
        if (r < 0) {
                while (ids && i > 0)
                        free(ids[--i]);
                free(ids);
                return r;
        }
        *ret = ids;
        *ret_count = count;
        return 0;
}
