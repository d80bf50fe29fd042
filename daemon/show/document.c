/* SPDX-License-Identifier: Apache-2.0 */
#include "show/document.h"

#include <assert.h>
#include <stdarg.h>

static _printf_(2, 0) char *vformat(struct document *d, const char *format, va_list arguments)
{
        _cleanup_free_ char *raw = text_vformat(format, arguments);
        char *line = raw ? utf8_line(raw, strlen(raw)) : NULL;

        d->text->failed |= !line;
        return line;
}

#define FORMAT(d, s, format) \
        _cleanup_free_ char *s = NULL; \
        do { \
                va_list arguments; \
                va_start(arguments, format); \
                s = vformat(d, format, arguments); \
                va_end(arguments); \
                if (!s) \
                        return; \
        } while (0)

static void end_list(struct document *d)
{
        if (d->listing && d->style->close)
                d->style->close(d);
        d->listing = false;
}

void document_heading(struct document *d, unsigned level, const char *format, ...)
{
        FORMAT(d, s, format);

        end_list(d);
        d->style->heading(d, level, s);
}

void document_say(struct document *d, const char *format, ...)
{
        FORMAT(d, s, format);

        end_list(d);
        d->style->sentence(d, s);
}

void document_item(struct document *d, const char *format, ...)
{
        FORMAT(d, s, format);

        d->style->item(d, s);
        d->listing = true;
}

void document_note(struct document *d, const char *tone, const char *lead, const char *format, ...)
{
        FORMAT(d, s, format);

        end_list(d);
        d->style->note(d, tone, lead, s);
}

void document_begin_table(struct document *d, const char *caption,
        const struct document_column *columns, size_t count)
{
        assert(count > 0 && count <= DOCUMENT_COLUMNS_MAX);
        end_list(d);
        d->columns = columns;
        d->column_count = count;
        d->column = 0;
        d->style->begin_table(d, caption);
}

void document_cell(struct document *d, const char *format, ...)
{
        FORMAT(d, s, format);

        if (d->column == 0)
                d->style->begin_row(d);
        d->style->cell(d, d->column, s);
        if (++d->column < d->column_count)
                return;
        d->style->end_row(d);
        d->column = 0;
}

void document_end_table(struct document *d)
{
        assert(d->column == 0 || d->text->failed);
        d->style->end_table(d);
}

void document_draw(struct document *d, const char *caption, const struct text *svg)
{
        if (text_failed(svg))
                d->text->failed = true;
        end_list(d);
        if (svg->size > 0 && d->style->drawing)
                d->style->drawing(d, caption, text_string(svg));
}

void document_finish(struct document *d)
{
        end_list(d);
}
