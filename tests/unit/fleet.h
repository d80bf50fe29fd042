/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Query sets, answers and baselines made up for tests of what judges many queries over many
 * replays. */

#include "judge/candidate.h"

/* `count` queries with the ids q0000, q0001, … */
struct query_set *fleet_set(size_t count);
/* Tags every `size` queries in a row: area=a0, area=a1, … */
void fleet_tag(struct query_set *set, size_t size);
/* One id a letter, at `first` and every 0.01 from there. */
struct answer *fleet_answer(const char *letters, double first);
/* Of `count` replays of `results` records each, all vectors missing, `space` L2. */
struct baseline *fleet_baseline(const struct query_set *set, struct answer *const *const *samples,
        size_t count, unsigned results);
