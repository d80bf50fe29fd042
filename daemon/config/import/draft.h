/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A query set that is being made of somebody else's judgements: queries by id or by text, each with
 * graded records, and a sentence for whatever could not be taken, because what is dropped without a
 * word is believed to be tested. It knows no format of a file, and it judges nothing. */

#include <jansson.h>

#include "error.h"
#include "model/query_set.h"
#include "text.h"

struct draft_grade {
        char *id; /* of the record */
        unsigned grade;
        unsigned line;
};

struct draft_query {
        char *id, *text;
        json_t *tags; /* strings by key */
        const char *file; /* where it was first named; borrowed, for draft_finish() */
        unsigned line;
        bool judged; /* something was said of it, if only that nothing was rated */
        struct draft_grade *grades;
        size_t grade_count, grade_allocated;
};

struct draft {
        const char *file; /* that is being read, for sentences; borrowed */
        struct draft_query *queries;
        size_t count, allocated;
        size_t judgements; /* grades of all queries */
        size_t unrated; /* records that are listed without a grade */
        size_t below; /* grades below 0, taken for 0 */
        json_t *by_id, *by_text, *suffixes; /* places in `queries`; last suffix of an id */
        json_t *ignored; /* names of fields that a query set has no place for, with their number */
        struct errors losses; /* what was not taken: "file:line: sentence" */
        struct errors notes; /* what is taken otherwise than it is written */
};

/* What one set may hold: as many as a query set can be read with. */
#define DRAFT_JUDGEMENTS_MAX 500000
#define DRAFT_RECORD_ID_MAX 2000

_must_check_ int draft_init(struct draft *d);
void draft_done(struct draft *d);
#define _cleanup_draft_ _cleanup_(draft_done)
/* Something of a line is not taken. */
void draft_lose(struct draft *d, unsigned line, const char *format, ...) _printf_(3, 4);
/* A field for which a query set has no place. -ENOMEM. */
_must_check_ int draft_ignore(struct draft *d, const char *field);
/* Finds the query of this id, or without one (NULL) of this text, or begins it, with an id of its
 * text's words where it has none. `text` NULL: the id is one that came before. 0 and its place; 1
 * after a loss; -ENOMEM, -E2BIG. */
_must_check_ int draft_query(
        struct draft *d, unsigned line, const char *id, const char *text, size_t *ret);
_must_check_ int draft_tag(struct draft *d, size_t query, const char *key, const char *value);
/* `grade` as it is written, with blanks around it: a whole number; empty: not rated; NULL:
 * relevant. 0, also after a loss; -ENOMEM, -E2BIG. */
_must_check_ int draft_judge(
        struct draft *d, unsigned line, size_t query, const char *record, const char *grade);
/* Once everything is read: each record once, by the first grade that it was given, no grades where
 * none is above 0, and, if `judged`, no query that no judgement named. -ENOMEM; -ENODATA with a
 * sentence: nothing is left. */
_must_check_ int draft_finish(struct draft *d, bool judged, struct error *e);
/* The finished set as YAML, which query_set_parse() understands. */
void draft_yaml(const struct draft *d, struct text *t);
