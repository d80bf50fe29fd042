/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/one.h"

#include <math.h>

#include "json.h"
#include "show/excerpt.h"
#include "show/markup.h"
#include "show/page/chart.h"
#include "show/page/diagnosis.h"
#include "show/page/listing.h"
#include "show/summary.h"
#include "show/words.h"

#define TEXT_SHOWN_MAX 1000
#define ID_SHOWN_MAX 200

static void append_title(const struct page *p, const struct collection_view *c, size_t i)
{
        const struct query *q = &c->query_set->queries[i];
        const char *outcome = outcome_name(c->queries[i].judgement.outcome);

        frame_open_part(p, "title");
        text_append(p->text, "<p>");
        frame_link_collection(p->text, c->label);
        text_append(p->text, "</p><div class=\"title\"><h1>");
        markup_text(p->text, q->id);
        text_append(p->text, "</h1>");
        frame_badge(p, outcome, outcome);
        frame_tags(p, q, q->tag_count, 80);
        text_append(p->text, "</div><p>");
        markup_excerpt(p->text, q->text ? q->text : "", TEXT_SHOWN_MAX);
        text_append(p->text, "</p>");
        frame_close_part(p);
}

/* What it is about, whether nothing is wrong or something. */
static void append_evidence(const struct page *p, const struct collection_view *c, size_t i)
{
        const struct query_view *q = &c->queries[i];
        _cleanup_text_ struct text remark = {0};
        size_t found = 0;

        frame_open_part(p, "evidence");
        for (size_t k = 0; c->findings && k < c->findings->count; k++) {
                const struct finding *f = &c->findings->findings[k];

                if (f->query != i)
                        continue;
                found++;
                text_appendf(p->text, "<p class=\"note %s\"><b>Began ",
                        outcome_name(q->judgement.outcome));
                markup_time(p->text, f->since, p->now);
                text_append(p->text, ":</b> ");
                markup_excerpt(p->text, f->sentence, MARKUP_EXCERPT_MAX);
                text_append(p->text, "</p>");
        }
        summary_remark(c, i, &remark);
        if (remark.size > 0 && (found == 0 || q->excused))
                markup_note(p->text, outcome_name(q->judgement.outcome), "", text_string(&remark));
        p->text->failed |= text_failed(&remark);
        if (q->judgement.outcome != OUTCOME_PASS && cause_name(q->cause)) {
                text_appendf(p->text,
                        "<p class=\"note %s\"><b>Cause: ", outcome_name(q->judgement.outcome));
                frame_cause(p, q->cause);
                text_appendf(
                        p->text, "</b> %s %s</p>", cause_meaning(q->cause), cause_action(q->cause));
        }
        frame_close_part(p);
}

static void append_strings(const struct page *p, char *const *strings, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                text_append(p->text, i > 0 ? ", " : "");
                markup_excerpt(p->text, strings[i], ID_SHOWN_MAX);
        }
}

static void append_expectation(const struct page *p, const struct expectation *e)
{
        _cleanup_free_ char *metadata =
                e->metadata ? json_text(e->metadata, JSON_COMPACT, NULL) : NULL;

        text_append(p->text, "<div class=\"wide\"><dt>Expects</dt><dd>");
        append_strings(p, e->ids, e->id_count);
        if (metadata)
                markup_excerpt(p->text, metadata, MARKUP_EXCERPT_MAX);
        if (!expectation_names_records(e))
                text_append(p->text, "no record in particular");
        if (e->within > 0)
                text_appendf(p->text, "<small>among the first %u</small>", e->within);
        if (!isinf(e->distance_min) || !isinf(e->distance_max))
                text_appendf(p->text, "<small>distance %s to %s</small>",
                        isinf(e->distance_min) ? "any" : words_distance((double)e->distance_min).s,
                        isinf(e->distance_max) ? "any" : words_distance((double)e->distance_max).s);
        frame_close_fact(p);
}

static void append_filters(const struct page *p, const struct query *q)
{
        if (!q->where && !q->where_document)
                return;
        text_append(p->text, "<div class=\"wide\"><dt>Filter</dt><dd>");
        markup_excerpt(p->text, q->where ? q->where : "", MARKUP_EXCERPT_MAX);
        text_append(p->text, q->where && q->where_document ? "<br>" : "");
        markup_excerpt(p->text, q->where_document ? q->where_document : "", MARKUP_EXCERPT_MAX);
        frame_close_fact(p);
}

static void append_facts(const struct page *p, const struct collection_view *c, size_t i)
{
        const struct query *q = &c->query_set->queries[i];
        const struct query_view *v = &c->queries[i];
        const char *band = bands_name(&c->bands, summary_band(&v->judgement));
        const char *home = bands_name(&c->bands, v->judgement.home_band);

        text_append(p->text, "<section><h2>Now</h2>\n");
        sheet_open(p->sheet, "dl", "facts", "class=\"facts\"");
        frame_open_fact(p, "Best distance");
        text_append(p->text, words_distance((double)v->judgement.distance).s);
        frame_close_fact(p);
        frame_open_fact(p, "Shift from the baseline");
        diagnosis_append_shift(p->text, v);
        frame_close_fact(p);
        frame_open_fact(p, "Band");
        markup_text(p->text, band ? band : "–");
        if (home) {
                text_append(p->text, "<small>home ");
                markup_text(p->text, home);
                text_append(p->text, "</small>");
        }
        frame_close_fact(p);
        frame_open_fact(p, "Expected record");
        listing_append_rank(p->text, q, &v->judgement);
        frame_close_fact(p);
        append_expectation(p, &q->expect);
        append_filters(p, q);
        sheet_close(p->sheet, "dl");
        text_append(p->text, "</section>\n");
}

static unsigned place_of(const struct answer *a, const char *id)
{
        for (unsigned i = 0; a && i < a->count; i++)
                if (streq(a->ids[i], id))
                        return i + 1;
        return 0;
}

static void append_words(const struct page *p, const struct excerpt *e)
{
        if (!e)
                return;
        if (e->about) {
                text_append(p->text, "<p>");
                markup_excerpt(p->text, e->about, EXCERPT_ABOUT_MAX);
                text_append(p->text, "</p>");
        }
        if (e->words) {
                text_append(p->text, "<p class=\"kept\">");
                markup_excerpt(p->text, e->words, MARKUP_EXCERPT_MAX);
                text_append(p->text, "</p>");
        }
}

/* What was kept of a record when the baseline was recorded; NULL. */
static const struct excerpt *excerpt_of(const struct baseline_query *before, const char *id)
{
        unsigned place = before ? place_of(before->answer, id) : 0;

        return place > 0 && place <= EXCERPTS_MAX ? &before->excerpts[place - 1] : NULL;
}

/* One of two lists: `other` says what became of each record, or where it came from. */
static void append_answer(const struct page *p, const char *title, const struct answer *a,
        const struct answer *other, const struct baseline_query *before, const char *absent)
{
        text_appendf(p->text,
                "<div><table><caption>%s</caption><thead><tr><th scope=\"col\">Rank</th>"
                "<th scope=\"col\">Record</th><th scope=\"col\">Distance</th>"
                "<th scope=\"col\">%s</th></tr></thead><tbody>\n",
                title, absent);
        for (unsigned i = 0; a && i < a->count; i++) {
                unsigned place = place_of(other, a->ids[i]);

                text_appendf(
                        p->text, "<tr%s data-id=\"", other && place == 0 ? " class=\"mine\"" : "");
                markup_parameter(p->text, a->ids[i]);
                text_appendf(p->text, "\"><td class=\"n\">%u</td><th scope=\"row\">", i + 1);
                markup_excerpt(p->text, a->ids[i], ID_SHOWN_MAX);
                append_words(p, excerpt_of(before, a->ids[i]));
                text_appendf(p->text, "</th><td class=\"n\">%.4f</td><td class=\"n\">",
                        answer_shown(a->distances[i]));
                if (place > 0)
                        text_appendf(p->text, "%u", place);
                else
                        text_append(p->text, other ? "not there" : "–");
                text_append(p->text, "</td></tr>\n");
        }
        text_append(p->text, "</tbody></table>");
        if (!a || a->count == 0)
                text_append(p->text, "<p class=\"muted\">No answer is known.</p>");
        text_append(p->text, "</div>");
}

/* Whoever follows it without a script gets the JSON. */
static void append_words_link(const struct page *p, const char *label, const char *query)
{
        text_append(p->text, "<p><a data-words href=\"api/v1/answers?collection=");
        markup_parameter(p->text, label);
        text_append(p->text, "&amp;query=");
        markup_parameter(p->text, query);
        text_append(p->text,
                "\">Read the first words of these documents from Chroma</a> <output></output></p>\n");
}

static void append_answers(const struct page *p, const struct collection_view *c, size_t i)
{
        const struct query *q = &c->query_set->queries[i];
        const struct baseline_query *before =
                c->baseline ? baseline_find(c->baseline, q->id) : NULL;
        const struct answer *then = before ? before->answer : NULL, *now = c->queries[i].answer;
        char rank[32];

        text_append(p->text, "<section><h2>Answers, then and now</h2>\n");
        sheet_open(p->sheet, "div", "answers", "class=\"sides\"");
        append_answer(p, "Baseline", then, now, before, "Rank now");
        append_answer(p, "Now", now, then, before, "Rank then");
        sheet_close(p->sheet, "div");
        append_words_link(p, c->label, q->id);
        sheet_open(p->sheet, "p", "recorded", "class=\"muted\"");
        if (before && *excerpt_rank(before, rank, sizeof(rank)))
                text_appendf(p->text, "The expected record was %s when the baseline was recorded.",
                        rank);
        sheet_close(p->sheet, "p");
        text_append(p->text, "</section>\n");
}

static void append_history(const struct page *p, const struct collection_view *c, size_t i)
{
        text_append(p->text, "<section><h2>Distance over time</h2>\n");
        frame_open_part(p, "history");
        chart_append(p->text, c->queries[i].history, &c->bands,
                c->queries[i].drift.baseline[LEVEL_TOP1]);
        frame_close_part(p);
        text_append(p->text, "<p class=\"muted\"><a href=\"api/v1/history?collection=");
        markup_parameter(p->text, c->label);
        text_append(p->text, "&amp;query=");
        markup_parameter(p->text, c->query_set->queries[i].id);
        text_append(p->text, "\">As JSON</a></p></section>\n");
}

unsigned one_render(const struct page *p, const struct collection_view *c, size_t query)
{
        frame_open(p, c->query_set->queries[query].id, NULL);
        append_title(p, c, query);
        append_evidence(p, c, query);
        append_history(p, c, query);
        append_facts(p, c, query);
        append_answers(p, c, query);
        frame_close(p);
        return 200;
}
