/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What all documents of the page have in common: head, navigation, the verdict, the foot; links
 * from one to another, and the small pieces that several of them use. */

#include "show/page/page.h"

struct page {
        struct sheet *sheet;
        struct text *text; /* the sheet's */
        const struct view *view;
        const struct page_query *query;
        usec_t now;
};

/* Up to the opened <main>: `title` (NULL: the home page) is text, and `here` the entry of the
 * navigation that is the current one, or NULL. */
void frame_open(const struct page *p, const char *title, const char *here);
void frame_close(const struct page *p);

/* A part <div>. */
void frame_open_part(const struct page *p, const char *key);
void frame_close_part(const struct page *p);
/* A term and its definition, which the caller closes. */
void frame_open_fact(const struct page *p, const char *term);
void frame_close_fact(const struct page *p);
/* A table that scrolls by itself: `label` is text, `class` and `head` - the cells of the head - are
 * markup; the rows are parts of the list `key`. */
void frame_open_table(const struct page *p, const char *key, const char *class, const char *label,
        const char *head);
void frame_close_table(const struct page *p);
/* Links with their text. `query` must be one of the collection's. */
void frame_link_collection(struct text *t, const char *label);
void frame_link_query(struct text *t, const char *label, const char *id);
void frame_link_incident(struct text *t, const char *id, const char *words);
/* <span class="badge TONE">WORD</span>; both are markup. */
void frame_badge(const struct page *p, const char *tone, const char *word);
/* The name of a cause, which leads to its page of the runbook; of several, with commas. */
void frame_cause(const struct page *p, enum cause cause);
void frame_causes(const struct page *p, const enum cause *causes, size_t count);
/* A hidden field with which a form leads back to what is shown. */
void frame_back(const struct page *p);
/* Says that there is no such thing; a whole document. */
void frame_missing(const struct page *p, const char *what, const char *name);
/* The first `most` tags, of key and value `max` bytes each. */
void frame_tags(const struct page *p, const struct query *q, size_t most, size_t max);
/* "since 5m ago, resolved 1m ago" */
void frame_since(const struct page *p, const struct incident_view *i);
