/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "json.h"
#include "keep/baseline_file.h"
#include "keep/baselines.h"
#include "model/evidence.h"

/* Answers larger than this were not written by us. */
#define ANSWER_MAX 10000

void baseline_complain(struct reader *r, const char *key, const char *expected)
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
                baseline_complain(r, key, "a whole number in its range");
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
                baseline_complain(r, key, "a number or null");
        return value;
}

static void get_string(struct reader *r, const json_t *object, const char *key, char **ret)
{
        const json_t *value = json_object_get(object, key);

        if (!json_is_string(value) && !json_is_null(value))
                baseline_complain(r, key, "a string or null");
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
                baseline_complain(r, key, "an object");
        return value;
}

static void read_evidence(struct reader *r, const json_t *object, struct evidence *ret)
{
        for (size_t i = 0; i < evidence_field_count && r->code >= 0; i++) {
                const struct evidence_field *f = &evidence_fields[i];
                void *field = (char *)ret + f->offset;

                if (f->younger && !json_object_get(object, f->name))
                        continue;
                switch (f->type) {
                case EVIDENCE_SIZE:
                        *(size_t *)field = (size_t)get_integer(r, object, f->name, 0, INT64_MAX);
                        break;
                case EVIDENCE_DOUBLE:
                        *(double *)field = get_double(r, object, f->name);
                        break;
                case EVIDENCE_COUNT:
                        *(int64_t *)field = get_integer(r, object, f->name, -1, INT64_MAX);
                        break;
                case EVIDENCE_BOOL:
                        *(bool *)field = json_is_true(json_object_get(object, f->name));
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
                baseline_complain(r, "sentinels", "a hash");
}

/* `n` finite floats of a list that has exactly so many. */
static void read_floats(struct reader *r, const json_t *list, const char *key, size_t n, float *ret)
{
        if (!json_is_array(list) || json_array_size(list) != n) {
                baseline_complain(r, key, "a list of the right length");
                return;
        }
        for (size_t i = 0; i < n && r->code >= 0; i++) {
                double value;

                if (json_to_double(json_array_get(list, i), &value) < 0 ||
                        fabs(value) > (double)FLT_MAX)
                        baseline_complain(r, key, "a list of finite floats");
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
                baseline_complain(r, "ids", "a list of record ids");
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
                        baseline_complain(r, "ids", "a list of record ids");
        }
        read_floats(r, json_object_get(object, "distances"), "distances", n, distances);
        for (size_t i = 1; i < n; i++)
                if (distances[i] < distances[i - 1])
                        baseline_complain(r, "distances", "ascending");
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
                baseline_complain(r, "scale", "a number that is not negative");
}

static void read_outcome(struct reader *r, const json_t *object, enum outcome *ret)
{
        const char *name = json_string_value(json_object_get(object, "outcome"));

        for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
                if (streq(name, outcome_name(o))) {
                        *ret = o;
                        return;
                }
        baseline_complain(r, "outcome", "an outcome");
}

/* A line of people's or servers' making must be one still; NULL stays NULL. */
static void read_line(
        struct reader *r, const json_t *object, const char *key, size_t max, char **ret)
{
        const char *s = json_string_value(json_object_get(object, key));

        if (!s || r->code < 0)
                return;
        *ret = excerpt_line(s, strlen(s), max);
        if (!*ret)
                r->code = -ENOMEM;
}

/* Absent in files of versions that kept none. */
static void read_excerpts(struct reader *r, const json_t *object, struct baseline_query *ret)
{
        const json_t *list = json_object_get(object, "excerpts");

        if (!list)
                return;
        if (!json_is_array(list) || json_array_size(list) > EXCERPTS_MAX)
                baseline_complain(r, "excerpts", "a short list");
        for (size_t i = 0; r->code >= 0 && i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i);

                read_line(r, one, "about", EXCERPT_ABOUT_MAX, &ret->excerpts[i].about);
                read_line(r, one, "words", EXCERPT_WORDS_MAX, &ret->excerpts[i].words);
        }
        ret->deep_rank = (unsigned)get_integer(r, object, "deep_rank", 0, ANSWER_MAX);
        ret->searched = (unsigned)get_integer(r, object, "searched", 0, ANSWER_MAX);
}

/* Ranks that ascend, up to `max`. */
static void read_ranks(struct reader *r, const json_t *list, unsigned max, struct beyond *ret)
{
        size_t n = json_array_size(list);
        json_int_t before = 0;

        if (!json_is_array(list) || n > max) {
                baseline_complain(r, "expected", "a list of ranks");
                return;
        }
        ret->expected = calloc(n + 1, sizeof(*ret->expected));
        if (!ret->expected) {
                r->code = -ENOMEM;
                return;
        }
        for (size_t i = 0; i < n; i++) {
                json_int_t rank = json_integer_value(json_array_get(list, i));

                if (rank <= before || rank > max) {
                        baseline_complain(r, "expected", "a list of ranks");
                        return;
                }
                ret->expected[ret->expected_count++] = (unsigned)rank;
                before = rank;
        }
}

static bool follows(const struct answer *a, const struct answer *records)
{
        return a && records &&
                (a->count == 0 || records->count == 0 ||
                        records->distances[0] >= a->distances[a->count - 1]);
}

/* Absent in files of versions that did not ask for it. */
static void read_beyond(struct reader *r, const json_t *object, struct baseline_query *ret)
{
        const json_t *beyond = json_object_get(object, "beyond");
        unsigned count = ret->answer ? ret->answer->count : 0;

        if (!beyond || json_is_null(beyond) || r->code < 0)
                return;
        read_answer(r, beyond, &ret->beyond.records);
        if (r->code >= 0 && !follows(ret->answer, ret->beyond.records))
                baseline_complain(r, "beyond", "what follows an answer");
        else if (r->code >= 0)
                read_ranks(r, json_object_get(beyond, "expected"),
                        count + ret->beyond.records->count, &ret->beyond);
}

void baseline_read_query(struct reader *r, const json_t *object, struct baseline_query *ret)
{
        if (!json_is_object(object))
                baseline_complain(r, "queries", "an object of objects");
        get_string(r, object, "text", &ret->text);
        read_answer(r, object, &ret->answer);
        read_level(r, object, "best", &ret->levels[LEVEL_TOP1]);
        read_level(r, object, "mean", &ret->levels[LEVEL_TOPK]);
        ret->expected_rank = (unsigned)get_integer(r, object, "expected_rank", 0, ANSWER_MAX);
        read_outcome(r, object, &ret->outcome);
        ret->embedder_noise = get_double(r, object, "embedder_noise");
        read_excerpts(r, object, ret);
        read_beyond(r, object, ret);
}

static void read_band(struct reader *r, const json_t *object, bool last, struct band *ret)
{
        const json_t *name = json_object_get(object, "name");
        double below = INFINITY;

        if (!json_is_string(name) || !*json_string_value(name))
                baseline_complain(r, "bands", "a list of bands with names");
        else if (strdup_to(&ret->name, json_string_value(name)) < 0)
                r->code = -ENOMEM;
        if (!last &&
                (json_to_double(json_object_get(object, "below"), &below) < 0 ||
                        fabs(below) > (double)FLT_MAX))
                baseline_complain(r, "bands", "a list of bands with finite bounds");
        ret->below = (float)below;
}

/* Absent in files of versions that knew no proposed bands. */
static void read_bands(struct reader *r, const json_t *list, struct bands *ret)
{
        size_t n = json_array_size(list);

        if (!list || json_is_null(list))
                return;
        if (n == 0 || n > BANDS_MAX) {
                baseline_complain(r, "bands", "a list of bands");
                return;
        }
        ret->bands = calloc(n, sizeof(*ret->bands));
        if (!ret->bands) {
                r->code = -ENOMEM;
                return;
        }
        ret->count = n;
        for (size_t i = 0; i < n && r->code >= 0; i++) {
                read_band(r, json_array_get(list, i), i + 1 == n, &ret->bands[i]);
                if (i > 0 && ret->bands[i].below <= ret->bands[i - 1].below)
                        baseline_complain(r, "bands", "a list of bands that ascend");
        }
}

/* Absent in files of versions that kept only the first one. */
static void read_causes(struct reader *r, const json_t *list, struct baseline *b)
{
        size_t n = json_array_size(list);

        if (!list && b->attribution.cause != CAUSE_UNKNOWN)
                b->causes[b->cause_count++] = b->attribution.cause;
        if (list && (!json_is_array(list) || n >= CAUSE_COUNT))
                baseline_complain(r, "causes", "a list of causes");
        for (size_t i = 0; i < n && r->code >= 0; i++)
                if (cause_parse(json_string_value(json_array_get(list, i)), &b->causes[i]) < 0)
                        baseline_complain(r, "causes", "a list of causes");
                else
                        b->cause_count++;
}

static void read_cause_queries(struct reader *r, json_t *object, struct fates *ret)
{
        const char *name;
        json_t *count;
        enum cause c;

        json_object_foreach (object, name, count) {
                if (cause_parse(name, &c) < 0)
                        baseline_complain(r, "fates", "an object by cause");
                if (r->code < 0)
                        return;
                ret->cause_queries[c] =
                        (size_t)get_integer(r, object, name, 1, BASELINE_QUERIES_MAX);
        }
}

static void read_touched(struct reader *r, const json_t *object, enum fate fate, struct fates *ret)
{
        const json_t *ids = json_object_get(object, "ids");
        const json_t *excerpts = json_object_get(object, "excerpts");
        size_t n = json_array_size(ids);

        ret->totals[fate] =
                (size_t)get_integer(r, object, "count", (int64_t)MAX(n, (size_t)1), INT64_MAX);
        if (!json_is_array(ids) || n > FATES_RECORDS_MAX - ret->count)
                baseline_complain(r, "ids", "a list of record ids");
        for (size_t i = 0; i < n && r->code >= 0; i++) {
                struct touched_record *record = &ret->records[ret->count];
                const char *id = json_string_value(json_array_get(ids, i));

                record->fate = fate;
                if (!id)
                        baseline_complain(r, "ids", "a list of record ids");
                else if (strdup_to(&record->id, id) < 0 ||
                        strdup_to(&record->excerpt,
                                json_string_value(json_array_get(excerpts, i))) < 0)
                        r->code = -ENOMEM;
                ret->count++; /* so that what there is of it is freed */
        }
}

/* Absent in files of versions that kept none. */
static void read_fates(struct reader *r, const json_t *object, struct fates **ret)
{
        const json_t *records = json_object_get(object, "records");
        _cleanup_(fates_unrefp) struct fates *f = NULL;

        if (!object || json_is_null(object))
                return;
        f = fates_new();
        if (f)
                f->records = calloc(FATES_RECORDS_MAX, sizeof(*f->records));
        if (!f || !f->records) {
                r->code = -ENOMEM;
                return;
        }
        read_cause_queries(r, json_object_get(object, "queries"), f);
        f->expected_lost = json_is_true(json_object_get(object, "expected_lost"));
        for (enum fate fate = 0; fate < FATE_COUNT && r->code >= 0; fate++)
                if (json_object_get(records, fate_name(fate)))
                        read_touched(r, json_object_get(records, fate_name(fate)), fate, f);
        if (r->code >= 0)
                *ret = take_ptr(f);
}

/* Absent in files of versions that kept none. */
static void read_order(struct reader *r, const json_t *list, struct baseline *b)
{
        size_t n = json_array_size(list);

        if (!list)
                return;
        if (!json_is_array(list) || n > BASELINE_ORDER_MAX)
                baseline_complain(r, "order", "a list of record ids");
        for (size_t i = 0; i < n && r->code >= 0; i++)
                if (!json_is_string(json_array_get(list, i)))
                        baseline_complain(r, "order", "a list of record ids");
                else
                        r->code =
                                baseline_add_ordered(b, json_string_value(json_array_get(list, i)));
}

/* Absent in files of versions that did not measure it. */
static void read_floor(struct reader *r, const json_t *object, struct index_floor *ret)
{
        if (!object || json_is_null(object))
                return;
        ret->measured = (unsigned)get_integer(r, object, "measured", 1, INT32_MAX);
        ret->recall = get_double(r, object, "recall");
        ret->places = (size_t)get_integer(r, object, "places", 0, INT64_MAX);
        ret->moved = get_double(r, object, "moved");
        ret->unreachable = get_integer(r, object, "unreachable", -1, INT64_MAX);
        if (ret->recall < 0 || ret->recall > 1)
                baseline_complain(r, "recall", "a share");
        if (ret->moved < 0 || ret->moved > 1)
                baseline_complain(r, "moved", "a share");
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
                baseline_complain(r, "collection", "a string");
        if (b->approved > 0 && (!b->approved_by || !b->reason))
                baseline_complain(r, b->approved_by ? "reason" : "approved_by", "a string");
        /* Absent in files of versions that could not go back. */
        if (json_object_get(content, "restores"))
                b->restores = (unsigned)get_integer(r, content, "restores", 0, INT32_MAX);
        b->forced = json_is_true(json_object_get(content, "forced"));
        b->results = (unsigned)get_integer(r, content, "results", 1, ANSWER_MAX);
        b->samples = (unsigned)get_integer(r, content, "samples", 1, INT32_MAX);
        b->unreachable = get_integer(r, content, "unreachable", -1, INT64_MAX);
        /* Younger than the format. */
        if (json_object_get(content, "copies"))
                b->copies = get_integer(r, content, "copies", 0, INT64_MAX);
        b->recall = get_double(r, content, "recall");
        read_floor(r, json_object_get(content, "floor"), &b->floor);
        if (json_is_string(cause) &&
                cause_parse(json_string_value(cause), &b->attribution.cause) < 0)
                baseline_complain(r, "cause", "a cause");
        read_causes(r, json_object_get(content, "causes"), b);
        read_fates(r, json_object_get(content, "fates"), &b->fates);
        read_order(r, json_object_get(content, "order"), b);
}

void baseline_read_content(struct reader *r, const json_t *content, struct baseline *ret)
{
        const json_t *part;

        read_head(r, content, ret);
        part = get_object(r, content, "epoch");
        if (r->code >= 0)
                read_epoch(r, part, &ret->epoch);
        part = get_object(r, content, "evidence");
        if (r->code >= 0)
                read_evidence(r, part, &ret->attribution.evidence);
        read_bands(r, json_object_get(content, "bands"), &ret->bands);
}
