/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "judge/incident.h"
#include "show/gate/escape.h"
#include "show/gate/formats.h"
#include "show/summary.h"

#define CELL_MAX 400

static void escape(struct text *text, const char *s)
{
        escape_markdown(text, s, CELL_MAX);
}

static void cell_distance(struct text *text, double value)
{
        if (isnan(value))
                text_append(text, " | -");
        else
                text_appendf(text, " | %.4f", answer_shown(value));
}

static void write_row(const struct collection_view *c, size_t i, struct text *text)
{
        const struct query_view *q = &c->queries[i];
        const char *band = bands_name(&c->bands, q->judgement.band);
        char reason[CHECK_SENTENCE_MAX];

        check_reason_text(c, i, reason);
        text_appendf(text, "| %s | ", outcome_name(q->judgement.outcome));
        escape(text, c->query_set->queries[i].id);
        text_append(text, " | ");
        escape(text, band ? band : "-");
        cell_distance(text, (double)q->judgement.distance);
        cell_distance(text, q->drift.compared ? q->drift.baseline[LEVEL_TOP1] : NAN);
        text_append(text, " | ");
        escape(text, reason);
        text_append(text, " |\n");
}

static bool is_folded(const struct collection_view *c, size_t i)
{
        return c->queries[i].judgement.outcome == OUTCOME_PASS && !c->queries[i].excused;
}

/* The queries that are folded away, or all others. */
static void write_table(const struct collection_view *c, bool folded, struct text *text)
{
        _cleanup_free_ size_t *order = summary_worst_first(c);
        size_t left_out = 0;

        if (!order) {
                text->failed = true;
                return;
        }
        text_append(text,
                "\n| outcome | query | band | distance | baseline | reason |\n"
                "|---|---|---|---:|---:|---|\n");
        for (size_t i = 0; i < c->query_set->count; i++) {
                if (is_folded(c, order[i]) != folded)
                        continue;
                if (text->size < MARKDOWN_MAX)
                        write_row(c, order[i], text);
                else
                        left_out++;
        }
        if (left_out > 0)
                text_appendf(text, "\n%zu more queries are left out.\n", left_out);
}

static void write_tables(const struct collection_view *c, struct text *text)
{
        size_t folded = 0, count = c->query_set->count;

        for (size_t i = 0; i < count; i++)
                folded += is_folded(c, i);
        if (folded < count)
                write_table(c, false, text);
        if (folded == 0 || text->size >= MARKDOWN_MAX)
                return;
        text_appendf(text, "\n<details><summary>%zu quer%s</summary>\n", folded,
                folded == 1 ? "y passes" : "ies pass");
        write_table(c, true, text);
        text_append(text, "\n</details>\n");
}

static void write_list(const struct check *check, const struct collection_view *c,
        const struct transition_name *wanted, struct text *text)
{
        _cleanup_text_ struct text ids = {0};

        if (text->size >= MARKDOWN_MAX)
                return;
        check_list(check, c, wanted->transition, escape, &ids);
        if (ids.size > 0)
                text_appendf(text, "\n**%s**: %s%s%s\n", wanted->title, text_string(&ids),
                        wanted->hint ? "; " : "", wanted->hint ? wanted->hint : "");
        text->failed |= text_failed(&ids);
}

static void write_remark(const char *s, struct text *text)
{
        text_append(text, "\n");
        escape_markdown(text, s, ESCAPE_EXPLANATION_MAX);
        text_append(text, "\n");
}

static void write_collection(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        _cleanup_text_ struct text why = {0};
        char sentence[CHECK_SENTENCE_MAX];

        text_append(text, "\n## ");
        escape(text, c->label);
        text_appendf(text, ": %s\n", verdict_name(check_collection(check, c)));
        if (verdict_void(c))
                write_remark(verdict_void(c), text);
        if (c->note)
                write_remark(c->note, text);
        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                if (c->findings->findings[i].query == FINDING_COLLECTION)
                        write_remark(c->findings->findings[i].sentence, text);
        if (c->incident_since > 0)
                incident_explain(c, " ", &why);
        if (why.size > 0)
                write_remark(text_string(&why), text);
        for (size_t i = 0; i < transition_name_count; i++)
                write_list(check, c, &transition_names[i], text);
        write_tables(c, text);
        if (check_audit_text(check, c, sentence))
                write_remark(sentence, text);
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                write_remark(sentence, text);
}

void format_markdown(const struct check *check, struct text *text)
{
        char sentence[CHECK_SENTENCE_MAX];
        size_t i;

        check_counts_text(check, sentence);
        text_appendf(text, "# driftwatch: %s (%s)\n", verdict_name(check_verdict(check)), sentence);
        if (check_lenience_text(check, sentence))
                write_remark(sentence, text);
        for (i = 0; i < check->count && text->size < MARKDOWN_MAX; i++)
                write_collection(check, check->collections[i], text);
        if (i < check->count)
                text_appendf(text, "\n%zu more collections are left out.\n", check->count - i);
}
