/* SPDX-License-Identifier: Apache-2.0 */
#include "show/report/series.h"

#include <errno.h>
#include <math.h>

#include "judge/sample.h"

static double distance_now(const struct query_view *q)
{
        return q->judgement.outcome == OUTCOME_UNMEASURED ? NAN : (double)q->judgement.distance;
}

struct plot_point *series_points(const struct report *r)
{
        struct plot_point *points = calloc(r->count + 1, sizeof(*points));

        for (size_t i = 0; points && i < r->count; i++)
                points[i] = (struct plot_point){r->c->query_set->queries[i].id,
                        distance_now(&r->c->queries[i]), r->c->queries[i].judgement.outcome};
        return points;
}

static void read_range(struct plot_row *row, const struct history_snapshot *history)
{
        for (size_t i = 0; history && i < history_snapshot_runs(history); i++) {
                double distance = history_snapshot_run(history, i).distance;

                if (isnan(distance))
                        continue;
                row->low = isnan(row->low) ? distance : fmin(row->low, distance);
                row->high = isnan(row->high) ? distance : fmax(row->high, distance);
        }
}

static bool is_beyond(const struct report *r, size_t i)
{
        const double *tau = r->c->queries[i].drift.tau;

        for (enum level_signal s = 0; s < LEVEL_COUNT; s++)
                if (fabs(report_shift(r->c, i, s)) > tau[s])
                        return true;
        return false;
}

static struct plot_row make_row(const struct report *r, size_t i)
{
        const struct query_view *q = &r->c->queries[i];
        bool compared = r->c->baseline && q->drift.compared;
        struct plot_row row = {
                .name = r->c->query_set->queries[i].id,
                .baseline = r->c->baseline ? q->drift.baseline[LEVEL_TOP1] : NAN,
                .tau = r->c->baseline ? q->drift.tau[LEVEL_TOP1] : NAN,
                .low = NAN,
                .high = NAN,
                .now = distance_now(q),
                .shift = report_shift(r->c, i, LEVEL_TOP1),
                .mean_shift = report_shift(r->c, i, LEVEL_TOPK),
                .outcome = q->judgement.outcome,
                .moved = compared ? q->drift.moved[LEVEL_TOP1] : MOVED_NOT,
                .beyond = is_beyond(r, i),
                .mean_moved = compared ? q->drift.moved[LEVEL_TOPK] : MOVED_NOT,
        };

        read_range(&row, q->history);
        return row;
}

/* Descending, NaN last. */
static int compare(double a, double b)
{
        if (isnan(a) || isnan(b))
                return isnan(a) - isnan(b);
        return (a < b) - (a > b);
}

static int by_shift(const void *a, const void *b)
{
        const struct plot_row *x = a, *y = b;
        int order = compare(x->shift, y->shift);

        if (order == 0)
                order = compare(x->mean_shift, y->mean_shift);
        if (order == 0)
                order = compare(x->now, y->now);
        return order != 0 ? order : strcmp(x->name, y->name);
}

static int by_size_of_shift(const void *a, const void *b)
{
        const struct plot_row *x = a, *y = b;
        int order = compare(fabs(x->shift), fabs(y->shift));

        if (order == 0)
                order = compare(fabs(x->mean_shift), fabs(y->mean_shift));

        return order != 0 ? order : by_shift(a, b);
}

struct plot_row *series_rows(const struct report *r, size_t *ret_count)
{
        struct plot_row *rows = calloc(r->count + 1, sizeof(*rows));

        if (!rows)
                return NULL;
        for (size_t i = 0; i < r->count; i++)
                rows[i] = make_row(r, i);
        qsort(rows, r->count, sizeof(*rows), by_size_of_shift);
        *ret_count = MIN(r->count, (size_t)PLOT_ROWS_MAX);
        qsort(rows, *ret_count, sizeof(*rows), by_shift);
        return rows;
}

/* The grid of moments, and what is gathered at each of them. */
struct course {
        usec_t start, end;
        double *distances; /* at one moment, a place for each query */
        double worst[PLOT_MOMENTS_MAX];
};

static usec_t moment(const struct course *c, size_t k)
{
        return c->start +
                (usec_t)((double)(c->end - c->start) * (double)k / (PLOT_MOMENTS_MAX - 1));
}

/* The first moment at or after `t`. */
static size_t moment_of(const struct course *c, usec_t t)
{
        double share = (double)(t - c->start) / (double)(c->end - c->start);

        return MIN((size_t)ceil(share * (PLOT_MOMENTS_MAX - 1)), (size_t)PLOT_MOMENTS_MAX - 1);
}

static void read_span(const struct report *r, struct course *c)
{
        c->start = USEC_INFINITY;
        c->end = 0;
        for (size_t i = 0; i < r->count; i++) {
                const struct history_snapshot *h = r->c->queries[i].history;
                size_t runs = h ? history_snapshot_runs(h) : 0;

                for (size_t k = 0; k < runs; k++) {
                        struct history_run run = history_snapshot_run(h, k);

                        c->start = MIN(c->start, run.first);
                        c->end = MAX(c->end, run.last);
                }
        }
}

/* A worst distance that lasted for less than the time between two moments must be seen too. */
static void read_worst(const struct report *r, struct course *c)
{
        for (size_t k = 0; k < PLOT_MOMENTS_MAX; k++)
                c->worst[k] = NAN;
        for (size_t i = 0; i < r->count; i++) {
                const struct history_snapshot *h = r->c->queries[i].history;
                size_t runs = h ? history_snapshot_runs(h) : 0;

                if (report_is_control(&r->c->query_set->queries[i].expect))
                        continue;
                for (size_t j = 0; j < runs; j++) {
                        struct history_run run = history_snapshot_run(h, j);
                        usec_t until =
                                j + 1 < runs ? history_snapshot_run(h, j + 1).first : run.last;
                        size_t first = moment_of(c, run.first);
                        size_t last = moment_of(c, MAX(until, run.first));

                        if (isnan(run.distance))
                                continue;
                        for (size_t k = first; k < last || k == first; k++)
                                c->worst[k] = fmax(c->worst[k], (double)run.distance);
                        if (j + 1 == runs)
                                c->worst[last] = fmax(c->worst[last], (double)run.distance);
                }
        }
}

/* The value of the run that had begun at `t`; between two runs the older one holds. */
static double distance_at(const struct history_snapshot *h, usec_t t)
{
        size_t runs = history_snapshot_runs(h), i = history_snapshot_find(h, t);

        if (i == runs || history_snapshot_run(h, i).first > t) {
                if (i == 0)
                        return NAN;
                i--;
        }
        return history_snapshot_run(h, i).distance;
}

static double median_at(const struct report *r, const struct course *c, usec_t t)
{
        size_t n = 0;

        for (size_t i = 0; i < r->count; i++)
                if (r->c->queries[i].history) {
                        c->distances[n] = distance_at(r->c->queries[i].history, t);
                        n += isnan(c->distances[n]) ? 0 : 1;
                }
        sample_sort(c->distances, n);
        return sample_median(c->distances, n);
}

int series_course(const struct report *r, struct plot_moment *ret, size_t *ret_count)
{
        struct course c;
        _cleanup_free_ double *distances = calloc(r->count + 1, sizeof(double));

        if (!distances)
                return -ENOMEM;
        c.distances = distances;
        read_span(r, &c);
        *ret_count = 0;
        if (c.end <= c.start)
                return 0;
        read_worst(r, &c);
        for (size_t k = 0; k < PLOT_MOMENTS_MAX; k++)
                ret[k] = (struct plot_moment){
                        moment(&c, k), median_at(r, &c, moment(&c, k)), c.worst[k]};
        *ret_count = PLOT_MOMENTS_MAX;
        return 0;
}
