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

/* One row: the family and what yields its samples. */
struct metric {
        struct metric_family family;
        /* Families with one sample a collection, several, or one for each of its queries, which
         * those with too many queries have none of; NaN leaves a sample out. `each` beside `query`
         * writes what the latter only compares. */
        double (*collection)(const struct collection_view *c);
        void (*each)(struct exposition *x, const struct collection_view *c);
        float (*query)(const struct query_view *q);
        /* One sample, one that the process says, all others. */
        double (*single)(const struct view *view);
        size_t process; /* 1 + the offset in struct process_metrics; 0: another kind */
        void (*write)(struct exposition *x, const struct view *view);
};
extern const struct metric metrics[];
extern const size_t metric_count;

/* The page in pieces: of each family its metadata, the samples of each collection, which are the
 * same in every format, and those that belong to none. text_failed() tells whether memory was
 * short. No two samples have the same name and labels as long as labels of collections, names of
 * servers, ids of one query set and names of one list of bands are unique, which the configuration
 * guarantees. */
void metrics_render_family(
        struct text *text, enum exposition_format format, const struct metric *m);
/* `limit`: a collection with more queries has no samples of them. */
void metrics_render_collection(
        struct text *text, const struct metric *m, const struct collection_view *c, unsigned limit);
void metrics_render_whole(struct text *text, const struct metric *m, const struct view *view);
/* Whether the family has a sample for each query and would say the same of both: to compare is
 * faster than to write. */
bool metrics_same_queries(
        const struct metric *m, const struct collection_view *a, const struct collection_view *b);
/* Behind all others: the families that the process says, and the end mark. */
void metrics_render_process(
        struct text *text, enum exposition_format format, const struct process_metrics *process);
