/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/diff.h"

#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "judge/attribution.h"
#include "judge/drift.h"
#include "judge/floor.h"
#include "judge/level.h"
#include "judge/sample.h"
#include "judge/similarity.h"
#include "show/excerpt.h"
#include "show/facts.h"
#include "show/gate/escape.h"
#include "show/values.h"
#include "show/words.h"
#include "text.h"

#define CONFIDENCE 0.95
/* Rows of text and Markdown; JSON has all. */
#define ROWS_MAX 100

/* One query that both know. */
struct change {
        const struct baseline_query *before, *after;
        double shift[LEVEL_COUNT]; /* NaN: not measured in both */
        enum moved moved; /* beyond tau, by either signal; up wins */
        double overlap, rbo;
        int band_before, band_after;
};

struct diff {
        const struct baseline *approved, *candidate;
        const struct bands *bands;
        struct change *changes; /* farthest up first */
        size_t count;
        size_t up, down, added, removed;
        size_t pass_to_fail, fail_to_pass;
        size_t transitions[BANDS_MAX][BANDS_MAX];
        double mean, hodges_lehmann, overlap, rbo; /* of mean top-k; NaN: nothing compared */
        struct interval mean_interval, hodges_lehmann_interval;
};

static void diff_done(struct diff *d)
{
        free(d->changes);
}

/* What `other` has of the same question: another text under the same id is another one. */
static const struct baseline_query *same_query(
        const struct baseline *other, const struct baseline_query *q)
{
        const struct baseline_query *found = baseline_find(other, q->id);

        return found && streq(found->text, q->text) ? found : NULL;
}

static double farthest(const struct change *c)
{
        double shift = fmax(c->shift[LEVEL_TOP1], c->shift[LEVEL_TOPK]);

        return isnan(shift) ? -INFINITY : shift;
}

static int compare_changes(const void *a, const void *b)
{
        double x = farthest(a), y = farthest(b);

        return (x < y) - (x > y);
}

static void measure_change(const struct diff *d, struct change *c)
{
        double floor = LEVEL_TAU_MIN * space_unit(d->candidate->epoch.space);

        for (size_t i = 0; i < LEVEL_COUNT; i++) {
                double tau = level_tau(c->before->levels[i].scale, floor);

                c->shift[i] = c->after->levels[i].location - c->before->levels[i].location;
                if (c->shift[i] > tau)
                        c->moved = MOVED_UP;
                else if (c->shift[i] < -tau && c->moved == MOVED_NOT)
                        c->moved = MOVED_DOWN;
        }
        c->overlap = c->rbo = NAN;
        if (c->before->answer && c->after->answer) {
                c->overlap =
                        similarity_overlap(c->before->answer, c->after->answer, 0, DRIFT_EQUAL);
                c->rbo = similarity_rbo(c->before->answer, c->after->answer, RBO_P, DRIFT_EQUAL);
        }
        c->band_before = bands_index(d->bands, (float)c->before->levels[LEVEL_TOP1].location);
        c->band_after = bands_index(d->bands, (float)c->after->levels[LEVEL_TOP1].location);
}

static void count_change(struct diff *d, const struct change *c)
{
        d->up += c->moved == MOVED_UP;
        d->down += c->moved == MOVED_DOWN;
        d->pass_to_fail += c->before->outcome == OUTCOME_PASS && c->after->outcome == OUTCOME_FAIL;
        d->fail_to_pass += c->before->outcome == OUTCOME_FAIL && c->after->outcome == OUTCOME_PASS;
        if (c->band_before >= 0 && c->band_after >= 0 && c->band_before != c->band_after)
                d->transitions[c->band_before][c->band_after]++;
}

static double mean_of(const struct diff *d, double (*value)(const struct change *c))
{
        double sum = 0;
        size_t n = 0;

        for (size_t i = 0; i < d->count; i++)
                if (!isnan(value(&d->changes[i]))) {
                        sum += value(&d->changes[i]);
                        n++;
                }
        return n > 0 ? sum / (double)n : NAN;
}

static double change_overlap(const struct change *c)
{
        return c->overlap;
}

static double change_rbo(const struct change *c)
{
        return c->rbo;
}

static int measure_set(struct diff *d)
{
        _cleanup_free_ double *shifts = calloc(d->count + 1, sizeof(double));
        size_t n = 0;

        if (!shifts)
                return -1;
        for (size_t i = 0; i < d->count; i++)
                if (!isnan(d->changes[i].shift[LEVEL_TOPK]))
                        shifts[n++] = d->changes[i].shift[LEVEL_TOPK];
        d->mean = sample_mean(shifts, n);
        d->mean_interval = sample_mean_interval(shifts, n, CONFIDENCE);
        sample_sort(shifts, n);
        d->hodges_lehmann = sample_hodges_lehmann(shifts, n);
        d->hodges_lehmann_interval = sample_hodges_lehmann_interval(shifts, n, CONFIDENCE);
        d->overlap = mean_of(d, change_overlap);
        d->rbo = mean_of(d, change_rbo);
        return 0;
}

static int diff_init(struct diff *d, const struct baseline *approved,
        const struct baseline *candidate, const struct bands *bands)
{
        *d = (struct diff){.approved = approved, .candidate = candidate, .bands = bands};
        d->changes = calloc(candidate->count + 1, sizeof(*d->changes));
        if (!d->changes)
                return -1;
        for (size_t i = 0; i < candidate->count; i++) {
                struct change c = {.after = &candidate->queries[i]};

                c.before = same_query(approved, c.after);
                if (!c.before) {
                        d->added++;
                        continue;
                }
                measure_change(d, &c);
                count_change(d, &c);
                d->changes[d->count++] = c;
        }
        d->removed = approved->count - d->count;
        qsort(d->changes, d->count, sizeof(*d->changes), compare_changes);
        return measure_set(d);
}

static const char *moved_name(enum moved moved)
{
        return moved == MOVED_UP ? "up" : moved == MOVED_DOWN ? "down" : "";
}

static void append_number(struct text *t, int decimals, double value)
{
        if (isnan(value))
                text_append(t, "-");
        else
                text_appendf(t, "%.*f", decimals, value);
}

static void append_interval(struct text *t, double value, const struct interval *i)
{
        text_append(t, words_shift(value).s);
        if (interval_known(*i))
                text_appendf(t, " [%s, %s]", words_shift(i->low).s, words_shift(i->high).s);
        else
                text_append(t, " (interval not estimable)");
}

static void append_head(struct text *t, const struct baseline *b, const char *what)
{
        char time[TIME_TEXT_MAX];

        text_appendf(t, "%s %u: %zu %s, %u %s, recorded %s", what, b->number, b->count,
                plural(b->count, "query", "queries"), b->samples,
                plural(b->samples, "replay", "replays"),
                time_format(time, sizeof(time), b->recorded));
        if (b->approved > 0) {
                text_appendf(t, ", approved %s by ", time_format(time, sizeof(time), b->approved));
                text_append_line(t, b->approved_by);
                text_append(t, b->forced ? " by force: " : ": ");
                text_append_line(t, b->reason);
        }
        text_append(t, "\n");
}

void diff_floor(const struct baseline *b, const char *bullet, struct text *t)
{
        if (b->floor.measured == 0)
                return;
        text_appendf(t, "%sindex by itself, at worst: ", bullet);
        floor_describe(&b->floor, t);
        text_appendf(t, "; recall below %.3g is low\n", floor_recall_limit(b, NAN));
}

static void append_transitions(struct text *t, const struct diff *d)
{
        bool any = false;

        text_append(t, "band transitions: ");
        for (size_t i = 0; i < d->bands->count; i++)
                for (size_t k = 0; k < d->bands->count; k++)
                        if (d->transitions[i][k] > 0) {
                                text_appendf(t, "%s%s to %s: %zu", any ? ", " : "",
                                        d->bands->bands[i].name, d->bands->bands[k].name,
                                        d->transitions[i][k]);
                                any = true;
                        }
        text_append(t, any ? "\n" : "none\n");
}

/* Of people's and servers' making: one line of it, and no column of a table. */
static void append_cell(struct text *t, const char *s)
{
        _cleanup_free_ char *line = utf8_line(s, strlen(s));

        t->failed |= !line;
        for (const char *p = line; p && *p; p++)
                text_appendf(t, *p == '|' ? "\\%c" : "%c", *p);
}

/* The `count` queries of `b` that `other` does not know, a line; nothing for none. */
static void append_only(struct text *t, const char *bullet, const char *what,
        const struct baseline *b, const struct baseline *other, size_t count)
{
        size_t n = 0;

        if (count == 0)
                return;
        text_appendf(t, "%s%s: ", bullet, what);
        for (size_t i = 0; i < b->count; i++) {
                if (same_query(other, &b->queries[i]) || n++ >= ROWS_MAX)
                        continue;
                text_append(t, n > 1 ? ", " : "");
                append_cell(t, b->queries[i].id);
        }
        if (count > ROWS_MAX)
                text_appendf(t, " and %zu more", count - ROWS_MAX);
        text_append(t, "\n");
}

/* The facts that text and Markdown share, a line each. */
static void append_facts(struct text *t, const struct diff *d, const char *bullet)
{
        text_appendf(t,
                "%squeries compared: %zu, moved up: %zu, moved down: %zu, new: %zu, gone: "
                "%zu\n",
                bullet, d->count, d->up, d->down, d->added, d->removed);
        append_only(t, bullet, "new", d->candidate, d->approved, d->added);
        append_only(t, bullet, "gone", d->approved, d->candidate, d->removed);
        text_appendf(t, "%spass to fail: %zu, fail to pass: %zu\n", bullet, d->pass_to_fail,
                d->fail_to_pass);
        text_appendf(t, "%smean shift of mean top-k: ", bullet);
        append_interval(t, d->mean, &d->mean_interval);
        text_appendf(t, "\n%sHodges-Lehmann shift: ", bullet);
        append_interval(t, d->hodges_lehmann, &d->hodges_lehmann_interval);
        text_appendf(t, "\n%soverlap@k: ", bullet);
        append_number(t, 3, d->overlap);
        text_append(t, ", RBO: ");
        append_number(t, 3, d->rbo);
        text_appendf(t, "\n%s", bullet);
        append_transitions(t, d);
        diff_explain(d->candidate, bullet, *bullet != '\0', t);
}

void diff_explain(
        const struct baseline *candidate, const char *bullet, bool markdown, struct text *t)
{
        const struct attribution *a = &candidate->attribution;
        _cleanup_text_ struct text why = {0};

        attribution_explain(
                a, candidate->fates, candidate->causes, candidate->cause_count, "\n", &why);
        if (why.size == 0 && cause_name(a->cause)) {
                text_appendf(&why, "Probable cause: %s: ", cause_name(a->cause));
                attribution_describe(a, &why);
        }
        escape_lines(t, text_string(&why), bullet, markdown ? escape_markdown : escape_plain);
        t->failed |= text_failed(&why);
}

static const char *band_name(const struct diff *d, int band)
{
        const char *name = bands_name(d->bands, band);

        return name ? name : "-";
}

/* In columns; what it crossed stands behind its name. */
static void append_line(struct text *t, const struct diff *d, const struct change *c)
{
        bool band = c->band_before != c->band_after;
        bool outcome = c->before->outcome != c->after->outcome;

        text_appendf(t, "%7s  %7s  %7s  %-5s  ", words_shift(c->shift[LEVEL_TOP1]).s,
                words_shift(c->shift[LEVEL_TOPK]).s, words_distance(c->overlap).s,
                moved_name(c->moved));
        append_cell(t, c->after->id);
        if (band)
                text_appendf(
                        t, "  %s to %s", band_name(d, c->band_before), band_name(d, c->band_after));
        if (outcome)
                text_appendf(t, "%s%s to %s", band ? ", " : "  ", outcome_name(c->before->outcome),
                        outcome_name(c->after->outcome));
        text_append(t, "\n");
        excerpt_append_change(t, "    ", c->before, c->after);
}

static void append_row(struct text *t, const struct diff *d, const struct change *c)
{
        text_appendf(t, "| %s | %s | %s | %s | %s to %s | %s to %s | ",
                words_shift(c->shift[LEVEL_TOP1]).s, words_shift(c->shift[LEVEL_TOPK]).s,
                words_distance(c->overlap).s, moved_name(c->moved), band_name(d, c->band_before),
                band_name(d, c->band_after), outcome_name(c->before->outcome),
                outcome_name(c->after->outcome));
        append_cell(t, c->after->id);
        text_append(t, " |\n");
}

/* In a block of code, whose fence nothing in it may end. */
static void append_section(struct text *t, const struct diff *d, const struct change *c)
{
        _cleanup_text_ struct text found = {0};

        append_cell(&found, c->after->id);
        text_append(&found, "\n");
        excerpt_append_change(&found, "    ", c->before, c->after);
        for (size_t i = 0; i < found.size; i++)
                if (found.data[i] == '`')
                        found.data[i] = '\'';
        text_append(t, text_string(&found));
}

static void append_rows(struct text *t, const struct diff *d,
        void (*append)(struct text *t, const struct diff *d, const struct change *c))
{
        for (size_t i = 0; i < MIN(d->count, (size_t)ROWS_MAX); i++)
                append(t, d, &d->changes[i]);
        if (d->count > ROWS_MAX)
                text_appendf(t, "%zu more in the format json\n", d->count - ROWS_MAX);
}

static void render_text(const struct baseline *approved, const struct baseline *candidate,
        const struct bands *bands, struct text *t)
{
        _cleanup_(diff_done) struct diff d = {0};

        text_append_line(t, candidate->collection);
        text_append(t, "\n");
        append_head(t, candidate, "candidate");
        diff_floor(candidate, "", t);
        if (!approved) {
                text_append(t, "no baseline is approved yet\n");
                diff_show(candidate, bands, false, t);
                return;
        }
        append_head(t, approved, "baseline");
        if (diff_init(&d, approved, candidate, bands) < 0) {
                t->failed = true;
                return;
        }
        append_facts(t, &d, "");
        text_append(t, "   BEST     MEAN  OVERLAP  MOVED  QUERY\n");
        append_rows(t, &d, append_line);
}

static void render_markdown(const struct baseline *approved, const struct baseline *candidate,
        const struct bands *bands, struct text *t)
{
        _cleanup_(diff_done) struct diff d = {0};

        text_append(t, "## ");
        append_cell(t, candidate->collection);
        text_append(t, "\n\n");
        append_head(t, candidate, "Candidate");
        if (!approved) {
                text_append(t, "\nNo baseline is approved yet.\n");
                return;
        }
        text_append(t, "\n");
        append_head(t, approved, "Baseline");
        if (diff_init(&d, approved, candidate, bands) < 0) {
                t->failed = true;
                return;
        }
        text_append(t, "\n");
        append_facts(t, &d, "- ");
        diff_floor(candidate, "- ", t);
        text_append(t,
                "\n| best | mean top-k | overlap | moved | band | outcome | query |\n"
                "|---|---|---|---|---|---|---|\n");
        append_rows(t, &d, append_row);
        text_append(t, "\n<details><summary>What was found</summary>\n\n```text\n");
        append_rows(t, &d, append_section);
        text_append(t, "```\n</details>\n");
}

static json_t *change_json(const struct diff *d, const struct change *c)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}",
                "id", value_string(c->after->id), "baseline_distance",
                json_from_double(c->before->levels[LEVEL_TOP1].location), "distance",
                json_from_double(c->after->levels[LEVEL_TOP1].location), "shift",
                json_from_double(c->shift[LEVEL_TOP1]), "mean_shift",
                json_from_double(c->shift[LEVEL_TOPK]), "overlap", json_from_double(c->overlap),
                "rbo", json_from_double(c->rbo), "moved",
                c->moved == MOVED_NOT ? json_null() : json_string(moved_name(c->moved)), "before",
                outcome_name(c->before->outcome), "after", outcome_name(c->after->outcome),
                "band_before", value_string(bands_name(d->bands, c->band_before)), "band_after",
                value_string(bands_name(d->bands, c->band_after)), "answers_before",
                excerpt_json(c->before), "answers_after", excerpt_json(c->after));
}

static json_t *interval_json(double value, const struct interval *i)
{
        return json_pack("{s:o, s:o, s:o}", "value", json_from_double(value), "low",
                json_from_double(i->low), "high", json_from_double(i->high));
}

/* Ids of the queries of `b` that `other` does not know. */
static json_t *only_json(const struct baseline *b, const struct baseline *other)
{
        _cleanup_json_ json_t *ids = json_array();

        for (size_t i = 0; i < b->count; i++)
                if (!same_query(other, &b->queries[i]) &&
                        json_array_append_new(ids, value_string(b->queries[i].id)) < 0)
                        return NULL;
        return take_ptr(ids);
}

static json_t *diff_json(const struct diff *d)
{
        _cleanup_json_ json_t *changes = json_array();

        for (size_t i = 0; i < d->count; i++)
                if (json_array_append_new(changes, change_json(d, &d->changes[i])) < 0)
                        return NULL;
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}",
                "compared", value_count(d->count), "moved_up", value_count(d->up), "moved_down",
                value_count(d->down), "added", value_count(d->added), "removed",
                value_count(d->removed), "added_ids", only_json(d->candidate, d->approved),
                "removed_ids", only_json(d->approved, d->candidate), "pass_to_fail",
                value_count(d->pass_to_fail), "fail_to_pass", value_count(d->fail_to_pass),
                "mean_shift", interval_json(d->mean, &d->mean_interval), "hodges_lehmann",
                interval_json(d->hodges_lehmann, &d->hodges_lehmann_interval), "overlap",
                json_from_double(d->overlap), "rbo", json_from_double(d->rbo), "queries", changes);
}

static void append_json(struct text *t, json_t *value)
{
        _cleanup_json_ json_t *taken = value;
        _cleanup_free_ char *text = taken ? json_text(taken, JSON_INDENT(2), NULL) : NULL;

        if (!text) {
                t->failed = true;
                return;
        }
        text_append(t, text);
        text_append(t, "\n");
}

static void render_json(const struct baseline *approved, const struct baseline *candidate,
        const struct bands *bands, struct text *t)
{
        _cleanup_(diff_done) struct diff d = {0};

        if (approved && diff_init(&d, approved, candidate, bands) < 0) {
                t->failed = true;
                return;
        }
        append_json(t,
                json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "collection",
                        value_string(candidate->collection), "candidate", facts_baseline(candidate),
                        "baseline", facts_baseline(approved), "causes",
                        facts_cause_names(candidate->causes, candidate->cause_count), "cause",
                        facts_cause(&candidate->attribution, candidate->fates), "diff",
                        approved ? diff_json(&d) : json_null()));
}

const struct diff_format *diff_format_find(const char *name)
{
        static const struct diff_format formats[] = {
                {"text", render_text}, {"json", render_json}, {"markdown", render_markdown}};

        for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
                if (streq(formats[i].name, name))
                        return &formats[i];
        return NULL;
}

static json_t *query_json(const struct baseline_query *q, const struct bands *bands)
{
        const struct level_baseline *best = &q->levels[LEVEL_TOP1];

        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "id",
                value_string(q->id), "distance", json_from_double(best->location), "noise",
                json_from_double(best->scale), "mean_distance",
                json_from_double(q->levels[LEVEL_TOPK].location), "band",
                value_string(bands_name(bands, bands_index(bands, (float)best->location))),
                "expected_rank", value_count_or_null(q->expected_rank), "outcome",
                outcome_name(q->outcome), "deep_rank", value_count_or_null(q->deep_rank),
                "searched", value_count_or_null(q->searched), "answers", excerpt_json(q));
}

static void show_json(const struct baseline *b, const struct bands *bands, struct text *t)
{
        _cleanup_json_ json_t *object = facts_baseline(b), *queries = json_array();
        int r = json_put(object, "collection", value_string(b->collection));

        for (size_t i = 0; i < b->count; i++)
                if (json_array_append_new(queries, query_json(&b->queries[i], bands)) < 0)
                        r = -1;
        if (r >= 0)
                r = json_put(object, "queries_recorded", take_ptr(queries));
        append_json(t, r < 0 ? NULL : take_ptr(object));
}

void diff_show(const struct baseline *b, const struct bands *bands, bool json, struct text *t)
{
        char rank[64];

        if (json) {
                show_json(b, bands, t);
                return;
        }
        if (b->approved > 0) {
                append_cell(t, b->collection);
                text_append(t, "\n");
                append_head(t, b, "baseline");
                diff_floor(b, "", t);
        }
        text_append(t, "BEST     NOISE    MEAN     RANK  BAND  OUTCOME  QUERY\n");
        for (size_t i = 0; i < b->count; i++) {
                const struct baseline_query *q = &b->queries[i];
                const char *band = bands_name(
                        bands, bands_index(bands, (float)q->levels[LEVEL_TOP1].location));

                append_number(t, 4, q->levels[LEVEL_TOP1].location);
                text_append(t, "   ");
                append_number(t, 5, q->levels[LEVEL_TOP1].scale);
                text_append(t, "  ");
                append_number(t, 4, q->levels[LEVEL_TOPK].location);
                text_append(t, "   ");
                text_appendf(t, "%4u  %s  %s  ", q->expected_rank, band ? band : "-",
                        outcome_name(q->outcome));
                append_cell(t, q->id);
                if (excerpt_rank(q, rank, sizeof(rank))[0])
                        text_appendf(t, "  expected record: %s", rank);
                text_append(t, "\n");
                excerpt_append_answers(t, "    ", q);
        }
}
