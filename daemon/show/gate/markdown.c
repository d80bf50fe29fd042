/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "http.h"
#include "judge/incident.h"
#include "show/gate/formats.h"
#include "show/summary.h"

#define CELL_MAX 400

/* One line in which nothing is markup, a mention or the end of a cell. */
static void escape(struct text *text, const char *s)
{
        _cleanup_free_ char *line = http_body_excerpt(s, strlen(s), CELL_MAX);

        for (const char *p = line ? line : "?"; *p; p++) {
                if (strchr("<>&@:#", *p))
                        text_appendf(text, "&#%u;", (unsigned)*p);
                else if (strchr("\\`*_{}[]()|~$!", *p))
                        text_appendf(text, "\\%c", *p);
                else
                        text_append_bytes(text, p, 1);
        }
}

static void cell_number(struct text *text, double value)
{
        text_append(text, " | ");
        if (isnan(value))
                text_append(text, "-");
        else
                text_append_float(text, (float)value);
}

static void write_row(const struct collection_view *c, size_t i, struct text *text)
{
        const struct query_view *q = &c->queries[i];
        const char *band = bands_name(&c->bands, q->judgement.band);

        text_appendf(text, "| %s | ", outcome_name(q->judgement.outcome));
        escape(text, c->query_set->queries[i].id);
        text_append(text, " | ");
        escape(text, band ? band : "-");
        cell_number(text, (double)q->judgement.distance);
        cell_number(text, q->drift.compared ? q->drift.baseline[LEVEL_TOP1] : NAN);
        text_append(text, " | ");
        escape(text, summary_reason(c, &q->judgement));
        text_append(text, " |\n");
}

static void write_table(const struct collection_view *c, struct text *text)
{
        _cleanup_free_ size_t *order = summary_worst_first(c);
        size_t i;

        if (!order) {
                text->failed = true;
                return;
        }
        text_append(text,
                "\n| outcome | query | band | distance | baseline | reason |\n"
                "|---|---|---|---:|---:|---|\n");
        for (i = 0; i < c->query_set->count && text->size < MARKDOWN_MAX; i++)
                write_row(c, order[i], text);
        if (i < c->query_set->count)
                text_appendf(text, "\n%zu more queries are left out.\n", c->query_set->count - i);
}

static void write_list(const struct check *check, const struct collection_view *c,
        const struct transition_name *wanted, struct text *text)
{
        size_t n = 0;

        for (size_t i = 0; i < c->query_set->count && text->size < MARKDOWN_MAX; i++) {
                if (check_transition(check, c, i) != wanted->transition)
                        continue;
                if (n++ == 0)
                        text_appendf(text, "\n**%s**\n\n", wanted->title);
                text_append(text, "- ");
                escape(text, c->query_set->queries[i].id);
                text_append(text, "\n");
        }
}

static void write_remark(const char *s, struct text *text)
{
        text_append(text, "\n");
        escape(text, s);
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
        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                if (c->findings->findings[i].query == FINDING_COLLECTION)
                        write_remark(c->findings->findings[i].sentence, text);
        if (c->incident_since > 0)
                incident_explain(c, &why);
        if (why.size > 0)
                write_remark(text_string(&why), text);
        for (size_t i = 0; i < transition_name_count; i++)
                write_list(check, c, &transition_names[i], text);
        write_table(c, text);
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                write_remark(sentence, text);
}

void format_markdown(const struct check *check, struct text *text)
{
        size_t i;

        text_appendf(text, "# driftwatch: %s\n", verdict_name(check_verdict(check)));
        for (i = 0; i < check->count && text->size < MARKDOWN_MAX; i++)
                write_collection(check, check->collections[i], text);
        if (i < check->count)
                text_appendf(text, "\n%zu more collections are left out.\n", check->count - i);
}
