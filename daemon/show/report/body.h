/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The wording of the report: one collection's facts as sentences, tables and drawings of a
 * document, whatever its format. It computes no figure; that is show/report.h's and the judge's
 * business. */

#include "show/document.h"
#include "show/report/report.h"

/* The title, and when it was made. */
void report_head(struct document *d, usec_t now);
/* One collection, from its heading to its last section. */
void report_body(const struct report *r, struct document *d);

/* Sections of it. */
void report_queries(const struct report *r, struct document *d); /* each against its baseline */
void report_course(const struct report *r, struct document *d); /* the set over time */
void report_health(const struct report *r, struct document *d); /* index and embedder */
void report_moved(const struct report *r, struct document *d); /* the set against its baseline */
void report_calibration(const struct report *r, struct document *d); /* where a border belongs */
