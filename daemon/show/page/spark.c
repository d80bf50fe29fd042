/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/spark.h"

#include <math.h>

#include "model/answer.h"

/* The drawing's own units, twice the pixels it is shown in, so that whole numbers are exact enough.
 */
#define WIDTH 240
#define HEIGHT 56
#define MARGIN 4
/* A smaller range of distances is drawn as if it were this one: noise must not look like an alp. */
#define RANGE_MIN 0.02f

struct spark {
        struct history_run runs[SPARK_RUNS_MAX];
        size_t count;
        float low, high; /* of the distances; low > high when there is none */
};

static void spark_read(struct spark *s, const struct history_snapshot *history, size_t runs)
{
        size_t total = history_snapshot_runs(history);
        size_t wanted = MIN(MIN(runs, total), (size_t)SPARK_RUNS_MAX);

        *s = (struct spark){.count = wanted, .low = INFINITY, .high = -INFINITY};
        for (size_t i = 0; i < wanted; i++) {
                s->runs[i] = history_snapshot_run(history, total - wanted + i);
                if (!isnan(s->runs[i].distance)) {
                        s->low = fminf(s->low, s->runs[i].distance);
                        s->high = fmaxf(s->high, s->runs[i].distance);
                }
        }
}

/* Clocks step: what is out of order stays within the drawing. */
static int spark_x(const struct spark *s, usec_t t)
{
        usec_t start = s->runs[0].first, end = s->runs[s->count - 1].last;

        if (end <= start)
                return WIDTH - MARGIN;
        if (t <= start)
                return MARGIN;
        return MARGIN +
                (int)((double)(MIN(t, end) - start) / (double)(end - start) * (WIDTH - 2 * MARGIN));
}

static int spark_y(const struct spark *s, float distance)
{
        float range = fmaxf(s->high - s->low, RANGE_MIN), middle = (s->high + s->low) / 2;

        return (int)lrintf(HEIGHT / 2.0f - (distance - middle) / range * (HEIGHT - 2 * MARGIN));
}

/* Relative steps, as they are the shortest to write. */
static void append_path(struct text *text, const struct spark *s)
{
        bool drawing = false;
        int x = 0, y = 0;

        text_append(text, "<path d=\"");
        for (size_t i = 0; i < s->count; i++) {
                const struct history_run *r = &s->runs[i];
                int x1 = spark_x(s, r->first), x2 = spark_x(s, r->last), y1;

                if (isnan(r->distance)) {
                        drawing = false;
                        continue;
                }
                y1 = spark_y(s, r->distance);
                if (!drawing)
                        text_appendf(text, "M%d %d", x1, y1);
                else if (x1 != x)
                        text_appendf(text, "h%d", x1 - x);
                if (drawing && y1 != y)
                        text_appendf(text, "v%d", y1 - y);
                /* With round ends even a lone sample is seen. */
                if (x2 != x1 || !drawing)
                        text_appendf(text, "h%d", x2 - x1);
                drawing = true;
                x = x2;
                y = y1;
        }
        text_append(text, "\"/>");
}

void spark_append(struct text *text, const struct history_snapshot *history, size_t runs)
{
        struct spark s;
        const struct history_run *last;
        char since[TIME_TEXT_MAX];

        spark_read(&s, history, runs);
        if (s.low > s.high)
                return;
        last = &s.runs[s.count - 1];
        time_format(since, sizeof(since), s.runs[0].first / USEC_PER_SEC * USEC_PER_SEC);
        text_appendf(text,
                "<svg class=\"line\" viewBox=\"0 0 %d %d\" role=\"img\">"
                "<title>%.4f to %.4f since %s</title>",
                WIDTH, HEIGHT, answer_shown(s.low), answer_shown(s.high), since);
        append_path(text, &s);
        if (!isnan(last->distance))
                text_appendf(text, "<circle cx=\"%d\" cy=\"%d\" r=\"5\"/>", spark_x(&s, last->last),
                        spark_y(&s, last->distance));
        text_append(text, "</svg>");
}
