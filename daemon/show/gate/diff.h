/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What somebody reads before approving a baseline: how a candidate differs from the approved one,
 * from the two alone. It asks nobody and judges no replay. */

#include "model/bands.h"
#include "model/baseline.h"
#include "text.h"

struct diff_format {
        const char *name; /* "text", "json", "markdown" */
        /* `approved` NULL: the candidate alone. text_failed() when memory was short. */
        void (*render)(const struct baseline *approved, const struct baseline *candidate,
                const struct bands *bands, struct text *text);
};
/* NULL for an unknown name. */
const struct diff_format *diff_format_find(const char *name);
/* Why a candidate differs from the baseline before it, a line each behind `bullet`; nothing when
 * that is unknown. */
void diff_explain(
        const struct baseline *candidate, const char *bullet, bool markdown, struct text *text);
/* What the index of a baseline does by itself, and below what recall is low, as one line behind
 * `bullet`; nothing while that is unknown. */
void diff_floor(const struct baseline *b, const char *bullet, struct text *text);
/* One baseline: who approved it when and why, and its queries with distance, noise and band. */
void diff_show(const struct baseline *b, const struct bands *bands, bool json, struct text *text);
