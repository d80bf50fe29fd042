/* SPDX-License-Identifier: Apache-2.0 */
#include "show/facts.h"

#include <math.h>

#include "json.h"
#include "judge/attribution.h"
#include "judge/floor.h"
#include "judge/incident.h"
#include "judge/quality.h"
#include "judge/reachability.h"
#include "model/evidence.h"
#include "show/summary.h"
#include "show/values.h"
#include "text.h"

/* Tag values shown; more are a tag that is no category. */
#define TAG_VALUES_MAX 200

static json_t *evidence_value(const struct evidence *e, const struct evidence_field *f)
{
        const void *field = (const char *)e + f->offset;

        switch (f->type) {
        case EVIDENCE_SIZE:
                return value_count(*(const size_t *)field);
        case EVIDENCE_DOUBLE:
                return json_from_double(*(const double *)field);
        case EVIDENCE_COUNT:
                return value_known(*(const int64_t *)field);
        case EVIDENCE_BOOL:
                return json_boolean(*(const bool *)field);
        }
        return NULL;
}

static json_t *evidence_counts(const struct evidence *e)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < evidence_field_count; i++)
                if (json_put(object, evidence_fields[i].shown,
                            evidence_value(e, &evidence_fields[i])) < 0)
                        return NULL;
        return take_ptr(object);
}

/* The causes that hold in some query. */
static json_t *causes_json(const struct fates *f)
{
        _cleanup_json_ json_t *list = json_array();

        for (enum cause c = CAUSE_NONE + 1; list && c < CAUSE_COUNT; c++)
                if (f->cause_queries[c] > 0 &&
                        json_array_append_new(list,
                                json_pack("{s:s, s:o, s:o}", "cause", cause_name(c), "queries",
                                        value_count(f->cause_queries[c]), "records",
                                        value_count(fates_records(f, c)))) < 0)
                        return NULL;
        return take_ptr(list);
}

/* All ids that are kept, but first words only of the first. */
static json_t *fate_json(const struct fates *f, enum fate fate)
{
        _cleanup_json_ json_t *ids = json_array(), *excerpts = json_array();

        for (size_t i = 0; i < f->count; i++) {
                const struct touched_record *r = &f->records[i];

                if (r->fate != fate)
                        continue;
                if (json_array_append_new(ids, value_string(r->id)) < 0)
                        return NULL;
                if (json_array_size(ids) <= FATES_SHOWN &&
                        json_array_append_new(excerpts, value_string(r->excerpt)) < 0)
                        return NULL;
        }
        return json_pack("{s:o, s:O, s:O}", "count", value_count(f->totals[fate]), "ids", ids,
                "excerpts", excerpts);
}

static int put_fates(json_t *object, const struct fates *f)
{
        json_t *records;
        int r;

        if (!f)
                return 0;
        records = json_object();
        r = json_put(object, "causes", causes_json(f));
        if (r >= 0)
                r = json_put(object, "records", records);
        else
                json_decref(records);
        for (enum fate fate = 0; fate < FATE_COUNT && r >= 0; fate++)
                if (f->totals[fate] > 0)
                        r = json_put(records, fate_name(fate), fate_json(f, fate));
        return r;
}

json_t *facts_cause(const struct attribution *a, const struct fates *fates)
{
        _cleanup_json_ json_t *object = NULL;
        _cleanup_text_ struct text t = {0};

        if (!cause_name(a->cause))
                return json_null();
        attribution_describe(a, &t);
        if (text_failed(&t))
                return NULL;
        object = json_pack("{s:s, s:s, s:s, s:s, s:o}", "cause", cause_name(a->cause), "meaning",
                cause_meaning(a->cause), "action", attribution_advise(a, fates), "evidence",
                text_string(&t), "counts", evidence_counts(&a->evidence));
        if (!object || put_fates(object, fates) < 0)
                return NULL;
        return take_ptr(object);
}

static const char *finding_state(const struct finding *f)
{
        return f->excused                  ? "known"
                : f->waiting               ? "waiting"
                : f->explained != SIZE_MAX ? "explained"
                : f->fading > 0            ? "fading"
                                           : "open";
}

static json_t *finding_tags(const struct collection_view *c, const struct finding *f)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < topic_list_told(&f->topics); i++) {
                const struct portion *p = &f->topics.told[i].portion;
                const struct tag *tag = c->query_set->topics.topics[f->topics.told[i].topic].tag;

                if (json_array_append_new(list,
                            json_pack("{s:o, s:o, s:o, s:o}", "key", value_string(tag->key),
                                    "value", value_string(tag->value), "count", value_count(p->hit),
                                    "of", value_count(p->all))) < 0)
                        return NULL;
        }
        return take_ptr(list);
}

static json_t *finding_json(const struct collection_view *c, const struct finding *f)
{
        static const char *const effects[] = {[EFFECT_NONE] = "none",
                [EFFECT_DRIFT] = "drift",
                [EFFECT_FAIL] = "fail",
                [EFFECT_UNMEASURED] = "unmeasured"};
        const struct finding_type *type = &finding_types[f->kind];
        const char *query =
                f->query == FINDING_COLLECTION ? NULL : c->query_set->queries[f->query].id;
        const char *by = f->explained == SIZE_MAX
                ? NULL
                : finding_types[c->findings->findings[f->explained].kind].name;

        return json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o}", "kind",
                type->name, "query", value_string(query), "tags", finding_tags(c, f), "severity",
                severity_name(type->severity), "effect", effects[f->effect], "cause",
                value_string(cause_name(f->cause)), "since", value_time(f->since), "seen",
                value_time(f->seen), "state", finding_state(f), "explained_by", value_string(by),
                "sentence", value_string(f->sentence));
}

json_t *facts_findings(const struct collection_view *c)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && c->findings && i < c->findings->count; i++)
                if (json_array_append_new(list, finding_json(c, &c->findings->findings[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

json_t *facts_cause_names(const enum cause *causes, size_t count)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < count; i++)
                if (json_array_append_new(list, json_string(cause_name(causes[i]))) < 0)
                        return NULL;
        return take_ptr(list);
}

json_t *facts_causes(const struct collection_view *c)
{
        enum cause causes[CAUSE_COUNT];
        size_t count = incident_causes(c, causes);

        return facts_cause_names(causes, count);
}

static json_t *worst_queries(const struct incident_view *i)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t k = 0; list && k < i->worst_count; k++)
                if (json_array_append_new(list, value_string(i->worst[k])) < 0)
                        return NULL;
        return take_ptr(list);
}

json_t *facts_incident_view(const struct incident_view *i)
{
        return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id", value_string(i->id),
                "since", value_time(i->since), "severity", severity_name(i->severity), "findings",
                value_count(i->findings), "queries", value_count(i->queries), "causes",
                facts_cause_names(i->causes, i->cause_count), "worst", worst_queries(i), "summary",
                value_string(i->summary), "explanation", value_string(i->explanation));
}

json_t *facts_waiting(const struct collection_view *c)
{
        _cleanup_text_ struct text t = {0};

        summary_waiting(c, &t);
        return text_failed(&t) ? NULL : value_string(t.size > 0 ? text_string(&t) : NULL);
}

json_t *facts_incident(const struct collection_view *c)
{
        struct incident_view i;
        json_t *object;

        if (incident_show(c, &i) < 0)
                return NULL;
        object = i.id ? facts_incident_view(&i) : json_null();
        incident_view_done(&i);
        return object;
}

json_t *facts_drift(const struct collection_view *c)
{
        const struct drift_view *d = &c->drift;

        if (!c->baseline)
                return json_null();
        return json_pack("{s:o, s:o, s:b, s:o, s:o, s:b, s:o, s:b, s:b}", "compared",
                value_count(d->compared), "set_shift", json_from_double(d->set_shift),
                "set_shifted", d->set_shifted, "moved_up", value_count(d->moved_up), "moved_down",
                value_count(d->moved_down), "share_moved", d->share_moved, "overlap",
                json_from_double(d->overlap), "changed", d->changed, "unprovoked", d->unprovoked);
}

static json_t *facts_sample(const struct index_health *h)
{
        struct interval share = reachability_unreachable(h);

        if (h->sample.looked == 0)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o}", "looked", value_count(h->sample.looked), "missed",
                value_count(h->sample.missed), "unreachable_low", json_from_double(share.low),
                "unreachable_high", json_from_double(share.high));
}

json_t *facts_index(const struct index_health *h)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                "probed", value_time(h->at), "records", value_known(h->records),
                "unreachable_records", value_known(h->unreachable), "unreachable_copies",
                h->unreachable >= 0 ? value_known(h->copies) : json_null(), "sample",
                facts_sample(h), "capped", h->capped, "recall", json_from_double(h->recall),
                "recall_queries", value_count(h->recall_queries), "self_asked",
                value_count(h->self_asked), "self_found", value_count(h->self_found), "expected",
                value_count(h->expected), "expected_gone", value_count(h->gone), "expected_lost",
                value_count(h->lost), "error", value_string(h->error));
}

static json_t *fresh_outcomes(const struct embedder_view *e)
{
        _cleanup_json_ json_t *object = json_object();

        if (!e->replayed)
                return json_null();
        for (unsigned o = 0; o < OUTCOME_COUNT; o++)
                if (json_put(object, outcome_name(o), value_count(e->outcomes[o])) < 0)
                        return NULL;
        return take_ptr(object);
}

json_t *facts_embedder(const struct embedder_view *e)
{
        if (!e->name)
                return json_null();
        return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                "embedder", e->name, "asked", value_time(e->at), "compared",
                value_count(e->compared), "moved", value_count(e->moved), "distance",
                json_from_double(e->median), "changed", e->changed, "partial", e->partial,
                "outcomes", fresh_outcomes(e), "error", value_string(e->error), "length",
                json_from_double(e->length), "failing_since", value_time(e->failing_since),
                "unanswered", value_count(e->unanswered), "unanswered_query",
                value_string(e->unanswered_query), "unanswered_reason",
                value_string(e->unanswered_reason));
}

static json_t *quality_json(const struct quality *q)
{
        double passed = q->measured > 0 ? (double)q->passed / (double)q->measured : NAN;

        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "queries",
                value_count(q->queries), "measured", value_count(q->measured), "pass_share",
                json_from_double(passed), "ranked", value_count(q->ranked), "hit_rate",
                json_from_double(q->hit_rate), "mrr", json_from_double(q->mrr), "graded",
                value_count(q->graded), "ndcg", json_from_double(q->ndcg), "recall_at_k",
                json_from_double(q->recall));
}

static const char *tag_value(const struct query *q, const char *key)
{
        for (size_t i = 0; i < q->tag_count; i++)
                if (streq(q->tags[i].key, key))
                        return q->tags[i].value;
        return NULL;
}

static json_t *tagged_quality(const struct collection_view *c, const struct tag *tag)
{
        struct quality q;

        quality_init(&q);
        for (size_t i = 0; i < c->query_set->count; i++)
                if (streq(tag_value(&c->query_set->queries[i], tag->key), tag->value))
                        quality_add(&q, &c->query_set->queries[i], &c->queries[i].judgement,
                                c->queries[i].answer, c->results);
        quality_finish(&q);
        return quality_json(&q);
}

/* {"category": {"frontend": {...}}}, in the order in which the set first uses them; counts the
 * queries' tags beyond the bound. */
static json_t *tags_quality(const struct collection_view *c, size_t *unlisted)
{
        _cleanup_json_ json_t *keys = json_object();
        size_t values = 0;

        for (size_t i = 0; keys && i < c->query_set->count; i++) {
                const struct query *q = &c->query_set->queries[i];

                for (size_t k = 0; k < q->tag_count; k++) {
                        json_t *key = json_object_get(keys, q->tags[k].key);

                        if (json_object_get(key, q->tags[k].value))
                                continue;
                        if (values == TAG_VALUES_MAX) {
                                ++*unlisted;
                                continue;
                        }
                        if (!key) {
                                key = json_object();
                                if (json_put(keys, q->tags[k].key, key) < 0)
                                        return NULL;
                        }
                        if (json_put(key, q->tags[k].value, tagged_quality(c, &q->tags[k])) < 0)
                                return NULL;
                        values++;
                }
        }
        return take_ptr(keys);
}

json_t *facts_quality(const struct collection_view *c)
{
        struct quality q = summary_quality(c);
        _cleanup_json_ json_t *object = quality_json(&q);
        size_t unlisted = 0;

        if (json_put(object, "tags", tags_quality(c, &unlisted)) < 0 ||
                json_put(object, "unlisted_tags", value_count(unlisted)) < 0)
                return NULL;
        return take_ptr(object);
}

json_t *facts_known_failing(const struct query *q)
{
        char day[TIME_TEXT_MAX];

        if (!q->known_failing.reason)
                return json_null();
        summary_last_day(q, day);
        return json_pack(
                "{s:o, s:s}", "reason", value_string(q->known_failing.reason), "until", day);
}

static json_t *floor_json(const struct baseline *b)
{
        const struct index_floor *f = &b->floor;

        if (f->measured == 0)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "measured", value_count(f->measured),
                "recall", json_from_double(f->recall), "places", value_count(f->places), "moved",
                json_from_double(f->moved), "unreachable_records", value_known(f->unreachable),
                "recall_limit", json_from_double(floor_recall_limit(b, NAN)));
}

json_t *facts_baseline(const struct baseline *b)
{
        if (!b)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                "number", value_count(b->number), "recorded", value_time(b->recorded), "approved",
                value_time(b->approved), "approved_by", value_string(b->approved_by), "reason",
                value_string(b->reason), "forced", b->forced, "queries", value_count(b->count),
                "results", value_count(b->results), "samples", value_count(b->samples),
                "collection_id", value_string(b->epoch.id), "space", value_string(b->epoch.space),
                "records", value_known(b->epoch.records), "model",
                value_string(b->vectors ? b->vectors->model : NULL), "floor", floor_json(b));
}

static const char *moved_name(const struct query_drift *q)
{
        for (size_t i = 0; i < LEVEL_COUNT; i++)
                if (q->moved[i] != MOVED_NOT)
                        return q->moved[i] == MOVED_UP ? "up" : "down";
        return "no";
}

json_t *facts_query(const struct query_drift *q)
{
        if (!q->compared)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:b, s:b}", "baseline_distance",
                json_from_float((float)q->baseline[LEVEL_TOP1]), "baseline_mean_distance",
                json_from_double(q->baseline[LEVEL_TOPK]), "shift",
                json_from_double(q->shift[LEVEL_TOP1]), "mean_shift",
                json_from_double(q->shift[LEVEL_TOPK]), "moved", moved_name(q), "overlap",
                json_from_double(q->overlap), "rbo", json_from_double(q->rbo), "armed", q->armed,
                "unstable", q->unstable, "changed", q->changed);
}

static json_t *unwatched_json(const struct unwatched *u)
{
        _cleanup_json_ json_t *names = json_array();

        for (size_t i = 0; names && i < u->named; i++)
                if (json_array_append_new(names, value_string(u->names[i])) < 0)
                        return NULL;
        return json_pack("{s:o, s:o, s:o}", "count", value_count(u->count), "names",
                take_ptr(names), "listed", value_time(u->listed));
}

json_t *facts_shard(const struct view *v)
{
        return json_pack("{s:o, s:o, s:o}", "index", value_count(v->shard.index), "of",
                value_count(v->shard.of), "elsewhere", value_count(v->elsewhere));
}

json_t *facts_lease(const struct view *v)
{
        if (!v->leased)
                return json_null();
        return json_pack("{s:b, s:o, s:o}", "held", v->lease_held, "holder",
                *v->lease_holder ? value_string(v->lease_holder) : json_null(), "error",
                value_string(v->lease_error));
}

json_t *facts_servers(const struct view *v)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < v->server_count; i++) {
                const struct server_view *s = &v->servers[i];

                if (json_array_append_new(list,
                            json_pack("{s:o, s:o, s:o, s:o}", "server", value_string(s->name),
                                    "url", value_string(s->url), "unwatched",
                                    s->unwatched.known ? unwatched_json(&s->unwatched)
                                                       : json_null(),
                                    "error", value_string(s->unwatched.error))) < 0)
                        return NULL;
        }
        return take_ptr(list);
}
