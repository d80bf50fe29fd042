/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How numbers relate to what they were: by a linear function, by their root, or hardly at all.
 * Takes pairs one by one and keeps none; what is a good fit is its caller's to say. */

#include <stddef.h>

/* Of pairs (x, y). {0} holds none. */
struct fit {
        size_t n;
        double mean_x, mean_y, xx, xy, yy; /* sums of products of deviations from the means */
        double shift, root; /* sums of (y - x)² and (y - √x)² */
};

/* Welford's update (Technometrics 4, 1962), so that near equal numbers keep their digits. */
void fit_add(struct fit *f, double x, double y);

/* The least-squares line y = slope x + offset. NaN where x does not vary. */
void fit_line(const struct fit *f, double *ret_slope, double *ret_offset);

/* Root mean squares of what is left of y: by the least-squares line, by x itself, by its root (of
 * 0 where x is negative). NaN without pairs. */
double fit_linear_rms(const struct fit *f);
double fit_shift_rms(const struct fit *f);
double fit_root_rms(const struct fit *f);
