/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The status page: one self-contained HTML document without scripts, fonts or images from anywhere,
 * and with links that work below any path prefix. It reloads itself every PAGE_REFRESH_SECONDS. */

#include "model/view.h"
#include "text.h"

#define PAGE_REFRESH_SECONDS 10
/* Queries listed on one page, shared evenly among the collections, worst first: enough for a large
 * set, and a page that stays below a megabyte. */
#define PAGE_QUERIES_MAX 1000

/* Every string of the view is escaped. text_failed() tells whether memory was short. */
void page_render(struct text *text, const struct view *view, usec_t now);
