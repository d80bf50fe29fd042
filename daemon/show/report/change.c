/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "judge/drift.h"
#include "show/report/body.h"
#include "show/report/series.h"
#include "show/words.h"

static void describe_baseline(const struct report *r, struct document *d)
{
        const struct baseline *b = r->c->baseline;

        document_say(d,
                "Compared with baseline %u, recorded at %s (replays: %u, queries: %zu), approved %s "
                "ago (%s) by %s%s. Reason: %s.",
                b->number, words_time(b->recorded).s, b->samples, b->count,
                words_age(b->approved, r->now).s, words_time(b->approved).s,
                b->approved_by ? b->approved_by : "nobody",
                b->forced ? ", although its cause spoke against it" : "",
                b->reason ? b->reason : "none was given");
        document_say(d, "The collection held %s records then and holds %s now.",
                words_count(b->epoch.records).s, words_count(r->c->epoch.records).s);
}

static void append_row(struct document *d, const char *figure, struct words estimate,
        const char *interval, const char *method)
{
        document_cell(d, "%s", figure);
        document_cell(d, "%s", estimate.s);
        document_cell(d, "%s", interval);
        document_cell(d, "%s", method);
}

static void append_shift_table(const struct report *r, struct document *d)
{
        static const struct document_column columns[] = {
                {"Figure", false},
                {"Estimate", true},
                {"95 % interval", true},
                {"Method", false},
        };
        const struct paired *p = &r->numbers.shift;
        char winsorised[64];

        (void)snprintf(winsorised, sizeof(winsorised),
                "each shift cut off at %g: what the set alarm compares",
                DRIFT_CLIP * space_unit(r->c->epoch.space));
        document_begin_table(d, "Shift of the mean distance of the watched answers, up is worse",
                columns, ARRAY_SIZE(columns));
        append_row(d, "mean", words_shift(p->mean), words_shift_interval(p->mean_interval).s,
                "Student's t");
        append_row(d, "centre", words_shift(p->hodges_lehmann),
                words_shift_interval(p->hodges_lehmann_interval).s, "Hodges-Lehmann");
        append_row(d, "winsorised mean", words_shift(r->c->drift.set_shift), "none", winsorised);
        append_row(d, "up", words_share(p->share_up.share),
                words_share_interval(p->share_up.exact).s, "Clopper-Pearson");
        append_row(d, "down", words_share(p->share_down.share),
                words_share_interval(p->share_down.exact).s, "Clopper-Pearson");
        document_end_table(d);
        if (p->mean == 0 && p->sd == 0)
                document_say(d,
                        "No distance differs from the baseline's; how far the mean may have moved "
                        "for other queries needs shifts that differ.");
        document_say(d,
                "In this replay %zu of %zu compared queries are up and %zu down by more than %g "
                "(sign test for more up than down, one-sided: p %s; evidence for one look, no alarm "
                "depends on it). Standard deviation of the shifts: %s. Mean overlap@k with the "
                "baseline's answers: %s.",
                p->up, p->n, p->down, p->dead_zone, words_probability(p->p_sign_greater).s,
                words_distance(p->sd).s,
                isnan(r->c->drift.overlap) ? "unknown" : words_share(r->c->drift.overlap).s);
        if (r->c->replays >= LEVEL_NEEDED)
                document_say(d, "Confirmed by %d of the last %d replays: %zu up, %zu down.",
                        LEVEL_NEEDED, LEVEL_WINDOW, r->c->drift.moved_up, r->c->drift.moved_down);
        else
                document_say(d, "So few replays confirm nothing: that takes %d of %d.",
                        LEVEL_NEEDED, LEVEL_WINDOW);
}

static void append_transitions(const struct report *r, struct document *d)
{
        const struct confidence *n = &r->numbers;
        size_t compared = 0;

        for (size_t a = 0; a < BANDS_MAX; a++)
                for (size_t b = 0; b < BANDS_MAX; b++)
                        compared += r->transitions[a][b];
        if (compared == 0)
                return;
        document_say(d,
                "Band then and now known: %zu queries. In a worse band than at the baseline: %zu; in a "
                "better one: %zu (McNemar, exact: p %s).",
                compared, n->band_worse, n->band_better, words_probability(n->band_p).s);
        for (size_t a = 0; a < r->c->bands.count; a++)
                for (size_t b = 0; b < r->c->bands.count; b++)
                        if (a != b && r->transitions[a][b] > 0)
                                document_item(d, "%s to %s: %zu", bands_name(&r->c->bands, (int)a),
                                        bands_name(&r->c->bands, (int)b), r->transitions[a][b]);
}

static const char *moved_words(const struct plot_row *row)
{
        static const char *const best[] = {"down", "no", "up"};
        static const char *const mean[] = {"mean down", "no", "mean up"};

        if (isnan(row->shift))
                return "unknown";
        if (row->moved == MOVED_NOT && row->mean_moved == MOVED_NOT && row->beyond)
                return "unconfirmed";
        return row->moved != MOVED_NOT ? best[row->moved + 1] : mean[row->mean_moved + 1];
}

static void append_row_cells(struct document *d, const struct plot_row *row)
{
        document_cell(d, "%s", row->name);
        document_cell(d, "%s", words_distance(row->baseline).s);
        document_cell(d, "%s", words_distance(row->tau).s);
        document_cell(d, "%s", words_distance(row->now).s);
        document_cell(d, "%s", words_shift(row->shift).s);
        document_cell(d, "%s", words_shift(row->mean_shift).s);
        document_cell(d, "%s", moved_words(row));
        if (isnan(row->low))
                document_cell(d, "unknown");
        else
                document_cell(d, "%s", words_interval((struct interval){row->low, row->high}).s);
}

void report_queries(const struct report *r, struct document *d)
{
        static const struct document_column columns[] = {
                {"Query", false},
                {"Baseline", true},
                {"Limit ±", true},
                {"Distance now", true},
                {"Shift", true},
                {"Shift of the mean", true},
                {"Moved (confirmed)", false},
                {"Range of the history", true},
        };
        _cleanup_text_ struct text svg = {0};
        size_t count = 0;
        _cleanup_free_ struct plot_row *rows = series_rows(r, &count);

        if (!rows) {
                d->text->failed = true;
                return;
        }
        document_heading(d, 3, "Query by query");
        plot_intervals(&svg, &r->c->bands, rows, count);
        document_draw(
                d, "Best distance of each query now, against its baseline and its history", &svg);
        if (count < r->c->query_set->count)
                document_say(d,
                        "These are the %zu queries with the largest shifts, of %zu; all are in the "
                        "JSON.",
                        count, r->c->query_set->count);
        document_begin_table(
                d, "Best distances, by descending shift", columns, ARRAY_SIZE(columns));
        for (size_t i = 0; i < count; i++)
                append_row_cells(d, &rows[i]);
        document_end_table(d);
}

void report_moved(const struct report *r, struct document *d)
{
        document_heading(d, 3, "Shift against the baseline");
        if (!r->c->baseline) {
                document_say(d, "%s",
                        r->c->baseline_error
                                ? "The approved baseline cannot be read, so nothing is compared."
                                : "No baseline is approved, so nothing is compared. The command "
                                  "driftwatch baseline propose records a candidate.");
                return;
        }
        describe_baseline(r, d);
        if (r->numbers.shift_known)
                append_shift_table(r, d);
        else
                document_say(d, "No query could be compared: the shift is unknown.");
        append_transitions(r, d);
}

static void append_border(const struct report *r, struct document *d)
{
        const struct roc *b = &r->numbers.border;

        document_item(d,
                "Area under the ROC curve: %.3f (logit DeLong: %s). It is the probability that a "
                "relevant distance is the smaller one.",
                b->auc, isnan(b->logit.low) ? "not estimable" : words_interval(b->logit).s);
        if (!(b->auc > 0.5) || b->logit.low <= 0.5)
                document_item(d,
                        "That may be chance: 0.5 is what distances give that say nothing of "
                        "relevance.");
        document_item(d, "The border that separates best in this sample: %s (bootstrap: %s).",
                words_distance(b->cut).s, words_interval(b->cut_interval).s);
        document_item(d,
                "There it accepts %zu of %zu relevant (Clopper-Pearson %s) and refuses %zu of %zu "
                "irrelevant (%s): J = %s, too favourable because it was fitted to this sample.",
                b->sensitivity.hits, b->sensitivity.of,
                words_share_interval(b->sensitivity.exact).s, b->specificity.hits,
                b->specificity.of, words_share_interval(b->specificity.exact).s,
                words_distance(b->youden).s);
        if (b->tolerance_rank > 0)
                document_item(d,
                        "A border that accepts 90 %% of relevant answers with 95 %% confidence: %s; it "
                        "also accepts %zu of %zu irrelevant.",
                        words_distance(b->tolerance_border).s, b->tolerance_accepts.hits,
                        b->tolerance_accepts.of);
        else
                document_item(d,
                        "A border that accepts 90 %% of relevant answers with 95 %% confidence is not "
                        "estimable: it needs %d relevant distances.",
                        CONFIDENCE_TOLERANCE_NEEDS);
}

void report_calibration(const struct report *r, struct document *d)
{
        const struct confidence *n = &r->numbers;

        document_heading(d, 3, "Border between relevant and irrelevant");
        document_say(d,
                "Relevant: distances of the expected records that were found (%zu). Irrelevant: best "
                "distances of the negative controls, queries that name no record and demand a minimum "
                "distance, and of other queries that of the nearest answer graded 0 (%zu together). "
                "Expected records that were not found have no distance and are missing here, which "
                "flatters the border.",
                n->relevant, n->irrelevant);
        if (!n->calibrated) {
                document_say(d, "Without distances of both kinds no border can be proposed.");
                return;
        }
        if (n->border_uncertain)
                document_note(d, "drift", "Border uncertain",
                        "by ±%g: fewer than %d distances of one kind. Keep the border that is "
                        "configured.",
                        0.1 * space_unit(r->c->epoch.space), CONFIDENCE_CLASS_NEEDS);
        append_border(r, d);
}

static void append_embedder(const struct embedder_view *e, struct document *d)
{
        if (!e->name) {
                document_say(d, "No embedder is configured: only pinned vectors were replayed.");
                return;
        }
        if (e->error)
                document_note(d, "unmeasured", "The embedder could not be asked.", "%s", e->error);
        if (e->at == 0) {
                document_say(d, "Embedder \"%s\": not asked yet.", e->name);
                return;
        }
        document_say(d,
                "Embedder \"%s\", asked at %s: %zu of %zu fresh vectors moved from their pinned ones, "
                "median of 1 - cos %s.",
                e->name, words_time(e->at).s, e->moved, e->compared,
                !isfinite(e->median) ? "unknown" : words_distance(e->median).s);
        if (e->unanswered > 0)
                document_note(d, "unmeasured", "The embedder has no vector for some queries.",
                        "%zu of them; the first, \"%s\": %s", e->unanswered, e->unanswered_query,
                        e->unanswered_reason);
        if (e->replayed)
                document_say(d,
                        "Replayed with the fresh vectors: %zu pass, %zu drift, %zu fail, %zu "
                        "unmeasured.",
                        e->outcomes[OUTCOME_PASS], e->outcomes[OUTCOME_DRIFT],
                        e->outcomes[OUTCOME_FAIL], e->outcomes[OUTCOME_UNMEASURED]);
}

static void append_lookups(const struct index_health *h, struct document *d)
{
        if (h->expected > 0)
                document_say(d,
                        "Of %zu expected records looked up, %zu are gone and %zu are there but not "
                        "found by their query.",
                        h->expected, h->gone, h->lost);
        else
                document_say(d, "No expected record was looked up.");
        if (h->self_asked > 0)
                document_say(d,
                        "Of %zu expected records asked for with their own vector, %zu were found.",
                        h->self_asked, h->self_found);
}

void report_health(const struct report *r, struct document *d)
{
        const struct index_health *h = &r->c->health;

        if (h->error)
                document_note(d, "unmeasured", "The index could not be probed.", "%s", h->error);
        if (h->at == 0)
                document_say(d, "The index was not probed: reachability and recall are unknown.");
        else {
                document_say(d,
                        "Probed at %s with %s records. Records that no search reaches: %s%s.",
                        words_time(h->at).s, words_count(h->records).s,
                        words_count(h->unreachable).s,
                        h->sample.looked > 0 ? " (estimated from a sample)"
                                : h->capped  ? " (more records than the probe may ask for)"
                                             : "");
                if (isnan(h->recall))
                        document_say(d, "Recall@k by a larger k: unknown.");
                else
                        document_say(d, "Recall@k by a larger k: %.4f over %zu queries.", h->recall,
                                h->recall_queries);
                append_lookups(h, d);
        }
        append_embedder(&r->c->embedder, d);
}

void report_course(const struct report *r, struct document *d)
{
        struct plot_moment moments[PLOT_MOMENTS_MAX];
        _cleanup_text_ struct text svg = {0};
        size_t count;

        document_heading(d, 3, "Over time");
        if (series_course(r, moments, &count) < 0) {
                d->text->failed = true;
                return;
        }
        if (count == 0) {
                document_say(d,
                        "There are no two replays in the history, so there is no course to show.");
                return;
        }
        plot_course(&svg, &r->c->bands, moments, count);
        document_draw(d, "Median and worst distance over the rolling history", &svg);
        document_say(d,
                "From %s to %s the median distance of all queries went from %s to %s; the worst of the "
                "queries that are no negative controls, from %s to %s.",
                words_time(moments[0].at).s, words_time(moments[count - 1].at).s,
                words_distance(moments[0].median).s, words_distance(moments[count - 1].median).s,
                words_distance(moments[0].worst).s, words_distance(moments[count - 1].worst).s);
}
