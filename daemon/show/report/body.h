/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The wording of the report: one collection's facts as sentences, tables and drawings of a
 * document, whatever its format. It computes no figure; that is show/report.h's and the judge's
 * business. */

#include "show/report/document.h"
#include "show/report/report.h"

/* Longer lists go on in the JSON. */
#define REPORT_LIST_MAX 60

/* The title, and what holds for all collections. */
void report_head(struct document *d, usec_t now);
/* One collection, from its heading to its last section. */
void report_body(const struct report *r, struct document *d);
/* Its second half: what changed, why, and how the index does. */
void report_change(const struct report *r, struct document *d);
/* "and 5 more, listed in the JSON", when there are more than were shown. */
void report_more(struct document *d, size_t shown, size_t count);
