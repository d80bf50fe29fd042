/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "digest.h"
#include "json.h"
#include "keep/baselines.h"
#include "text.h"

/* {"format": 1, "sha256": HEX, "baseline": {...}}; the hash is of the member "baseline" as compact
 * JSON with sorted keys. docs/baselines.md has the rest. */
#define BASELINE_FORMAT 1
/* Answers and sets larger than these were not written by us. */
#define QUERIES_MAX 100000
#define ANSWER_MAX 10000

/* The counts of the evidence, in and out. */
enum field_type { FIELD_SIZE, FIELD_DOUBLE, FIELD_COUNT, FIELD_BOOL };
static const struct {
        const char *name;
        enum field_type type;
        size_t offset;
} evidence_fields[] = {
        {"queries", FIELD_SIZE, offsetof(struct evidence, queries)},
        {"unanswered", FIELD_SIZE, offsetof(struct evidence, unanswered)},
        {"same", FIELD_SIZE, offsetof(struct evidence, same)},
        {"changed", FIELD_SIZE, offsetof(struct evidence, changed)},
        {"fit_rms", FIELD_DOUBLE, offsetof(struct evidence, fit_rms)},
        {"square_root", FIELD_BOOL, offsetof(struct evidence, square_root)},
        {"holes", FIELD_SIZE, offsetof(struct evidence, holes)},
        {"sampled", FIELD_SIZE, offsetof(struct evidence, sampled)},
        {"gone", FIELD_SIZE, offsetof(struct evidence, gone)},
        {"edited", FIELD_SIZE, offsetof(struct evidence, edited)},
        {"present", FIELD_SIZE, offsetof(struct evidence, present)},
        {"unreadable", FIELD_SIZE, offsetof(struct evidence, unreadable)},
        {"self_asked", FIELD_SIZE, offsetof(struct evidence, self_asked)},
        {"self_found", FIELD_SIZE, offsetof(struct evidence, self_found)},
        {"intruders", FIELD_SIZE, offsetof(struct evidence, intruders)},
        {"entries", FIELD_SIZE, offsetof(struct evidence, entries)},
        {"near_duplicates", FIELD_SIZE, offsetof(struct evidence, near_duplicates)},
        {"overdispersion", FIELD_DOUBLE, offsetof(struct evidence, overdispersion)},
        {"overlap", FIELD_DOUBLE, offsetof(struct evidence, overlap)},
        {"records_before", FIELD_COUNT, offsetof(struct evidence, records_before)},
        {"records_after", FIELD_COUNT, offsetof(struct evidence, records_after)},
        {"embedder_compared", FIELD_SIZE, offsetof(struct evidence, embedder_compared)},
        {"embedder_moved", FIELD_SIZE, offsetof(struct evidence, embedder_moved)},
        {"embedder_distance", FIELD_DOUBLE, offsetof(struct evidence, embedder_distance)},
        {"other_space", FIELD_BOOL, offsetof(struct evidence, other_space)},
};

static json_t *string_or_null(const char *s)
{
        return s ? json_string(s) : json_null();
}

static json_t *time_or_null(usec_t t)
{
        return t > 0 ? json_integer((json_int_t)t) : json_null();
}

static json_t *build_evidence(const struct evidence *e)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < ARRAY_SIZE(evidence_fields); i++) {
                const void *field = (const char *)e + evidence_fields[i].offset;
                json_t *value = NULL;

                switch (evidence_fields[i].type) {
                case FIELD_SIZE:
                        value = json_integer((json_int_t) * (const size_t *)field);
                        break;
                case FIELD_DOUBLE:
                        value = json_from_double(*(const double *)field);
                        break;
                case FIELD_COUNT:
                        value = json_integer(*(const int64_t *)field);
                        break;
                case FIELD_BOOL:
                        value = json_boolean(*(const bool *)field);
                        break;
                }
                if (json_put(object, evidence_fields[i].name, value) < 0)
                        return NULL;
        }
        return take_ptr(object);
}

static json_t *build_epoch(const struct epoch *e)
{
        char sentinels[20];

        (void)snprintf(sentinels, sizeof(sentinels), "%016" PRIx64, e->sentinels);
        return json_pack("{s:o, s:o, s:I, s:o, s:I, s:I, s:I, s:o, s:s}", "id",
                string_or_null(e->id), "space", string_or_null(e->space), "dimension",
                (json_int_t)e->dimension, "configuration", string_or_null(e->configuration),
                "version", (json_int_t)e->version, "log_position", (json_int_t)e->log_position,
                "records", (json_int_t)e->records, "newest", string_or_null(e->newest), "sentinels",
                sentinels);
}

static json_t *build_floats(const float *values, size_t n)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(list, json_from_float(values[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *build_ids(const struct answer *a)
{
        _cleanup_json_ json_t *list = json_array();

        for (unsigned i = 0; i < a->count; i++)
                if (json_array_append_new(list, json_string(a->ids[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *build_level(const struct level_baseline *l)
{
        return json_pack("{s:o, s:o}", "location", json_from_double(l->location), "scale",
                json_from_double(l->scale));
}

static json_t *build_query(const struct baseline_query *q)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:o}", "text",
                string_or_null(q->text), "ids", q->answer ? build_ids(q->answer) : json_null(),
                "distances",
                q->answer ? build_floats(q->answer->distances, q->answer->count) : json_null(),
                "best", build_level(&q->levels[LEVEL_TOP1]), "mean",
                build_level(&q->levels[LEVEL_TOPK]), "expected_rank", (json_int_t)q->expected_rank,
                "outcome", outcome_name(q->outcome), "embedder_noise",
                json_from_double(q->embedder_noise));
}

static json_t *build_queries(const struct baseline *b)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < b->count; i++)
                if (json_put(object, b->queries[i].id, build_query(&b->queries[i])) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *build_vectors(const struct vector_set *set)
{
        _cleanup_json_ json_t *object = json_object();

        if (!set)
                return json_null();
        for (size_t i = 0; i < set->count; i++)
                if (json_put(object, set->ids[i],
                            build_floats(set->values + i * set->dimension, set->dimension)) < 0)
                        return NULL;
        return json_pack("{s:o, s:I, s:O}", "model", string_or_null(set->model), "dimension",
                (json_int_t)set->dimension, "vectors", object);
}

static json_t *build_content(const struct baseline *b)
{
        return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:o, s:I, s:o, s:o,"
                         " s:o, s:o, s:o}",
                "number", (json_int_t)b->number, "collection", string_or_null(b->collection),
                "name", string_or_null(b->name), "recorded", time_or_null(b->recorded), "approved",
                time_or_null(b->approved), "approved_by", string_or_null(b->approved_by), "reason",
                string_or_null(b->reason), "forced", b->forced, "results", (json_int_t)b->results,
                "samples", (json_int_t)b->samples, "epoch", build_epoch(&b->epoch), "unreachable",
                (json_int_t)b->unreachable, "recall", json_from_double(b->recall), "cause",
                string_or_null(cause_name(b->attribution.cause)), "evidence",
                build_evidence(&b->attribution.evidence), "vectors", build_vectors(b->vectors),
                "queries", build_queries(b));
}

static int hash_content(const json_t *content, char ret[DIGEST_TEXT_MAX])
{
        size_t size;
        _cleanup_free_ char *text = json_text(content, JSON_COMPACT | JSON_SORT_KEYS, &size);

        return text ? digest_sha256(text, size, ret) : -ENOMEM;
}

int baseline_build(const struct baseline *b, char **ret, size_t *ret_size)
{
        _cleanup_json_ json_t *content = build_content(b), *root = NULL;
        char hash[DIGEST_TEXT_MAX];
        char *text;
        int r = content ? hash_content(content, hash) : -ENOMEM;

        if (r < 0)
                return r;
        root = json_pack(
                "{s:i, s:s, s:O}", "format", BASELINE_FORMAT, "sha256", hash, "baseline", content);
        text = root ? json_text(root, JSON_INDENT(1) | JSON_SORT_KEYS, ret_size) : NULL;
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

/* Reads members of one object; the first that is not what it must be is the error. */
struct reader {
        const char *path;
        struct error *error;
        int code;
};

static void complain(struct reader *r, const char *key, const char *expected)
{
        if (r->code >= 0)
                r->code = error_set(
                        r->error, -EBADMSG, "%s: \"%s\" is not %s", r->path, key, expected);
}

static int64_t get_integer(
        struct reader *r, const json_t *object, const char *key, int64_t min, int64_t max)
{
        const json_t *value = json_object_get(object, key);
        json_int_t n = json_integer_value(value);

        if (!json_is_integer(value) || n < min || n > max) {
                complain(r, key, "a whole number in its range");
                return min;
        }
        return n;
}

/* null is NaN. */
static double get_double(struct reader *r, const json_t *object, const char *key)
{
        double value = NAN;
        const json_t *member = json_object_get(object, key);

        if (!member || json_to_double(member, &value) == -EINVAL)
                complain(r, key, "a number or null");
        return value;
}

static void get_string(struct reader *r, const json_t *object, const char *key, char **ret)
{
        const json_t *value = json_object_get(object, key);

        if (!json_is_string(value) && !json_is_null(value))
                complain(r, key, "a string or null");
        else if (r->code >= 0 && strdup_to(ret, json_string_value(value)) < 0)
                r->code = -ENOMEM;
}

static usec_t get_time(struct reader *r, const json_t *object, const char *key)
{
        if (json_is_null(json_object_get(object, key)))
                return 0;
        return (usec_t)get_integer(r, object, key, 0, INT64_MAX);
}

static const json_t *get_object(struct reader *r, const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);

        if (!json_is_object(value))
                complain(r, key, "an object");
        return value;
}

static void read_evidence(struct reader *r, const json_t *object, struct evidence *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(evidence_fields) && r->code >= 0; i++) {
                void *field = (char *)ret + evidence_fields[i].offset;
                const char *name = evidence_fields[i].name;

                switch (evidence_fields[i].type) {
                case FIELD_SIZE:
                        *(size_t *)field = (size_t)get_integer(r, object, name, 0, INT64_MAX);
                        break;
                case FIELD_DOUBLE:
                        *(double *)field = get_double(r, object, name);
                        break;
                case FIELD_COUNT:
                        *(int64_t *)field = get_integer(r, object, name, -1, INT64_MAX);
                        break;
                case FIELD_BOOL:
                        *(bool *)field = json_is_true(json_object_get(object, name));
                        break;
                }
        }
}

static void read_epoch(struct reader *r, const json_t *object, struct epoch *ret)
{
        const char *sentinels = json_string_value(json_object_get(object, "sentinels"));

        get_string(r, object, "id", &ret->id);
        get_string(r, object, "space", &ret->space);
        get_string(r, object, "configuration", &ret->configuration);
        get_string(r, object, "newest", &ret->newest);
        ret->dimension = (unsigned)get_integer(r, object, "dimension", 0, VECTOR_DIMENSION_MAX);
        ret->version = (uint64_t)get_integer(r, object, "version", 0, INT64_MAX);
        ret->log_position = (uint64_t)get_integer(r, object, "log_position", 0, INT64_MAX);
        ret->records = get_integer(r, object, "records", -1, INT64_MAX);
        if (!sentinels || sscanf(sentinels, "%16" SCNx64, &ret->sentinels) != 1)
                complain(r, "sentinels", "a hash");
}

/* `n` finite floats of a list that has exactly so many. */
static void read_floats(struct reader *r, const json_t *list, const char *key, size_t n, float *ret)
{
        if (!json_is_array(list) || json_array_size(list) != n) {
                complain(r, key, "a list of the right length");
                return;
        }
        for (size_t i = 0; i < n && r->code >= 0; i++) {
                double value;

                if (json_to_double(json_array_get(list, i), &value) < 0 ||
                        fabs(value) > (double)FLT_MAX)
                        complain(r, key, "a list of finite floats");
                else
                        ret[i] = (float)value;
        }
}

static void read_answer(struct reader *r, const json_t *object, struct answer **ret)
{
        const json_t *list = json_object_get(object, "ids");
        size_t n = json_array_size(list);
        _cleanup_free_ const char **ids = NULL;
        _cleanup_free_ float *distances = NULL;

        if (json_is_null(list))
                return;
        if (!json_is_array(list) || n > ANSWER_MAX) {
                complain(r, "ids", "a list of record ids");
                return;
        }
        ids = calloc(n + 1, sizeof(char *));
        distances = calloc(n + 1, sizeof(float));
        if (!ids || !distances) {
                r->code = -ENOMEM;
                return;
        }
        for (size_t i = 0; i < n; i++) {
                ids[i] = json_string_value(json_array_get(list, i));
                if (!ids[i])
                        complain(r, "ids", "a list of record ids");
        }
        read_floats(r, json_object_get(object, "distances"), "distances", n, distances);
        for (size_t i = 1; i < n; i++)
                if (distances[i] < distances[i - 1])
                        complain(r, "distances", "ascending");
        if (r->code < 0)
                return;
        *ret = answer_new((unsigned)n, ids, distances, NULL);
        if (!*ret)
                r->code = -ENOMEM;
}

static void read_level(
        struct reader *r, const json_t *object, const char *key, struct level_baseline *ret)
{
        const json_t *level = get_object(r, object, key);

        if (r->code < 0)
                return;
        ret->location = get_double(r, level, "location");
        ret->scale = get_double(r, level, "scale");
        if (!(ret->scale >= 0))
                complain(r, "scale", "a number that is not negative");
}

static void read_outcome(struct reader *r, const json_t *object, enum outcome *ret)
{
        const char *name = json_string_value(json_object_get(object, "outcome"));

        for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
                if (streq(name, outcome_name(o))) {
                        *ret = o;
                        return;
                }
        complain(r, "outcome", "an outcome");
}

static void read_query(
        struct reader *r, const char *id, const json_t *object, struct baseline_query *ret)
{
        if (!json_is_object(object))
                complain(r, "queries", "an object of objects");
        if (r->code >= 0 && strdup_to(&ret->id, id) < 0)
                r->code = -ENOMEM;
        get_string(r, object, "text", &ret->text);
        read_answer(r, object, &ret->answer);
        read_level(r, object, "best", &ret->levels[LEVEL_TOP1]);
        read_level(r, object, "mean", &ret->levels[LEVEL_TOPK]);
        ret->expected_rank = (unsigned)get_integer(r, object, "expected_rank", 0, ANSWER_MAX);
        read_outcome(r, object, &ret->outcome);
        ret->embedder_noise = get_double(r, object, "embedder_noise");
}

static void read_vectors(struct reader *r, const json_t *object, struct vector_set **ret)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
        json_t *vectors = json_object_get(object, "vectors"), *row;
        unsigned dimension;
        const char *id;
        size_t i = 0;

        if (json_is_null(object))
                return;
        dimension = (unsigned)get_integer(r, object, "dimension", 1, VECTOR_DIMENSION_MAX);
        if (!json_is_object(vectors) || json_object_size(vectors) > QUERIES_MAX)
                complain(r, "vectors", "an object of vectors");
        /* Before room is made for as much as the file claims. */
        if (r->code >= 0)
                json_object_foreach (vectors, id, row)
                        if (json_array_size(row) != dimension)
                                complain(r, "vectors", "an object of vectors of its dimension");
        if (r->code < 0)
                return;
        set = vector_set_new(r->path, json_string_value(json_object_get(object, "model")),
                dimension, json_object_size(vectors));
        if (!set) {
                r->code = -ENOMEM;
                return;
        }
        json_object_foreach (vectors, id, row) {
                if (r->code >= 0 && strdup_to(&set->ids[i], id) < 0)
                        r->code = -ENOMEM;
                read_floats(r, row, "vectors", dimension, set->values + i++ * dimension);
        }
        if (r->code >= 0)
                r->code = vector_set_sort(set);
        if (r->code >= 0)
                *ret = take_ptr(set);
}

static void read_head(struct reader *r, const json_t *content, struct baseline *b)
{
        const json_t *cause = json_object_get(content, "cause");

        b->number = (unsigned)get_integer(r, content, "number", 1, INT32_MAX);
        get_string(r, content, "collection", &b->collection);
        get_string(r, content, "name", &b->name);
        b->recorded = get_time(r, content, "recorded");
        b->approved = get_time(r, content, "approved");
        get_string(r, content, "approved_by", &b->approved_by);
        get_string(r, content, "reason", &b->reason);
        if (!b->collection)
                complain(r, "collection", "a string");
        if (b->approved > 0 && (!b->approved_by || !b->reason))
                complain(r, b->approved_by ? "reason" : "approved_by", "a string");
        b->forced = json_is_true(json_object_get(content, "forced"));
        b->results = (unsigned)get_integer(r, content, "results", 1, ANSWER_MAX);
        b->samples = (unsigned)get_integer(r, content, "samples", 1, INT32_MAX);
        b->unreachable = get_integer(r, content, "unreachable", -1, INT64_MAX);
        b->recall = get_double(r, content, "recall");
        if (json_is_string(cause) &&
                cause_parse(json_string_value(cause), &b->attribution.cause) < 0)
                complain(r, "cause", "a cause");
}

static int read_content(struct reader *r, const json_t *content, struct baseline **ret)
{
        json_t *queries = json_object_get(content, "queries"), *query;
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        const json_t *part;
        const char *id;
        size_t i = 0;

        if (!json_is_object(queries) || json_object_size(queries) > QUERIES_MAX) {
                complain(r, "queries", "an object of queries");
                return r->code;
        }
        b = baseline_new(json_object_size(queries));
        if (!b)
                return -ENOMEM;
        read_head(r, content, b);
        part = get_object(r, content, "epoch");
        if (r->code >= 0)
                read_epoch(r, part, &b->epoch);
        part = get_object(r, content, "evidence");
        if (r->code >= 0)
                read_evidence(r, part, &b->attribution.evidence);
        read_vectors(r, json_object_get(content, "vectors"), &b->vectors);
        json_object_foreach (queries, id, query)
                read_query(r, id, query, &b->queries[i++]);
        if (r->code < 0)
                return r->code;
        baseline_sort(b);
        *ret = take_ptr(b);
        return 0;
}

int baseline_parse(
        const char *path, const char *data, size_t size, struct baseline **ret, struct error *e)
{
        struct reader reader = {path, e, 0};
        _cleanup_json_ json_t *root = NULL;
        const json_t *content, *format;
        char hash[DIGEST_TEXT_MAX];
        int r = json_parse(path, data, size, &root, e);

        if (r < 0)
                return r;
        format = json_object_get(root, "format");
        content = json_object_get(root, "baseline");
        if (!json_is_integer(format) || !json_is_object(content))
                return error_set(e, -EBADMSG, "%s: is not a baseline", path);
        if (json_integer_value(format) != BASELINE_FORMAT)
                return error_set(e, -EBADMSG,
                        "%s: is a baseline of format %lld; this driftwatch reads format %d", path,
                        (long long)json_integer_value(format), BASELINE_FORMAT);
        r = hash_content(content, hash);
        if (r < 0)
                return r;
        if (!streq(hash, json_string_value(json_object_get(root, "sha256"))))
                return error_set(e, -EBADMSG,
                        "%s: was damaged or edited: its content does not match its sha256", path);
        return read_content(&reader, content, ret);
}
