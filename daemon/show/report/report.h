/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The threshold confidence report of one collection: how far its distances, borders and shares are
 * to be believed, and what changed since the baseline. Here a view's numbers are brought into the
 * arrays that judge/confidence.h computes with; the formats only word them. It replays nothing, and
 * it decides nothing: which border is configured and which baseline is approved are a person's
 * decisions. What is unknown is said to be unknown, in JSON null, never 0. */

#include <jansson.h>

#include "judge/confidence.h"
#include "judge/sensitivity.h"
#include "model/view.h"
#include "text.h"

/* Said in every format, because every interval depends on it. */
#define REPORT_ASSUMPTION \
        "Every interval below is about the queries that users ask, and assumes that the " \
        "canonical queries are a random sample of them. Queries that were chosen by hand " \
        "support the numbers only as far as they resemble what users ask."

/* What border calibration compares: distances of the expected records that were found; the best
 * ones of negative controls and, of each other query, that of the nearest answer graded 0. */
struct report_labels {
        double *relevant, *irrelevant; /* owned */
        size_t relevant_count, irrelevant_count;
};

struct report {
        const struct collection_view *c; /* borrowed */
        usec_t now; /* wall clock of the report */
        size_t count; /* queries in the figures: at most CONFIDENCE_QUERIES_MAX, the first ones */
        struct confidence numbers;
        struct sensitivity sensitivity;
        struct report_labels labels;
        const char **kinds; /* values of the tag "kind" by first use, as many as numbers.kind_count;
                               borrowed from the query set, the array is owned */
        size_t unlisted_kinds; /* queries whose kind is beyond CONFIDENCE_KINDS_MAX */
        /* Of queries with a baseline and a distance: [band then][band now]. */
        size_t transitions[BANDS_MAX][BANDS_MAX];
};

/* Fills `*ret`, to be given to report_done(); the view must outlive it. -ENOMEM; -EINVAL when the
 * view is inconsistent. */
_must_check_ int report_compute(const struct collection_view *c, usec_t now, struct report *ret);
void report_done(struct report *r);

/* Whether an expectation is a negative control's: it names no record and has a minimum distance. */
bool report_is_control(const struct expectation *e);

/* How far a query lies from its baseline now; what rounding makes of no change is 0. NaN when it
 * was not compared. */
double report_shift(const struct collection_view *c, size_t i, enum level_signal signal);

/* One collection's report as an object. New reference, NULL when memory is short. */
json_t *report_json(const struct report *r);

struct report_format {
        const char *name; /* "markdown", "html", "json" */
        const char *content_type;
        /* All reports as one document; running out of memory leaves text_failed(). */
        void (*render)(const struct report *reports, size_t count, struct text *text);
};
extern const struct report_format report_formats[];
extern const size_t report_format_count;
/* NULL when there is no such format, and for NULL. */
const struct report_format *report_format_find(const char *name);

/* The answer of /api/v1/report: HTTP status, and the body appended: the report in the format of
 * this name (NULL: json), JSON and errors in the API's envelope. */
unsigned report_answer(
        const struct collection_view *c, const char *format, usec_t now, struct text *body);
/* Content type of that answer; NULL for NULL and unknown formats. */
const char *report_content_type(const char *format);

/* The formats' own. */
void report_markdown(const struct report *reports, size_t count, struct text *text);
void report_html(const struct report *reports, size_t count, struct text *text);
void report_json_document(const struct report *reports, size_t count, struct text *text);
