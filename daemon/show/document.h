/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A document of headings, sentences, tables and drawings, filled once and rendered in the style it
 * was begun with, so that every format says the same. Whoever fills it gives plain text without
 * markup; what comes from servers and configurations may be among it, because the style escapes
 * everything. It knows nothing of reports. */

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct document;

struct document_column {
        const char *name;
        bool numeric;
};

/* How a format writes each piece; `s` is plain text, one line. */
struct document_style {
        void (*heading)(struct document *d, unsigned level, const char *s);
        void (*sentence)(struct document *d, const char *s);
        void (*item)(struct document *d, const char *s);
        /* `tone` is an outcome's name. */
        void (*note)(struct document *d, const char *tone, const char *lead, const char *s);
        void (*begin_table)(struct document *d, const char *caption);
        void (*begin_row)(struct document *d);
        void (*cell)(struct document *d, size_t column, const char *s);
        void (*end_row)(struct document *d);
        void (*end_table)(struct document *d);
        /* `svg` is markup; NULL leaves drawings out. */
        void (*drawing)(struct document *d, const char *caption, const char *svg);
        /* Between one kind of piece and the next; NULL: nothing to close. */
        void (*close)(struct document *d);
};

#define DOCUMENT_COLUMNS_MAX 10

struct document {
        const struct document_style *style;
        struct text *text;
        const struct document_column *columns; /* of the open table */
        size_t column_count, column;
        bool listing; /* the last piece was an item */
        bool section; /* a section is open */
};

void document_heading(struct document *d, unsigned level, const char *format, ...) _printf_(3, 4);
void document_say(struct document *d, const char *format, ...) _printf_(2, 3);
void document_item(struct document *d, const char *format, ...) _printf_(2, 3);
void document_note(struct document *d, const char *tone, const char *lead, const char *format, ...)
        _printf_(4, 5);
/* `columns` (at most DOCUMENT_COLUMNS_MAX) outlives the table. */
void document_begin_table(struct document *d, const char *caption,
        const struct document_column *columns, size_t count);
/* The next cell; rows begin and end by themselves. */
void document_cell(struct document *d, const char *format, ...) _printf_(2, 3);
void document_end_table(struct document *d);
/* Nothing when `svg` is empty. */
void document_draw(struct document *d, const char *caption, const struct text *svg);
/* Ends an open list. */
void document_finish(struct document *d);
