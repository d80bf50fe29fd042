/* SPDX-License-Identifier: Apache-2.0 */
#include "show/report/body.h"

#include <math.h>

#include "json.h"
#include "judge/band.h"
#include "show/facts.h"
#include "show/lead.h"
#include "show/report/series.h"
#include "show/summary.h"
#include "show/words.h"
#include "version.h"

void report_head(struct document *d, usec_t now)
{
        document_heading(d, 1, "Threshold confidence report");
        document_say(d, "Made by driftwatch %s at %s.", DRIFTWATCH_VERSION, words_time(now).s);
}

static const char *or_unknown(const char *s)
{
        return s ? s : "unknown";
}

static size_t count_controls(const struct report *r)
{
        size_t n = 0;

        for (size_t i = 0; i < r->count; i++)
                n += report_is_control(&r->c->query_set->queries[i].expect) &&
                        r->c->queries[i].judgement.outcome != OUTCOME_UNMEASURED;
        return n;
}

static void append_measured(const struct report *r, struct document *d)
{
        const struct collection_view *c = r->c;

        document_heading(d, 3, "What was measured");
        document_say(d,
                "Collection \"%s\" on server \"%s\" (%s): %s records, space %s, asked for the %u "
                "best answers.",
                c->name, c->server, c->url, words_count(c->epoch.records).s,
                or_unknown(c->epoch.space), c->results);
        if (r->count < c->query_set->count)
                document_say(d, "The figures are of the first %zu of %zu queries.", r->count,
                        c->query_set->count);
        report_health(r, d);
}

static void append_assumption(struct document *d)
{
        document_heading(d, 3, "How the figures below are to be read");
        document_note(d, "drift", "The assumption.", "%s", REPORT_ASSUMPTION);
        document_say(d,
                "Intervals are 95 %% and two-sided unless said otherwise. Distances are the server's "
                "own; for l2 they are squared.");
}

/* Why it is unknown how often the gate fails, as the end of a sentence; NULL: it is known. */
static const char *gap_words(enum sensitivity_gap gap)
{
        static const char *const words[] = {
                [SENSITIVITY_NO_BASELINE] = "no baseline is approved",
                [SENSITIVITY_NOT_KEPT] =
                        "the approved baseline does not know which records follow its answers, as "
                        "one that is proposed now would",
                [SENSITIVITY_FAILS_ALREADY] = "it fails by the baseline itself, with nothing lost",
        };

        return words[gap];
}

static void append_method(const struct sensitivity *s, struct document *d)
{
        const char *gap = gap_words(s->gap);

        if (gap) {
                document_say(d, "How often the gate would fail is unknown: %s.", gap);
                return;
        }
        document_say(d,
                "Records are taken at random out of the collection as the baseline knows it, and "
                "what exact search would answer without them is judged as the gate judges it. The "
                "daemon tells of it by the same limits once it lasts.");
        if (s->followed < s->queries)
                document_say(d,
                        "What follows their answers is known of %zu of %zu queries; the others are "
                        "taken for untouched, so that the gate fails more often than that.",
                        s->followed, s->queries);
}

static void append_loss(const struct sensitivity_loss *l, struct document *d)
{
        document_cell(d, "%s", words_share(l->share).s);
        document_cell(d, "%s", words_count(l->records).s);
        document_cell(d, "%s", words_share(l->changes).s);
        if (l->red.of > 0)
                document_cell(
                        d, "%s (%zu of %zu)", words_share(l->red.share).s, l->red.hits, l->red.of);
        else
                document_cell(d, "unknown");
        document_cell(d, "%s", words_share_interval(l->red.exact).s);
}

/* Than none, and than the one before. */
static bool is_another_loss(const struct sensitivity *s, size_t i)
{
        int64_t records = s->losses[i].records;

        return records < 0 || records > (i > 0 ? s->losses[i - 1].records : 0);
}

static void append_losses(const struct report *r, struct document *d)
{
        static const struct document_column columns[] = {
                {"Lost at random", true},
                {"Records", true},
                {"An answer changes", true},
                {"The gate fails", true},
                {"95 % interval", true},
        };
        const struct sensitivity *s = &r->sensitivity;

        if (s->watched == 0)
                return;
        document_heading(d, 3, "How small a loss of records would be seen");
        append_method(s, d);
        document_begin_table(d, "Probabilities", columns, ARRAY_SIZE(columns));
        for (size_t i = 0; i < SENSITIVITY_LOSSES; i++)
                if (is_another_loss(s, i))
                        append_loss(&s->losses[i], d);
        document_end_table(d);
        document_say(d,
                "%zu different records stand in the answers. That one of them is replaced is a "
                "change, and no news by itself.",
                s->watched);
}

static void append_sensitivity(const struct report *r, struct document *d)
{
        const struct confidence *n = &r->numbers;

        document_heading(d, 3, "What this sample can and cannot say");
        if (n->measured == 0) {
                document_say(d, "No query was measured: nothing can be said about distances.");
                return;
        }
        document_item(d,
                "The sample is %zu %s. Another replay of an unchanged collection repeats these "
                "numbers; only more canonical queries make the intervals narrower.",
                n->measured, n->measured == 1 ? "query" : "queries");
        document_item(d,
                "As long as none of them moves, fewer than %s of what users ask moved (95 %%, "
                "one-sided).",
                words_share(n->zero_event_bound).s);
        document_item(d,
                "A change moves at least one of them with a probability of 80 %% when it affects %s "
                "of what users ask.",
                words_share(n->detectable_one).s);
        if (isnan(n->detectable_set))
                document_item(
                        d, "So few queries cannot tell a change of the set, of three queries.");
        else
                document_item(d,
                        "It moves at least %zu of them, from which on that is told of the set, when "
                        "it affects %s.",
                        n->set_needs, words_share(n->detectable_set).s);
}

static const struct document_column figure_columns[] = {
        {"Figure", false},
        {"Estimate", true},
        {"95 % interval", true},
        {"Method", false},
};

static void append_figure(struct document *d, const char *name, struct words estimate,
        struct words interval, const char *method)
{
        document_cell(d, "%s", name);
        document_cell(d, "%s", estimate.s);
        document_cell(d, "%s", interval.s);
        document_cell(d, "%s", method);
}

static void append_p95(const struct confidence *n, struct document *d)
{
        if (!isnan(n->p95_at_least))
                document_say(d, "The 95th percentile is at least %s (95 %%, one-sided).",
                        words_distance(n->p95_at_least).s);
        if (isnan(n->p95_at_most))
                document_say(d,
                        "How far the 95th percentile may lie above is not estimable "
                        "(n < %d one-sided, < %d two-sided).",
                        CONFIDENCE_P95_NEEDS_ONE_SIDED, CONFIDENCE_P95_NEEDS_TWO_SIDED);
        else
                document_say(d, "It is at most %s (95 %%, one-sided)%s.",
                        words_distance(n->p95_at_most).s,
                        isnan(n->p95.interval.high)
                                ? "; the two-sided upper end is not estimable (n < 72)"
                                : "");
}

static void append_quantile(struct document *d, const char *name, const struct quantile *q)
{
        append_figure(d, name, words_distance(q->estimate), words_interval(q->interval),
                "order statistics");
}

static void append_distances(const struct report *r, struct document *d)
{
        const struct confidence *n = &r->numbers;
        size_t controls = count_controls(r);

        document_heading(d, 3, "Distances of the best answers");
        if (n->measured == 0) {
                document_say(d, "No distance was measured.");
                return;
        }
        document_begin_table(d, "Distance", figure_columns, ARRAY_SIZE(figure_columns));
        append_figure(d, "mean", words_distance(n->mean), words_interval(n->mean_interval),
                "Student's t");
        if (n->measured >= CONFIDENCE_BCA_NEEDS)
                append_figure(d, "mean", words_distance(n->mean), words_interval(n->mean_bca),
                        "BCa bootstrap");
        append_quantile(d, "median", &n->median);
        append_quantile(d, "95th percentile", &n->p95);
        document_end_table(d);
        document_say(d, "Standard deviation: %s.", words_distance(n->sd).s);
        append_p95(n, d);
        if (controls > 0)
                document_say(d,
                        "Negative controls among them: %zu of %zu. They should lie far away, and are "
                        "counted here.",
                        controls, n->measured);
}

static void append_points(const struct report *r, struct document *d)
{
        _cleanup_free_ struct plot_point *points = series_points(r);
        _cleanup_text_ struct text svg = {0};

        if (points)
                plot_distribution(&svg, &r->c->bands, r->numbers.bands, points, r->count);
        else
                svg.failed = true;
        document_heading(d, 3, "Distances over the bands");
        document_draw(d, "Each query's best distance", &svg);
}

static void append_share_cells(struct document *d, const struct proportion *p)
{
        document_cell(d, "%zu of %zu", p->hits, p->of);
        document_cell(d, "%s", words_share(p->share).s);
        document_cell(d, "%s", words_share_interval(p->wilson).s);
        document_cell(d, "%s", words_share_interval(p->exact).s);
}

static void append_bands(const struct report *r, struct document *d)
{
        static const struct document_column columns[] = {
                {"Band", false},
                {"Distances", false},
                {"Queries", true},
                {"Share", true},
                {"Wilson (to show)", true},
                {"Clopper-Pearson (to decide)", true},
        };
        const struct bands *bands = &r->c->bands;

        document_heading(d, 3, "Bands");
        document_begin_table(d, "Queries in each band", columns, ARRAY_SIZE(columns));
        for (size_t b = 0; b < bands->count; b++) {
                document_cell(d, "%s", bands->bands[b].name);
                if (bands->count == 1)
                        document_cell(d, "any");
                else if (b == 0)
                        document_cell(d, "below %g", (double)bands->bands[b].below);
                else if (isinf(bands->bands[b].below))
                        document_cell(d, "from %g", (double)bands->bands[b - 1].below);
                else
                        document_cell(d, "%g to below %g", (double)bands->bands[b - 1].below,
                                (double)bands->bands[b].below);
                append_share_cells(d, &r->numbers.bands[b]);
        }
        document_end_table(d);
        document_say(d,
                "A query counts in its confirmed band (4 of its last 5 distances, %g beyond a "
                "border); before one is confirmed, where its distance lies.",
                (double)band_hysteresis(&r->c->bands));
}

static const char *margin_words(double margin, struct words *ret)
{
        *ret = words_distance(margin);
        return isnan(margin) ? "no border" : ret->s;
}

static void append_margins(const struct report *r, struct document *d)
{
        static const struct document_column columns[] = {
                {"Query", false},
                {"Band", false},
                {"Distance", true},
                {"To the border above", true},
                {"To the border below", true},
                {"Needed", true},
        };
        const struct confidence *n = &r->numbers;
        size_t shown = 0;
        struct words w;

        document_heading(d, 3, "Queries near a border");
        if (n->measured == 0) {
                document_say(d, "No distance was measured.");
                return;
        }
        document_say(d,
                "%zu of %zu measured queries lie nearer to a border than their own limit of "
                "drift or the hysteresis of %g, whichever is larger: they may change their "
                "band without having drifted.",
                n->close, n->measured, (double)band_hysteresis(&r->c->bands));
        if (n->close == 0)
                return;
        document_begin_table(d, "Too small a margin", columns, ARRAY_SIZE(columns));
        for (size_t i = 0; i < r->count && shown < LEAD_LIST_MAX; i++) {
                const struct confidence_margin *m = &n->margins[i];
                float distance = r->c->queries[i].judgement.distance;

                if (!m->close)
                        continue;
                shown++;
                document_cell(d, "%s", r->c->query_set->queries[i].id);
                document_cell(d, "%s",
                        or_unknown(bands_name(&r->c->bands, bands_index(&r->c->bands, distance))));
                document_cell(d, "%s", words_distance((double)distance).s);
                document_cell(d, "%s", margin_words(m->above, &w));
                document_cell(d, "%s", margin_words(m->below, &w));
                document_cell(d, "%s", words_distance(m->needed).s);
        }
        document_end_table(d);
        lead_more(d, shown, n->close);
}

static void append_passing(const struct report *r, struct document *d)
{
        static const struct document_column columns[] = {
                {"Kind", false},
                {"Passed", true},
                {"Share", true},
                {"Wilson (to show)", true},
                {"Clopper-Pearson (to decide)", true},
        };

        document_heading(d, 3, "Passing");
        document_begin_table(
                d, "Queries that passed, of those measured", columns, ARRAY_SIZE(columns));
        document_cell(d, "all");
        append_share_cells(d, &r->numbers.passed);
        for (size_t k = 0; k < r->numbers.kind_count; k++) {
                document_cell(d, "kind %s", r->kinds[k]);
                append_share_cells(d, &r->numbers.kinds[k]);
        }
        document_end_table(d);
        if (r->unlisted_kinds > 0)
                document_say(d, "%zu queries have further kinds, which are not listed.",
                        r->unlisted_kinds);
}

/* `of` counts the measured queries that can have this figure at all. */
static void append_quality_number(
        struct document *d, const json_t *quality, const char *key, const char *of)
{
        double value;

        if (json_to_double(json_object_get(quality, key), &value) == 0)
                document_cell(d, "%.3f", value);
        else if (json_integer_value(json_object_get(quality, "measured")) > 0 &&
                json_integer_value(json_object_get(quality, of)) == 0)
                document_cell(d, "none");
        else
                document_cell(d, "unknown");
}

static void append_quality_cells(struct document *d, const json_t *quality)
{
        document_cell(d, "%lld of %lld",
                (long long)json_integer_value(json_object_get(quality, "measured")),
                (long long)json_integer_value(json_object_get(quality, "queries")));
        append_quality_number(d, quality, "pass_share", "measured");
        append_quality_number(d, quality, "hit_rate", "ranked");
        append_quality_number(d, quality, "mrr", "ranked");
        append_quality_number(d, quality, "ndcg", "graded");
        append_quality_number(d, quality, "recall_at_k", "graded");
}

static void append_quality(const struct report *r, struct document *d)
{
        static const struct document_column columns[] = {
                {"Queries", false},
                {"Measured", true},
                {"Passed", true},
                {"hit@k", true},
                {"MRR", true},
                {"nDCG@k", true},
                {"recall@k", true},
        };
        _cleanup_json_ json_t *quality = facts_quality(r->c);
        const char *tag, *value;
        json_t *values, *one;
        json_int_t unlisted;

        if (!quality) {
                d->text->failed = true;
                return;
        }
        document_heading(d, 3, "Quality of retrieval");
        document_begin_table(d, "By tag, as shares and means", columns, ARRAY_SIZE(columns));
        document_cell(d, "all");
        append_quality_cells(d, quality);
        json_object_foreach (json_object_get(quality, "tags"), tag, values)
                json_object_foreach (values, value, one) {
                        document_cell(d, "%s %s", tag, value);
                        append_quality_cells(d, one);
                }
        document_end_table(d);
        unlisted = json_integer_value(json_object_get(quality, "unlisted_tags"));
        if (unlisted > 0)
                document_say(d, "%lld tags of queries have further values, which are not listed.",
                        (long long)unlisted);
        document_say(d,
                "k is %u. hit@k and MRR count the measured queries that expect a record, nDCG@k "
                "and recall@k those with graded expectations; \"none\" where there is no such query.",
                r->c->results);
}

/* What a person acts on first, then pictures, then what they are worth. */
void report_body(const struct report *r, struct document *d)
{
        lead_verdict(d, r->c, r->c->verdict);
        lead_causes(d, r->c);
        lead_failing(d, r->c);
        report_queries(r, d);
        append_points(r, d);
        report_course(r, d);
        append_measured(r, d);
        append_assumption(d);
        append_sensitivity(r, d);
        append_losses(r, d);
        append_distances(r, d);
        append_bands(r, d);
        append_margins(r, d);
        append_passing(r, d);
        append_quality(r, d);
        report_moved(r, d);
        report_calibration(r, d);
}
