/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "json.h"
#include "show/facts.h"
#include "show/report/report.h"
#include "show/report/series.h"
#include "show/summary.h"
#include "show/values.h"

static json_t *interval_json(struct interval i)
{
        return json_pack(
                "{s:o, s:o}", "low", json_from_double(i.low), "high", json_from_double(i.high));
}

static json_t *proportion_json(const struct proportion *p)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o}", "hits", value_count(p->hits), "of",
                value_count(p->of), "share", json_from_double(p->share), "wilson",
                interval_json(p->wilson), "clopper_pearson", interval_json(p->exact));
}

/* The borders of the outer bands are null. */
static json_t *bands_json(const struct report *r)
{
        _cleanup_json_ json_t *list = json_array();
        const struct bands *bands = &r->c->bands;

        for (size_t b = 0; list && b < bands->count; b++) {
                json_t *band = proportion_json(&r->numbers.bands[b]);

                if (json_array_append_new(list, band) < 0 ||
                        json_put(band, "band", value_string(bands->bands[b].name)) < 0 ||
                        json_put(band, "from",
                                b > 0 ? json_from_float(bands->bands[b - 1].below) : json_null()) <
                                0 ||
                        json_put(band, "below", json_from_float(bands->bands[b].below)) < 0)
                        return NULL;
        }
        return take_ptr(list);
}

static json_t *quantile_json(const struct quantile *q)
{
        return json_pack("{s:o, s:o, s:o}", "estimate", json_from_double(q->estimate), "interval",
                interval_json(q->interval), "coverage", json_from_double(q->coverage));
}

static json_t *distances_json(const struct confidence *n)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i}", "mean",
                json_from_double(n->mean), "mean_interval", interval_json(n->mean_interval),
                "mean_bca", interval_json(n->mean_bca), "standard_deviation",
                json_from_double(n->sd), "median", quantile_json(&n->median), "p95",
                quantile_json(&n->p95), "p95_at_least", json_from_double(n->p95_at_least),
                "p95_at_most", json_from_double(n->p95_at_most), "p95_needs_one_sided",
                CONFIDENCE_P95_NEEDS_ONE_SIDED, "p95_needs_two_sided",
                CONFIDENCE_P95_NEEDS_TWO_SIDED);
}

static json_t *losses_json(const struct sensitivity *s)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < SENSITIVITY_LOSSES; i++) {
                const struct sensitivity_loss *l = &s->losses[i];

                if (json_array_append_new(list,
                            json_pack("{s:o, s:o, s:o, s:o}", "share", json_from_double(l->share),
                                    "records", value_known(l->records), "answer_changes",
                                    json_from_double(l->changes), "gate_fails",
                                    l->red.of > 0 ? proportion_json(&l->red) : json_null())) < 0)
                        return NULL;
        }
        return take_ptr(list);
}

static json_t *sensitivity_json(const struct report *r)
{
        static const char *const gaps[] = {
                [SENSITIVITY_KNOWN] = NULL,
                [SENSITIVITY_NO_BASELINE] = "no_baseline",
                [SENSITIVITY_NOT_KEPT] = "not_kept",
                [SENSITIVITY_FAILS_ALREADY] = "fails_already",
        };
        const struct confidence *n = &r->numbers;
        const struct sensitivity *s = &r->sensitivity;

        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "zero_event_bound",
                json_from_double(n->zero_event_bound), "detectable_share_one",
                json_from_double(n->detectable_one), "detectable_share_set",
                json_from_double(n->detectable_set), "set_needs", value_count(n->set_needs),
                "followed", value_count(s->followed), "watched_records", value_count(s->watched),
                "gate_unknown", value_string(gaps[s->gap]), "losses", losses_json(s));
}

static json_t *transitions_json(const struct report *r)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t a = 0; list && a < r->c->bands.count; a++)
                for (size_t b = 0; b < r->c->bands.count; b++)
                        if (a != b && r->transitions[a][b] > 0 &&
                                json_array_append_new(list,
                                        json_pack("{s:o, s:o, s:o}", "from",
                                                value_string(r->c->bands.bands[a].name), "to",
                                                value_string(r->c->bands.bands[b].name), "queries",
                                                value_count(r->transitions[a][b]))) < 0)
                                return NULL;
        return take_ptr(list);
}

/* Of the mean distance of the watched answers; null when nothing could be compared. */
static json_t *shift_json(const struct report *r)
{
        const struct confidence *n = &r->numbers;
        const struct paired *p = &n->shift;

        if (!n->shift_known)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
                         " s:o}",
                "compared", value_count(p->n), "dead_zone", json_from_double(p->dead_zone), "mean",
                json_from_double(p->mean), "mean_interval", interval_json(p->mean_interval),
                "standard_deviation", json_from_double(p->sd), "hodges_lehmann",
                json_from_double(p->hodges_lehmann), "hodges_lehmann_interval",
                interval_json(p->hodges_lehmann_interval), "up", proportion_json(&p->share_up),
                "down", proportion_json(&p->share_down), "p_sign",
                json_from_double(p->p_sign_greater), "p_wilcoxon",
                json_from_double(p->wilcoxon.p_greater), "band_worse", value_count(n->band_worse),
                "band_better", value_count(n->band_better), "p_mcnemar",
                json_from_double(n->band_p), "band_transitions", transitions_json(r));
}

static json_t *calibration_json(const struct report *r)
{
        const struct confidence *n = &r->numbers;
        const struct roc *b = &n->border;

        if (!n->calibrated)
                return json_pack("{s:o, s:o, s:n}", "relevant", value_count(n->relevant),
                        "irrelevant", value_count(n->irrelevant), "border");
        return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "relevant",
                value_count(n->relevant), "irrelevant", value_count(n->irrelevant), "border",
                json_from_double(b->cut), "border_interval", interval_json(b->cut_interval),
                "border_uncertain", n->border_uncertain, "auc", json_from_double(b->auc),
                "auc_interval", interval_json(b->logit), "youden", json_from_double(b->youden),
                "sensitivity", proportion_json(&b->sensitivity), "specificity",
                proportion_json(&b->specificity), "tolerance_border",
                json_from_double(b->tolerance_border), "tolerance_accepts_irrelevant",
                b->tolerance_rank > 0 ? proportion_json(&b->tolerance_accepts) : json_null());
}

static json_t *query_json(const struct report *r, size_t i)
{
        const struct query_view *q = &r->c->queries[i];
        const struct confidence_margin *m = &r->numbers.margins[i];
        const struct judgement *v = &q->judgement;
        bool known = v->outcome != OUTCOME_UNMEASURED;

        return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "id",
                value_string(r->c->query_set->queries[i].id), "outcome", outcome_name(v->outcome),
                "reason", value_string(summary_reason(r->c, v)), "band",
                value_string(known ? bands_name(&r->c->bands, summary_band(v)) : NULL), "distance",
                known ? json_from_float(v->distance) : json_null(), "expected_distance",
                known ? json_from_float(v->expected_distance) : json_null(), "expected_rank",
                value_count_or_null(known ? v->expected_rank : 0), "margin_above",
                json_from_double(m->above), "margin_below", json_from_double(m->below),
                "margin_needed", json_from_double(m->needed), "margin_too_small", m->close, "limit",
                json_from_double(r->c->baseline ? q->drift.tau[LEVEL_TOP1] : NAN), "drift",
                r->c->baseline ? facts_query(&q->drift) : json_null());
}

static json_t *queries_json(const struct report *r)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < r->count; i++)
                if (json_array_append_new(list, query_json(r, i)) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *passed_json(const struct report *r)
{
        _cleanup_json_ json_t *passed = proportion_json(&r->numbers.passed);
        _cleanup_json_ json_t *kinds = json_object();

        for (size_t k = 0; k < r->numbers.kind_count; k++)
                if (json_put(kinds, r->kinds[k], proportion_json(&r->numbers.kinds[k])) < 0)
                        return NULL;
        if (json_put(passed, "kinds", take_ptr(kinds)) < 0)
                return NULL;
        return take_ptr(passed);
}

static json_t *history_json(const struct report *r)
{
        struct plot_moment moments[PLOT_MOMENTS_MAX];
        _cleanup_json_ json_t *list = json_array();
        size_t count;

        if (!list || series_course(r, moments, &count) < 0)
                return NULL;
        for (size_t k = 0; k < count; k++)
                if (json_array_append_new(list,
                            json_pack("{s:o, s:o, s:o}", "time", value_time(moments[k].at),
                                    "median", json_from_double(moments[k].median), "worst",
                                    json_from_double(moments[k].worst))) < 0)
                        return NULL;
        return take_ptr(list);
}

/* What the collection is, and what was measured of it. */
static json_t *head_json(const struct report *r)
{
        const struct collection_view *c = r->c;

        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:f, s:o, s:o, s:o}",
                "collection", value_string(c->label), "name", value_string(c->name), "server",
                value_string(c->server), "space", value_string(c->epoch.space), "records",
                value_known(c->epoch.records), "results", value_count(c->results), "generated",
                value_time(r->now), "replayed", value_time(c->last_finished), "verdict",
                verdict_name(c->verdict), "assumption", REPORT_ASSUMPTION, "confidence_level",
                CONFIDENCE_LEVEL, "error", value_string(c->last_error), "queries_total",
                value_count(c->query_set->count), "measured", value_count(r->numbers.measured));
}

json_t *report_json(const struct report *r)
{
        const struct collection_view *c = r->c;
        _cleanup_json_ json_t *object = head_json(r);
        const struct {
                const char *key;
                json_t *value;
        } parts[] = {
                {"sensitivity", sensitivity_json(r)},
                {"distances", distances_json(&r->numbers)},
                {"bands", bands_json(r)},
                {"passed", passed_json(r)},
                {"quality", facts_quality(c)},
                {"baseline", facts_baseline(c->baseline)},
                {"drift", facts_drift(c)},
                {"shift", shift_json(r)},
                {"calibration", calibration_json(r)},
                {"cause", facts_cause(&c->attribution, c->fates)},
                {"causes", facts_causes(c)},
                {"incident", facts_incident(c)},
                {"findings", facts_findings(c)},
                {"index", facts_index(&c->health)},
                {"embedder", facts_embedder(&c->embedder)},
                {"queries", queries_json(r)},
                {"history", history_json(r)},
        };
        int code = object ? 0 : -1;

        /* Each part is handed over, also after a failure. */
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (code < 0)
                        json_decref(parts[i].value);
                else
                        code = json_put(object, parts[i].key, parts[i].value);
        return code < 0 ? NULL : take_ptr(object);
}

void report_json_document(const struct report *reports, size_t count, struct text *text)
{
        _cleanup_json_ json_t *list = json_array();
        _cleanup_json_ json_t *document = NULL;
        _cleanup_free_ char *out = NULL;
        bool whole = list != NULL;
        size_t size;

        for (size_t i = 0; whole && i < count; i++)
                whole = json_array_append_new(list, report_json(&reports[i])) == 0;
        if (whole)
                document = json_pack("{s:o}", "collections", take_ptr(list));
        if (document)
                out = json_text(document, JSON_INDENT(2), &size);
        if (!out) {
                text->failed = true;
                return;
        }
        text_append_bytes(text, out, size);
        text_append(text, "\n");
}
