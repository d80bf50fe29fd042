/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/listing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "show/markup.h"
#include "show/page/choice.h"
#include "show/page/diagnosis.h"
#include "show/page/spark.h"
#include "show/summary.h"

/* Bytes of a text that are shown; its own document and the API have all of it. */
#define TEXT_SHOWN_MAX 160
#define TAGS_SHOWN_MAX 4
/* A list to choose from is no use beyond that. */
#define OPTIONS_MAX 200

/* The address of what is shown, but for its order and page. */
static void append_address(const struct page *p, const char *sort, size_t page)
{
        const struct page_query *q = p->query;
        const char *const parameters[][2] = {{"text", q->text}, {"tag", q->tag},
                {"outcome", q->outcome}, {"band", q->band}, {"sort", sort}};

        text_append(p->text, "?collection=");
        markup_parameter(p->text, q->collection);
        for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
                if (parameters[i][1] && *parameters[i][1]) {
                        text_appendf(p->text, "&amp;%s=", parameters[i][0]);
                        markup_parameter(p->text, parameters[i][1]);
                }
        if (page > 1)
                text_appendf(p->text, "&amp;page=%zu", page);
}

static void append_hidden(const struct page *p, const char *name, const char *value)
{
        text_appendf(p->text, "<input type=\"hidden\" name=\"%s\" value=\"", name);
        markup_text(p->text, value);
        text_append(p->text, "\">");
}

static void append_option(const struct page *p, const char *value, const char *chosen)
{
        text_append(p->text, "<option value=\"");
        markup_text(p->text, value);
        text_appendf(p->text, "\"%s>", streq(value, chosen) ? " selected" : "");
        markup_text(p->text, value);
        text_append(p->text, "</option>");
}

static void open_select(const struct page *p, const char *label, const char *name)
{
        text_appendf(p->text, "<label>%s<select name=\"%s\"><option value=\"\">all</option>", label,
                name);
}

static void append_tags(const struct page *p, const struct query_set *set)
{
        if (set->topics.count == 0)
                return;
        open_select(p, "Tag", "tag");
        for (size_t i = 0; i < MIN(set->topics.count, (size_t)OPTIONS_MAX); i++) {
                const struct tag *tag = set->topics.topics[i].tag;
                _cleanup_text_ struct text value = {0};

                text_appendf(&value, "%s: %s", tag->key, tag->value);
                p->text->failed |= text_failed(&value);
                append_option(p, text_string(&value), p->query->tag);
        }
        text_append(p->text, "</select></label>");
}

static void append_filter(const struct page *p, const struct collection_view *c)
{
        text_append(p->text,
                "<form method=\"get\" action=\"./\" role=\"search\" aria-label=\"Queries\" "
                "data-here>");
        append_hidden(p, "collection", c->label);
        append_hidden(p, "sort", p->query->sort);
        text_append(p->text,
                "<label>Id or text<input type=\"search\" name=\"text\" maxlength=\"200\" value=\"");
        markup_text(p->text, p->query->text);
        text_append(p->text, "\"></label>");
        append_tags(p, c->query_set);
        open_select(p, "Outcome", "outcome");
        for (unsigned o = 0; o < OUTCOME_COUNT; o++)
                append_option(p, outcome_name(o), p->query->outcome);
        text_append(p->text, "</select></label>");
        open_select(p, "Band", "band");
        for (size_t i = 0; i < c->bands.count; i++)
                append_option(p, c->bands.bands[i].name, p->query->band);
        text_append(p->text, "</select></label><button class=\"quiet\">Filter</button></form>\n");
}

static void append_column(const struct page *p, const struct choice *choice,
        enum choice_order order, const char *words)
{
        bool current = choice->order == order;
        char sort[16];

        (void)snprintf(sort, sizeof(sort), "%s%s", current && !choice->descending ? "-" : "",
                choice_order_name(order));
        text_append(p->text, "<th scope=\"col\"");
        if (current && order != ORDER_WORST)
                text_appendf(p->text, " aria-sort=\"%s\"",
                        choice->descending ? "descending" : "ascending");
        text_append(p->text, "><a data-here href=\"");
        append_address(p, order == ORDER_WORST ? NULL : sort, 1);
        text_appendf(p->text, "\">%s</a></th>", words);
}

static void append_columns(const struct page *p, const struct choice *choice)
{
        sheet_open(p->sheet, "thead", "columns", "");
        text_append(p->text, "<tr>");
        append_column(p, choice, ORDER_ID, "Query");
        append_column(p, choice, ORDER_WORST, "Outcome");
        append_column(p, choice, ORDER_BAND, "Band");
        append_column(p, choice, ORDER_DISTANCE, "Best distance");
        append_column(p, choice, ORDER_SHIFT, "Shift");
        append_column(p, choice, ORDER_RANK, "Expected");
        text_append(p->text, "<th scope=\"col\">Recent distances</th></tr>");
        sheet_close(p->sheet, "thead");
}

static void append_name(const struct page *p, const struct collection_view *c, size_t i)
{
        const struct query *q = &c->query_set->queries[i];
        _cleanup_text_ struct text remark = {0};

        summary_remark(c, i, &remark);
        text_append(p->text, "<th scope=\"row\">");
        frame_link_query(p->text, c->label, q->id);
        frame_tags(p, q, TAGS_SHOWN_MAX, 40);
        text_append(p->text, "<p>");
        markup_excerpt(p->text, q->text ? q->text : "", TEXT_SHOWN_MAX);
        text_append(p->text, "</p>");
        if (remark.size > 0) {
                text_append(p->text, "<p class=\"why\">");
                markup_excerpt(p->text, text_string(&remark), MARKUP_EXCERPT_MAX);
                text_append(p->text, "</p>");
        }
        p->text->failed |= text_failed(&remark);
        text_append(p->text, "</th>");
}

static void append_band(
        const struct page *p, const struct collection_view *c, const struct judgement *v)
{
        const char *band = bands_name(&c->bands, summary_band(v));
        const char *home = bands_name(&c->bands, v->home_band);

        text_append(p->text, "<td data-name=\"band\">");
        markup_text(p->text, band ? band : "–");
        if (home && !streq(home, band)) {
                text_append(p->text, "<small>home ");
                markup_text(p->text, home);
                text_append(p->text, "</small>");
        }
        text_append(p->text, "</td>");
}

void listing_append_rank(struct text *t, const struct query *q, const struct judgement *v)
{
        if (v->expected_rank > 0)
                text_appendf(t, "rank %u<small>%.4f</small>", v->expected_rank,
                        answer_shown(v->expected_distance));
        else if (expectation_names_records(&q->expect) && v->outcome != OUTCOME_UNMEASURED)
                text_append(t, "not found");
        else
                text_append(t, "–");
}

static void append_row(const struct page *p, const struct collection_view *c, size_t i)
{
        const struct query_view *q = &c->queries[i];
        const char *outcome = outcome_name(q->judgement.outcome);
        char key[24], class[40];

        sheet_key('q', c->query_set->queries[i].id, key);
        (void)snprintf(class, sizeof(class), "class=\"%s\"", outcome);
        sheet_open(p->sheet, "tr", key, class);
        append_name(p, c, i);
        text_appendf(p->text, "<td><span class=\"badge\">%s</span>%s</td>", outcome,
                q->excused ? "<small>known to fail</small>" : "");
        append_band(p, c, &q->judgement);
        text_append(p->text, "<td class=\"n\" data-name=\"distance\">");
        if (isnan(q->judgement.distance))
                text_append(p->text, "–");
        else
                text_appendf(p->text, "%.4f", answer_shown(q->judgement.distance));
        text_append(p->text, "</td><td class=\"n\" data-name=\"shift\">");
        diagnosis_append_shift(p->text, q);
        text_append(p->text, "</td><td class=\"n\" data-name=\"expected\">");
        listing_append_rank(p->text, &c->query_set->queries[i], &q->judgement);
        text_append(p->text, "</td><td>");
        if (q->history)
                spark_append(p->text, q->history, SPARK_RUNS_MAX);
        text_append(p->text, "</td>");
        sheet_close(p->sheet, "tr");
}

static void append_turn(
        const struct page *p, const struct choice *choice, size_t page, const char *words)
{
        if (page < 1 || page > choice->pages)
                return;
        text_append(p->text, "<a data-here href=\"");
        append_address(p, p->query->sort, page);
        text_appendf(p->text, "\">%s</a>", words);
}

static void append_pager(
        const struct page *p, const struct collection_view *c, const struct choice *choice)
{
        frame_open_part(p, "pager");
        text_append(p->text, "<nav class=\"pager\" aria-label=\"Pages of the table\">");
        append_turn(p, choice, choice->page - 1, "Previous page");
        if (choice->pages > 1)
                text_appendf(p->text, "<span>Page %zu of %zu</span>", choice->page, choice->pages);
        append_turn(p, choice, choice->page + 1, "Next page");
        text_append(p->text, "<a href=\"api/v1/queries?collection=");
        markup_parameter(p->text, c->label);
        text_append(p->text, "\">All answers as JSON</a></nav>");
        frame_close_part(p);
}

static void append_table(
        const struct page *p, const struct collection_view *c, const struct choice *choice)
{
        size_t first = (choice->page - 1) * PAGE_ROWS;

        sheet_open(p->sheet, "p", "count", "class=\"muted\" role=\"status\"");
        text_appendf(p->text, "%zu of %zu queries", choice->count, c->query_set->count);
        sheet_close(p->sheet, "p");
        text_append(p->text,
                "<div class=\"scroll rows\" tabindex=\"0\" role=\"region\" aria-label=\"Queries of ");
        markup_text(p->text, c->label);
        text_append(p->text, "\"><table class=\"stack\"><caption class=\"sr\">Queries</caption>");
        append_columns(p, choice);
        sheet_open_list(p->sheet, "tbody", "queries", "");
        for (size_t k = first; k < MIN(choice->count, first + PAGE_ROWS); k++)
                append_row(p, c, choice->indices[k]);
        sheet_close_list(p->sheet, "tbody");
        text_append(p->text, "</table></div>\n");
        append_pager(p, c, choice);
}

void listing_append(const struct page *p, const struct collection_view *c)
{
        struct choice choice;

        if (choose(c, p->query, &choice) < 0) {
                p->text->failed = true;
                return;
        }
        text_append(p->text, "<section><h2>Queries</h2>\n");
        append_filter(p, c);
        append_table(p, c, &choice);
        text_append(p->text, "</section>\n");
        choice_done(&choice);
}
