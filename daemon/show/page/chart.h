/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The distances of one query over time as an inline SVG with axes: a step line that breaks where
 * nothing was measured, the edges of the bands, the baseline, and a mark where it did not pass. */

#include "model/view.h"
#include "text.h"

/* Runs that are drawn, at most: the last ones. */
#define CHART_RUNS_MAX 500

/* `baseline` NaN: there is none. Says in words that nothing was measured where that is so. */
void chart_append(struct text *text, const struct history_snapshot *history,
        const struct bands *bands, double baseline);
