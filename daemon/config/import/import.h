/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Test data of other tools as a draft of a query set: which formats there are, and of what their
 * files are made. All but TREC's are the same three things - a table, lines of JSON, a tree of YAML
 * or JSON - with fields of known names (entry.h). It reads no file and writes none. */

#include "config/import/draft.h"

/* Larger ones are collections, not judgements. */
#define IMPORT_FILE_MAX (256U << 20)

/* Which flag names the second file of a format. */
enum import_second { IMPORT_ALONE, IMPORT_TOPICS, IMPORT_QRELS };

struct import_file {
        const char *path;
        const char *data; /* NULL: there is none */
        size_t size;
};

struct import_format {
        const char *name;
        enum import_second second;
        unsigned containers; /* of the first file, or of the queries */
        bool nested; /* entry_take() */
};
extern const struct import_format import_formats[];
extern const size_t import_format_count;

/* NULL when there is none of this name. */
const struct import_format *import_find(const char *name);
/* Reads the files into a draft that is empty, and finishes it. What single lines cost is in
 * `losses`; -EBADMSG, -ENODATA or -E2BIG with a sentence: nothing can be made of it; -ENOMEM. */
_must_check_ int import_read(const struct import_format *format, const struct import_file *first,
        const struct import_file *second, struct draft *d, struct error *e);
