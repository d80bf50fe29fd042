/* SPDX-License-Identifier: Apache-2.0 */
#include "show/report/plot.h"

#include <math.h>

#include "show/markup.h"
#include "show/words.h"

/* A smaller range of distances is drawn as if it were this one: noise must not look like an alp. */
#define RANGE_MIN 0.1
/* Width of a character of the small print, for what may overlap. */
#define CHARACTER 6.7
#define LINE 15

/* Where values lie in the drawing; x grows with the value, y (from > to) falls. */
struct axis {
        double low, high;
        double from, to;
};

/* Within the axis, whatever the value; NaN lies at its low end. */
static double axis_at(const struct axis *a, double value)
{
        double share = (fmin(fmax(value, a->low), a->high) - a->low) / (a->high - a->low);

        return a->from + share * (a->to - a->from);
}

static void axis_include(struct axis *a, double value)
{
        if (!isfinite(value))
                return;
        a->low = fmin(a->low, value);
        a->high = fmax(a->high, value);
}

/* Room for marks at the ends. */
static void axis_widen(struct axis *a)
{
        double range = fmax(a->high - a->low, RANGE_MIN), middle = (a->high + a->low) / 2;

        a->low = middle - 0.54 * range;
        a->high = middle + 0.54 * range;
}

/* 1, 2 or 5 times a power of ten, so that there are four to ten steps. */
static double tick_step(const struct axis *a)
{
        double step = pow(10, floor(log10((a->high - a->low) / 4)));
        double steps = (a->high - a->low) / step;

        return steps > 20 ? 5 * step : steps > 10 ? 2 * step : step;
}

static void append_value(struct text *t, double value)
{
        /* Rounding leaves -0. */
        text_appendf(t, "%.4g", fabs(value) < 1e-9 ? 0.0 : value);
}

static void open_plot(struct text *t, int height, const char *title)
{
        text_appendf(t,
                "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\"><title>%s</title><desc>",
                PLOT_WIDTH, height, title);
}

static void append_line(
        struct text *t, const char *class, double x1, double y1, double x2, double y2)
{
        text_appendf(t, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                class, x1, y1, x2, y2);
}

static void open_text(struct text *t, double x, double y, const char *class)
{
        text_appendf(t, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
}

static void append_x_axis(struct text *t, const struct axis *a, double top, double bottom)
{
        double step = tick_step(a);

        append_line(t, "axis", a->from, bottom, a->to, bottom);
        for (double k = ceil(a->low / step); k * step <= a->high; k++) {
                double x = axis_at(a, k * step);

                append_line(t, "grid", x, top, x, bottom);
                open_text(t, x, bottom + LINE, "small middle");
                append_value(t, k * step);
                text_append(t, "</text>");
        }
}

/* The shape says the outcome. */
static void append_mark(struct text *t, enum outcome outcome, double x, double y)
{
        static const char *const shapes[OUTCOME_COUNT] = {
                [OUTCOME_DRIFT] = "m0-5.5l5.5 5.5l-5.5 5.5l-5.5-5.5z",
                [OUTCOME_FAIL] = "m-4.5-4.5l9 9m0-9l-9 9",
                [OUTCOME_UNMEASURED] = "m-4 0h8",
        };

        if (outcome == OUTCOME_PASS)
                text_appendf(
                        t, "<circle class=\"mark pass\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\">", x, y);
        else
                text_appendf(t, "<path class=\"mark %s\" d=\"M%.1f %.1f%s\">",
                        outcome_name(outcome), x, y, shapes[outcome]);
}

static void close_mark(struct text *t, enum outcome outcome)
{
        text_append(t, outcome == OUTCOME_PASS ? "</circle>" : "</path>");
}

static void append_legend(struct text *t, double x, double y)
{
        for (enum outcome o = OUTCOME_PASS; o < OUTCOME_UNMEASURED; o++, x += 60) {
                append_mark(t, o, x, y - 4);
                close_mark(t, o);
                open_text(t, x + 9, y, "small");
                text_appendf(t, "%s</text>", outcome_name(o));
        }
}

/* Columns of the distribution: as wide as a dot. */
#define COLUMN 9.0
#define COLUMNS 100
#define DOTS_HEIGHT 150.0
#define DOTS_HEIGHT_MIN 45.0
/* Dots closer than this are no longer dots. */
#define DOT_STEP_MIN 3.0

struct columns {
        size_t counts[COLUMNS], highest;
};

static size_t column_of(const struct axis *a, double value)
{
        return MIN((size_t)((axis_at(a, value) - a->from) / COLUMN), (size_t)COLUMNS - 1);
}

#define NAME_LINES 3

/* A band's piece of the axis, and where its name stands. */
struct region {
        double from, to, middle;
        size_t line;
};

/* Names stand in as many lines as they need so as not to touch; their number is returned. */
static size_t place_regions(const struct bands *bands, const struct axis *a, struct region *ret)
{
        double taken[NAME_LINES] = {0};
        size_t lines = 1;

        for (size_t b = 0; b < bands->count; b++) {
                struct region *r = ret + b;
                double wide = ((double)strlen(bands->bands[b].name) + 9) * CHARACTER;

                r->from = b > 0 ? ret[b - 1].to : a->from;
                r->to = b + 1 < bands->count ? axis_at(a, (double)bands->bands[b].below) : a->to;
                r->middle = fmin(fmax((r->from + r->to) / 2, wide / 2), PLOT_WIDTH - wide / 2);
                r->line = 0;
                while (r->line < NAME_LINES - 1 && taken[r->line] > r->middle - wide / 2)
                        r->line++;
                taken[r->line] = r->middle + wide / 2;
                lines = MAX(lines, r->line + 1);
        }
        return lines;
}

static void append_regions(struct text *t, const struct bands *bands,
        const struct proportion *shares, const struct region *regions, double top, double bottom)
{
        for (size_t b = 0; b < bands->count; b++) {
                const struct region *r = regions + b;

                text_appendf(t,
                        "<rect class=\"region\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                        "height=\"%.1f\" fill-opacity=\"%.2f\"/>",
                        r->from, top, fmax(r->to - r->from, 0), bottom - top, b % 2 ? 0.16 : 0.07);
                if (b > 0)
                        append_line(t, "border", r->from, top, r->from, bottom);
                open_text(t, r->middle, LINE * (double)(r->line + 1) - 3, "middle");
                markup_text(t, bands->bands[b].name);
                text_appendf(t, " %zu/%zu</text>", shares[b].hits, shares[b].of);
        }
}

static void append_bars(
        struct text *t, const struct columns *c, const struct axis *a, double step, double bottom)
{
        for (size_t k = 0; k < COLUMNS; k++)
                if (c->counts[k] > 0)
                        text_appendf(t,
                                "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"8\" "
                                "height=\"%.1f\"><title>%zu</title></rect>",
                                a->from + (double)k * COLUMN, bottom - step * (double)c->counts[k],
                                step * (double)c->counts[k], c->counts[k]);
}

/* Where a dot of this column lies: in its middle, but on the value's side of a border. */
static double dot_x(const struct bands *bands, const struct axis *a, size_t column, double value)
{
        double x = a->from + ((double)column + 0.5) * COLUMN, exact = axis_at(a, value);

        for (size_t b = 0; b + 1 < bands->count; b++) {
                double border = axis_at(a, (double)bands->bands[b].below);

                if ((x < border) != (exact < border))
                        return exact;
        }
        return x;
}

static void append_dots(struct text *t, const struct bands *bands, const struct plot_point *points,
        size_t count, const struct axis *a, double step, double bottom)
{
        size_t heights[COLUMNS] = {0};

        for (size_t i = 0; i < count; i++) {
                size_t column;

                if (isnan(points[i].value))
                        continue;
                column = column_of(a, points[i].value);
                append_mark(t, points[i].outcome, dot_x(bands, a, column, points[i].value),
                        bottom - step * ((double)heights[column]++ + 0.5) - 1);
                text_append(t, "<title>");
                markup_text(t, points[i].name);
                text_appendf(t, ": %.4f, %s</title>", answer_shown(points[i].value),
                        outcome_name(points[i].outcome));
                close_mark(t, points[i].outcome);
        }
}

static struct axis points_axis(
        const struct bands *bands, const struct plot_point *points, size_t count)
{
        struct axis a = {INFINITY, -INFINITY, 4, 4 + COLUMN * (COLUMNS - 1)};

        for (size_t i = 0; i < count; i++)
                axis_include(&a, points[i].value);
        if (a.low > a.high)
                return a;
        for (size_t b = 0; b + 1 < bands->count; b++)
                axis_include(&a, (double)bands->bands[b].below);
        /* The outer bands need room for their names. */
        axis_include(&a, a.low - 0.06 * (a.high - a.low));
        axis_include(&a, a.high + 0.06 * (a.high - a.low));
        axis_widen(&a);
        return a;
}

static void describe_shares(
        struct text *t, const struct bands *bands, const struct proportion *shares)
{
        text_append(t, "One mark a query");
        for (size_t b = 0; b < bands->count; b++) {
                text_appendf(t, "%s %zu in ", b > 0 ? "," : ":", shares[b].hits);
                markup_text(t, bands->bands[b].name);
        }
        text_append(t, ".</desc>");
}

void plot_distribution(struct text *t, const struct bands *bands, const struct proportion *shares,
        const struct plot_point *points, size_t count)
{
        const struct axis a = points_axis(bands, points, count);
        struct region regions[BANDS_MAX];
        struct columns columns = {0};
        double top, bottom, step;

        if (a.low > a.high)
                return;
        for (size_t i = 0; i < count; i++)
                if (!isnan(points[i].value)) {
                        size_t *column = &columns.counts[column_of(&a, points[i].value)];

                        columns.highest = MAX(columns.highest, ++*column);
                }
        top = LINE * (double)place_regions(bands, &a, regions);
        bottom = top +
                fmin(fmax(COLUMN * ((double)columns.highest + 1), DOTS_HEIGHT_MIN), DOTS_HEIGHT);
        step = fmin(COLUMN, (bottom - top) / (double)columns.highest);
        open_plot(t, (int)bottom + 3 * LINE + 4, "Best distances over the bands");
        describe_shares(t, bands, shares);
        append_regions(t, bands, shares, regions, top, bottom);
        append_x_axis(t, &a, top, bottom);
        if (step < DOT_STEP_MIN)
                append_bars(t, &columns, &a, step, bottom);
        else {
                append_dots(t, bands, points, count, &a, step, bottom);
                append_legend(t, a.from + 8, bottom + 2 * LINE + 12);
        }
        open_text(t, a.to, bottom + 2 * LINE + 12, "small end");
        text_append(t, "distance of the best answer</text></svg>");
}

#define ROW 18.0
#define SHIFTS_WIDTH 120.0
#define NAME_MAX 36

/* In a drawing of its own, which cuts off what its letters are wider than expected. */
static void append_row_name(struct text *t, const char *name, double width, double y)
{
        text_appendf(t, "<svg y=\"%.1f\" width=\"%.1f\" height=\"%g\">", y - ROW / 2, width, ROW);
        open_text(t, 0, ROW / 2 + 4, "");
        markup_excerpt(t, name, NAME_MAX);
        text_append(t, "</text></svg>");
}

/* What moved: the best distance, or else the mean alone. */
static void append_row_shift(struct text *t, const struct plot_row *r, double y)
{
        static const char *const arrows[] = {"▼ ", "", "▲ "};

        open_text(t, PLOT_WIDTH, y + 4, "end");
        if (isnan(r->shift))
                text_append(t, isnan(r->now) ? "not measured" : "no baseline");
        else if (r->moved == MOVED_NOT && r->mean_moved != MOVED_NOT)
                text_appendf(
                        t, "%smean %s", arrows[r->mean_moved + 1], words_shift(r->mean_shift).s);
        else
                text_appendf(t, "%s%s", arrows[r->moved + 1], words_shift(r->shift).s);
        text_append(t, "</text>");
}

static void append_row(struct text *t, const struct plot_row *r, const struct axis *a, double y)
{
        double tau = isnan(r->tau) ? 0 : r->tau;
        double x1 = axis_at(a, r->baseline - tau), x2 = axis_at(a, r->baseline + tau);

        text_append(t, "<g><title>");
        markup_text(t, r->name);
        text_append(t, "</title>");
        append_row_name(t, r->name, a->from - 4, y);
        append_line(t, "grid", a->from, y, a->to, y);
        if (!isnan(r->low))
                append_line(t, "range", axis_at(a, r->low), y, axis_at(a, r->high), y);
        if (!isnan(r->baseline))
                text_appendf(t,
                        "<rect class=\"tau\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"10\"/>",
                        x1, y - 5, fmax(x2 - x1, 2));
        if (!isnan(r->now)) {
                append_mark(t, r->outcome, axis_at(a, r->now), y);
                close_mark(t, r->outcome);
        }
        append_row_shift(t, r, y);
        text_append(t, "</g>");
}

static struct axis rows_axis(const struct plot_row *rows, size_t count)
{
        struct axis a = {INFINITY, -INFINITY, 0, PLOT_WIDTH - SHIFTS_WIDTH};

        for (size_t i = 0; i < count; i++) {
                size_t name = MIN(strlen(rows[i].name), (size_t)NAME_MAX + 1);

                a.from = fmax(a.from, 12 + CHARACTER * (double)name);
                axis_include(&a, rows[i].baseline);
                axis_include(&a, rows[i].baseline - rows[i].tau);
                axis_include(&a, rows[i].baseline + rows[i].tau);
                axis_include(&a, rows[i].low);
                axis_include(&a, rows[i].high);
                axis_include(&a, rows[i].now);
        }
        return a;
}

static void append_row_legend(struct text *t, double x, double y)
{
        append_legend(t, x, y);
        text_appendf(t, "<rect class=\"tau\" x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"10\"/>",
                x + 187, y - 9);
        open_text(t, x + 207, y, "small");
        text_append(t, "baseline ± limit</text>");
        append_line(t, "range", x + 317, y - 4, x + 337, y - 4);
        open_text(t, x + 343, y, "small");
        text_append(t, "history</text>");
        append_line(t, "border", x + 410, y - 12, x + 410, y + 2);
        open_text(t, x + 417, y, "small");
        text_append(t, "border of a band</text>");
}

void plot_intervals(
        struct text *t, const struct bands *bands, const struct plot_row *rows, size_t count)
{
        size_t shown = MIN(count, (size_t)PLOT_ROWS_MAX);
        struct axis a = rows_axis(rows, shown);
        const double top = 8, bottom = top + ROW * (double)shown;

        if (a.low > a.high)
                return;
        axis_widen(&a);
        open_plot(t, (int)bottom + 3 * LINE + 4, "Each query against its baseline");
        text_appendf(t,
                "%zu queries, one a line: a box from the baseline minus to the baseline plus the "
                "query's own limit, a thin line over the range of its history, and a mark at its "
                "distance now.</desc>",
                shown);
        append_x_axis(t, &a, top, bottom);
        for (size_t b = 0; b + 1 < bands->count; b++) {
                double below = bands->bands[b].below;

                if (below > a.low && below < a.high)
                        append_line(
                                t, "border", axis_at(&a, below), top, axis_at(&a, below), bottom);
        }
        for (size_t i = 0; i < shown; i++)
                append_row(t, &rows[i], &a, top + ROW * ((double)i + 0.5));
        append_row_legend(t, a.from + 8, bottom + 2 * LINE + 12);
        open_text(t, PLOT_WIDTH, bottom + LINE, "small end");
        text_append(t, "shift</text></svg>");
}

#define COURSE_TOP 10.0
#define COURSE_BOTTOM 210.0
#define COURSE_LEFT 52.0
#define COURSE_RIGHT (PLOT_WIDTH - 130.0)

struct course {
        const struct plot_moment *moments;
        size_t count;
        struct axis y;
        usec_t start, end;
};

static double course_x(const struct course *c, usec_t at)
{
        return COURSE_LEFT +
                (double)(at - c->start) / (double)(c->end - c->start) *
                (COURSE_RIGHT - COURSE_LEFT);
}

static double value_of(const struct plot_moment *m, bool worst)
{
        return worst ? m->worst : m->median;
}

static void append_steps(struct text *t, const struct course *c, bool worst)
{
        bool drawing = false;

        text_appendf(t, "<path class=\"%s\" d=\"", worst ? "worst" : "median");
        for (size_t i = 0; i < c->count; i++) {
                double value = value_of(&c->moments[i], worst);
                double x = course_x(c, c->moments[i].at);

                if (isnan(value)) {
                        if (drawing)
                                text_appendf(t, "H%.1f", x);
                        drawing = false;
                        continue;
                }
                if (drawing)
                        text_appendf(t, "H%.1fV%.1f", x, axis_at(&c->y, value));
                else
                        text_appendf(t, "M%.1f %.1fh.1", x, axis_at(&c->y, value));
                drawing = true;
        }
        text_append(t, "\"/>");
}

static void append_y_axis(struct text *t, const struct axis *a)
{
        double step = tick_step(a);

        for (double k = ceil(a->low / step); k * step <= a->high; k++) {
                double y = axis_at(a, k * step);

                append_line(t, "grid", COURSE_LEFT, y, COURSE_RIGHT, y);
                open_text(t, COURSE_LEFT - 6, y + 4, "small end");
                append_value(t, k * step);
                text_append(t, "</text>");
        }
}

/* "11-23 02:00" of "2026-11-23T02:00:00Z"; "02:00:00" where minutes would be the same. */
static void append_times(struct text *t, const struct course *c)
{
        char buffer[TIME_TEXT_MAX];

        append_line(t, "axis", COURSE_LEFT, COURSE_BOTTOM, COURSE_RIGHT, COURSE_BOTTOM);
        for (unsigned k = 0; k < 5; k++) {
                usec_t at = c->start + (c->end - c->start) / 4 * k;

                time_format(buffer, sizeof(buffer), at / USEC_PER_SEC * USEC_PER_SEC);
                open_text(t, course_x(c, at), COURSE_BOTTOM + LINE + 2, "small middle");
                if (c->end - c->start < 8 * USEC_PER_MINUTE)
                        text_appendf(t, "%.8s</text>", buffer + 11);
                else
                        text_appendf(t, "%.5s %.5s</text>", buffer + 5, buffer + 11);
        }
}

static void append_borders(struct text *t, const struct bands *bands, const struct axis *a)
{
        for (size_t b = 0; b + 1 < bands->count; b++) {
                double below = bands->bands[b].below;

                if (below > a->low && below < a->high)
                        append_line(t, "border", COURSE_LEFT, axis_at(a, below), COURSE_RIGHT,
                                axis_at(a, below));
        }
}

/* Beside the last value; two names that would touch make room for each other. */
static void append_names(struct text *t, const struct course *c)
{
        const struct plot_moment *last = &c->moments[c->count - 1];
        double worst = axis_at(&c->y, last->worst) + 4, median = axis_at(&c->y, last->median) + 4;

        if (median - worst < LINE) {
                double middle = (median + worst) / 2;

                worst = middle - LINE / 2.0;
                median = middle + LINE / 2.0;
        }
        if (!isnan(last->worst)) {
                open_text(t, COURSE_RIGHT + 8, worst, "");
                text_appendf(t, "worst %.4f</text>", answer_shown(last->worst));
        }
        if (!isnan(last->median)) {
                open_text(t, COURSE_RIGHT + 8, median, "");
                text_appendf(t, "median %.4f</text>", answer_shown(last->median));
        }
}

void plot_course(
        struct text *t, const struct bands *bands, const struct plot_moment *moments, size_t count)
{
        struct course c = {moments, count, {INFINITY, -INFINITY, COURSE_BOTTOM, COURSE_TOP}, 0, 0};
        char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX];

        for (size_t i = 0; i < count; i++) {
                axis_include(&c.y, moments[i].median);
                axis_include(&c.y, moments[i].worst);
        }
        if (count < 2 || c.y.low > c.y.high || moments[count - 1].at <= moments[0].at)
                return;
        axis_widen(&c.y);
        c.start = moments[0].at;
        c.end = moments[count - 1].at;
        time_format(since, sizeof(since), c.start / USEC_PER_SEC * USEC_PER_SEC);
        time_format(until, sizeof(until), c.end / USEC_PER_SEC * USEC_PER_SEC);
        open_plot(t, (int)COURSE_BOTTOM + 2 * LINE, "Median and worst distance over time");
        text_appendf(t,
                "From %s to %s, a solid line for the median of all queries and a broken one for "
                "the worst of those that expect a record; gaps where nothing was measured.</desc>",
                since, until);
        append_y_axis(t, &c.y);
        append_borders(t, bands, &c.y);
        append_times(t, &c);
        append_steps(t, &c, false);
        append_steps(t, &c, true);
        append_names(t, &c);
        text_append(t, "</svg>");
}
