/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/chart.h"

#include <math.h>

#include "show/markup.h"
#include "show/words.h"

#define WIDTH 960
#define HEIGHT 260
#define LEFT 60
#define RIGHT 90 /* names of bands */
#define TOP 12
#define BOTTOM 28
#define TICKS 4
/* A smaller range of distances is drawn as if it were this one: noise must not look like an alp. */
#define RANGE_MIN 0.05

struct chart {
        const struct history_snapshot *history;
        size_t first, count; /* runs */
        usec_t start, end;
        double low, high;
};

static bool chart_read(struct chart *c, const struct history_snapshot *history, double baseline)
{
        size_t total = history ? history_snapshot_runs(history) : 0;
        double middle, range;

        *c = (struct chart){.history = history,
                .first = total - MIN(total, (size_t)CHART_RUNS_MAX),
                .count = MIN(total, (size_t)CHART_RUNS_MAX),
                .start = USEC_INFINITY,
                .low = isnan(baseline) ? INFINITY : baseline,
                .high = isnan(baseline) ? -INFINITY : baseline};
        for (size_t i = c->first; i < total; i++) {
                struct history_run r = history_snapshot_run(history, i);

                c->start = MIN(c->start, r.first);
                c->end = MAX(c->end, r.last);
                if (isnan(r.distance))
                        continue;
                c->low = fmin(c->low, (double)r.distance);
                c->high = fmax(c->high, (double)r.distance);
        }
        if (c->count == 0 || c->low > c->high)
                return false;
        middle = (c->low + c->high) / 2;
        range = fmax((c->high - c->low) * 1.15, RANGE_MIN);
        c->low = middle - range / 2;
        c->high = middle + range / 2;
        c->end = MAX(c->end, c->start + USEC_PER_SEC);
        return true;
}

static double chart_x(const struct chart *c, usec_t t)
{
        double share = (double)(MAX(t, c->start) - c->start) / (double)(c->end - c->start);

        return LEFT + fmin(share, 1) * (WIDTH - LEFT - RIGHT);
}

static double chart_y(const struct chart *c, double distance)
{
        return TOP + (c->high - distance) / (c->high - c->low) * (HEIGHT - TOP - BOTTOM);
}

static void append_level(struct text *t, const struct chart *c, const char *class, double distance)
{
        text_appendf(t, "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", class,
                LEFT, WIDTH - RIGHT, chart_y(c, distance), chart_y(c, distance));
}

/* "11-23 02:00", in UTC; of less than an hour "02:00:13". */
static void append_moment(struct text *t, usec_t at, usec_t span)
{
        char buffer[TIME_TEXT_MAX];

        time_format(buffer, sizeof(buffer), at / USEC_PER_SEC * USEC_PER_SEC);
        if (span < USEC_PER_HOUR)
                text_appendf(t, "%.8s", buffer + 11);
        else
                text_appendf(t, "%.5s %.5s", buffer + 5, buffer + 11);
}

static void append_axes(struct text *t, const struct chart *c)
{
        for (int i = 0; i <= TICKS; i++) {
                double distance = c->low + (c->high - c->low) * i / TICKS;
                usec_t at = c->start + (c->end - c->start) * (usec_t)i / TICKS;

                append_level(t, c, "grid", distance);
                text_appendf(t, "<text class=\"end\" x=\"%d\" y=\"%.1f\">%.3f</text>", LEFT - 6,
                        chart_y(c, distance) + 4, distance);
                text_appendf(t, "<text class=\"middle\" x=\"%.1f\" y=\"%d\">", chart_x(c, at),
                        HEIGHT - 8);
                append_moment(t, at, c->end - c->start);
                text_append(t, "</text>");
        }
}

static void append_name(struct text *t, double y, const char *class, const char *name)
{
        text_appendf(t, "<text class=\"%s\" x=\"%d\" y=\"%.1f\">", class, WIDTH - RIGHT + 6, y);
        markup_excerpt(t, name, 14);
        text_append(t, "</text>");
}

/* A band's name stands in the middle of what is seen of it. */
static void append_bands(struct text *t, const struct chart *c, const struct bands *bands)
{
        double low = c->low;

        for (size_t i = 0; i < bands->count && low < c->high; i++) {
                double edge = (double)bands->bands[i].below, top = fmin(edge, c->high);

                if (edge <= c->low)
                        continue;
                if (edge < c->high)
                        append_level(t, c, "edge", edge);
                if (chart_y(c, low) - chart_y(c, top) > 12)
                        append_name(t, chart_y(c, (low + top) / 2) + 4, "band-name",
                                bands->bands[i].name);
                low = top;
        }
}

static void append_line(struct text *t, const struct chart *c)
{
        bool drawing = false;

        text_append(t, "<path d=\"");
        for (size_t i = c->first; i < c->first + c->count; i++) {
                struct history_run r = history_snapshot_run(c->history, i);
                double y = chart_y(c, (double)r.distance);

                if (!isnan(r.distance))
                        text_appendf(t, drawing ? "H%.1fV%.1fH%.1f" : "M%.1f %.1fH%.1f",
                                chart_x(c, r.first), y, chart_x(c, r.last) + 0.5);
                drawing = !isnan(r.distance);
        }
        text_append(t, "\"/>");
}

/* Where it did not pass. */
static void append_marks(struct text *t, const struct chart *c)
{
        for (size_t i = c->first; i < c->first + c->count; i++) {
                struct history_run r = history_snapshot_run(c->history, i);

                if (isnan(r.distance) || r.outcome == OUTCOME_PASS || r.outcome == OUTCOME_UNJUDGED)
                        continue;
                text_appendf(t,
                        "<line class=\"mark %s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                        "y2=\"%.1f\"/>",
                        outcome_name(r.outcome), chart_x(c, r.first), chart_x(c, r.last) + 2,
                        chart_y(c, (double)r.distance), chart_y(c, (double)r.distance));
        }
}

void chart_append(struct text *text, const struct history_snapshot *history,
        const struct bands *bands, double baseline)
{
        struct chart c;

        if (!chart_read(&c, history, baseline)) {
                text_append(text, "<p class=\"muted\">Nothing was measured yet.</p>");
                return;
        }
        text_appendf(text,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Distances over "
                "time\"><svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\"><title>Distance of "
                "the best answer, %.4f to %.4f as drawn, from %s to %s",
                WIDTH, HEIGHT, answer_shown(c.low), answer_shown(c.high), words_time(c.start).s,
                words_time(c.end).s);
        if (!isnan(baseline))
                text_appendf(text, "; the baseline is %.4f", answer_shown(baseline));
        text_append(text, "</title>");
        append_axes(text, &c);
        append_bands(text, &c, bands);
        if (!isnan(baseline)) {
                append_level(text, &c, "baseline", baseline);
                text_appendf(text,
                        "<text class=\"baseline-name\" x=\"%d\" y=\"%.1f\">baseline</text>",
                        LEFT + 6, chart_y(&c, baseline) - 5);
        }
        append_line(text, &c);
        append_marks(text, &c);
        text_append(text, "</svg></div>");
}
