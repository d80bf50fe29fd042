/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The recent distances of one query as a small inline SVG: a step line over time that breaks where
 * nothing was measured, and a dot for now. Its title says in words what is drawn. */

#include "model/history.h"
#include "text.h"

#define SPARK_RUNS_MAX 60

/* Draws the last `runs` (at most SPARK_RUNS_MAX) runs; nothing when none of them has a distance. */
void spark_append(struct text *text, const struct history_snapshot *history, size_t runs);
