/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The series that the report draws and lists: its queries as points, as rows against their
 * baselines, and the course of the whole set over the rolling histories. It draws nothing itself.
 */

#include "show/report/plot.h"
#include "show/report/report.h"

/* r->count points in the order of the set; NULL when memory is short. The array is the caller's,
 * names belong to the query set. */
struct plot_point *series_points(const struct report *r);

/* At most PLOT_ROWS_MAX rows, by descending shift of the best distance, then of the mean distance;
 * of more queries those with the largest shifts either way. Queries without a shift come last, by
 * descending distance. The array is the caller's; NULL when memory is short. */
struct plot_row *series_rows(const struct report *r, size_t *ret_count);

/* The set at up to PLOT_MOMENTS_MAX moments from the first to the last sample in its histories:
 * median distance of all queries, and the worst since the moment before of those that are no
 * negative controls. Yields the number of moments, 0 with fewer than two replays. `ret` has
 * PLOT_MOMENTS_MAX places. -ENOMEM. */
_must_check_ int series_course(const struct report *r, struct plot_moment *ret, size_t *ret_count);
