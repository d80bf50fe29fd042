/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "show/report/body.h"

/* An underscore within a word is no emphasis. */
static bool escapes(const char *s, const char *p)
{
        if (*p == '_')
                return p == s || !isalnum((unsigned char)p[-1]) || !isalnum((unsigned char)p[1]);
        return *p && strchr("\\`*[]<>|~#&!", *p);
}

static void append_escaped(struct text *t, const char *s)
{
        for (const char *p = s; *p; p++) {
                if (escapes(s, p))
                        text_append(t, "\\");
                text_append_bytes(t, p, 1);
        }
}

static void append_heading(struct document *d, unsigned level, const char *s)
{
        text_appendf(d->text, "%.*s ", (int)level, "####");
        append_escaped(d->text, s);
        text_append(d->text, "\n\n");
}

static void append_sentence(struct document *d, const char *s)
{
        append_escaped(d->text, s);
        text_append(d->text, "\n\n");
}

static void append_item(struct document *d, const char *s)
{
        text_append(d->text, "- ");
        append_escaped(d->text, s);
        text_append(d->text, "\n");
}

static void append_note(struct document *d, const char *tone, const char *lead, const char *s)
{
        text_append(d->text, "> **");
        append_escaped(d->text, lead);
        text_append(d->text, "** ");
        append_sentence(d, s);
}

static void begin_table(struct document *d, const char *caption)
{
        text_append(d->text, "**");
        append_escaped(d->text, caption);
        text_append(d->text, "**\n\n");
        for (size_t i = 0; i < d->column_count; i++) {
                text_append(d->text, i > 0 ? " | " : "| ");
                append_escaped(d->text, d->columns[i].name);
        }
        text_append(d->text, " |\n");
        for (size_t i = 0; i < d->column_count; i++)
                text_append(d->text, d->columns[i].numeric ? "|---:" : "|---");
        text_append(d->text, "|\n");
}

static void begin_row(struct document *d)
{
        text_append(d->text, "|");
}

static void append_cell(struct document *d, size_t column, const char *s)
{
        text_append(d->text, " ");
        append_escaped(d->text, s);
        text_append(d->text, " |");
}

static void end_line(struct document *d)
{
        text_append(d->text, "\n");
}

static const struct document_style style = {
        .heading = append_heading,
        .sentence = append_sentence,
        .item = append_item,
        .note = append_note,
        .begin_table = begin_table,
        .begin_row = begin_row,
        .cell = append_cell,
        .end_row = end_line,
        .end_table = end_line,
        .close = end_line,
};

void report_markdown(const struct report *reports, size_t count, struct text *text)
{
        struct document d = {.style = &style, .text = text};

        report_head(&d, count > 0 ? reports[0].now : 0);
        for (size_t i = 0; i < count; i++)
                report_body(&reports[i], &d);
        document_finish(&d);
}
