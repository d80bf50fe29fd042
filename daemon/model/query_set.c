/* SPDX-License-Identifier: Apache-2.0 */
#include "model/query_set.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>

#include "file.h"
#include "json.h"
#include "model/filter.h"
#include "schema.h"

/* More answers than that are never asked for. */
#define WITHIN_MAX 1000
/* It stands in one line of a table. */
#define REASON_MAX 500

struct distance_keys {
        struct schema_place place;
        double min, max;
};

struct expect_keys {
        struct schema_place place;
        const struct yaml_node *ids, *metadata, *grades;
        unsigned within;
        struct distance_keys distance;
};

struct known_failing_keys {
        struct schema_place place;
        const char *reason, *until;
};

struct query_keys {
        struct schema_place place;
        const char *id, *text;
        const struct yaml_node *tags, *where, *where_document;
        struct expect_keys expect;
        struct known_failing_keys known_failing;
};

struct set_keys {
        struct schema_place place;
        struct schema_list queries;
};

static const struct schema_key distance_key_table[] = {
        {.name = "min",
                .type = SCHEMA_NUMBER,
                .offset = offsetof(struct distance_keys, min),
                .min = -(double)FLT_MAX,
                .max = (double)FLT_MAX},
        {.name = "max",
                .type = SCHEMA_NUMBER,
                .offset = offsetof(struct distance_keys, max),
                .min = -(double)FLT_MAX,
                .max = (double)FLT_MAX},
};
static const struct schema distance_schema = {
        distance_key_table, ARRAY_SIZE(distance_key_table), sizeof(struct distance_keys)};

static const struct schema_key expect_key_table[] = {
        {.name = "ids", .type = SCHEMA_STRINGS, .offset = offsetof(struct expect_keys, ids)},
        {.name = "metadata", .type = SCHEMA_ANY, .offset = offsetof(struct expect_keys, metadata)},
        {.name = "grades",
                .type = SCHEMA_STRING_MAP,
                .offset = offsetof(struct expect_keys, grades)},
        {.name = "within",
                .type = SCHEMA_INTEGER,
                .offset = offsetof(struct expect_keys, within),
                .min = 1,
                .max = WITHIN_MAX},
        {.name = "distance",
                .type = SCHEMA_OBJECT,
                .offset = offsetof(struct expect_keys, distance),
                .object = &distance_schema},
};
static const struct schema expect_schema = {
        expect_key_table, ARRAY_SIZE(expect_key_table), sizeof(struct expect_keys)};

static const struct schema_key known_failing_key_table[] = {
        {.name = "reason",
                .type = SCHEMA_STRING,
                .offset = offsetof(struct known_failing_keys, reason),
                .required = true,
                .max = REASON_MAX,
                .check = schema_check_line},
        {.name = "until",
                .type = SCHEMA_STRING,
                .offset = offsetof(struct known_failing_keys, until),
                .required = true},
};
static const struct schema known_failing_schema = {known_failing_key_table,
        ARRAY_SIZE(known_failing_key_table), sizeof(struct known_failing_keys)};

static const struct schema_key query_key_table[] = {
        {.name = "id",
                .type = SCHEMA_STRING,
                .offset = offsetof(struct query_keys, id),
                .required = true,
                .max = QUERY_ID_MAX,
                .check = schema_check_line},
        {.name = "text",
                .type = SCHEMA_STRING,
                .offset = offsetof(struct query_keys, text),
                .required = true},
        {.name = "tags", .type = SCHEMA_STRING_MAP, .offset = offsetof(struct query_keys, tags)},
        {.name = "where", .type = SCHEMA_MAPPING, .offset = offsetof(struct query_keys, where)},
        {.name = "where_document",
                .type = SCHEMA_MAPPING,
                .offset = offsetof(struct query_keys, where_document)},
        {.name = "expect",
                .type = SCHEMA_OBJECT,
                .offset = offsetof(struct query_keys, expect),
                .object = &expect_schema},
        {.name = "known_failing",
                .type = SCHEMA_OBJECT,
                .offset = offsetof(struct query_keys, known_failing),
                .object = &known_failing_schema},
};
static const struct schema query_schema = {
        query_key_table, ARRAY_SIZE(query_key_table), sizeof(struct query_keys)};

static const struct schema_key set_key_table[] = {
        {.name = "queries",
                .type = SCHEMA_OBJECTS,
                .offset = offsetof(struct set_keys, queries),
                .max = QUERY_SET_MAX,
                .object = &query_schema},
};
static const struct schema set_schema = {
        set_key_table, ARRAY_SIZE(set_key_table), sizeof(struct set_keys)};

static int build_tags(const struct yaml_node *map, struct query *ret)
{
        if (!map)
                return 0;
        ret->tags = calloc(map->count + 1, sizeof(*ret->tags));
        if (!ret->tags)
                return -ENOMEM;
        for (size_t i = 0; i < map->count; i++) {
                struct tag *tag = &ret->tags[ret->tag_count++];

                if (strdup_to(&tag->key, map->keys[i]->scalar) < 0 ||
                        strdup_to(&tag->value, map->values[i]->scalar) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int build_filter(const struct yaml_node *filter, char **ret)
{
        _cleanup_json_ json_t *value = NULL;

        if (!filter)
                return 0;
        value = json_from_yaml(filter);
        *ret = value ? json_text(value, JSON_COMPACT, NULL) : NULL;
        return *ret ? 0 : -ENOMEM;
}

static int build_ids(const struct yaml_node *list, struct expectation *ret)
{
        if (!list)
                return 0;
        ret->ids = calloc(list->count + 1, sizeof(*ret->ids));
        if (!ret->ids)
                return -ENOMEM;
        for (; ret->id_count < list->count; ret->id_count++)
                if (strdup_to(&ret->ids[ret->id_count], list->values[ret->id_count]->scalar) < 0)
                        return -ENOMEM;
        return 0;
}

/* One mistake is one error: what cannot be read counts as relevant. */
static unsigned read_grade(const struct schema_reader *reader, const struct expect_keys *keys,
        const struct yaml_node *value)
{
        char *end;
        unsigned long grade = strtoul(value->scalar, &end, 10);

        if (!*end && isdigit((unsigned char)value->scalar[0]) && grade <= GRADE_MAX)
                return (unsigned)grade;
        schema_error(reader, &keys->place, "grades", value,
                "\"%s\" is not a whole number from 0 to %d", value->scalar, GRADE_MAX);
        return GRADE_MAX;
}

/* Graded records are expected ones, unless others are named. */
static int expect_graded(struct expectation *ret)
{
        ret->ids = calloc(ret->grade_count + 1, sizeof(*ret->ids));
        if (!ret->ids)
                return -ENOMEM;
        for (size_t i = 0; i < ret->grade_count; i++)
                if (ret->grades[i].grade > 0 &&
                        strdup_to(&ret->ids[ret->id_count++], ret->grades[i].id) < 0)
                        return -ENOMEM;
        return 0;
}

static int build_grades(
        const struct schema_reader *reader, const struct expect_keys *keys, struct expectation *ret)
{
        const struct yaml_node *map = keys->grades;

        if (!map)
                return 0;
        ret->grades = calloc(map->count + 1, sizeof(*ret->grades));
        if (!ret->grades)
                return -ENOMEM;
        for (; ret->grade_count < map->count; ret->grade_count++) {
                struct grade *g = &ret->grades[ret->grade_count];

                if (strdup_to(&g->id, map->keys[ret->grade_count]->scalar) < 0)
                        return -ENOMEM;
                g->grade = read_grade(reader, keys, map->values[ret->grade_count]);
        }
        return keys->ids || keys->metadata ? 0 : expect_graded(ret);
}

/* A query that expects no record would pass whatever it finds. */
static void check_grades(const struct schema_reader *reader, const struct expect_keys *keys,
        const struct expectation *e)
{
        if (!keys->grades)
                return;
        if (!expectation_names_records(e) && !keys->distance.place.node)
                schema_error(reader, &keys->place, "grades", keys->grades,
                        "no grade is above 0: which record is relevant?");
        for (size_t i = 0; i < e->grade_count; i++)
                for (size_t k = 0; k < e->id_count && e->grades[i].grade == 0; k++)
                        if (streq(e->ids[k], e->grades[i].id))
                                schema_error(reader, &keys->place, "grades",
                                        keys->grades->values[i],
                                        "\"%s\" is among the ids and graded irrelevant", e->ids[k]);
}

static bool is_value(const struct yaml_node *node)
{
        return node->kind == YAML_SCALAR && !yaml_is_null(node);
}

static bool is_list(const struct yaml_node *node)
{
        for (size_t i = 0; i < node->count; i++)
                if (!is_value(node->values[i]))
                        return false;
        return node->kind == YAML_SEQUENCE && node->count > 0;
}

static void check_match(const struct schema_reader *reader, const struct expect_keys *keys,
        const struct yaml_node *match)
{
        if (match->kind != YAML_MAPPING || match->count == 0) {
                schema_error(reader, &keys->place, "metadata", match,
                        "must be a mapping that is not empty, or a list of such mappings");
                return;
        }
        for (size_t i = 0; i < match->count; i++)
                if (!is_value(match->values[i]) && !is_list(match->values[i]))
                        schema_error(reader, &keys->place, "metadata", match->values[i],
                                "the value of \"%s\" must be a string, a number, true or false, or "
                                "a list of these",
                                match->keys[i]->scalar);
}

static int build_metadata(
        const struct schema_reader *reader, const struct expect_keys *keys, struct expectation *ret)
{
        const struct yaml_node *node = keys->metadata;
        json_t *value;

        if (!node)
                return 0;
        if (node->kind == YAML_SEQUENCE && node->count > 0)
                for (size_t i = 0; i < node->count; i++)
                        check_match(reader, keys, node->values[i]);
        else
                check_match(reader, keys, node);
        value = json_from_yaml(node);
        if (node->kind == YAML_SEQUENCE)
                ret->metadata = value;
        else if (value)
                ret->metadata = json_pack("[o]", value);
        return ret->metadata ? 0 : -ENOMEM;
}

static void build_range(const struct schema_reader *reader, const struct distance_keys *keys,
        struct expectation *ret)
{
        const struct yaml_node *node = keys->place.node;

        ret->distance_min = isnan(keys->min) ? -INFINITY : (float)keys->min;
        ret->distance_max = isnan(keys->max) ? INFINITY : (float)keys->max;
        if (node && !yaml_get(node, "min") && !yaml_get(node, "max"))
                schema_error(reader, &keys->place, NULL, NULL, "needs min, max or both");
        else if (ret->distance_min > ret->distance_max)
                schema_error(reader, &keys->place, "min", NULL, "is greater than max");
}

static int build_expectation(
        const struct schema_reader *reader, const struct expect_keys *keys, struct expectation *ret)
{
        const struct yaml_node *node = keys->place.node;
        int r = build_ids(keys->ids, ret);

        if (r == 0)
                r = build_metadata(reader, keys, ret);
        if (r == 0)
                r = build_grades(reader, keys, ret);
        if (r == 0)
                check_grades(reader, keys, ret);
        build_range(reader, &keys->distance, ret);
        ret->within = keys->within;
        if (!node)
                return r;
        if (keys->within > 0 && !expectation_names_records(ret))
                schema_error(reader, &keys->place, "within", NULL,
                        "needs ids, metadata or grades: which record must stand there?");
        if (yaml_is_null(node) || (node->kind == YAML_MAPPING && node->count == 0))
                schema_error(reader, &keys->place, NULL, NULL,
                        "expects nothing; give ids, metadata, grades or distance, or leave it out");
        return r;
}

/* The first moment after the day; -EINVAL when it is none of the form 2027-01-31. */
static int day_end(const char *day, usec_t *ret)
{
        char text[TIME_TEXT_MAX];
        usec_t start;

        if (strlen(day) != strlen("2027-01-31"))
                return -EINVAL;
        (void)snprintf(text, sizeof(text), "%sT00:00:00Z", day);
        if (time_parse(text, &start) < 0)
                return -EINVAL;
        *ret = start + USEC_PER_DAY;
        return 0;
}

static int build_known_failing(const struct schema_reader *reader,
        const struct known_failing_keys *keys, struct known_failing *ret)
{
        if (keys->until && day_end(keys->until, &ret->until) < 0)
                schema_error(reader, &keys->place, "until", NULL,
                        "\"%s\" is not a day such as 2027-01-31", keys->until);
        return strdup_to(&ret->reason, keys->reason);
}

static int build_query(
        const struct schema_reader *reader, const struct query_keys *keys, struct query *ret)
{
        int r = strdup_to(&ret->id, keys->id);

        ret->line = keys->place.node->line;
        filter_check(reader, &keys->place, FILTER_METADATA, keys->where);
        filter_check(reader, &keys->place, FILTER_DOCUMENT, keys->where_document);
        if (r == 0)
                r = strdup_to(&ret->text, keys->text);
        if (r == 0)
                r = build_tags(keys->tags, ret);
        if (r == 0)
                r = build_filter(keys->where, &ret->where);
        if (r == 0)
                r = build_filter(keys->where_document, &ret->where_document);
        if (r == 0)
                r = build_expectation(reader, &keys->expect, &ret->expect);
        if (r == 0)
                r = build_known_failing(reader, &keys->known_failing, &ret->known_failing);
        return r;
}

static int build_set(
        const struct schema_reader *reader, const struct set_keys *keys, struct query_set *ret)
{
        const struct query_keys *queries = keys->queries.items;
        int r;

        if (keys->queries.count == 0) {
                schema_error(reader, &keys->place, "queries", NULL,
                        "no query: an empty set would always look healthy");
                return 0;
        }
        r = schema_unique(reader, &keys->queries, sizeof(struct query_keys), "id",
                offsetof(struct query_keys, id));
        if (r < 0)
                return r;
        ret->queries = calloc(keys->queries.count, sizeof(*ret->queries));
        if (!ret->queries)
                return -ENOMEM;
        while (r == 0 && ret->count < keys->queries.count) {
                struct query *query = &ret->queries[ret->count];

                r = build_query(reader, &queries[ret->count++], query);
                ret->wants_metadata = ret->wants_metadata || query->expect.metadata;
        }
        return r;
}

/* Texts that people write, and in which they may write "#42". */
static bool is_prose(const char *key)
{
        return streq(key, "text") || streq(key, "reason");
}

/* A text without quotes ends where a comment begins: what was meant as a part of it is lost without
 * a word. A comment that stands apart is one. */
static void check_comments(
        const struct schema_reader *reader, const struct yaml_node *node, const char *key)
{
        if (node->comment == YAML_COMMENT_GLUED ||
                (node->comment == YAML_COMMENT_NEAR && is_prose(key)))
                errors_add(reader->errors,
                        "%s:%u:%u: a comment begins here, and what it says is no part of the value: "
                        "put the text in quotes, or %s where a comment is meant",
                        reader->file, node->end_line, node->comment_column,
                        node->comment == YAML_COMMENT_GLUED ? "a space behind the #"
                                                            : "two spaces before the #");
        for (size_t i = 0; i < node->count; i++)
                check_comments(reader, node->values[i], node->keys ? node->keys[i]->scalar : key);
}

static int parse(
        const struct schema_reader *reader, const struct yaml_node *root, struct query_set *ret)
{
        struct set_keys keys = {0};
        int r = schema_read(reader, &set_schema, root, &keys);

        /* After complaints about the file's form, an empty list may be their consequence. */
        if (r == 0 || (r == -EBADMSG && keys.queries.count > 0))
                r = build_set(reader, &keys, ret);
        schema_done(&set_schema, &keys);
        return r;
}

int query_set_parse(const char *path, const char *data, size_t size, struct query_set **ret,
        struct errors *errors)
{
        _cleanup_(query_set_unrefp) struct query_set *set = calloc(1, sizeof(*set));
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        const struct schema_reader reader = {path, errors};
        size_t before = errors_total(errors);
        int r;

        if (!set)
                return -ENOMEM;
        atomic_init(&set->references, 1);
        r = strdup_to(&set->path, path);
        if (r == 0)
                r = yaml_parse(path, data, size, &root, errors);
        if (r == 0) {
                check_comments(&reader, root, "");
                r = parse(&reader, root, set);
        }
        if (r == 0 && errors_total(errors) > before)
                r = -EBADMSG;
        if (r == 0)
                r = topics_build(set->queries, set->count, &set->topics);
        if (r < 0)
                return r;
        *ret = take_ptr(set);
        return 0;
}

int query_set_load(
        const char *path, struct query_set *known, struct query_set **ret, struct errors *errors)
{
        char digest[DIGEST_TEXT_MAX] = "";
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = file_read(path, QUERY_SET_FILE_MAX, &data, &size, &e);

        if (r < 0) {
                errors_add(errors, "%s", error_text(&e, r));
                return r;
        }
        if (digest_sha256(data, size, digest) < 0)
                *digest = '\0'; /* it is another set, then */
        if (known && *digest && streq(known->digest, digest) && streq(known->path, path)) {
                *ret = query_set_ref(known);
                return 0;
        }
        r = query_set_parse(path, data, size, ret, errors);
        if (r >= 0)
                (void)memcpy((*ret)->digest, digest, sizeof(digest));
        return r;
}

struct query_set *query_set_ref(struct query_set *set)
{
        atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
        return set;
}

static void query_done(struct query *q)
{
        for (size_t i = 0; i < q->tag_count; i++) {
                free(q->tags[i].key);
                free(q->tags[i].value);
        }
        for (size_t i = 0; i < q->expect.id_count; i++)
                free(q->expect.ids[i]);
        for (size_t i = 0; i < q->expect.grade_count; i++)
                free(q->expect.grades[i].id);
        free(q->expect.grades);
        free(q->tags);
        free(q->expect.ids);
        json_decref(q->expect.metadata);
        free(q->known_failing.reason);
        free(q->where);
        free(q->where_document);
        free(q->id);
        free(q->text);
}

struct query_set *query_set_unref(struct query_set *set)
{
        if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < set->count; i++)
                query_done(&set->queries[i]);
        topics_done(&set->topics);
        free(set->queries);
        free(set->path);
        free(set);
        return NULL;
}

const struct query *query_set_find(const struct query_set *set, const char *id)
{
        for (size_t i = 0; i < set->count; i++)
                if (streq(set->queries[i].id, id))
                        return &set->queries[i];
        return NULL;
}

bool expectation_names_records(const struct expectation *e)
{
        return e->id_count > 0 || e->metadata;
}
