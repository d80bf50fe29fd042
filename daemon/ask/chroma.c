/* SPDX-License-Identifier: Apache-2.0 */

#include "ask/chroma.h"

#include <errno.h>
#include <math.h>

#include "ask/results.h"
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

int chroma_build_query_again(const char *tenant, const char *database, const char *id, size_t count,
        unsigned results, unsigned include, struct text *body, struct http_request *ret)
{
        uint64_t record_max = include & CHROMA_METADATAS ? CHROMA_METADATA_MAX : CHROMA_RECORD_MAX;
        int r = wire_build("POST", tenant, database, id, "/query", body,
                MIN((uint64_t)CHROMA_QUERY_RESPONSE_MAX,
                        CHROMA_SMALL_RESPONSE_MAX + (uint64_t)count * results * record_max),
                ret);

        return r < 0 ? r : wire_read_by(ret, results_sink(count, results, include));
}

int chroma_build_query(const char *tenant, const char *database, const char *id,
        const float *const *vectors, size_t count, unsigned dimension, unsigned results,
        const char *where, const char *where_document, unsigned include, struct http_request *ret)
{
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
        return chroma_build_query_again(tenant, database, id, count, results, include, &t, ret);
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
