/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A document as one HTML file that loads nothing: light or dark as its reader has it, readable at
 * the width of a phone, and on paper. */

#include "show/document.h"

/* `title` and `about` (NULL: nothing) are plain text, and the window's title. */
void document_html_begin(
        struct document *d, struct text *text, const char *title, const char *about);
void document_html_end(struct document *d);
