/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The drawings of the report as inline SVG: each has a title and a description in words, marks that
 * differ by shape and not only by colour, and a title on whatever carries a number. Colours and
 * fonts come from the style sheet of the page that holds them. Names may come from anywhere and
 * are escaped; unknown numbers (NaN) are not drawn. It chooses no data: see show/series.h. */

#include "duration.h"
#include "judge/proportion.h"
#include "model/bands.h"
#include "model/judgement.h"
#include "model/shift.h"
#include "text.h"

/* The drawing's own width; it shrinks with its page. */
#define PLOT_WIDTH 900
/* More rows than these are a table, not a picture. */
#define PLOT_ROWS_MAX 60
/* Moments of the course that can be told apart. */
#define PLOT_MOMENTS_MAX 240

struct plot_point {
        const char *name;
        double value;
        enum outcome outcome;
};

/* Every value as a dot over the bands it may lie in, stacked where they lie close; bars when there
 * are too many. `shares` has a place for each band, as it is counted elsewhere. Nothing when no
 * value is known. */
void plot_distribution(struct text *t, const struct bands *bands, const struct proportion *shares,
        const struct plot_point *points, size_t count);

struct plot_row {
        const char *name;
        double baseline, tau; /* a box from baseline - tau to baseline + tau */
        double low, high; /* of the history: a thin line */
        double now; /* a mark */
        double shift; /* in words beside it */
        double mean_shift; /* of the mean distance of all answers; in words when only it moved */
        enum outcome outcome; /* shape of the mark */
        enum moved moved, mean_moved; /* confirmed */
        bool beyond; /* either shift is beyond its limit in this replay; not drawn */
};

/* One line a query, in the given order, at most PLOT_ROWS_MAX of them. Nothing without a number. */
void plot_intervals(
        struct text *t, const struct bands *bands, const struct plot_row *rows, size_t count);

struct plot_moment {
        usec_t at; /* wall clock, ascending */
        double median, worst;
};

/* Two step lines over time; nothing with fewer than two moments or without a number. */
void plot_course(
        struct text *t, const struct bands *bands, const struct plot_moment *moments, size_t count);
