/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a person recognises a record by: the metadata that its query expects, and the first words of
 * its document, each in one clean line of bounded length. Plain data; nobody is asked. */

#include <jansson.h>

#include "model/query_set.h"

#define EXCERPT_WORDS_MAX 80 /* bytes */
#define EXCERPT_ABOUT_MAX 200
/* Answers of a query of which an excerpt is kept. */
#define EXCERPTS_MAX 3

struct excerpt {
        char *about; /* "filename: a.md, chunk: 2"; NULL: no such metadata is expected or there */
        char *words; /* NULL: the record has no document */
};

/* Of a record with this metadata (NULL or JSON null: none) and document (NULL: none; `size` bytes
 * of a server's making). `expect` NULL: no metadata is expected. -ENOMEM. */
_must_check_ int excerpt_make(const json_t *metadata, const char *document, size_t size,
        const struct expectation *expect, struct excerpt *ret);
_must_check_ int excerpt_copy(const struct excerpt *from, struct excerpt *ret);
void excerpt_done(struct excerpt *e);
/* The first words of a document, as excerpt_line(): from its first line that has a letter or a
 * digit, so that rulers, fences and rows of asterisks are passed over; from its beginning where
 * none has. */
char *excerpt_words(const char *document, size_t size, size_t max);
/* `s` as one line of at most `max` bytes: control characters, invalid bytes and what turns the
 * direction of text become blanks, runs of blanks one, and what is cut ends with an ellipsis.
 * Owned, NULL when memory is short. */
char *excerpt_line(const char *s, size_t size, size_t max);
