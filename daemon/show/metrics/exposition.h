/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Writes metric families in the Prometheus text format 0.0.4 or in OpenMetrics 1.0. It knows the
 * two grammars; which families exist is metrics.h's business. */

#include <stdint.h>

#include "model/alert.h"
#include "show/metrics/accept.h"
#include "text.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM, METRIC_INFO };

struct metric_family {
        const char *name; /* of the family: a counter without _total, an info without _info */
        enum metric_type type;
        const char *unit; /* "seconds", "bytes", "ratio" when the name ends with it; else NULL */
        const char *help;
};

/* What the names of a type's samples end with beside the family's: "_total", "_info" or "". */
const char *metric_suffix(enum metric_type type);

struct metric_label {
        const char *name, *value; /* the value is escaped here; a NULL or empty one is left out */
};

struct exposition {
        struct text *text;
        enum exposition_format format;
        const struct metric_family *family; /* the one being written */
};

/* Starts a family: its metadata lines. All its samples must follow before the next one starts. */
void exposition_family(struct exposition *x, const struct metric_family *family);
/* One sample of the current family; `suffix` is "" or "_bucket", "_sum", "_count" (of a counter or
 * info the right suffix is added here). Labels end with a NULL name. The caller leaves out what is
 * unknown: NaN would be written as such. */
void exposition_sample(
        struct exposition *x, const char *suffix, const struct metric_label *labels, double value);
/* A distance or another float32: written as the shortest decimal that reads back as it. */
void exposition_sample_float(struct exposition *x, const struct metric_label *labels, float value);
/* A time as a value: seconds since 1970, to the millisecond; NaN for 0. */
double exposition_timestamp(usec_t t);
/* The end mark, where the format has one. */
void exposition_end(struct exposition *x);
#define metric_labels(...) ((const struct metric_label[]){__VA_ARGS__, {NULL, NULL}})
