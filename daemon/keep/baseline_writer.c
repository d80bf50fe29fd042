/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base64.h"
#include "json.h"
#include "keep/baseline_file.h"
#include "keep/baselines.h"
#include "model/evidence.h"
#include "text.h"

/* As json_text() writes numbers. */
#define BASELINE_JSON (JSON_SORT_KEYS | JSON_REAL_PRECISION(15))

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

        for (size_t i = 0; i < evidence_field_count; i++) {
                const void *field = (const char *)e + evidence_fields[i].offset;
                json_t *value = NULL;

                switch (evidence_fields[i].type) {
                case EVIDENCE_SIZE:
                        value = json_integer((json_int_t) * (const size_t *)field);
                        break;
                case EVIDENCE_DOUBLE:
                        value = json_from_double(*(const double *)field);
                        break;
                case EVIDENCE_COUNT:
                        value = json_integer(*(const int64_t *)field);
                        break;
                case EVIDENCE_BOOL:
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

static json_t *build_ids(char *const *ids, size_t n)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(list, json_string(ids[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *build_level(const struct level_baseline *l)
{
        return json_pack("{s:o, s:o}", "location", json_from_double(l->location), "scale",
                json_from_double(l->scale));
}

/* Of each of the first records of the answer; null where nothing is known of it. */
static json_t *build_excerpts(const struct baseline_query *q)
{
        _cleanup_json_ json_t *list = json_array();

        for (unsigned i = 0; i < EXCERPTS_MAX && q->answer && i < q->answer->count; i++)
                if (json_array_append_new(list,
                            json_pack("{s:o, s:o}", "about", string_or_null(q->excerpts[i].about),
                                    "words", string_or_null(q->excerpts[i].words))) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *build_beyond(const struct beyond *b)
{
        _cleanup_json_ json_t *expected = json_array();

        if (!b->records)
                return json_null();
        for (size_t i = 0; i < b->expected_count; i++)
                if (json_array_append_new(expected, json_integer(b->expected[i])) < 0)
                        return NULL;
        return json_pack("{s:o, s:o, s:O}", "ids", build_ids(b->records->ids, b->records->count),
                "distances", build_floats(b->records->distances, b->records->count), "expected",
                expected);
}

static json_t *build_query(const struct baseline_query *q)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:I, s:I, s:o, s:o}", "text",
                string_or_null(q->text), "ids",
                q->answer ? build_ids(q->answer->ids, q->answer->count) : json_null(), "distances",
                q->answer ? build_floats(q->answer->distances, q->answer->count) : json_null(),
                "best", build_level(&q->levels[LEVEL_TOP1]), "mean",
                build_level(&q->levels[LEVEL_TOPK]), "expected_rank", (json_int_t)q->expected_rank,
                "outcome", outcome_name(q->outcome), "embedder_noise",
                json_from_double(q->embedder_noise), "deep_rank", (json_int_t)q->deep_rank,
                "searched", (json_int_t)q->searched, "excerpts", build_excerpts(q), "beyond",
                build_beyond(&q->beyond));
}

static json_t *build_queries(const struct baseline *b)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < b->count; i++)
                if (json_put(object, b->queries[i].id, build_query(&b->queries[i])) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *build_row(const float *values, size_t n)
{
        _cleanup_free_ char *text = base64_write(values, n);

        return text ? json_string_nocheck(text) : NULL;
}

static json_t *build_vectors(const struct vector_set *set)
{
        _cleanup_json_ json_t *object = json_object();

        if (!set)
                return json_null();
        for (size_t i = 0; i < set->count; i++)
                if (json_put(object, set->ids[i], build_row(set->rows[i], set->dimension)) < 0)
                        return NULL;
        return json_pack("{s:o, s:I, s:O}", "model", string_or_null(set->model), "dimension",
                (json_int_t)set->dimension, "vectors", object);
}

/* null where none were proposed; the last one has no bound. */
static json_t *build_bands(const struct bands *bands)
{
        _cleanup_json_ json_t *list = json_array();

        if (bands->count == 0)
                return json_null();
        for (size_t i = 0; i < bands->count; i++)
                if (json_array_append_new(list,
                            json_pack("{s:s, s:o}", "name", bands->bands[i].name, "below",
                                    json_from_float(bands->bands[i].below))) < 0)
                        return NULL;
        return take_ptr(list);
}

/* Names, the main one first. */
static json_t *build_causes(const struct baseline *b)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < b->cause_count; i++)
                if (json_array_append_new(list, json_string(cause_name(b->causes[i]))) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *build_cause_queries(const struct fates *f)
{
        _cleanup_json_ json_t *object = json_object();

        for (enum cause c = CAUSE_NONE; c < CAUSE_COUNT; c++)
                if (f->cause_queries[c] > 0 &&
                        json_put(object, cause_name(c),
                                json_integer((json_int_t)f->cause_queries[c])) < 0)
                        return NULL;
        return take_ptr(object);
}

/* All ids that are known, but first words only of those that people are shown. */
static json_t *build_fate(const struct fates *f, enum fate fate)
{
        _cleanup_json_ json_t *ids = json_array(), *excerpts = json_array();

        for (size_t i = 0; i < f->count; i++) {
                const struct touched_record *r = &f->records[i];

                if (r->fate != fate)
                        continue;
                if (json_array_append_new(ids, json_string(r->id)) < 0)
                        return NULL;
                if (json_array_size(ids) <= FATES_SHOWN &&
                        json_array_append_new(excerpts, string_or_null(r->excerpt)) < 0)
                        return NULL;
        }
        return json_pack("{s:I, s:O, s:O}", "count", (json_int_t)f->totals[fate], "ids", ids,
                "excerpts", excerpts);
}

static json_t *build_fates(const struct fates *f)
{
        _cleanup_json_ json_t *records = json_object();

        if (!f)
                return json_null();
        for (enum fate fate = 0; fate < FATE_COUNT; fate++)
                if (f->totals[fate] > 0 &&
                        json_put(records, fate_name(fate), build_fate(f, fate)) < 0)
                        return NULL;
        return json_pack("{s:o, s:b, s:O}", "queries", build_cause_queries(f), "expected_lost",
                f->expected_lost, "records", records);
}

static json_t *build_floor(const struct index_floor *f)
{
        if (f->measured == 0)
                return json_null();
        return json_pack("{s:I, s:o, s:I, s:o, s:I}", "measured", (json_int_t)f->measured, "recall",
                json_from_double(f->recall), "places", (json_int_t)f->places, "moved",
                json_from_double(f->moved), "unreachable", (json_int_t)f->unreachable);
}

static json_t *build_content(const struct baseline *b)
{
        return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:o, s:I, s:o, s:o,"
                         " s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o}",
                "number", (json_int_t)b->number, "collection", string_or_null(b->collection),
                "name", string_or_null(b->name), "recorded", time_or_null(b->recorded), "approved",
                time_or_null(b->approved), "approved_by", string_or_null(b->approved_by), "reason",
                string_or_null(b->reason), "forced", b->forced, "results", (json_int_t)b->results,
                "samples", (json_int_t)b->samples, "epoch", build_epoch(&b->epoch), "unreachable",
                (json_int_t)b->unreachable, "recall", json_from_double(b->recall), "cause",
                string_or_null(cause_name(b->attribution.cause)), "evidence",
                build_evidence(&b->attribution.evidence), "bands", build_bands(&b->bands),
                "vectors", build_vectors(b->vectors), "queries", build_queries(b), "restores",
                (json_int_t)b->restores, "copies", (json_int_t)b->copies, "causes", build_causes(b),
                "fates", build_fates(b->fates), "order", build_ids(b->order, b->order_count),
                "floor", build_floor(&b->floor));
}

static int add_text(const char *text, size_t size, void *userdata)
{
        digest_add(userdata, text, size);
        return 0;
}

/* Of the content as compact JSON with sorted keys, which is there in pieces only. */
static int hash(const json_t *content, char ret[DIGEST_TEXT_MAX])
{
        _cleanup_(digest_freep) struct digest *d = digest_new();

        if (!d || json_dump_callback(content, add_text, d, BASELINE_JSON | JSON_COMPACT) < 0)
                return -ENOMEM;
        return digest_end(d, ret);
}

int baseline_build(const struct baseline *b, char **ret, size_t *ret_size)
{
        _cleanup_json_ json_t *content = build_content(b), *root = NULL;
        char sha256[DIGEST_TEXT_MAX];
        char *text;
        int r = content ? hash(content, sha256) : -ENOMEM;

        if (r < 0)
                return r;
        root = json_pack("{s:i, s:s, s:O}", "format", BASELINE_FORMAT, "sha256", sha256, "baseline",
                content);
        text = root ? json_text(root, JSON_INDENT(1) | JSON_SORT_KEYS, ret_size) : NULL;
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}
