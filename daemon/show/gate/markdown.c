/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "http.h"
#include "judge/attribution.h"
#include "show/gate/formats.h"

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

static void write_row(
        const struct check *check, const struct collection_view *c, size_t i, struct text *text)
{
        const struct query_view *q = &c->queries[i];
        const char *band = bands_name(&c->bands, q->judgement.band);
        char reason[CHECK_SENTENCE_MAX];

        check_reason(check, c, i, reason);
        text_appendf(text, "| %s | ", outcome_name(check_outcome(check, c, i)));
        escape(text, c->query_set->queries[i].id);
        text_append(text, " | ");
        escape(text, band ? band : "-");
        cell_number(text, (double)q->judgement.distance);
        cell_number(text, q->drift.compared ? q->drift.baseline[LEVEL_TOP1] : NAN);
        text_append(text, " | ");
        escape(text, reason);
        text_append(text, " |\n");
}

static void write_table(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        _cleanup_free_ size_t *order = check_worst_first(check, c);
        size_t i;

        if (!order) {
                text->failed = true;
                return;
        }
        text_append(text,
                "\n| outcome | query | band | distance | baseline | reason |\n"
                "|---|---|---|---:|---:|---|\n");
        for (i = 0; i < c->query_set->count && text->size < MARKDOWN_MAX; i++)
                write_row(check, c, order[i], text);
        if (i < c->query_set->count)
                text_appendf(text, "\n%zu more queries are left out.\n", c->query_set->count - i);
}

static void write_list(const struct check *check, const struct collection_view *c,
        enum transition wanted, const char *title, struct text *text)
{
        size_t n = 0;

        for (size_t i = 0; i < c->query_set->count && text->size < MARKDOWN_MAX; i++) {
                if (check_transition(check, c, i) != wanted)
                        continue;
                if (n++ == 0)
                        text_appendf(text, "\n**%s**\n\n", title);
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
        const char *cause = cause_name(c->attribution.cause);
        char sentence[CHECK_SENTENCE_MAX];
        struct check_findings f;

        text_append(text, "\n## ");
        escape(text, c->label);
        text_appendf(text, ": %s\n", check_verdict_name(check_collection(check, c)));
        if (cause && c->attribution.cause != CAUSE_NONE)
                text_appendf(text, "\nCause: `%s`. %s %s\n", cause,
                        cause_meaning(c->attribution.cause),
                        attribution_advise(&c->attribution, c->fates));
        if (c->last_error)
                write_remark(c->last_error, text);
        check_find(check, c, &f);
        for (size_t i = 0; i < f.count; i++)
                write_remark(f.sentences[i], text);
        write_list(check, c, TRANSITION_BROKEN, "pass → fail", text);
        write_list(check, c, TRANSITION_MENDED, "fail → pass", text);
        write_table(check, c, text);
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                write_remark(sentence, text);
}

void format_markdown(const struct check *check, struct text *text)
{
        size_t i;

        text_appendf(text, "# driftwatch: %s\n", check_verdict_name(check_verdict(check)));
        for (i = 0; i < check->count && text->size < MARKDOWN_MAX; i++)
                write_collection(check, check->collections[i], text);
        if (i < check->count)
                text_appendf(text, "\n%zu more collections are left out.\n", check->count - i);
}
