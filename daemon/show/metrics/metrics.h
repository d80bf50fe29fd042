/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The families that /metrics serves, as one table: name, type, help and the function that writes
 * its samples from a view. The reference in docs/metrics.md is checked against it. */

#include "model/view.h"
#include "show/metrics/exposition.h"

/* What the process itself can say; read by the server, because this room reads no file. Negative:
 * unknown, left out. */
struct process_metrics {
        double cpu_seconds, start_time_seconds, resident_bytes, virtual_bytes, open_fds, max_fds,
                threads;
};

/* One row: the family and the one function of the four that yields its samples. */
struct metric {
        struct metric_family family;
        /* Families with one sample a collection, one sample, or one that the process says; NaN
         * leaves it out. */
        double (*collection)(const struct collection_view *c);
        double (*single)(const struct view *view);
        double (*process)(const struct process_metrics *process);
        /* All others. */
        void (*write)(struct exposition *x, const struct view *view);
};
extern const struct metric metrics[];
extern const size_t metric_count;

/* The page in two pieces, one behind the other: all families that a view yields, which change only
 * with it, and those of the process with the end mark. text_failed() tells whether memory was
 * short. No two samples have the same name and labels as long as labels of collections, names of
 * servers, ids of one query set and names of one list of bands are unique, which the configuration
 * guarantees. */
void metrics_render_view(struct text *text, enum exposition_format format, const struct view *view);
void metrics_render_process(
        struct text *text, enum exposition_format format, const struct process_metrics *process);
