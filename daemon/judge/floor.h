/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an index does by itself. A restart or an upsert of the same records writes it anew, and each
 * time search misses others. The worst that was seen while nobody touched the content is the floor:
 * kept with the baseline, and no default limit lies within it. It measures by what replays and
 * probes have found and asks nobody. */

#include "judge/attribution.h"
#include "model/view.h"

/* The next index misses other records, by chance: the limit of recall is the lower end of the
 * interval of this confidence around the floor, so that once in some two hundred lies below it. */
#define FLOOR_CONFIDENCE 0.99

/* As the probe of `v` saw the index, and as the answers of `count` replays (samples[s][i] of query
 * i of `queries`; NULL: not measured) differ from those of the last one. */
struct index_floor floor_of_replays(const struct collection_view *v,
        struct answer *const *const *samples, size_t count, size_t queries);
/* The same by what is known of the answers against the baseline's: `v` was compared with it, and
 * floor_refusal() has nothing against it. */
struct index_floor floor_of_view(const struct collection_view *v);
/* Why `v` tells nothing of what the index does by itself: its content or what is asked is another
 * than the baseline's that it was compared with, or the index is at fault; the end of a sentence.
 * NULL: nothing speaks against it. */
const char *floor_refusal(const struct collection_view *v);
/* Keeps the worse of both in `f`; what is unknown to one is as the other has it. */
void floor_keep_worst(struct index_floor *f, const struct index_floor *seen);

/* The recall below which it is low: as configured, and where it is not (NaN), RULE_RECALL_LIMIT, or
 * less where the floor of `b` (NULL: none) lies there. */
double floor_recall_limit(const struct baseline *b, double configured);
/* The share of places whose records may not find themselves before the index has lost them. */
double floor_lost_limit(const struct baseline *b);
/* Records that were unreachable when nobody had touched the content, at worst; -1: unknown. */
int64_t floor_unreachable(const struct baseline *b);
/* "recall 0.876 of 500 places, …, in 3 measurements"; nothing while it is unknown. Appends. */
struct text;
void floor_describe(const struct index_floor *f, struct text *text);
