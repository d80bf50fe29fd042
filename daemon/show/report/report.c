/* SPDX-License-Identifier: Apache-2.0 */
#include "show/report/report.h"

#include <errno.h>
#include <math.h>

#include "judge/band.h"
#include "judge/drift.h"
#include "show/envelope.h"
#include "show/summary.h"

/* The arrays of one struct confidence_input, a place for each query. */
struct arrays {
        double *distances, *baselines, *taus, *shifts, *borders;
        int *bands, *kinds;
        enum outcome *outcomes;
};

static void arrays_done(struct arrays *a)
{
        free(a->distances);
        free(a->baselines);
        free(a->taus);
        free(a->shifts);
        free(a->borders);
        free(a->bands);
        free(a->kinds);
        free(a->outcomes);
}

static bool arrays_allocate(struct arrays *a, size_t count, size_t borders)
{
        a->distances = calloc(count + 1, sizeof(double));
        a->baselines = calloc(count + 1, sizeof(double));
        a->taus = calloc(count + 1, sizeof(double));
        a->shifts = calloc(count + 1, sizeof(double));
        a->borders = calloc(borders + 1, sizeof(double));
        a->bands = calloc(count + 1, sizeof(int));
        a->kinds = calloc(count + 1, sizeof(int));
        a->outcomes = calloc(count + 1, sizeof(enum outcome));
        return a->distances && a->baselines && a->taus && a->shifts && a->borders && a->bands &&
                a->kinds && a->outcomes;
}

bool report_is_control(const struct expectation *e)
{
        return !expectation_names_records(e) && !isinf(e->distance_min);
}

double report_shift(const struct collection_view *c, size_t i, enum level_signal signal)
{
        const struct query_view *q = &c->queries[i];
        double shift = q->drift.shift[signal];

        if (!c->baseline || !q->drift.compared || q->judgement.outcome == OUTCOME_UNMEASURED)
                return NAN;
        return fabs(shift) <= DRIFT_EQUAL ? 0 : shift;
}

static const char *kind_of(const struct query *q)
{
        for (size_t i = 0; i < q->tag_count; i++)
                if (streq(q->tags[i].key, "kind"))
                        return q->tags[i].value;
        return NULL;
}

/* Index of the kind, a new one when there is room; -1 without a kind or room. */
static int kind_index(struct report *r, size_t *count, const char *kind)
{
        for (size_t k = 0; kind && k < *count; k++)
                if (streq(r->kinds[k], kind))
                        return (int)k;
        if (kind && *count < CONFIDENCE_KINDS_MAX) {
                r->kinds[*count] = kind;
                return (int)(*count)++;
        }
        r->unlisted_kinds += kind != NULL;
        return -1;
}

static bool is_graded_irrelevant(const struct expectation *e, const char *id)
{
        for (size_t i = 0; i < e->grade_count; i++)
                if (e->grades[i].grade == 0 && streq(e->grades[i].id, id))
                        return true;
        return false;
}

/* Of a control the best answer's, else that of the nearest record which is graded 0: one a query,
 * because the sample is the queries. NaN when there is none. */
static double irrelevant_distance(const struct expectation *e, const struct query_view *q)
{
        if (report_is_control(e))
                return (double)q->judgement.distance;
        for (unsigned i = 0; q->answer && i < q->answer->count; i++)
                if (is_graded_irrelevant(e, q->answer->ids[i]))
                        return (double)q->answer->distances[i];
        return NAN;
}

static void label(struct report *r, size_t i)
{
        const struct expectation *e = &r->c->query_set->queries[i].expect;
        const struct query_view *q = &r->c->queries[i];
        double relevant = (double)q->judgement.expected_distance;
        double irrelevant = irrelevant_distance(e, q);

        if (q->judgement.outcome == OUTCOME_UNMEASURED)
                return;
        if (expectation_names_records(e) && !isnan(relevant))
                r->labels.relevant[r->labels.relevant_count++] = relevant;
        if (!isnan(irrelevant))
                r->labels.irrelevant[r->labels.irrelevant_count++] = irrelevant;
}

static void fill_query(struct report *r, size_t i, struct arrays *a)
{
        const struct query_view *q = &r->c->queries[i];
        int band = summary_band(&q->judgement), then, now;

        a->outcomes[i] = q->judgement.outcome;
        a->distances[i] =
                a->outcomes[i] == OUTCOME_UNMEASURED ? NAN : (double)q->judgement.distance;
        a->bands[i] = isnan(a->distances[i]) || !bands_name(&r->c->bands, band) ? -1 : band;
        a->baselines[i] = r->c->baseline ? q->drift.baseline[LEVEL_TOP1] : NAN;
        a->taus[i] = r->c->baseline ? q->drift.tau[LEVEL_TOP1] : NAN;
        a->shifts[i] = report_shift(r->c, i, LEVEL_TOPK);
        then = bands_index(&r->c->bands, (float)a->baselines[i]);
        now = bands_index(&r->c->bands, (float)a->distances[i]);
        if (then >= 0 && now >= 0)
                r->transitions[then][now]++;
        label(r, i);
}

static int compute(struct report *r, const struct arrays *a, size_t kind_count)
{
        const struct confidence_input in = {
                .count = r->count,
                .distances = a->distances,
                .bands = a->bands,
                .baselines = a->baselines,
                .outcomes = a->outcomes,
                .kinds = a->kinds,
                .kind_count = kind_count,
                .taus = a->taus,
                .shifts = a->shifts,
                .borders = a->borders,
                .border_count = r->c->bands.count - 1,
                .floor = CONFIDENCE_FLOOR * space_unit(r->c->epoch.space),
                .hysteresis = (double)band_hysteresis(&r->c->bands),
                .relevant = r->labels.relevant,
                .relevant_count = r->labels.relevant_count,
                .irrelevant = r->labels.irrelevant,
                .irrelevant_count = r->labels.irrelevant_count,
        };
        int code = confidence_compute(&in, &r->numbers);

        return code < 0 ? code : sensitivity_compute(r->c, &r->sensitivity);
}

int report_compute(const struct collection_view *c, usec_t now, struct report *ret)
{
        _cleanup_(report_done) struct report r = {.c = c, .now = now};
        _cleanup_(arrays_done) struct arrays a = {0};
        size_t kind_count = 0;
        int code;

        if (c->bands.count == 0)
                return -EINVAL;
        r.count = MIN(c->query_set->count, (size_t)CONFIDENCE_QUERIES_MAX);
        r.kinds = calloc(CONFIDENCE_KINDS_MAX, sizeof(*r.kinds));
        r.labels.relevant = calloc(r.count + 1, sizeof(double));
        r.labels.irrelevant = calloc(r.count + 1, sizeof(double));
        if (!r.kinds || !r.labels.relevant || !r.labels.irrelevant ||
                !arrays_allocate(&a, r.count, c->bands.count))
                return -ENOMEM;
        for (size_t i = 0; i < r.count; i++) {
                fill_query(&r, i, &a);
                a.kinds[i] = kind_index(&r, &kind_count, kind_of(&c->query_set->queries[i]));
        }
        for (size_t b = 0; b + 1 < c->bands.count; b++)
                a.borders[b] = (double)c->bands.bands[b].below;
        code = compute(&r, &a, kind_count);
        if (code < 0)
                return code;
        *ret = r;
        r = (struct report){0};
        return 0;
}

void report_done(struct report *r)
{
        confidence_done(&r->numbers);
        free(r->labels.relevant);
        free(r->labels.irrelevant);
        free(r->kinds);
        *r = (struct report){0};
}

const struct report_format report_formats[] = {
        {"markdown", "text/markdown; charset=utf-8", report_markdown},
        {"html", "text/html; charset=utf-8", report_html},
        {"json", "application/json", report_json_document},
};
const size_t report_format_count = ARRAY_SIZE(report_formats);

const struct report_format *report_format_find(const char *name)
{
        for (size_t i = 0; i < report_format_count; i++)
                if (streq(report_formats[i].name, name))
                        return &report_formats[i];
        return NULL;
}

unsigned report_answer(
        const struct collection_view *c, const char *name, usec_t now, struct text *body)
{
        const struct report_format *format = report_format_find(name ? name : "json");
        _cleanup_(report_done) struct report report = {0};

        if (!format) {
                envelope_error(body, 400,
                        "the parameter \"format\" is \"%.100s\", not json, markdown or html", name);
                return 400;
        }
        if (report_compute(c, now, &report) < 0) {
                envelope_error(body, 500, "the report could not be computed");
                return 500;
        }
        if (format->render == report_json_document)
                return envelope_success(body, report_json(&report));
        format->render(&report, 1, body);
        return 200;
}

const char *report_content_type(const char *name)
{
        const struct report_format *format = report_format_find(name);

        return format ? format->content_type : NULL;
}
