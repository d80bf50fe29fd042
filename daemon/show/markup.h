/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The small pieces of HTML that the status page is made of. Whatever comes from outside is escaped
 * here. */

#include "duration.h"
#include "text.h"

/* The text, escaped; nothing for NULL. */
void markup_text(struct text *t, const char *s);
/* Its first `max` bytes (at most MARKUP_EXCERPT_MAX), with an ellipsis when that is not all. */
#define MARKUP_EXCERPT_MAX 1000 /* a whole sentence, in as many bytes as the gate gives it */
void markup_excerpt(struct text *t, const char *s, size_t max);
/* The value of a query parameter, percent-encoded. */
void markup_parameter(struct text *t, const char *s);
/* A wall-clock time as its distance from `now`, with the time itself as title; a dash for 0. */
void markup_time(struct text *t, usec_t at, usec_t now);
/* The same of what is to happen then: "now" where it should have. */
void markup_due(struct text *t, usec_t at, usec_t now);
/* A remark in the colour of an outcome's CSS class: `lead` is markup, `s` is text. */
void markup_note(struct text *t, const char *tone, const char *lead, const char *s);

struct markup_part {
        const char *label, *tone; /* text; CSS class */
        size_t count;
        double opacity;
};
/* A stacked bar with its legend. `title` is markup. */
void markup_bar(struct text *t, const char *title, const struct markup_part *parts, size_t count);
