/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Samples of the families that judging against a baseline, probing the index and asking the
 * embedder add to /metrics; rows of the table in metrics.c. NaN: unknown, no sample. */

#include "model/view.h"
#include "show/metrics/exposition.h"

double judged_unreachable(const struct collection_view *c);
double judged_probes_failed(const struct collection_view *c);
double judged_recall(const struct collection_view *c);
double judged_probe_time(const struct collection_view *c);
double judged_approval_time(const struct collection_view *c);
double judged_set_shift(const struct collection_view *c);
double judged_hit(const struct collection_view *c);
double judged_mrr(const struct collection_view *c);
double judged_ndcg(const struct collection_view *c);
double judged_embedder_up(const struct collection_view *c);
double judged_embedder_moved(const struct collection_view *c);
double judged_embedder_distance(const struct collection_view *c);
double judged_ingesting(const struct collection_view *c);
double judged_epoch_start(const struct collection_view *c);
void judged_moved(struct exposition *x, const struct collection_view *c);
void judged_changed(struct exposition *x, const struct collection_view *c);
void judged_cause(struct exposition *x, const struct collection_view *c);
/* 1 for the verdict that holds. */
void judged_verdict(struct exposition *x, const struct collection_view *c);
/* 1 for the severity of the incident that is open. */
void judged_incidents(struct exposition *x, const struct collection_view *c);
