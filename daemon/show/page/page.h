/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The page: HTML documents that can be read, sorted, filtered and turned without a script, and that
 * a script of ours keeps up to date. All of them have one path and differ by parameters, so that
 * every link works below any path prefix:
 *   (none)                    home
 *   ?collection=C             a collection; &text= &tag= &outcome= &band= &sort= &page= its queries
 *   ?collection=C&query=Q     one of its queries
 *   ?incident=I               an incident
 *   ?show=replays             and notifications
 * Pure; every string of the view is escaped. */

#include "model/view.h"
#include "show/page/sheet.h"

/* Of the request, percent-decoded; NULL when absent. */
struct page_query {
        const char *collection, *query, *incident, *show;
        const char *text, *tag, *outcome, *band, *sort, *page;
};

/* Rows of one table; the next page has more. */
#define PAGE_ROWS 50
/* More collections than that on the home page. */
#define PAGE_COLLECTIONS 250
#define PAGE_INCIDENTS 25
#define PAGE_ALERTS_MAX 200

/* Renders what is asked for into a zeroed sheet. Returns the HTTP status: 200, or 404 for a
 * document that says that there is no such thing. */
unsigned page_render(
        struct sheet *s, const struct view *view, const struct page_query *query, usec_t now);
